"""A server of Python's own, with a queue and a small one. For Python 2.7 and
3.
"""
import sys
from multiprocessing.managers import BaseManager
try:
    import queue
except ImportError:
    import Queue as queue

task_queue = queue.Queue()
small = queue.Queue(1)


class QueueManager(BaseManager):
    pass


QueueManager.register('get_task_queue', callable=lambda: task_queue)
QueueManager.register('small', callable=lambda: small)
server = QueueManager(address=('127.0.0.1', 0), authkey=b'abc').get_server()
print('Listen on %s:%d...' % server.address)
sys.stdout.flush()
server.serve_forever()
