"""Twenty downloads, at most five at a time: asyncio.Semaphore, in Python 3."""
import asyncio

DOWNLOADS = 20
AT_ONCE = 5


class Count:
    now = most = 0


async def download(permits, count):
    async with permits:
        count.now += 1
        count.most = max(count.most, count.now)
        await asyncio.sleep(0.02)
        count.now -= 1


async def download_all(limit):
    permits, count = asyncio.Semaphore(limit), Count()
    await asyncio.gather(*(download(permits, count) for _ in range(DOWNLOADS)))
    return count.most


async def main():
    for name, limit in [('without a limit', DOWNLOADS), ('with a semaphore', AT_ONCE)]:
        most = await download_all(limit)
        print('%s: %d downloads, %d at the same time' % (name, DOWNLOADS, most))


asyncio.run(main())
