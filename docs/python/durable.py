"""A master and workers around a queue that outlives them: Python 3.

    python3 durable.py master|worker [SERVER [QUEUE]]

The queue itself is jetstream_tasks, beside this file; it is the one of
crates/jetstream-tasks, so masters and workers in Rust take part. Needs a nats-server
and nats-py (pip install nats-py).
"""
import random
import sys
import time

from jetstream_tasks import Empty, Queue


# ANCHOR: program
def master(queue):
    ids = []
    for _ in range(10):
        n = random.randint(0, 10000)
        print('Put task %d...' % n, flush=True)
        ids.append(queue.put(n))
    print('Try get results...', flush=True)
    for id in ids:
        print('Result: %s' % queue.result(id, timeout=60), flush=True)


def worker(queue):
    print('Connect to server %s...' % queue.link.nats.connected_url.hostname, flush=True)
    task, patience = None, time.monotonic() + 60
    while len(queue) or task is None and time.monotonic() < patience:
        try:
            task = queue.get(timeout=.5)
        except Empty:
            continue
        n = task.value
        print('run task %d * %d...' % (n, n), flush=True)
        task.done('%d * %d = %d' % (n, n, n * n))
    print('worker exit.', flush=True)


if __name__ == '__main__':
    role, server, name = (sys.argv[1:] + ['127.0.0.1:4222', 'squares'][len(sys.argv) - 2:])[:3]
    queue = Queue.open(server, name)
    {'master': master, 'worker': worker}[role](queue)
    queue.close()
# ANCHOR_END: program
