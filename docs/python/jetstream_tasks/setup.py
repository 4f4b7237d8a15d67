"""Making a queue, or finding it: what is missing is made, what is there is left."""
import asyncio
import json
import time

from .errors import Error, ServerError

NOT_FOUND, IN_USE, OVERLAP = 10059, 10058, 10065
DEFAULTS = dict(queue=1, ack_wait_ms=30_000, max_deliver=5,
                backoff_ms=[1000, 5000, 30_000, 120_000], priorities=1, replicas=1,
                max_tasks=0, max_task_size=0, keep_results_ms=86_400_000,
                window_ms=120_000)


async def open_queue(link, name, settings):
    """The settings of the queue, all of them."""
    has = await find(link, name)
    if has is None:
        wanted = {**DEFAULTS, **settings}
        wanted['window_ms'] = max(wanted['window_ms'], 2 * wanted['ack_wait_ms'])
        try:
            await make_stream(link, name, name, 'task.*', wanted, **limits(wanted),
                              description=json.dumps(wanted))
        except ServerError as error:
            if error.code != IN_USE:
                raise
        has = await find(link, name)
    for key, value in settings.items():
        if has[key] != value:
            raise Error('the queue has %s %s, and not %s' % (key, has[key], value))
    await make_stream(link, name, name + '-later', 'later', has, **limits(has))
    await make_stream(link, name, name + '-outcomes', 'outcome.*', has,
                      max_msgs_per_subject=1, max_age=has['keep_results_ms'] * 1_000_000)
    await make_stream(link, name, name + '-dead', 'dead.*', has, max_msgs_per_subject=1)
    for priority in range(has['priorities']):
        subject = 'queue.%s.task.%d' % (name, priority)
        await make_consumer(link, name, 'priority-%d' % priority, subject, has)
    await make_consumer(link, name + '-later', 'mover', 'queue.%s.later' % name, has)
    return has


async def find(link, name):
    try:
        info = await link.api('STREAM.INFO.' + name)
    except ServerError as error:
        if error.code != NOT_FOUND:
            raise
        return None
    return json.loads(info['config']['description'])


def limits(policy):
    """A task leaves its stream when it is acknowledged; a full one takes no more."""
    return dict(retention='workqueue', discard='new', max_msgs=policy['max_tasks'] or -1,
                max_msg_size=policy['max_task_size'] or -1)


async def make_stream(link, queue, name, subject, policy, **more):
    config = dict(name=name, subjects=['queue.%s.%s' % (queue, subject)], storage='file',
                  retention='limits', num_replicas=policy['replicas'], max_consumers=-1,
                  max_msgs=-1, max_bytes=-1, max_age=0, discard='old',
                  duplicate_window=policy['window_ms'] * 1_000_000, allow_direct=True)
    until = time.monotonic() + 3
    while True:
        try:
            return await link.api('STREAM.CREATE.' + name, {**config, **more})
        except ServerError as error:
            # While somebody else makes this very stream, its subjects are said
            # to overlap with those of another.
            if error.code != OVERLAP or time.monotonic() >= until:
                raise
        await asyncio.sleep(.02)


async def make_consumer(link, stream, name, subject, policy):
    config = dict(durable_name=name, filter_subject=subject, deliver_policy='all',
                  ack_policy='explicit', max_deliver=-1,
                  ack_wait=policy['ack_wait_ms'] * 1_000_000, max_ack_pending=-1,
                  max_waiting=16384, replay_policy='instant')
    await link.api('CONSUMER.DURABLE.CREATE.%s.%s' % (stream, name),
                   dict(stream_name=stream, config=config))
