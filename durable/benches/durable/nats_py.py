"""What users of nats-py do: acknowledged publishes, fetches, acknowledgements that
are waited for. SERVER one|many|work [WORKERS]; prints how many a second."""
import asyncio
import multiprocessing
import sys
import time
import uuid

import nats

BATCH = 64


async def put_all(js, name, count):
    for start in range(0, count, 250):
        await asyncio.gather(*[js.publish(name, b'%d' % n) for n in range(start, start + 250)])


async def make(server, name):
    connection = await nats.connect(server)
    js = connection.jetstream()
    await js.add_stream(name=name, subjects=[name], retention='workqueue')
    return connection, js


async def put(server, what):
    name, count = 'py' + uuid.uuid4().hex, 500 if what == 'one' else 5000
    connection, js = await make(server, name)
    start = time.perf_counter()
    if what == 'one':
        for n in range(count):
            await js.publish(name, b'%d' % n)
    else:
        await put_all(js, name, count)
    print(count / (time.perf_counter() - start))
    await js.delete_stream(name)
    await connection.close()


async def work(server, name, ready):
    """Until there is nothing left."""
    connection = await nats.connect(server)
    subscription = await connection.jetstream().pull_subscribe(name, 'w')
    ready.wait()
    while True:
        try:
            messages = await subscription.fetch(BATCH, timeout=.2)
        except asyncio.TimeoutError:
            break
        await asyncio.gather(*[message.ack_sync() for message in messages])
        ends.value = max(ends.value, time.perf_counter())
    await connection.close()


def workers(server, count, workers):
    name = 'py' + uuid.uuid4().hex

    async def fill():
        connection, js = await make(server, name)
        await put_all(js, name, count)
        await js.pull_subscribe(name, 'w')
        await connection.close()

    async def remove():
        connection = await nats.connect(server)
        await connection.jetstream().delete_stream(name)
        await connection.close()

    asyncio.run(fill())
    ready = multiprocessing.Barrier(workers + 1)
    processes = [multiprocessing.Process(target=lambda: asyncio.run(work(server, name, ready)))
                 for _ in range(workers)]
    for process in processes:
        process.start()
    ready.wait()
    start = time.perf_counter()
    for process in processes:
        process.join()
    print(count / (ends.value - start))
    asyncio.run(remove())


if __name__ == '__main__':
    multiprocessing.set_start_method('fork')
    # When the last acknowledgement of all came: the clock is the machine's.
    ends = multiprocessing.Value('d', 0.0)
    if sys.argv[2] == 'work':
        workers(sys.argv[1], 5000, int(sys.argv[3]))
    else:
        asyncio.run(put(sys.argv[1], sys.argv[2]))
