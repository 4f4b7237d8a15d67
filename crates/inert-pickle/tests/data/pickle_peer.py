"""Objects that travel through queues, for a reader and writer of pickles to be tried on.

`dump`: prints `name protocol hex` for each object at each protocol of this Python.
`check`: reads `name hex` lines and compares what they hold with the objects again;
prints the count of lines that were right, exits 1 at the first wrong one.
"""
import binascii
import collections
import datetime
import decimal
import fractions
import functools
import pickle
import sys

PY2 = sys.version_info[0] == 2
# So that a class of this file is found by name.
sys.modules['pickle_peer'] = sys.modules['__main__']
__name__ = 'pickle_peer'
if PY2:
    import Queue as queue
    text, long_int = unicode, long
else:
    import queue
    text, long_int = str, int


class Task(object):
    """Attributes in a dict: BUILD."""
    def __init__(self, number, label):
        self.number, self.label = number, label
    def __eq__(self, other):
        return type(other) is Task and vars(self) == vars(other)
    __hash__ = None

class Key(object):
    """Hashable, and made before its attributes are known."""
    def __init__(self, name):
        self.name = name

class Slots(object):
    """State is a tuple of None and a dict."""
    __slots__ = ('a', 'b')
    def __eq__(self, other):
        return type(other) is Slots and (self.a, self.b) == (other.a, other.b)
    __hash__ = None

class Numbered(list):
    """A list with attributes: APPENDS, then BUILD."""
    def __eq__(self, other):
        return type(other) is Numbered and list(self) == list(other) and vars(self) == vars(other)
    __hash__ = None

class Point(collections.namedtuple('Point', 'x y')):
    """NEWOBJ with arguments."""
    __slots__ = ()

class ByKeyword(object):
    """NEWOBJ_EX, where there is one."""
    def __new__(cls, *args, **kwargs):
        self = object.__new__(cls)
        self.made = (args, kwargs)
        return self
    def __eq__(self, other):
        return type(other) is ByKeyword and self.made == other.made
    __hash__ = None
    if not PY2:
        def __getnewargs_ex__(self):
            return self.made

class Error(ValueError):
    """An exception with an attribute: a call, then BUILD."""
    def __init__(self, *args):
        ValueError.__init__(self, *args)
        self.more = [args]
    def __eq__(self, other):
        return type(other) is Error and (self.args, self.more) == (other.args, other.more)
    __hash__ = None

class Outer(object):
    class Inner(object):
        def __eq__(self, other):
            return type(other) is type(self) and vars(self) == vars(other)
        __hash__ = None

class Set(set):
    """A subclass of a built-in: a call that is not the built-in's."""


def set_size(box, state):
    box.size, box.label = state

class Box(object):
    """State given by a function: a call whose result is thrown away (Python 3.8)."""
    def __eq__(self, other):
        return type(other) is Box and vars(self) == vars(other)
    __hash__ = None
    if sys.version_info >= (3, 8):
        def __reduce__(self):
            return Box, (), (self.size, self.label), None, None, set_size


def plain():
    yield 'none', None
    yield 'true', True
    yield 'false', False
    for value in (0, 1, 255, 256, 65535, 65536, -1, -128, 2**31 - 1, -2**31, 2**31, 2**63 - 1,
                  -2**63, 2**63, -2**63 - 1, 2**64, 10**30, -10**30, 2**2039, -2**2040, 3**2000):
        yield 'int', value
    for value in (0.0, -0.0, 0.1, 1e300, 1.5, float('inf'), float('-inf')):
        yield 'float', value
    for value in (u'', u'abc', u'\xe9\u4e2d\U0001f600', u'x' * 255, u'x' * 256, u'y' * 70000,
                  u'\ud800', u'a\udfffb'):
        yield 'str', value
    for value in (b'', b'abc', bytes(bytearray(range(256))), b'x' * 255, b'x' * 256, b'\xff' * 70000):
        yield 'bytes', value
    for value in (b'', b'abc', bytes(bytearray(range(256))), b'x' * 70000):
        yield 'bytearray', bytearray(value)
    for count in (0, 1, 2, 3, 4, 999, 1000, 1001, 2000, 2001):
        yield 'tuple', tuple(range(count))
        yield 'list', list(range(count))
        yield 'dict', dict((number, number * 2) for number in range(count))
        yield 'set', set(range(count))
        yield 'frozenset', frozenset(range(count))
    yield 'nested', {u'a': [1, (2.5, u'x', {u'b': frozenset([u'c', (1, 2)])})], (1, u'k'): set([3])}


