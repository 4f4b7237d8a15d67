"""A master or a worker that connects again when its manager is gone, in
Python 3: PORT master COUNT | PORT worker."""
import queue
import sys
import time
from multiprocessing.managers import BaseManager


class QueueManager(BaseManager):
    pass


QueueManager.register('get_task_queue')
QueueManager.register('get_result_queue')


def queues():
    while True:
        try:
            manager = QueueManager(('127.0.0.1', int(sys.argv[1])), b'abc')
            manager.connect()
            return manager.get_task_queue(), manager.get_result_queue()
        except (EOFError, OSError):
            time.sleep(.05)


def again(step):
    """Until it succeeds; after a failure, over new connections."""
    global tasks, results
    while True:
        try:
            return step()
        except (EOFError, OSError):
            tasks, results = queues()


def master(count):
    for n in range(count):
        again(lambda: tasks.put(n))
        print('put', n, flush=True)
    missing = set(range(count))
    while missing:
        n, square = again(lambda: results.get(timeout=60))
        assert square == n * n
        missing.discard(n)
        print('result', n, flush=True)
    print('all', flush=True)


def worker():
    while True:
        try:
            n = again(lambda: tasks.get(timeout=60))
        except queue.Empty:
            continue
        print('took', n, flush=True)
        again(lambda: results.put([n, n * n]))


tasks, results = queues()
master(int(sys.argv[3])) if sys.argv[2] == 'master' else worker()
