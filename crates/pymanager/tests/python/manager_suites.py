"""CPython's own tests of managers, as a module: workers of a pool import it, too,
to find what is sent to them by name."""
import test._test_multiprocessing as suites

suites.install_tests_in_module_dict(globals(), 'fork')
