"""Worker processes for the pools of a manager that runs no code itself.

    python3 pool_worker.py HOST:PORT            or the path of a Unix socket
    python3 pool_worker.py --processes 4 --main program.py 10.0.0.7:5000

Start as many as you like, on any machines, before or while a program uses
`manager.Pool()`: they do its tasks. Functions are found by their names, so the
modules they are in have to be here too: in the current directory, in PYTHONPATH,
or, for functions of the program itself, in what --main names.

A task may do whatever it likes to its process: it costs the task an error that
says so, and another process takes its place. Needs Python 3.6 or later, and
nothing else.
"""
import argparse
import mmap
import os
import pickle
import runpy
import select
import signal
import socket
import sys
import time
import types
from multiprocessing import process
from multiprocessing.connection import Client
from multiprocessing.pool import ExceptionWithTraceback, MaybeEncodingError
from multiprocessing.reduction import ForkingPickler

try:
    import ctypes
except ImportError:  # it is not everywhere, and we can do without
    ctypes = None

POLLRDHUP = getattr(select, 'POLLRDHUP', 0x2000)
PR_SET_PDEATHSIG = 1
# Seconds between two attempts to connect, and for a task to end itself.
PAUSE, GRACE = 0.2, 2


def main():
    options = parse()
    crew = Crew(options)
    try:
        crew.run()
    finally:
        crew.end()


def parse():
    parser = argparse.ArgumentParser(prog='pool_worker.py', description=__doc__.split('\n')[0])
    parser.add_argument('address', help='HOST:PORT of the manager, or the path of its socket')
    parser.add_argument('--processes', type=int, default=os.cpu_count() or 1, metavar='N',
                        help='how many tasks to do at a time [default: one a processor]')
    parser.add_argument('--main', metavar='FILE', help="the program whose functions are sent")
    parser.add_argument('--authkey-file', metavar='FILE',
                        help='a file that holds the key [default: DISTRIBUTED_AUTHKEY, or abc]')
    parser.add_argument('--wait', type=float, default=10, metavar='SECONDS',
                        help='how long to look for a manager that is not there [default: 10]')
    parser.add_argument('--until-eof', action='store_true', help='end with the standard input')
    options = parser.parse_args()
    if options.processes < 1:
        parser.error('there has to be one process at least')
    host, colon, port = options.address.rpartition(':')
    if '/' not in options.address:
        if not colon or not port.isdigit():
            parser.error('neither HOST:PORT nor a path: ' + options.address)
        options.address = (host.strip('[]') or '127.0.0.1', int(port))
    options.key = os.environ.get('DISTRIBUTED_AUTHKEY', 'abc').encode()
    if options.authkey_file:
        with open(options.authkey_file, 'rb') as file:
            # As an editor leaves it: without the newline at its end.
            options.key = file.read().rstrip(b'\r\n')
    return options


class Worker:
    """A process that does tasks, and its connection, of which we keep a copy."""

    def __init__(self, connection, ident):
        self.connection, self.ident = connection, ident
        self.pid = None
        # Memory that both processes have: whether it has come as far as to tasks.
        self.begun = mmap.mmap(-1, 1)
        self.kill_at = None


