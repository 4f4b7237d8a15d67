"""Uses every method of the queues of a server, and checks what Python's own
server would answer: PORT. For Python 2.7 and 3.

"""
from __future__ import print_function
import datetime
import decimal
import fractions
import sys
import threading
import time
from multiprocessing.managers import BaseManager, RemoteError
try:
    import queue
except ImportError:
    import Queue as queue

PY2 = sys.version_info < (3,)


class Manager(BaseManager):
    pass


NAMES = ('get_task_queue', 'Queue', 'JoinableQueue', 'LifoQueue', 'PriorityQueue', 'nobody')
for name in NAMES:
    Manager.register(name)
if sys.version_info >= (3, 7):
    Manager.register('SimpleQueue')


class Own(object):
    def __init__(self, value):
        self.value = value

    def __eq__(self, other):
        return type(other) is Own and self.value == other.value

    def __hash__(self):
        return hash(self.value)


def raises(kind, text, call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except kind as error:
        assert text in str(error), (text, str(error))
    else:
        raise AssertionError('%s was not raised: %s' % (kind, text))


m = Manager(('127.0.0.1', int(sys.argv[1])), authkey=b'abc')
m.connect()

# The queue that all share.
one, two = m.get_task_queue(), m.get_task_queue()
assert one._token.id == two._token.id
one.put('shared')
assert two.get() == 'shared'

# Time-outs and limits.
q = m.Queue(2)
assert (q.qsize(), q.empty(), q.full()) == (0, True, False)
raises(queue.Empty, '', q.get, timeout=0.01)
raises(queue.Empty, '', q.get, False)
raises(queue.Empty, '', q.get_nowait)
raises(ValueError, "'timeout' must be a non-negative number", q.get, timeout=-1)
raises(TypeError, '', q.get, timeout='soon')
q.put(1)
q.put(2, block=False)
assert q.full()
raises(queue.Full, '', q.put, 3, True, 0.01)
raises(queue.Full, '', q.put_nowait, 3)
raises(ValueError, 'non-negative', q.put, 3, timeout=-1)
assert q.get(True, None) == 1
assert q.get(block=1, timeout=5) == 2
raises(queue.Empty, '', q.get, timeout=fractions.Fraction(1, 100))
raises(queue.Empty, '', q.get, True, fractions.Fraction(0))

# Python compares the length with whatever number it was given.
half = m.Queue(2.5)
for n in range(3):
    half.put_nowait(n)
raises(queue.Full, '', half.put_nowait, 3)
assert m.Queue(fractions.Fraction(-1, 2)).full() is False

# Wrong arguments.
raises(TypeError, "missing 1 required positional argument: 'item'", q.put)
raises(TypeError, "got an unexpected keyword argument 'colour'", q.put, 1, colour=2)
raises(TypeError, 'takes from 1 to 3 positional arguments but 4 were given', q.get, 1, 2, 3)
raises(TypeError, "multiple values for argument 'block'", q.get, True, block=True)
raises(RemoteError, 'TypeError', m.Queue, 'many')
raises(RemoteError, "KeyError: 'nobody'", m.nobody)

# Unfinished tasks.
j = m.JoinableQueue()
j.put('a')
j.put('b')
done = []


def joiner():
    j.join()
    done.append(True)


t = threading.Thread(target=joiner)
t.start()
for _ in range(2):
    assert not done
    j.get()
    j.task_done()
t.join(10)
assert done
raises(ValueError, 'task_done() called too many times', j.task_done)

# Other orders.
s = m.LifoQueue()
for n in range(3):
    s.put(n)
assert [s.get() for _ in range(3)] == [2, 1, 0]
p = m.PriorityQueue()
items = [(2, u'b'), (1, u'z'), (1, u'a'), (0.5, u''), (10 ** 30, u'x')]
for item in items:
    p.put(item)
raises(TypeError, "'<' not supported between instances", p.put, u'text')
assert [p.get() for _ in items] == sorted(items)
if sys.version_info >= (3, 7):
    s = m.SimpleQueue()
    s.put('only')
    assert s.get(timeout=1) == 'only' and s.empty()
    assert not hasattr(s, 'join')

# Whatever comes out is what went in.
shared = [1]
cyclic = [shared, shared]
cyclic.append(cyclic)
for value in [
    None, True, 0, -1, 255, 256, 65536, 2 ** 31, -2 ** 63, 2 ** 70, 10 ** 700, 1.5, float('inf'),
    'text', u'\u00fc\u20ac\U0001f600', b'bytes\x00\xff', bytearray(b'ba'), (), (1,), (1, 2, 3, 4),
    [], list(range(3000)), {}, {'a': [1, 2]}, set([1, 2]), frozenset(['x']), 'x' * 100000,
    datetime.datetime(2026, 1, 2, 3, 4), decimal.Decimal('1.10'), fractions.Fraction(1, 3),
    Own([1, 2]), ValueError('v', 1), len, Own, complex(1, 2), range(3),
]:
    q.put(value)
    back = q.get()
    # Python 2 has two kinds of int, and one of them is a matter of size.
    same = type(back) is type(value) or PY2 and isinstance(value, int)
    assert same, (value, back)
    assert back == value or repr(back) == repr(value), (value, back)
q.put(cyclic)
back = q.get()
assert back[0] is back[1] and back[2] is back
q.put(one)
if not PY2:
    # The key does not travel: the process's own has to be the manager's.
    import multiprocessing
    multiprocessing.current_process().authkey = b'abc'
    proxy = q.get()
    proxy.put('by a proxy that travelled')
    assert one.get() == 'by a proxy that travelled'
    del proxy
else:
    import multiprocessing
    multiprocessing.current_process().authkey = b'abc'
    q.get().put('by a proxy that travelled')
    assert one.get() == 'by a proxy that travelled'

# The object as such.
assert 'Queue object at 0x' in str(q), str(q)
raises(RemoteError, 'nserializable', q._getvalue)
raises(RemoteError, '', q._callmethod, 'mutex')
assert 'refcount=' in m._debug_info()
before = m._number_of_objects()
extra = m.Queue()
assert m._number_of_objects() == before + 1
del extra
assert m._number_of_objects() == before

# Shutting a queue down.
q = m.Queue()
q.put('last')
waiting = []
closed = m.Queue()


def getter():
    try:
        closed.get()
    except Exception as error:
        waiting.append(type(error).__name__)


t = threading.Thread(target=getter)
t.start()
time.sleep(0.1)
closed._callmethod('shutdown')
t.join(10)
expected = 'ShutDown' if hasattr(queue, 'ShutDown') else 'RuntimeError'
assert waiting == [expected], waiting
q._callmethod('shutdown')
assert q.get() == 'last'
if hasattr(queue, 'ShutDown'):
    raises(queue.ShutDown, '', q.get)
    raises(queue.ShutDown, '', q.put, 1)
    assert q._callmethod('__getattribute__', ('is_shutdown',)) is True
print('all as expected')
