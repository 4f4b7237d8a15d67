"""Twenty external programs at once: asyncio, in Python 3."""
import asyncio

PROGRAMS = 20
SCRIPT = """
for step in 1 2 3; do echo step $step; sleep 0.0$step; done
case $1 in 7) exit 7;; 14) kill -9 $$;; esac"""


async def run(n):
    child = await asyncio.create_subprocess_exec(
        'sh', '-c', SCRIPT, 'sh', str(n),
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE)
    try:
        count = 0
        async for _ in child.stdout:
            count += 1
        return count, await child.wait()
    finally:
        # Python leaves it running when nobody waits for it any more.
        if child.returncode is None:
            child.kill()


async def main():
    ends = await asyncio.gather(*(run(n) for n in range(1, PROGRAMS + 1)))
    lines = sum(count for count, _ in ends)
    well = sum(status == 0 for _, status in ends)
    print('%d programs, %d lines, %d ended well' % (PROGRAMS, lines, well))
    for n, (_, status) in enumerate(ends, 1):
        if status > 0:
            print('program %d ended with %d' % (n, status))
        elif status < 0:
            print('program %d was killed by signal %d' % (n, -status))


asyncio.run(main())