class Crew:
    """Keeps so many workers at work. It has one thread, and does no task itself."""

    def __init__(self, options):
        self.options = options
        self.workers = {}
        self.stopped = None
        self.missing_since = time.monotonic()
        self.told = False
        # A signal ends the wait in poll, whenever it comes.
        self.woken, waker = os.pipe()
        os.set_blocking(self.woken, False)
        os.set_blocking(waker, False)
        signal.set_wakeup_fd(waker)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in signal.SIGINT, signal.SIGTERM, signal.SIGHUP:
            signal.signal(number, self.stop)

    def stop(self, number, frame=None):
        self.stopped = 128 + number

    def run(self):
        while self.stopped is None:
            pause = self.replenish()
            self.wait(pause)
            self.reap()
        sys.exit(self.stopped)

    def replenish(self):
        """Starts workers that are missing; seconds until there is more to do."""
        while len(self.workers) < self.options.processes:
            try:
                self.start()
            except OSError as error:  # the manager is not there, or full
                if time.monotonic() - self.missing_since > self.options.wait:
                    sys.exit('no manager at %s: %s' % (self.shown(), error))
                return PAUSE
            except Exception as error:  # the key is wrong, or it is no such manager
                sys.exit('%s is of no use: %s: %s'
                         % (self.shown(), type(error).__name__, error))
        if not self.told:
            self.told = True
            print('%d pool workers for %s' % (self.options.processes, self.shown()), flush=True)
        kills = [one.kill_at for one in self.workers.values() if one.kill_at]
        return max(0, min(kills) - time.monotonic()) if kills else None

    def shown(self):
        address = self.options.address
        return address if isinstance(address, str) else '%s:%d' % address

    def start(self):
        worker = Worker(*connect(self.options))
        self.missing_since = time.monotonic()
        crew = os.getpid()
        worker.pid = os.fork()
        if worker.pid == 0:
            status = 1
            try:
                for other in self.workers.values():
                    # The manager is to see when the other one is gone.
                    other.connection.close()
                status = work(worker, self.options, crew)
            except (EOFError, ConnectionError):
                status = 0  # the manager has ended
            finally:
                sys.stdout.flush()
                os._exit(status)
        # A group of its own, for what its tasks start; it does the same itself.
        try:
            os.setpgid(worker.pid, worker.pid)
        except OSError:
            pass
        self.workers[worker.pid] = worker

    def wait(self, pause):
        poll = select.poll()
        poll.register(self.woken, select.POLLIN)
        if self.options.until_eof:
            poll.register(0, select.POLLIN)
        hung_up = {}
        for worker in self.workers.values():
            if not worker.kill_at:
                hung_up[worker.connection.fileno()] = worker
                poll.register(worker.connection, POLLRDHUP)
        for fd, _ in poll.poll(None if pause is None else pause * 1000):
            if fd == self.woken:
                os.read(fd, 4096)
            elif fd in hung_up:
                # The manager wants nothing more of it: its pool was terminated.
                kill(hung_up[fd].pid, signal.SIGTERM)
                hung_up[fd].kill_at = time.monotonic() + GRACE
            elif not os.read(fd, 4096):
                self.stopped = 0
        for worker in self.workers.values():
            if worker.kill_at and worker.kill_at <= time.monotonic():
                kill(worker.pid, signal.SIGKILL)
                worker.kill_at = time.monotonic() + GRACE

    def reap(self):
        """Tells the manager of workers that have ended."""
        while self.workers:
            flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
            ended = os.waitid(os.P_ALL, 0, flags)
            if ended is None:
                return
            # What its tasks have started goes with it, while its number is its own.
            kill(ended.si_pid, signal.SIGKILL)
            os.waitpid(ended.si_pid, 0)
            worker = self.workers.pop(ended.si_pid, None)
            if worker is None:
                continue
            killed = ended.si_code != os.CLD_EXITED
            if not worker.begun[0] and ended.si_status == 1 and not killed:
                sys.exit('the workers cannot begin')
            if killed:
                known = {one.value: one.name for one in signal.Signals}
                how = 'was killed by %s' % known.get(ended.si_status, ended.si_status)
            else:
                how = 'has ended itself with status %d' % ended.si_status
            tell(worker, how)

    def end(self):
        for number in signal.SIGTERM, signal.SIGKILL:
            for worker in self.workers.values():
                kill(worker.pid, number)
            until = time.monotonic() + GRACE
            while self.workers and time.monotonic() < until:
                self.reap()
                if self.workers:
                    self.wait(max(0, until - time.monotonic()))


def kill(pid, number):
    """Signals a worker and all that it has started."""
    try:
        os.killpg(pid, number)
    except ProcessLookupError:
        pass


def ask(connection, ident, method, *args):
    connection.send((ident, method, args, {}))
    return answer(connection.recv())


