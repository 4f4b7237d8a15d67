"""A master with two queues on the network, and a worker: Python 3.

    python3 distributed.py master [PORT]
    python3 distributed.py worker [PORT]
    python3 distributed.py              both, at a port that the system chooses
"""
import queue
import random
import sys
import threading
import time
from multiprocessing import Process
from multiprocessing.managers import BaseManager

TASKS = 10
KEY = b'abc'  # known to all the world: for this machine alone


class Owner(BaseManager):
    """Has the queues."""


class QueueManager(BaseManager):
    """Knows them by name."""


QueueManager.register('get_task_queue')
QueueManager.register('get_result_queue')


def listen(port):
    tasks, results = queue.Queue(), queue.Queue()
    Owner.register('get_task_queue', callable=lambda: tasks)
    Owner.register('get_result_queue', callable=lambda: results)
    # get_server, not start(): since 3.14 a manager's process is no fork, and
    # the lambdas above cannot be sent to it.
    return Owner(address=('127.0.0.1', port), authkey=KEY).get_server()


def connect(port):
    manager = QueueManager(address=('127.0.0.1', port), authkey=KEY)
    manager.connect()
    return manager.get_task_queue(), manager.get_result_queue()


def master(server):
    threading.Thread(target=server.serve_forever, daemon=True).start()
    tasks, results = connect(server.address[1])
    for _ in range(TASKS):
        n = random.randint(0, 10000)
        print('Put task %d...' % n, flush=True)
        tasks.put(n)
    print('Try get results...', flush=True)
    for _ in range(TASKS):
        print('Result: %s' % results.get(timeout=10), flush=True)


def worker(port):
    print('Connect to server 127.0.0.1...', flush=True)
    tasks, results = connect(port)
    for _ in range(TASKS):
        try:
            n = tasks.get(timeout=1)
        except queue.Empty:
            print('task queue is empty.', flush=True)
            continue
        print('run task %d * %d...' % (n, n), flush=True)
        time.sleep(1)
        results.put('%d * %d = %d' % (n, n, n * n))
    print('worker exit.', flush=True)


if __name__ == '__main__':
    role = sys.argv[1] if len(sys.argv) > 1 else 'both'
    port = int(sys.argv[2]) if len(sys.argv) > 2 else 5000
    if role == 'master':
        master(listen(port))
        time.sleep(1)  # the worker's last call wants its answer
    elif role == 'worker':
        worker(port)
    else:
        server = listen(0)
        child = Process(target=worker, args=(server.address[1],))
        child.start()
        master(server)
        child.join()
