"""A counter that workers on several machines share, under a lock: Python 3."""
import threading
from multiprocessing import Process
from multiprocessing.managers import AcquirerProxy, BaseManager, Value, ValueProxy

KEY = b'abc'  # known to all the world: for this machine alone
WORKERS, STEPS = 3, 100


class Owner(BaseManager):
    """Has the counter."""


class Client(BaseManager):
    """Knows it by name."""


Client.register('get_steps', proxytype=ValueProxy)
Client.register('get_lock', proxytype=AcquirerProxy)


def worker(address):
    client = Client(address=address, authkey=KEY)
    client.connect()
    steps, lock = client.get_steps(), client.get_lock()
    for _ in range(STEPS):
        with lock:
            steps.value += 1


if __name__ == '__main__':
    print('%d workers, %d steps each' % (WORKERS, STEPS), flush=True)
    steps, lock = Value('i', 0), threading.Lock()
    Owner.register('get_steps', callable=lambda: steps, proxytype=ValueProxy)
    Owner.register('get_lock', callable=lambda: lock, proxytype=AcquirerProxy)
    server = Owner(address=('127.0.0.1', 0), authkey=KEY).get_server()
    workers = [Process(target=worker, args=(server.address,)) for _ in range(WORKERS)]
    for process in workers:
        process.start()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for process in workers:
        process.join()
    print('%d steps are counted' % steps.value)