def objects():
    yield 'datetime', datetime.datetime(2024, 2, 29, 12, 30, 15, 999999)
    yield 'date', [datetime.date(1999, 12, 31), datetime.time(1, 2, 3), datetime.timedelta(5, 6, 7)]
    yield 'fraction', fractions.Fraction(22, 7)
    yield 'decimal', decimal.Decimal('3.14159')
    yield 'complex', 1 + 2j
    yield 'range', (xrange if PY2 else range)(3, 30, 4)
    yield 'task', Task(5, u'five')
    slots = Slots()
    slots.a, slots.b = 1, [2]
    yield 'slots', slots
    numbered = Numbered([3, 4, 5])
    numbered.name = u'n'
    yield 'numbered', numbered
    yield 'point', Point(1, Point(2, 3))
    yield 'keyword', 0 if PY2 else ByKeyword(1, a=2)
    yield 'ordered', collections.OrderedDict([(u'z', 1), (u'a', 2), (u'm', [3])])
    yield 'counter', collections.Counter(u'abracadabra')
    yield 'default', collections.defaultdict(list, {u'k': [1]})
    yield 'deque', collections.deque([1, 2, 3], 5)
    yield 'class', [Task, Outer, dict, text, ValueError, len, datetime.datetime, queue.Full]
    inner = Outer.Inner()
    inner.size = 1
    yield 'inner', 0 if PY2 else [inner, Outer.Inner]
    yield 'error', Error(u'wrong', 7)
    yield 'partial', functools.partial(Task, 5)
    yield 'subset', Set([1, 2])
    box = Box()
    box.size, box.label = 3, u'b'
    yield 'box', [box, 1]


def graphs():
    """Objects whose shape matters: equality does not end, or does not tell."""
    cyclic = [1]
    cyclic.append(cyclic)
    yield 'cyclic_list', cyclic
    loop = {}
    loop[u'self'] = loop
    yield 'cyclic_dict', loop
    inner = []
    around = (inner, 1)
    inner.append(around)
    yield 'cyclic_tuple', around
    first, second = [], []
    long_tuple = (first, second, 3, 4, 5)
    first.append(long_tuple)
    second.append(long_tuple)
    yield 'cyclic_long_tuple', long_tuple
    shared = [u'shared']
    yield 'shared_list', [shared, shared, [shared]]
    task = Task(1, None)
    task.label = [task, task]
    yield 'cyclic_object', task
    box = Box()
    box.size, box.label = 1, None
    box.label = box
    yield 'cyclic_box', box
    key = Key(u'k')
    key.of = set([key])
    yield 'cyclic_set', key
    key = Key(u'f')
    key.of = frozenset([key])
    yield 'cyclic_frozenset', key
    deep = []
    for _ in range(150):
        deep = [deep, (deep,)]
    yield 'deep', deep


def shape(root):
    """A description of an object graph that two graphs share when they are the same."""
    seen, lines, open_ = {}, [], [root]
    while open_:
        value = open_.pop()
        if PY2 and type(value) is str:
            value = value.decode('ascii')
        if type(value) in (int, long_int, text, type(None)):
            lines.append(repr(value))
            continue
        if id(value) in seen:
            lines.append('same %d' % seen[id(value)])
            continue
        seen[id(value)] = len(seen)
        lines.append(type(value).__name__)
        if isinstance(value, dict):
            parts = [part for item in sorted(value.items()) for part in item]
        elif isinstance(value, (list, tuple, set, frozenset)):
            parts = list(value)
        else:
            parts = [vars(value)]
        lines.append('parts %d' % len(parts))
        open_.extend(parts)
    return lines


def cases():
    number = 0
    for make, same in ((plain, None), (objects, None), (graphs, shape)):
        for name, value in make():
            number += 1
            yield '%s-%d' % (name, number), value, same


def describe(value):
    return (type(value).__name__, repr(value)[:300])


def check_plain(wanted, got):
    if type(wanted) is functools.partial:
        return (got.func, got.args, got.keywords) == (wanted.func, wanted.args, wanted.keywords)
    if PY2 and type(wanted) is xrange:
        return repr(wanted) == repr(got)
    # An int of Python 2 that needs more than 32 bits may come back as a long, or the
    # other way round: Python 2 makes no difference that a program should see.
    numbers = (int, long_int)
    same_type = type(wanted) is type(got) or (type(wanted) in numbers and type(got) in numbers)
    return same_type and wanted == got and (type(wanted) is not float or repr(wanted) == repr(got))


def main():
    if sys.argv[1] == 'dump':
        for name, value, _ in cases():
            for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
                try:
                    data = pickle.dumps(value, protocol)
                except Exception:
                    # Some have no form at protocols 0 and 1.
                    if protocol > 1:
                        raise
                    continue
                print('%s %d %s' % (name, protocol, binascii.hexlify(data).decode()))
        return
    wanted = dict((name, (value, same)) for name, value, same in cases())
    right = 0
    for line in sys.stdin:
        name, how, data = line.split()
        value, same = wanted[name]
        try:
            got = pickle.loads(binascii.unhexlify(data))
        except Exception as error:
            sys.exit('%s %s: %r' % (name, how, error))
        fine = same(got) == same(value) if same else check_plain(value, got)
        if not fine:
            sys.exit('%s %s: wanted %s, got %s' % (name, how, describe(value), describe(got)))
        right += 1
    print(right)


main()
