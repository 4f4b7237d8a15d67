"""A thread that counts to five: threading.Thread, in Python 3."""
import threading
import time


def loop():
    name = threading.current_thread().name
    print('thread %s is running...' % name, flush=True)
    for n in range(1, 6):
        print('thread %s >>> %d ' % (name, n), flush=True)
        time.sleep(1)
    print('thread %s ended.' % name, flush=True)


name = threading.current_thread().name
print('thread %s is running...' % name, flush=True)
thread = threading.Thread(target=loop, name='LoopThread')
thread.start()
thread.join()
print('thread %s ended.' % name, flush=True)
