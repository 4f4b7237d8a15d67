"""The queue: what puts tasks, takes them, and tells what became of them."""
import asyncio
import json
import time
import uuid

import nats.errors

from . import sweep
from .errors import Empty, Error, Failed, NoAnswer, NotFound, ServerError, TimedOut
from .link import AWAY, Link
from .setup import open_queue
from .task import Task, boot_clock, token


class Queue:
    """Any number of programs put tasks and take them. Calls block; a thread keeps
    the connection and the leases. Settings that are not given are the queue's own,
    or the defaults where this call makes it: ack_wait_ms, max_deliver, ...
    """

    @classmethod
    def open(cls, server, name, timeout=30, **settings):
        queue = cls.__new__(cls)
        queue.name, queue.held, queue.moving = name, set(), False
        queue.link = Link(timeout)
        queue.link.run(queue._open(server, settings))
        return queue

    async def _open(self, server, settings):
        await self.link.connect(server)
        self.policy = await open_queue(self.link, self.name, settings)
        self.link.spawn(self._keep_leases())
        self.link.spawn(sweep.run(self.link, self.name, self.policy))

    def close(self):
        """What is held goes to another worker when its lease ends."""
        self.link.close()

    def put(self, value, id=None, priority=None, delay=0, deadline=None, time_limit=None):
        """Adds a task, and returns its id when the server has it."""
        return self.link.run(self._put(value, id, priority, delay, deadline, time_limit))

    def get(self, timeout=None):
        """The next task: a lease."""
        return self.get_batch(1, timeout)[0]

    def get_batch(self, n, timeout=None):
        """Up to n tasks, as soon as there is one."""
        return self.link.run(self._get(n, timeout))

    def result(self, id, timeout=None):
        """What done() was given, once it was."""
        return self.link.run(self._result(id, timeout))

    def join(self, timeout=None):
        """Waits until every task is done or in the dead letters."""
        until = None if timeout is None else time.monotonic() + timeout
        pause, rest, swept = .005, 1, time.monotonic()
        while len(self):
            if until is not None and time.monotonic() >= until:
                raise TimedOut(timeout)
            time.sleep(pause)
            pause = min(pause * 2, .25)
            if time.monotonic() - swept >= rest:
                self.link.run(sweep.sweep(self.link, self.name, self.policy))
                swept, rest = time.monotonic(), min(rest * 2, 16)

    def __len__(self):
        """How many tasks have not ended."""
        return sum(self.link.run(self.link.api('STREAM.INFO.' + stream))['state']['messages']
                   for stream in (self.name + '-later', self.name))

    def dead_letters(self):
        """Id, reason and value of each task that was given up."""
        return self.link.run(self._dead_letters())

    def requeue(self, id):
        """Puts a dead letter into the queue again."""
        return self.link.run(self._requeue(id))

    def subject(self, kind, end):
        return 'queue.%s.%s.%s' % (self.name, kind, end)

    async def outcome(self, id):
        """The message that says how a task has ended, if it has."""
        return await self.link.last(self.name + '-outcomes', self.subject('outcome', token(id)))

    async def _put(self, value, id, priority, delay, deadline, time_limit):
        if id is None:
            id = uuid.uuid4().hex
        elif await self.outcome(id):
            return id
        if priority is None:
            priority = self.policy['priorities'] // 2
        headers = {'Nats-Msg-Id': id, 'Task-Id': id, 'Task-Priority': str(priority),
                   'Content-Type': 'application/json'}
        if deadline is not None:
            headers['Task-Deadline'] = str(int((time.time() + deadline) * 1000))
        if time_limit is not None:
            headers['Task-Time-Limit'] = str(int(time_limit * 1000))
        subject = self.subject('task', priority)
        if delay:
            headers['Task-Not-Before'] = str(int((time.time() + delay) * 1000))
            subject = 'queue.%s.later' % self.name
        await self.link.publish(subject, json.dumps(value).encode(), headers)
        return id

    async def _get(self, n, timeout):
        if not self.moving:
            self.moving = True
            self.link.spawn(self._move_what_is_due())
        begin = time.monotonic()
        while True:
            left = 5 if timeout is None else min(5, begin + timeout - time.monotonic())
            silent = False
            try:
                messages = await self._pull(n, max(left, 0))
            except AWAY:
                messages, silent = [], True
                await asyncio.sleep(.1)
            tasks = [task for task in map(self._hold, messages) if await task.admit()]
            if tasks:
                return tasks
            if timeout is not None and time.monotonic() - begin >= timeout:
                raise NoAnswer('no answer') if silent else Empty

    def _hold(self, message):
        task = Task(self, message)
        self.held.add(task)
        return task

    async def _pull(self, n, wait):
        """The most urgent first."""
        found, names = [], ['priority-%d' % p for p in range(self.policy['priorities'])]
        for name in names:
            if len(found) < n:
                found += await self.link.pull(self.name, [name], n - len(found), 0)
        return found or (await self.link.pull(self.name, names, 1, wait) if wait else [])

    async def _keep_leases(self):
        third = self.policy['ack_wait_ms'] / 3000
        while True:
            await asyncio.sleep(third)
            for task in list(self.held):
                if not task.holds():
                    self.held.discard(task)
                elif task.ends - boot_clock() < 2 * third and task.ends < task.limit:
                    asyncio.ensure_future(task.renew())

    async def _move_what_is_due(self):
        while True:
            try:
                for message in await self.link.pull(self.name + '-later', ['mover'], 1, 5):
                    await self._move(message)
            except (Error, *AWAY):
                await asyncio.sleep(.5)

    async def _move(self, message):
        headers = dict(message.headers)
        wait = int(headers.pop('Task-Not-Before', 0)) - time.time() * 1000
        word = b'-NAK {"delay": %d}' % (wait * 1e6)
        if wait <= 0:
            headers['Nats-Msg-Id'] = headers['Task-Id']
            subject = self.subject('task', headers['Task-Priority'])
            await self.link.publish(subject, message.data, headers)
            word = b'+ACK'
        await self.link.request(message.reply, word)

    async def _result(self, id, timeout):
        until = None if timeout is None else time.monotonic() + timeout
        # Asked for before the first look, so that nothing passes unseen.
        news = await self.link.nats.subscribe(self.subject('outcome', token(id)))
        try:
            while True:
                outcome = await self.outcome(id)
                if outcome:
                    if outcome.headers['Task-Status'] == 'dead':
                        raise Failed(outcome.data.decode())
                    return json.loads(outcome.data)
                left = 1 if until is None else until - time.monotonic()
                if left <= 0:
                    raise TimedOut(timeout)
                try:
                    await news.next_msg(timeout=min(left, 1))
                except (nats.errors.Error, asyncio.TimeoutError):
                    pass
        finally:
            await news.unsubscribe()

    async def _dead_letters(self):
        letters, seq = [], 1
        while True:
            message = await self.link.next(self.name + '-dead', self.subject('dead', '*'), seq)
            if message is None:
                return letters
            seq = int(message.headers['Nats-Sequence']) + 1
            letters.append((message.headers['Task-Id'], message.headers['Task-Reason'],
                            json.loads(message.data)))

    async def _requeue(self, id):
        letter = await self.link.last(self.name + '-dead', self.subject('dead', token(id)))
        if not letter:
            raise NotFound(id)
        seq = letter.headers['Nats-Sequence']
        # Its end is not its end any more.
        await self.link.api('STREAM.PURGE.%s-outcomes' % self.name,
                            dict(filter=self.subject('outcome', token(id))))
        headers = {k: v for k, v in letter.headers.items() if not k.startswith('Nats-')}
        headers['Nats-Msg-Id'] = '%s again %s' % (id, seq)
        for name in ('Task-Reason', 'Task-Attempt'):
            headers.pop(name, None)
        subject = self.subject('task', headers.get('Task-Priority', '0'))
        await self.link.publish(subject, letter.data, headers)
        try:
            await self.link.api('STREAM.MSG.DELETE.%s-dead' % self.name,
                                dict(seq=int(seq), no_erase=True))
        except ServerError:
            pass  # somebody else did the same
