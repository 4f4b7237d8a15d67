"""The master of the notes at a manager that is there, in Python 2 and 3: PORT.

Of the program as it stands, `manager.start()` is `manager.connect()` now, and
`manager.shutdown()` is not there: the manager is not this program's own.
"""
from __future__ import print_function
import random
import sys
from multiprocessing.managers import BaseManager


class QueueManager(BaseManager):
    pass


QueueManager.register('get_task_queue', callable=lambda: None)
QueueManager.register('get_result_queue', callable=lambda: None)
manager = QueueManager(address=('127.0.0.1', int(sys.argv[1])), authkey=b'abc')
manager.connect()
task = manager.get_task_queue()
result = manager.get_result_queue()
for i in range(10):
    n = random.randint(0, 10000)
    print('Put task %d...' % n)
    task.put(n)
print('Try get results...')
for i in range(10):
    r = result.get(timeout=60)
    print('Result: %s' % r)
