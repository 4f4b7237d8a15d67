"""Runs CPython's own tests of managers, from its package `test`: PORT of a server
to run them on, or 0 for a manager of Python's own. One line a test: `ok NAME` or
`failed NAME: why`.

"""
import multiprocessing
import sys
import unittest
from multiprocessing import managers, process

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


class Result(unittest.TestResult):
    def tell(self, how, test, err=None):
        name = '.'.join(test.id().split('.')[-2:]) if hasattr(test, 'id') else str(test)
        why = ''
        if err:
            why = ': %s: %s' % (err[0].__name__, str(err[1]).strip().split('\n')[-1][:150])
        print('%s %s%s' % (how, name, why), flush=True)

    def addSuccess(self, test):
        self.tell('ok', test)

    def addFailure(self, test, err):
        self.tell('failed', test, err)

    addError = addFailure

    def addSubTest(self, test, subtest, err):
        if err:
            self.tell('failed', test, err)


loader = unittest.TestLoader()
suite = unittest.TestSuite()
for name, case in sorted(found.items()):
    if isinstance(case, type) and issubclass(case, suites.ManagerMixin):
        for test in loader.loadTestsFromTestCase(case):
            if not ONLY or any(word in test.id() for word in ONLY):
                suite.addTest(test)

suite.run(Result())
print('done')
