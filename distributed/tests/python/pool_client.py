"""An unmodified client of manager.Pool: HOST PORT, and what to do."""
import operator
import sys
import threading
import time
from functools import partial
from multiprocessing import ProcessError, TimeoutError, managers, process

import pool_tasks as tasks

process.current_process().authkey = b'abc'
manager = managers.SyncManager((sys.argv[1], int(sys.argv[2])), authkey=b'abc')
manager.connect()


def raised(expected, function, *args, **kwargs):
    try:
        function(*args, **kwargs)
    except expected as error:
        assert type(error) is expected, repr(error)
        return error
    raise AssertionError('%s was not raised' % expected)


def everything():
    with manager.Pool(4) as pool:
        assert pool.apply(tasks.square, (7,)) == 49
        assert pool.apply(tasks.product, (2, 3), {'times': 4}) == 24
        assert pool.map(tasks.square, range(100)) == [n * n for n in range(100)]
        assert pool.map(tasks.square, (3, 4), chunksize=1) == [9, 16]
        assert pool.map(str.upper, {'a': 1, 'b': 2}) == ['A', 'B']
        assert pool.map(partial(tasks.product, times=2), []) == []
        pairs = list(zip(range(9), range(9)))
        assert pool.starmap(tasks.product, pairs) == [n * n for n in range(9)]
        assert list(pool.imap(tasks.square, range(20))) == [n * n for n in range(20)]
        assert list(pool.imap(tasks.square, range(20), chunksize=7)) == [n * n for n in range(20)]
        unordered = sorted(pool.imap_unordered(tasks.square, range(20), 3))
        assert unordered == [n * n for n in range(20)]

        result = pool.apply_async(tasks.square, (5,))
        assert result.get(60) == 25 and result.ready() and result.successful()
        result.wait()
        event = manager.Event()
        result = pool.apply_async(tasks.wait_for, (event,))
        raised(TimeoutError, result.get, 0.01)
        raised(TimeoutError, pool.imap(tasks.wait_for, [event]).__next__, 0.01)
        assert not result.ready()
        assert 'not ready' in str(raised(ValueError, result.successful))
        event.set()
        assert result.get() > 1
        assert pool.map_async(tasks.square, [1, 2]).get() == [1, 4]
        assert pool.starmap_async(tasks.product, [(1, 2)]).get() == [2]

        error = raised(ValueError, pool.apply, tasks.fail, ('so it is',))
        assert str(error) == 'so it is' and 'in fail' in str(error.__cause__)
        results = pool.imap(tasks.fail, 'ab')
        assert [str(raised(ValueError, next, results)) for _ in 'ab'] == ['a', 'b']
        raised(StopIteration, next, results)
        raised(ValueError, pool.map, tasks.fail, 'ab')
        assert 'Wrong' in str(raised(RuntimeError, pool.apply, tasks.wrong))
        assert 'SystemExit' in str(raised(RuntimeError, pool.apply, tasks.exit_with, (3,)))
        assert 'lambda' in str(getattr(raised_any(pool.apply, tasks.unsendable), 'args'))
        assert 'no code' in str(raised(TypeError, pool.apply_async, tasks.square, (1,), {}, print))
        raised(TypeError, pool.map, tasks.square, 5)
        raised(ValueError, pool.join)

        # Callbacks, and proxies that travel.
        notes = manager.list()
        pool.apply_async(tasks.square, (4,), callback=notes.append).wait()
        pool.map_async(tasks.fail, ['x'], error_callback=notes.append).wait()
        assert notes[0] == 16 and str(notes[1]) == 'x'
        notes = manager.list()
        assert pool.map(partial(tasks.note, notes), range(5)) == list(range(5))
        assert sorted(notes) == list(range(5))

        # A list is sorted by what workers make of its items.
        words = manager.list(['pear', 'Fig', 'apple'])
        words.sort(key=str.lower)
        assert words[:] == ['apple', 'Fig', 'pear']
        words.sort(key=len, reverse=True)
        assert words[:] == ['apple', 'pear', 'Fig']
        assert str(raised(ValueError, words.sort, key=tasks.fail)) == 'apple'
        assert words[:] == ['apple', 'pear', 'Fig']

        # A process that goes takes its own task with it and nothing else.
        results = [pool.apply_async(tasks.vanish, ('exit',)), pool.apply_async(tasks.square, (2,)),
                   pool.apply_async(tasks.vanish, ('kill',)), pool.apply_async(tasks.square, (3,))]
        assert 'has ended itself with status 7' in str(raised(ProcessError, results[0].get))
        assert 'was killed by SIGKILL' in str(raised(ProcessError, results[2].get))
        assert (results[1].get(), results[3].get()) == (4, 9)

    raised(ValueError, pool.map, tasks.square, [1])
    # An initializer, and processes that do two tasks each.
    pool = manager.Pool(1, tasks.set_up, ('up',), 2)
    seen = [pool.apply(tasks.get_value) for _ in range(6)]
    assert {value for value, _ in seen} == {'up'}
    assert len({pid for _, pid in seen}) >= 3, seen
    pool.close()
    raised(ValueError, pool.apply, tasks.square, (1,))
    pool.join()
    pool = manager.Pool(2, tasks.fail, ('at the beginning',))
    for _ in range(3):
        assert str(raised(ValueError, pool.apply, tasks.square, (1,))) == 'at the beginning'
    # What is under way when a pool is terminated is stopped.
    pool, event = manager.Pool(2), manager.Event()
    stuck = pool.map_async(tasks.wait_for, [event] * 100, chunksize=1)
    pool.terminate()
    pool.join()
    assert 'terminated' in str(raised(ProcessError, stuck.get))
    assert manager.Pool(1).apply(tasks.square, (6,)) == 36
    print('all as expected')


def raised_any(function, *args):
    try:
        function(*args)
    except Exception as error:
        return error


def many():
    pool = manager.Pool()
    print('begun', flush=True)
    results = []
    for n in pool.imap(tasks.slow_square, range(200)):
        results.append(n)
        print(len(results), flush=True)
    assert results == [n * n for n in range(200)]
    print('all as expected')


def stuck():
    pool, event = manager.Pool(), manager.Event()
    results = pool.map_async(tasks.wait_for, [event] * 4, chunksize=1)
    print('begun', flush=True)
    results.get()


globals()[sys.argv[3]]()
