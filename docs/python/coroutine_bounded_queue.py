"""A producer that is faster than its consumer: asyncio.Queue, in Python 3."""
import asyncio

ITEMS = 4
END = None


async def produce(queue):
    for n in range(1, ITEMS + 1):
        if queue.full():
            print('%d has to wait: the queue is full' % n)
        await queue.put(n)
        print('put %d' % n)
    await queue.put(END)


async def consume(queue):
    await asyncio.sleep(0.02)
    while True:
        n = await queue.get()
        if n is END:
            break
        print('got %d' % n)
        await asyncio.sleep(0.02)
    print('the producer is gone, the queue is empty')


async def main():
    queue = asyncio.Queue(2)
    await asyncio.gather(produce(queue), consume(queue))


asyncio.run(main())
