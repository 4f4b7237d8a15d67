"""A durable task queue on NATS JetStream, as in crates/jetstream-tasks: the same
names, the same promises, the same bytes on the wire, so the two mix.

    from jetstream_tasks import Queue

    queue = Queue.open('127.0.0.1:4222', 'squares')
    id = queue.put(12)
    task = queue.get(timeout=1)         # a lease, renewed in the background
    task.done(task.value ** 2)          # or task.retry(after), task.fail(reason)
    queue.result(id, timeout=1)

Needs nats-py (pip install nats-py).
"""
from .errors import (AlreadyDone, Empty, Error, Failed, Full, LeaseLost, NoAnswer,
                     NotFound, ServerError, TimedOut)
from .queue import Queue
from .task import Task

__all__ = ['AlreadyDone', 'Empty', 'Error', 'Failed', 'Full', 'LeaseLost', 'NoAnswer',
           'NotFound', 'Queue', 'ServerError', 'Task', 'TimedOut']
