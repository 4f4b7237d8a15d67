"""A flag that stops workers on several machines: Python 3."""
import threading
from multiprocessing import Process
from multiprocessing.managers import BaseManager, EventProxy

KEY = b'abc'  # known to all the world: for this machine alone
PAUSE = 10


class Owner(BaseManager):
    """Has the flag."""


class Client(BaseManager):
    """Knows it by name."""


Client.register('get_stop', proxytype=EventProxy)


def worker(address, n):
    print('worker %d is at work' % n, flush=True)
    client = Client(address=address, authkey=KEY)
    client.connect()
    stop = client.get_stop()
    while not stop.wait(PAUSE):
        pass  # here would be the work of every ten seconds
    print('worker %d stops' % n, flush=True)


if __name__ == '__main__':
    stop = threading.Event()
    Owner.register('get_stop', callable=lambda: stop, proxytype=EventProxy)
    server = Owner(address=('127.0.0.1', 0), authkey=KEY).get_server()
    workers = [Process(target=worker, args=(server.address, n)) for n in (1, 2)]
    for process in workers:
        process.start()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print('stop', flush=True)
    stop.set()
    for process in workers:
        process.join()
