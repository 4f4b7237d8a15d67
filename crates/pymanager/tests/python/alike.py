"""Uses a server with a package that is Python's multiprocessing in another form:
PACKAGE PORT, `multiprocess` (which pickles by dill) or `billiard`.

"""
import importlib
import queue
import sys

package, port = sys.argv[1], int(sys.argv[2])
managers = importlib.import_module(package + '.managers')


class Manager(managers.BaseManager):
    pass


for name in 'get_task_queue', 'Queue', 'PriorityQueue':
    Manager.register(name)
m = Manager(('127.0.0.1', port), authkey=b'abc')
m.connect()
shared = m.get_task_queue()
shared.put({'from': package})
assert m.get_task_queue().get(timeout=10) == {'from': package}
q = m.Queue(1)
q.put(1)
for call in q.put_nowait, lambda item: q.put(item, timeout=0.01):
    try:
        call(2)
    except queue.Full:
        pass
    else:
        raise AssertionError('not full')
assert q.get() == 1
try:
    q.get_nowait()
except queue.Empty:
    pass
else:
    raise AssertionError('not empty')
if package == 'multiprocess':
    # What pickle cannot do, dill can; the server stores it as data.
    q.put(lambda x: x + 41)
    assert q.get()(1) == 42
p = m.PriorityQueue()
for n in 3, 1, 2:
    p.put(n)
assert [p.get() for _ in range(3)] == [1, 2, 3]
print('all as expected')