def answer(reply):
    kind, value = reply
    if kind != '#RETURN':
        raise value if isinstance(value, BaseException) else RuntimeError(value)
    return value


def connect(options):
    """A connection for calls of methods, and what to call."""
    with Client(options.address, authkey=options.key) as connection:
        ident, _ = ask(connection, None, 'create', 'PoolWorkers')
    connection = Client(options.address, authkey=options.key)
    try:
        ask(connection, None, 'accept_connection', 'PoolWorker on ' + socket.gethostname())
    except BaseException:
        connection.close()
        raise
    return connection, ident


def tell(worker, how):
    """The last word on a worker's connection: what it died of."""
    try:
        # Unless it was in the middle of a message; then it is the connection's
        # end that tells.
        if not worker.kill_at:
            worker.connection.send((worker.ident, 'died', (how,), {}))
        with socket.socket(fileno=os.dup(worker.connection.fileno())) as stream:
            # For all copies of it, those of a task's own processes too.
            stream.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    worker.connection.close()


# What follows runs in the workers.


def work(worker, options, crew):
    connection, ident = worker.connection, worker.ident
    for number in signal.SIGCHLD, signal.SIGTERM, signal.SIGHUP:
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is the crew's
    signal.set_wakeup_fd(-1)
    os.setpgid(0, 0)
    if ctypes:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != crew:
        return 0
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    # Proxies among the arguments connect with the key of the process.
    process.current_process().authkey = options.key
    sys.path[0] = os.getcwd()
    if options.main:
        load_main(options.main)
    ask(connection, ident, 'enter', 'process %d on %s' % (os.getpid(), socket.gethostname()))
    worker.begun[0] = 1
    outcome = ()
    while True:
        send(connection, ident, 'next', outcome)
        outcome, last = do(connection.recv_bytes(), outcome)
        if last:
            send(connection, ident, 'finish', outcome)
            answer(connection.recv())
            return 0


def load_main(path):
    """The client's program as module `__main__`, under the name that keeps it
    from doing what it does as a program. So does multiprocessing's `spawn`."""
    module = types.ModuleType('__mp_main__')
    sys.modules['__main__'] = sys.modules['__mp_main__'] = module
    module.__dict__.update(runpy.run_path(path, run_name='__mp_main__'))


def send(connection, ident, method, outcome):
    try:
        message = ForkingPickler.dumps((ident, method, outcome, {}))
    except Exception as error:
        error = MaybeEncodingError(error, outcome[1])
        message = ForkingPickler.dumps((ident, method, (False, error), {}))
    connection.send_bytes(message)


def do(message, before):
    """What a task comes to, and whether it is this process's last."""
    initialized = True
    try:
        kind, task = pickle.loads(message)
        if kind == '#RETURN':
            mode, function, items, initializer, last = task
            if initializer:
                initialized = False
                first, args = initializer
                first(*args)
                initialized = True
            return (True, call(mode, function, items)), last
    except BaseException as error:
        return (False, presentable(error)), not initialized
    # The outcome of the last task is too much for the manager; or, when an error
    # is, too, there is no talking to it.
    if not before or not before[0]:
        raise EOFError
    return (False, task if isinstance(task, Exception) else RuntimeError(task)), False


def call(mode, function, items):
    if mode == 'apply':
        args, kwds = items
        return [function(*args, **kwds)]
    if mode == 'starmap':
        return [function(*item) for item in items]
    return [function(item) for item in items]


def presentable(error):
    """An exception that can be sent and read, with the traceback for its cause."""
    shown = error
    if not isinstance(error, Exception):
        # One like SystemExit would end the client.
        shown = RuntimeError('the task ended with %r' % error)
    wrapped = ExceptionWithTraceback(shown, error.__traceback__)
    try:
        pickle.loads(ForkingPickler.dumps(wrapped))
    except Exception as reason:
        text = '%r (which cannot be sent: %r)' % (error, reason)
        wrapped = ExceptionWithTraceback(RuntimeError(text), error.__traceback__)
    return wrapped


if __name__ == '__main__':
    main()
