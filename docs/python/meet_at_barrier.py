"""Workers on several machines that wait for each other: Python 3."""
import threading
from multiprocessing import Process
from multiprocessing.managers import BarrierProxy, BaseManager

KEY = b'abc'  # known to all the world: for this machine alone
WORKERS = 3


class Owner(BaseManager):
    """Has the barrier."""


class Client(BaseManager):
    """Knows it by name."""


Client.register('get_barrier', proxytype=BarrierProxy)


def worker(address, n):
    client = Client(address=address, authkey=KEY)
    client.connect()
    barrier = client.get_barrier()
    print('worker %d has done part 1' % n, flush=True)
    barrier.wait()
    print('worker %d begins part 2' % n, flush=True)


if __name__ == '__main__':
    barrier = threading.Barrier(WORKERS)
    Owner.register('get_barrier', callable=lambda: barrier, proxytype=BarrierProxy)
    server = Owner(address=('127.0.0.1', 0), authkey=KEY).get_server()
    workers = [
        Process(target=worker, args=(server.address, n)) for n in range(1, WORKERS + 1)
    ]
    for process in workers:
        process.start()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for process in workers:
        process.join()
