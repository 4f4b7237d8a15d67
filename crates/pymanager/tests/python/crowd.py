"""Many connections at the same moment, each puts its number: PORT COUNT.
For Python 2.7 and 3.
"""
import sys
import threading
from multiprocessing.managers import BaseManager


class QueueManager(BaseManager):
    pass


QueueManager.register('get_task_queue')
go = threading.Event()
failed = []


def put(n):
    try:
        go.wait()
        m = QueueManager(address=('127.0.0.1', int(sys.argv[1])), authkey=b'abc')
        m.connect()
        m.get_task_queue().put(n)
    except Exception as error:
        failed.append(error)


threads = [threading.Thread(target=put, args=(n,)) for n in range(int(sys.argv[2]))]
for thread in threads:
    thread.start()
go.set()
for thread in threads:
    thread.join()
sys.exit('failed: %r' % failed if failed else 0)
