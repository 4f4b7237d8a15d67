"""Runs CPython's own tests of managers, from its package `test`: PORT of a server
to run them on, or 0 for a manager of Python's own.

"""
import multiprocessing
import sys
from multiprocessing import managers, process

import suite
import test._test_multiprocessing as suites

PORT = int(sys.argv[1])
ONLY = sys.argv[2:]
process.current_process().authkey = b'abc'


def connected():
    if not PORT:
        return multiprocessing.Manager()
    manager = managers.SyncManager(('127.0.0.1', PORT), authkey=b'abc')
    manager.connect()
    return manager


def set_up(cls):
    super(suites.ManagerMixin, cls).setUpClass()
    cls.manager = connected()


def tear_down(cls):
    if not PORT:
        cls.manager.shutdown()
    cls.manager = None
    super(suites.ManagerMixin, cls).tearDownClass()


suites.ManagerMixin.setUpClass = classmethod(set_up)
suites.ManagerMixin.tearDownClass = classmethod(tear_down)
import manager_suites
found = vars(manager_suites)
multiprocessing.set_start_method('fork', force=True)
suite.run(
    [
        case
        for name, case in sorted(found.items())
        if isinstance(case, type) and issubclass(case, suites.ManagerMixin)
    ],
    ONLY,
)
