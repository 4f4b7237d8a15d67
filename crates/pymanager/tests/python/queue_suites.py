"""Runs CPython's own `test_queue`, from its package `test`, on queues of a manager:
PORT of a server, or 0 for a manager of Python's own with all four classes of
queues registered.

"""
import os
import queue
import sys
from multiprocessing import managers, process

import suite
import test.test_queue as suites

PORT = int(sys.argv[1])
ONLY = sys.argv[2:]
NAMES = 'Queue', 'LifoQueue', 'PriorityQueue', 'SimpleQueue'
process.current_process().authkey = b'abc'


class Manager(managers.SyncManager):
    pass


for name in NAMES:
    cls = getattr(queue, name)
    # A test looks at the name of a queue's class.
    proxy = managers.MakeProxyType(name, managers.public_methods(cls))
    Manager.register(name, cls, proxytype=proxy)
if PORT:
    manager = Manager(('127.0.0.1', PORT), authkey=b'abc')
    manager.connect()
else:
    manager = Manager(authkey=b'abc')
    manager.start()


class Served:
    """The module `queue`, with the manager's queues."""

    def __getattr__(self, name):
        if name == '_PySimpleQueue':
            name = 'SimpleQueue'
        return getattr(manager if name in NAMES else queue, name)


# The attribute `maxsize` is not to be had through a proxy.
suites.qfull = lambda q: q.full()
cases = []
for name, case in sorted(vars(suites).items()):
    # Each class is there for the queues in Python and for those in C; these are
    # neither.
    if name.startswith('C') and name.endswith('QueueTest'):
        case.queue = Served()
        cases.append(case)
suite.run(cases, ONLY)
if not PORT:
    manager.shutdown()
# A test that fails leaves threads behind, which wait for the rest of it.
os._exit(0)
