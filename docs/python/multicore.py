"""A busy thread for each core, and what they get: Python 3."""
import os
import resource
import threading
import time

SECONDS = 5


def loop():
    x = 0
    while True:
        x = x ^ 1


def cpu_time():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


cores = len(os.sched_getaffinity(0))
start, before = time.monotonic(), cpu_time()
for _ in range(cores):
    # A daemon: nothing else ends a thread that never returns.
    threading.Thread(target=loop, daemon=True).start()

last = (start, before)
for second in range(1, SECONDS):
    time.sleep(max(0, start + second - time.monotonic()))
    now = (time.monotonic(), cpu_time())
    percent = 100 * (now[1] - last[1]) / (now[0] - last[0])
    last = now
    print('threads: %.1f %% of one core after %d s' % (percent, second), flush=True)
time.sleep(max(0, start + SECONDS - time.monotonic()))

wall, cpu = time.monotonic() - start, cpu_time() - before
print('threads: %d' % cores)
print('  wall time  %.2f s' % wall)
print('  CPU time   %.2f s' % cpu)
print('  CPU use    %.1f %% of one core, %.1f %% of the %d cores of this machine'
      % (100 * cpu / wall, 100 * cpu / wall / cores, cores))
