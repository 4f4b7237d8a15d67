"""The master of this recipe, in Python 2: PORT."""
import Queue
import random
import sys
from multiprocessing.managers import BaseManager

task_queue = Queue.Queue()
result_queue = Queue.Queue()


class QueueManager(BaseManager):
    pass


QueueManager.register('get_task_queue', callable=lambda: task_queue)
QueueManager.register('get_result_queue', callable=lambda: result_queue)


def say(text):
    print(text)
    sys.stdout.flush()


def main():
    manager = QueueManager(address=('127.0.0.1', int(sys.argv[1])), authkey='abc')
    manager.start()
    say('Listen on %s:%d...' % manager.address)
    task = manager.get_task_queue()
    result = manager.get_result_queue()
    for i in range(10):
        n = random.randint(0, 10000)
        say('Put task %d...' % n)
        task.put(n)
    say('Try get results...')
    for i in range(10):
        r = result.get(timeout=10)
        say('Result: %s' % r)
    manager.shutdown()


if __name__ == '__main__':
    main()
