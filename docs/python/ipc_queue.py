"""A writer, a reader and the queue between them: JoinableQueue, in Python 3."""
import os
import random
import time
from multiprocessing import JoinableQueue, Process


def write(queue):
    print('Process to write: %d' % os.getpid(), flush=True)
    for value in ['A', 'B', 'C']:
        print('Put %s to queue...' % value, flush=True)
        queue.put(value)
        time.sleep(random.random())


def read(queue):
    print('Process to read: %d' % os.getpid(), flush=True)
    while True:
        value = queue.get()
        print('Get %s from queue.' % value, flush=True)
        queue.task_done()


if __name__ == '__main__':
    queue = JoinableQueue()
    writer = Process(target=write, args=(queue,))
    reader = Process(target=read, args=(queue,))
    writer.start()
    reader.start()
    writer.join()
    # With a plain Queue and terminate() at once, 'Get C' could be missing.
    queue.join()
    reader.terminate()
    reader.join()
