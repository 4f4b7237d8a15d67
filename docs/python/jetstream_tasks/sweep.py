"""What a killed server forgot: to remove tasks that are done, and that it need not
wait for word of what is gone. As crates/jetstream-tasks/src/sweep.rs, which says more."""
import asyncio

from .errors import Error, ServerError
from .link import AWAY
from .task import token

# When to look after a new connection: what was in hands then is done later.
LOOKS = 0, 2, 8, 20, 60
# So many tasks in hands are looked at, and so far back.
IN_HANDS, BACK = 1000, 10_000


async def run(link, name, policy):
    """Looks after each new connection."""
    while True:
        link.connected.clear()
        for pause in LOOKS:
            await asyncio.sleep(pause)
            try:
                await sweep(link, name, policy)
            except (Error, *AWAY):
                pass  # there will be another connection, or another look
        await link.connected.wait()


async def sweep(link, name, policy):
    places = [(name, 'priority-%d' % p, 'queue.%s.task.%d' % (name, p), 'queue.%s.task.*' % name)
              for p in range(policy['priorities'])]
    later = 'queue.%s.later' % name
    for place in places + [(name + '-later', 'mover', later, later)]:
        await sweep_one(link, name, policy, *place)


async def sweep_one(link, name, policy, stream, consumer, subject, all_subjects):
    floor, delivered, _ = await known(link, stream, consumer)
    in_hands = 0
    async for seq, id in messages(link, stream, subject, 1, delivered):
        if await is_over(link, name, stream, consumer, seq, id, floor):
            try:
                await link.api('STREAM.MSG.DELETE.' + stream, dict(seq=seq, no_erase=True))
            except ServerError:
                pass  # somebody else was faster
        elif seq > floor:
            in_hands += 1
            if in_hands == IN_HANDS:
                return
    floor, now, pending = await known(link, stream, consumer)
    # Nothing was handed out meanwhile: those that it waits for have been seen, or
    # are gone. A replica may lag behind, and what it lacks need not be gone.
    if policy['replicas'] == 1 and now == delivered and pending > in_hands:
        await acknowledge_what_is_gone(link, stream, consumer, all_subjects, floor, delivered)


async def known(link, stream, consumer):
    """Up to where all is acknowledged, up to where all was handed out, and how many
    deliveries the consumer waits for word of."""
    info = await link.api('CONSUMER.INFO.%s.%s' % (stream, consumer))
    delivered, pending = info['delivered']['stream_seq'], info['num_ack_pending']
    return info['ack_floor']['stream_seq'] if pending else delivered, delivered, pending


async def messages(link, stream, subject, seq, last):
    while seq <= last:
        message = await link.next(stream, subject, seq)
        seq = int(message.headers['Nats-Sequence']) if message else last + 1
        if seq <= last:
            yield seq, message.headers.get('Task-Id') or message.headers.get('Nats-Msg-Id')
        seq += 1


async def is_over(link, name, stream, consumer, seq, id, floor):
    """Whether the end of this very task is on record, and nothing is left to do."""
    if not id:
        return False
    outcome = await link.last(name + '-outcomes', 'queue.%s.outcome.%s' % (name, token(id)))
    if not outcome:
        return False
    lease = outcome.headers.get('Task-Lease', '')
    here = '.%s.%s.' % (stream, consumer)
    # Above the floor it may have been put again, and the record be of the first.
    if seq > floor and (here not in lease or int(lease.split(here)[1].split('.')[1]) != seq):
        return False
    if outcome.headers['Task-Status'] != 'dead':
        return True
    return bool(await link.last(name + '-dead', 'queue.%s.dead.%s' % (name, token(id))))


async def acknowledge_what_is_gone(link, stream, consumer, subject, floor, delivered):
    # A stream that lost its end counts on from there: beyond, a number may come.
    to = min(delivered, (await link.api('STREAM.INFO.' + stream))['state']['last_seq'])
    after, there = max(floor, to - BACK), set()
    async for seq, _ in messages(link, stream, subject, after + 1, to):
        there.add(seq)
        if len(there) == IN_HANDS:
            return
    for seq in range(after + 1, to + 1):
        if seq not in there:
            word = '$JS.ACK.%s.%s.1.%d.0.0.0' % (stream, consumer, seq)
            await link.nats.publish(word, b'+ACK')
