"""Does what it is told, a line of Python at a time, in Python 3: PORT NAME.
`q` is the queue called NAME; what a line comes to is printed, and of an
exception its class."""
import os
import signal
import sys
from multiprocessing.managers import BaseManager


class Order:
    """Of a class that the manager has never heard of."""
    def __init__(self, number):
        self.number = number

    def __repr__(self):
        return 'Order(%r)' % self.number


BaseManager.register(sys.argv[2])
manager = BaseManager(('127.0.0.1', int(sys.argv[1])), b'abc')
manager.connect()
q = getattr(manager, sys.argv[2])()
for line in sys.argv[3:]:
    try:
        print(repr(eval(line)), flush=True)
    except Exception as error:
        print(type(error).__name__, flush=True)
print('end', flush=True)
signal.pause()
