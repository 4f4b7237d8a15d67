"""One process becomes two: os.fork, in Python 3."""
import os
import sys

print('Process (%d) start...' % os.getpid())
# What is in the buffer now would be printed by both.
sys.stdout.flush()
pid = os.fork()
if pid == 0:
    print('I am child process (%d) and my parent is %d.' % (os.getpid(), os.getppid()))
    sys.stdout.flush()
    # Not sys.exit: what the parent left to be done at its end is the parent's.
    os._exit(0)
print('I (%d) just created a child process (%d).' % (os.getpid(), pid))
os.waitpid(pid, 0)
