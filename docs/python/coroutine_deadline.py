"""A time-out for each step, and a deadline for all: asyncio, in Python 3."""
import asyncio
import selectors

STEPS, STEP, EACH, ALL = 3, 0.8, 1.0, 2.0


class Jump(selectors.DefaultSelector):
    """A clock that does not run but jumps, whenever all coroutines wait."""
    now = 0.0

    def select(self, timeout=None):
        self.now += max(timeout or 0, 0)
        return super().select(0)


async def each_step(now):
    start = now()
    for _ in range(STEPS):
        await asyncio.wait_for(asyncio.sleep(STEP), EACH)
    print('1 second for each of %d steps: done after %.1f seconds' % (STEPS, now() - start))


async def one_deadline(now):
    start = now()
    current = 0

    async def steps():
        nonlocal current
        for step in range(1, STEPS + 1):
            current = step
            await asyncio.sleep(STEP)

    try:
        await asyncio.wait_for(steps(), ALL)
    except asyncio.TimeoutError:
        print('2 seconds for all: cut off in step %d after %.1f seconds'
              % (current, now() - start))


async def handed_on(now):
    start = now()
    deadline = start + ALL
    for step in range(1, STEPS + 1):
        if deadline - now() < STEP:
            print('2 seconds for all, and the steps know it: after %.1f seconds step %d is not begun'
                  % (now() - start, step))
            return
        await asyncio.sleep(STEP)


async def main(now):
    await each_step(now)
    await one_deadline(now)
    await handed_on(now)


clock = Jump()
loop = asyncio.SelectorEventLoop(clock)
loop.time = lambda: clock.now
loop.run_until_complete(main(loop.time))
loop.close()
