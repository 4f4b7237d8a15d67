"""Random values and what CPython says of each two of them: `seed count`.

Prints `value HEX HASH` for each (HASH: `yes`, or the TypeError's text), then for each pair
`pair LEFT RIGHT EQUAL LESS` (LESS: `True`, `False`, or the TypeError's text), then for
some lists `sort HEX REVERSE HEX`: before and after.
"""
import binascii
import collections
import datetime
import decimal
import enum
import fractions
import pickle
import random
import sys
import uuid

sys.modules['semantics_peer'] = sys.modules['__main__']
__name__ = 'semantics_peer'
Point = collections.namedtuple('Point', 'x y')
Pair = collections.namedtuple('Pair', 'x y')
for made in (Point, Pair):
    made.__module__ = __name__


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


rng = random.Random(int(sys.argv[1]))
choice = rng.choice
UTC = datetime.timezone.utc
EAST = datetime.timezone(datetime.timedelta(hours=1))
WEST = datetime.timezone(datetime.timedelta(hours=-5, minutes=-30), 'west')


def number():
    value = choice([0, 1, 2, -1, 3, 5, 10, 255, 2**31, 2**53, 2**53 + 1, 2**63, 2**64, -2**63,
                    -2**64, 2**70, 10**20, 10**30, rng.randrange(-50, 50),
                    rng.getrandbits(200), -rng.getrandbits(90)])
    kind = rng.randrange(8)
    if kind == 0:
        return float(value)
    if kind == 1:
        return value == 1
    if kind == 2:
        return complex(value if abs(value) < 2**53 else 1, choice([0, 0, 1, -0.0]))
    if kind == 3:
        return decimal.Decimal(value) / choice([1, 1, 2, 4, 3, 10])
    if kind == 4:
        return fractions.Fraction(value, choice([1, 1, 2, 4, 3, 10]))
    if kind == 5:
        return choice([0.5, 0.25, -0.0, 0.1, 1e300, 1e-300, 5e-324, float('inf'), -float('inf'),
                       float('nan'), decimal.Decimal('Infinity'), decimal.Decimal('0.1'),
                       decimal.Decimal('1E+5'), decimal.Decimal('-0'), 100000.0,
                       fractions.Fraction(1, 10), fractions.Fraction(0.1), decimal.Decimal(0.1)])
    return value


def text():
    letters = u'ab\xe9\u4e2d\U0001f600\ud800'
    return u''.join(choice(letters) for _ in range(rng.randrange(4)))


def moment():
    day = datetime.date(choice([1, 1999, 2024]), choice([1, 2, 3, 12]), choice([1, 28]))
    time = datetime.time(choice([0, 1, 23]), choice([0, 30]), 0, choice([0, 1, 70000]),
                         choice([None, None, UTC, EAST, WEST]), fold=choice([0, 0, 1]))
    kind = rng.randrange(5)
    if kind == 0:
        return day
    if kind == 1:
        return time
    if kind == 2:
        return datetime.timedelta(choice([0, 1, -1]), choice([0, 3600]), choice([0, 5]))
    if kind == 3:
        return choice([UTC, EAST, WEST, datetime.timezone(datetime.timedelta(hours=1), 'east')])
    return datetime.datetime.combine(day, time)


def leaf():
    kind = rng.randrange(12)
    if kind < 5:
        return number()
    if kind == 5:
        return text()
    if kind == 6:
        data = text().encode('utf-8', 'surrogatepass')
        return choice([bytes, bytearray])(data)
    if kind == 7:
        return moment()
    if kind == 8:
        return choice([None, Ellipsis, NotImplemented, int, ValueError])
    if kind == 9:
        return uuid.UUID(int=choice([0, 1, 2**64, 2**100]))
    if kind == 10:
        return choice([range(0), range(5, 2), range(3), range(0, 3, 1), range(0, 5, 9),
                       range(0, 1), range(0, 4, 2), range(0, 3, 2), range(10, 0, -3)])
    return choice(list(Level))


def hashable(depth):
    kind = rng.randrange(6)
    if depth == 0 or kind > 2:
        while True:
            value = leaf()
            if type(value) is not bytearray:
                return value
    parts = [hashable(depth - 1) for _ in range(rng.randrange(4))]
    if kind == 0:
        return tuple(parts)
    if kind == 1:
        return frozenset(parts)
    return choice([Point, Pair])(hashable(depth - 1), hashable(depth - 1))


def anything(depth):
    kind = rng.randrange(9)
    if depth == 0 or kind > 4:
        return leaf()
    count = rng.randrange(4)
    if kind == 0:
        return [anything(depth - 1) for _ in range(count)]
    if kind == 1:
        return tuple(anything(depth - 1) for _ in range(count))
    if kind == 2:
        return dict((hashable(depth - 1), anything(depth - 1)) for _ in range(count))
    if kind == 3:
        return set(hashable(depth - 1) for _ in range(count))
    return hashable(depth)


def changed(value):
    """Something that may be equal to this, or nearly."""
    if type(value) in (list, tuple) and value:
        parts = [changed(part) for part in value]
        if rng.randrange(4) == 0:
            parts.pop()
        return type(value)(parts)
    if type(value) in (Point, Pair):
        return choice([Point, Pair, lambda *parts: tuple(parts)])(*map(changed, value))
    if type(value) in (set, frozenset):
        return choice([set, frozenset])(value)
    if type(value) is dict:
        entries = list(value.items())
        rng.shuffle(entries)
        return dict((key, changed(part)) for key, part in entries)
    if type(value) is int and abs(value) < 2**53:
        return choice([value, float(value), value + 1, decimal.Decimal(value)])
    if type(value) is bytes:
        return bytearray(value)
    return value if rng.randrange(3) else leaf()


def dumped(value):
    protocols = range(0 if sys.argv[3] == 'old' else 2, pickle.HIGHEST_PROTOCOL + 1)
    return binascii.hexlify(pickle.dumps(value, choice(list(protocols)))).decode()


def hashed(value):
    try:
        hash(value)
        return 'yes'
    except TypeError as error:
        return str(error)


def less(left, right):
    try:
        return str(left < right)
    except (TypeError, decimal.InvalidOperation) as error:
        return str(error)


def main():
    values = []
    for _ in range(int(sys.argv[2])):
        value = anything(3)
        values.append(value)
        values.append(changed(value))
    for value in values:
        print('value\t%s\t%s' % (dumped(value), hashed(value)))
    fresh = [pickle.loads(pickle.dumps(value)) for value in values]
    for i, left in enumerate(values):
        others = set(rng.randrange(len(values)) for _ in range(40)) | set([i, i ^ 1])
        for k in sorted(others):
            print('pair\t%d\t%d\t%s\t%s' % (i, k, left == fresh[k], less(left, fresh[k])))
    for _ in range(30):
        make = choice([lambda: rng.randrange(20), number, text,
                       lambda: (rng.randrange(3), rng.random()), moment])
        values = [make() for _ in range(rng.randrange(40))]
        values = [value for value in values if value == value]
        backwards = choice([True, False])
        try:
            after = sorted(values, reverse=backwards)
        except TypeError:
            continue
        print('sort\t%s\t%s\t%s' % (dumped(values), backwards, dumped(after)))


main()
