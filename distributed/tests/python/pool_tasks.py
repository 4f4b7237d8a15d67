"""What pool_client.py has done elsewhere."""
import os
import signal
import subprocess
import sys
import time

import pool_tasks


class Wrong(Exception):
    """It can be pickled and not unpickled."""
    def __init__(self, one, other):
        super().__init__('%s %s' % (one, other))


def square(n):
    return n * n


def slow_square(n):
    time.sleep(0.02)
    return n * n


def product(a, b, times=1):
    return a * b * times


def fail(text):
    raise ValueError(text)


def wrong():
    raise Wrong(1, 2)


def unsendable():
    return lambda: None


def exit_with(status):
    sys.exit(status)


def vanish(how):
    if how == 'exit':
        os._exit(7)
    # With something of its own that it leaves.
    subprocess.Popen(['sleep', '600'])
    os.kill(os.getpid(), signal.SIGKILL)


def set_up(value):
    pool_tasks.value = value


def get_value():
    return pool_tasks.value, os.getpid()


def note(notes, n):
    notes.append(n)
    return n


def wait_for(event):
    event.wait()
    return os.getpid()
