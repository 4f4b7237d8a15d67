"""A pool whose workers are on other machines: Python 3."""
import sys
from multiprocessing.managers import SyncManager


def square(n):
    return n * n


if __name__ == '__main__':
    host, port = sys.argv[1].split(':')
    manager = SyncManager(address=(host, int(port)), authkey=b'abc')
    manager.connect()
    with manager.Pool() as pool:
        print(pool.map(square, range(10)))
