"""Python's clients: processes that begin together and call for a second.
Arguments: address, what to call, how many. Prints calls a second in all, the
longest call in seconds, and the share of the clients that came to an end.
"""
import os
import select
import signal
import sys
import time
from multiprocessing.managers import BaseManager, DictProxy

CONNECT, CALLS, END = 15, 1, 5
host, port = sys.argv[1].rsplit(':', 1)
what, clients = sys.argv[2], int(sys.argv[3])


class Client(BaseManager):
    pass


Client.register('tasks')
Client.register('scores', proxytype=DictProxy)


def client(n, start, tell):
    manager = Client((host, int(port)), b'abc')
    manager.connect()
    if what == 'queue':
        tasks = manager.tasks()
        first, second = lambda item: tasks.put(item), lambda item: tasks.get()
    else:
        scores, key = manager.scores(), str(n)
        first, second = lambda item: scores.__setitem__(key, item), lambda item: scores[key]
    first(0)
    second(0)
    os.write(tell, b'connected\n')
    os.read(start, 1)
    calls, worst = 0, 0.0
    last = time.perf_counter()
    end = last + CALLS
    while last < end:
        for call in first, second:
            call(calls)
            now = time.perf_counter()
            worst = max(worst, now - last)
            last = now
            calls += 1
    os.write(tell, b'done %d %f\n' % (calls, worst))
    # The proxies' good-byes are no calls: the process ends without them.


def collect(told, what, patience):
    """What the clients tell that begins so, as far as it comes in time."""
    lines, text, until = [], b'', time.monotonic() + patience
    while len(lines) < clients:
        left = until - time.monotonic()
        if left <= 0 or not select.select([told], [], [], left)[0]:
            break
        text += os.read(told, 65536)
        *new, text = text.split(b'\n')
        lines += [line for line in new if line.startswith(what)]
    return lines


start, go = os.pipe()
told, tell = os.pipe()
pids = []
for n in range(clients):
    pid = os.fork()
    if pid == 0:
        try:
            os.close(go)
            client(n, start, tell)
        finally:
            os._exit(0)
    pids.append(pid)
collect(told, b'connected', CONNECT)
os.close(go)
done = [line.split()[1:] for line in collect(told, b'done', CALLS + END)]
print(
    sum(int(calls) for calls, _ in done) / CALLS,
    max([float(worst) for _, worst in done], default=0),
    len(done) / clients,
)
for pid in pids:
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
