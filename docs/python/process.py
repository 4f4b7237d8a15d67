"""A function in a child process: multiprocessing.Process, in Python 3."""
import os
from multiprocessing import Process


def run_child(name):
    print('Run child process %s (%d)... ' % (name, os.getpid()), flush=True)


# Without this guard a child that is started by 'spawn' or 'forkserver', which
# imports this file, would start a child in its turn.
if __name__ == '__main__':
    print('Parent process %d.' % os.getpid(), flush=True)
    child = Process(target=run_child, args=('test',))
    print('Process will start.', flush=True)
    child.start()
    child.join()
    print('Process end.', flush=True)
