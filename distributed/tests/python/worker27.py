"""The worker of this recipe, in Python 2: PORT PAUSE."""
import Queue
import sys
import time
from multiprocessing.managers import BaseManager


class QueueManager(BaseManager):
    pass


QueueManager.register('get_task_queue')
QueueManager.register('get_result_queue')


def say(text):
    print(text)
    sys.stdout.flush()


server_addr = '127.0.0.1'
say('Connect to server %s...' % server_addr)
m = QueueManager(address=(server_addr, int(sys.argv[1])), authkey='abc')
m.connect()
task = m.get_task_queue()
result = m.get_result_queue()
for i in range(10):
    try:
        n = task.get(timeout=1)
        say('run task %d * %d...' % (n, n))
        r = '%d * %d = %d' % (n, n, n * n)
        time.sleep(float(sys.argv[2]))
        result.put(r)
    except Queue.Empty:
        say('task queue is empty.')
say('worker exit.')
