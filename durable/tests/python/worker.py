"""The worker of the notes, in Python 2 and 3: PORT PAUSE."""
from __future__ import print_function
import sys
import time
from multiprocessing.managers import BaseManager
try:
    import queue
except ImportError:
    import Queue as queue


class QueueManager(BaseManager):
    pass


QueueManager.register('get_task_queue')
QueueManager.register('get_result_queue')

server_addr = '127.0.0.1'
print('Connect to server %s...' % server_addr)
m = QueueManager(address=(server_addr, int(sys.argv[1])), authkey=b'abc')
m.connect()
task = m.get_task_queue()
result = m.get_result_queue()
for i in range(10):
    try:
        n = task.get(timeout=1)
        print('run task %d * %d...' % (n, n))
        sys.stdout.flush()
        r = '%d * %d = %d' % (n, n, n * n)
        time.sleep(float(sys.argv[2]))
        result.put(r)
    except queue.Empty:
        print('task queue is empty.')
print('worker exit.')
