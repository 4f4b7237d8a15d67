"""Waits for a task for ever: PORT. For Python 2.7 and 3."""
import sys
from multiprocessing.managers import BaseManager


class QueueManager(BaseManager):
    pass


QueueManager.register('get_task_queue')
m = QueueManager(address=('127.0.0.1', int(sys.argv[1])), authkey=b'abc')
m.connect()
m.get_task_queue().get()
