"""Coroutines in one thread that wait at the same time: asyncio, in Python 3."""
import asyncio
import time

WAITS = [0.9, 0.6, 0.3]


async def work(n, wait):
    print('Coroutine %d waits %.1f seconds...' % (n, wait), flush=True)
    await asyncio.sleep(wait)
    print('Coroutine %d goes on.' % n, flush=True)


async def main():
    tasks = [asyncio.create_task(work(n, wait)) for n, wait in enumerate(WAITS, 1)]
    print('%d coroutines are made, none has begun.' % len(tasks), flush=True)
    for task in tasks:
        await task


start = time.monotonic()
asyncio.run(main())
print('%.1f seconds of waiting took %.1f seconds.' % (sum(WAITS), time.monotonic() - start))
