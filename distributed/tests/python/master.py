"""The master of this recipe, in Python 3: PORT."""
import multiprocessing
import queue
import random
import sys
from multiprocessing.managers import BaseManager

task_queue = queue.Queue()
result_queue = queue.Queue()


class QueueManager(BaseManager):
    pass


QueueManager.register('get_task_queue', callable=lambda: task_queue)
QueueManager.register('get_result_queue', callable=lambda: result_queue)


def main():
    # The queues are globals, which only a forked manager has too (the default
    # start method until 3.13).
    multiprocessing.set_start_method('fork')
    manager = QueueManager(address=('127.0.0.1', int(sys.argv[1])), authkey=b'abc')
    manager.start()
    print('Listen on %s:%d...' % manager.address, flush=True)
    task = manager.get_task_queue()
    result = manager.get_result_queue()
    for i in range(10):
        n = random.randint(0, 10000)
        print('Put task %d...' % n, flush=True)
        task.put(n)
    print('Try get results...', flush=True)
    for i in range(10):
        r = result.get(timeout=10)
        print('Result: %s' % r, flush=True)
    manager.shutdown()


if __name__ == '__main__':
    main()
