"""Five tasks for four workers: multiprocessing.Pool, in Python 3."""
import os
import random
import time
from multiprocessing import Pool


def long_task(task):
    print('Run task %d (%d)... ' % (task, os.getpid()), flush=True)
    start = time.monotonic()
    # Forked workers have a copy of one generator, and would draw alike.
    time.sleep(random.Random().random() * 3)
    print('Task %d runs %.2f seconds.' % (task, time.monotonic() - start), flush=True)


if __name__ == '__main__':
    print('Parent process %d.' % os.getpid(), flush=True)
    with Pool(4) as pool:
        print('Waiting for all subprocess done...', flush=True)
        results = [pool.apply_async(long_task, (task,)) for task in range(5)]
        pool.close()
        pool.join()
        for result in results:
            result.get()  # or a task's exception would go unnoticed
    print('All subprocess done.', flush=True)
