"""Runs suites of CPython's own tests and tells what became of each: one line a
test, `ok NAME`, `skipped NAME: why` or `failed NAME: why`, and `done` at the end.

"""
import unittest


class Result(unittest.TestResult):
    def tell(self, how, test, why=''):
        name = '.'.join(test.id().split('.')[-2:]) if hasattr(test, 'id') else str(test)
        print('%s %s%s' % (how, name, why and ': ' + why), flush=True)

    def addSuccess(self, test):
        self.tell('ok', test)

    def addSkip(self, test, reason):
        self.tell('skipped', test, reason)

    def addFailure(self, test, err):
        last = str(err[1]).strip().split('\n')[-1][:150]
        self.tell('failed', test, '%s: %s' % (err[0].__name__, last))

    addError = addFailure

    def addSubTest(self, test, subtest, err):
        if err:
            self.addFailure(test, err)


def run(cases, only):
    """The tests of these classes, or those whose name has one of the words."""
    suite = unittest.TestSuite()
    for case in cases:
        for test in unittest.TestLoader().loadTestsFromTestCase(case):
            if not only or any(word in test.id() for word in only):
                suite.addTest(test)
    suite.run(Result())
    print('done', flush=True)
