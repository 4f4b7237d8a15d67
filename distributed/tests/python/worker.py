"""The worker of this recipe, in Python 3: PORT PAUSE."""
import queue
import sys
import time
from multiprocessing.managers import BaseManager


class QueueManager(BaseManager):
    pass


QueueManager.register('get_task_queue')
QueueManager.register('get_result_queue')

server_addr = '127.0.0.1'
print('Connect to server %s...' % server_addr, flush=True)
m = QueueManager(address=(server_addr, int(sys.argv[1])), authkey=b'abc')
m.connect()
task = m.get_task_queue()
result = m.get_result_queue()
for i in range(10):
    try:
        n = task.get(timeout=1)
        print('run task %d * %d...' % (n, n), flush=True)
        r = '%d * %d = %d' % (n, n, n * n)
        time.sleep(float(sys.argv[2]))
        result.put(r)
    except queue.Empty:
        print('task queue is empty.', flush=True)
print('worker exit.', flush=True)
