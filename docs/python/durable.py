"""A durable task queue on NATS JetStream, as in crates/jetstream-tasks: the same
names, the same promises, the same bytes on the wire, so the two mix.

    queue = Queue.open('127.0.0.1:4222', 'squares')
    id = queue.put(12)
    task = queue.get(timeout=1)         # a lease, renewed in the background
    task.done(task.value ** 2)          # or task.retry(after), task.fail(reason)
    queue.result(id, timeout=1)

As a program: durable.py master|worker [SERVER [QUEUE]].

Needs nats-py (pip install nats-py).
"""
import asyncio
import json
import random
import sys
import threading
import time
import uuid

import nats
import nats.errors


class Error(Exception): pass
class Empty(Error): """There was no task within the time given."""
class Full(Error): """The queue is at its limit; the task was not added."""
class NoAnswer(Error): """The server did not answer: done or not, who knows."""
class LeaseLost(Error): """The lease ran out: another worker may have the task."""
class AlreadyDone(Error): """Another worker's outcome counts."""
class Failed(Error): """The task ended in the dead letters."""
class TimedOut(Error): """It did not happen within the time given."""
class NotFound(Error): """There is no such dead letter."""


class ServerError(Error):
    def __init__(self, code, text):
        super().__init__('%s (code %s)' % (text, code))
        self.code = code


NOT_FOUND, IN_USE, WRONG_LAST = 10059, 10058, 10071
FULL = 10077, 10047, 10023
DEFAULTS = dict(queue=1, ack_wait_ms=30_000, max_deliver=5,
                backoff_ms=[1000, 5000, 30_000, 120_000], priorities=1, replicas=1,
                max_tasks=0, max_task_size=0, keep_results_ms=86_400_000,
                window_ms=120_000)


def boot_clock():
    """Goes on while this process is stopped and while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def token(id):
    """An id as one token of a subject."""
    return ''.join('%%%02X' % ord(c) if c in '.*>%' else c for c in id)


class Queue:
    """Any number of programs put tasks and take them. Calls block; a thread keeps
    the connection and the leases. Settings that are not given are the queue's own,
    or the defaults where this call makes it: ack_wait_ms, max_deliver, ...
    """

    @classmethod
    def open(cls, server, name, timeout=30, **settings):
        queue = cls.__new__(cls)
        queue.name, queue.timeout, queue.held, queue.background = name, timeout, set(), []
        queue.loop = asyncio.new_event_loop()
        threading.Thread(target=queue.loop.run_forever, daemon=True).start()
        queue._run(queue._open(server, settings))
        return queue

    def put(self, value, id=None, priority=None, delay=0, deadline=None, time_limit=None):
        """Adds a task, and returns its id when the server has it."""
        return self._run(self._put(value, id, priority, delay, deadline, time_limit))

    def get(self, timeout=None):
        return self.get_batch(1, timeout)[0]

    def get_batch(self, n, timeout=None):
        """Up to n tasks, as soon as there is one."""
        return self._run(self._get(n, timeout))

    def result(self, id, timeout=None):
        return self._run(self._result(id, timeout))

    def join(self, timeout=None):
        """Waits until every task is done or in the dead letters."""
        until = None if timeout is None else time.monotonic() + timeout
        pause = .005
        while len(self):
            if until is not None and time.monotonic() >= until:
                raise TimedOut(timeout)
            time.sleep(pause)
            pause = min(pause * 2, .25)

    def __len__(self):
        """How many tasks have not ended."""
        return sum(self._run(self._api('STREAM.INFO.' + stream))['state']['messages']
                   for stream in (self.name + '-later', self.name))

    def dead_letters(self):
        return self._run(self._dead_letters())

    def requeue(self, id):
        return self._run(self._requeue(id))

    def close(self):
        """What is held goes to another worker when its lease ends."""
        self._run(self._close())
        self.loop.call_soon_threadsafe(self.loop.stop)

    async def _close(self):
        for task in self.background:
            task.cancel()
        await asyncio.gather(*self.background, return_exceptions=True)
        await self.nats.drain()

    def _run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result()

    def _subject(self, kind, end):
        return 'queue.%s.%s.%s' % (self.name, kind, end)

    # Requests, each repeated until it is answered: none does harm twice.

    async def _request(self, subject, body=b'', headers=None, until=None):
        until = until or time.monotonic() + self.timeout
        while True:
            try:
                patience = min(3, max(until - time.monotonic(), .01))
                return await self.nats.request(subject, body, timeout=patience, headers=headers)
            except (nats.errors.Error, asyncio.TimeoutError, OSError) as error:
                if time.monotonic() >= until:
                    raise NoAnswer(repr(error)) from error
                await asyncio.sleep(.05)

    async def _api(self, operation, body=None):
        body = b'' if body is None else json.dumps(body).encode()
        return await self._checked('$JS.API.' + operation, body)

    async def _checked(self, subject, body, headers=None):
        until = time.monotonic() + self.timeout
        while True:
            reply = json.loads((await self._request(subject, body, headers, until)).data)
            error = reply.get('error')
            if not error:
                return reply
            code, text = error.get('err_code', 0), error.get('description', '')
            if code in FULL:
                raise Full(text)
            if error['code'] != 503 or time.monotonic() >= until:
                raise ServerError(code, text)
            await asyncio.sleep(.25)

    async def _last(self, stream, subject):
        message = await self._request('$JS.API.DIRECT.GET.%s.%s' % (stream, subject))
        return None if (message.headers or {}).get('Status') == '404' else message

    # Opening: what is missing is made, what is there is left.

    async def _open(self, server, settings):
        self.nats = await nats.connect(
            [s if '://' in s else 'nats://' + s for s in server.split(',')],
            max_reconnect_attempts=-1, reconnect_time_wait=.1, ping_interval=5,
            allow_reconnect=True, connect_timeout=5, error_cb=self._ignore)
        has = await self._find()
        if has is None:
            wanted = {**DEFAULTS, **settings}
            wanted['window_ms'] = max(wanted['window_ms'], 2 * wanted['ack_wait_ms'])
            try:
                await self._stream(self.name, 'task.*', wanted, retention='workqueue',
                                   discard='new', max_msgs=wanted['max_tasks'] or -1,
                                   max_msg_size=wanted['max_task_size'] or -1,
                                   description=json.dumps(wanted))
            except ServerError as error:
                if error.code != IN_USE:
                    raise
            has = await self._find()
        for key, value in settings.items():
            if has[key] != value:
                raise Error('the queue has %s %s, and not %s' % (key, has[key], value))
        self.policy = has
        await self._stream(self.name + '-later', 'later', has, retention='workqueue',
                           discard='new', max_msgs=has['max_tasks'] or -1,
                           max_msg_size=has['max_task_size'] or -1)
        await self._stream(self.name + '-outcomes', 'outcome.*', has, max_msgs_per_subject=1,
                           max_age=has['keep_results_ms'] * 1_000_000)
        await self._stream(self.name + '-dead', 'dead.*', has, max_msgs_per_subject=1)
        for priority in range(has['priorities']):
            await self._consumer(self.name, 'priority-%d' % priority, 'task.%d' % priority)
        await self._consumer(self.name + '-later', 'mover', 'later')
        self.background.append(asyncio.ensure_future(self._keep_leases()))

    async def _ignore(self, error):
        """Whoever asked hears of it."""

    async def _find(self):
        try:
            info = await self._api('STREAM.INFO.' + self.name)
            return json.loads(info['config']['description'])
        except ServerError as error:
            if error.code != NOT_FOUND:
                raise

    async def _stream(self, name, subject, policy, **more):
        config = dict(name=name, subjects=['queue.%s.%s' % (self.name, subject)],
                      storage='file', retention='limits', num_replicas=policy['replicas'],
                      max_consumers=-1, max_msgs=-1, max_bytes=-1, max_age=0, discard='old',
                      duplicate_window=policy['window_ms'] * 1_000_000, allow_direct=True)
        await self._api('STREAM.CREATE.' + name, {**config, **more})

    async def _consumer(self, stream, name, subject):
        config = dict(durable_name=name, filter_subject='queue.%s.%s' % (self.name, subject),
                      deliver_policy='all', ack_policy='explicit', max_deliver=-1,
                      ack_wait=self.policy['ack_wait_ms'] * 1_000_000, max_ack_pending=-1,
                      max_waiting=16384, replay_policy='instant')
        await self._api('CONSUMER.DURABLE.CREATE.%s.%s' % (stream, name),
                        dict(stream_name=stream, config=config))

    # Tasks.

    async def _put(self, value, id, priority, delay, deadline, time_limit):
        if id is None:
            id = uuid.uuid4().hex
        elif await self._last(self.name + '-outcomes', self._subject('outcome', token(id))):
            return id
        if priority is None:
            priority = self.policy['priorities'] // 2
        headers = {'Nats-Msg-Id': id, 'Task-Id': id, 'Task-Priority': str(priority),
                   'Content-Type': 'application/json'}
        if deadline is not None:
            headers['Task-Deadline'] = str(int((time.time() + deadline) * 1000))
        if time_limit is not None:
            headers['Task-Time-Limit'] = str(int(time_limit * 1000))
        subject = self._subject('task', priority)
        if delay:
            headers['Task-Not-Before'] = str(int((time.time() + delay) * 1000))
            subject = 'queue.%s.later' % self.name
        await self._checked(subject, json.dumps(value).encode(), headers)
        return id

    async def _get(self, n, timeout):
        if len(self.background) == 1:
            self.background.append(asyncio.ensure_future(self._move_what_is_due()))
        begin = time.monotonic()
        while True:
            left = 5 if timeout is None else min(5, begin + timeout - time.monotonic())
            silent = False
            try:
                messages = await self._pull(n, max(left, 0))
            except (nats.errors.Error, asyncio.TimeoutError, OSError):
                messages, silent = [], True
                await asyncio.sleep(.1)
            tasks = [task for task in map(self._hold, messages) if await task._admit()]
            if tasks:
                return tasks
            if timeout is not None and time.monotonic() - begin >= timeout:
                raise NoAnswer('no answer') if silent else Empty

    def _hold(self, message):
        task = Task(self, message)
        self.held.add(task)
        return task

    async def _pull(self, n, wait):
        found, names = [], ['priority-%d' % p for p in range(self.policy['priorities'])]
        for name in names:
            if len(found) < n:
                found += await self._ask(self.name, [name], n - len(found), 0)
        return found or (await self._ask(self.name, names, 1, wait) if wait else [])

    async def _ask(self, stream, consumers, n, wait):
        """An inbox of its own: a delivery bears the subject of its put."""
        wish = dict(batch=n, expires=int(wait * 1e9)) if wait else dict(batch=n, no_wait=True)
        inbox = await self.nats.subscribe(self.nats.new_inbox())
        found, open = [], len(consumers)
        try:
            for name in consumers:
                await self.nats.publish('$JS.API.CONSUMER.MSG.NEXT.%s.%s' % (stream, name),
                                        json.dumps(wish).encode(), reply=inbox.subject)
            while open and len(found) < n:
                message = await inbox.next_msg(timeout=wait + 2)
                if message.reply:
                    found.append(message)
                else:
                    open -= 1
                    if message.headers.get('Status') not in ('404', '408'):
                        raise nats.errors.Error(message.headers.get('Description'))
        except (nats.errors.Error, asyncio.TimeoutError):
            if not found:
                raise
        finally:
            await inbox.unsubscribe()
        return found

    async def _keep_leases(self):
        third = self.policy['ack_wait_ms'] / 3000
        while True:
            await asyncio.sleep(third)
            for task in list(self.held):
                if not task.holds():
                    self.held.discard(task)
                elif task.ends - boot_clock() < 2 * third and task.ends < task.limit:
                    asyncio.ensure_future(task._renew())

    async def _move_what_is_due(self):
        stream = self.name + '-later'
        while True:
            try:
                for message in await self._ask(stream, ['mover'], 1, 5):
                    headers = dict(message.headers)
                    wait = int(headers.pop('Task-Not-Before', 0)) - time.time() * 1000
                    word = b'-NAK {"delay": %d}' % (wait * 1e6)
                    if wait <= 0:
                        headers['Nats-Msg-Id'] = headers['Task-Id']
                        subject = self._subject('task', headers['Task-Priority'])
                        await self._checked(subject, message.data, headers)
                        word = b'+ACK'
                    await self._request(message.reply, word)
            except (Error, nats.errors.Error, asyncio.TimeoutError, OSError):
                await asyncio.sleep(.5)

    # What became of them.

    async def _result(self, id, timeout):
        subject = self._subject('outcome', token(id))
        until = None if timeout is None else time.monotonic() + timeout
        news = await self.nats.subscribe(subject)
        try:
            while True:
                outcome = await self._last(self.name + '-outcomes', subject)
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
            wish = json.dumps(dict(seq=seq, next_by_subj=self._subject('dead', '*')))
            message = await self._request('$JS.API.DIRECT.GET.%s-dead' % self.name, wish.encode())
            if (message.headers or {}).get('Status') == '404':
                return letters
            seq = int(message.headers['Nats-Sequence']) + 1
            letters.append((message.headers['Task-Id'], message.headers['Task-Reason'],
                            json.loads(message.data)))

    async def _requeue(self, id):
        letter = await self._last(self.name + '-dead', self._subject('dead', token(id)))
        if not letter:
            raise NotFound(id)
        seq = letter.headers['Nats-Sequence']
        await self._api('STREAM.PURGE.%s-outcomes' % self.name,
                        dict(filter=self._subject('outcome', token(id))))
        headers = {k: v for k, v in letter.headers.items() if not k.startswith('Nats-')}
        headers['Nats-Msg-Id'] = '%s again %s' % (id, seq)
        for name in ('Task-Reason', 'Task-Attempt'):
            headers.pop(name, None)
        subject = self._subject('task', headers.get('Task-Priority', '0'))
        await self._checked(subject, letter.data, headers)
        try:
            await self._api('STREAM.MSG.DELETE.%s-dead' % self.name,
                            dict(seq=int(seq), no_erase=True))
        except ServerError:
            pass  # somebody else did the same


class Task:
    """A lease of a task. Not finished, it goes to another worker when the lease
    ends: at once when this process dies, as it is renewed no more."""

    def __init__(self, queue, message):
        self.queue, self.message = queue, message
        tokens = message.reply.split('.')
        self.attempt = int(tokens[4] if len(tokens) == 9 else tokens[6])
        headers = message.headers or {}
        self.id = headers.get('Task-Id') or headers.get('Nats-Msg-Id')
        self.limit = float('inf')
        if 'Task-Time-Limit' in headers:
            self.limit = boot_clock() + int(headers['Task-Time-Limit']) / 1000
        self.deadline = int(headers.get('Task-Deadline', 0)) / 1000
        if self.deadline:
            self.limit = min(self.limit, boot_clock() + self.deadline - time.time())
        self.ends = min(self.limit, boot_clock() + queue.policy['ack_wait_ms'] / 1000)

    def holds(self):
        return boot_clock() < self.ends

    def done(self, result=None):
        """The task is done. Of all workers that may have it, this succeeds for one."""
        self.queue._run(self._end('done', json.dumps(result).encode()))

    def fail(self, reason):
        """Gives the task up: it goes to the dead letters."""
        self.queue._run(self._end('dead', str(reason).encode()))

    def retry(self, after=None):
        """Gives the task back, for later."""
        self.queue._run(self._retry(after))

    async def _retry(self, after):
        policy = self.queue.policy
        if self.attempt >= policy['max_deliver']:
            reason = 'no success in %d attempts' % self.attempt
            return await self._end('dead', reason.encode())
        self._check()
        if after is None:
            pauses = policy['backoff_ms'] or [0]
            after = pauses[min(self.attempt, len(pauses)) - 1] / 1000
        word = b'-NAK {"delay": %d}' % (after * 1e9)
        until = time.monotonic() + min(self.queue.timeout, self.ends - boot_clock())
        await self.queue._request(self.message.reply, word, until=until)
        self.queue.held.discard(self)

    def _check(self):
        if not self.holds():
            self.queue.held.discard(self)
            raise LeaseLost(self.id)

    async def _renew(self):
        sent = boot_clock()
        try:
            until = time.monotonic() + self.ends - sent
            await self.queue._request(self.message.reply, b'+WPI', until=until)
        except NoAnswer:
            return
        if self.holds():
            wait = self.queue.policy['ack_wait_ms'] / 1000
            self.ends = max(self.ends, min(self.limit, sent + wait))

    async def _admit(self):
        """Whether it is still to be done."""
        try:
            self.value = json.loads(self.message.data)
            reason = None
        except ValueError as error:
            self.value, reason = None, 'it cannot be read: %s' % error
        queue = self.queue
        if self.attempt > 1:
            subject = queue._subject('outcome', token(self.id))
            outcome = await queue._last(queue.name + '-outcomes', subject)
            if outcome:
                await self._complete(outcome.headers['Task-Status'], outcome.data)
                return False
        if self.attempt > queue.policy['max_deliver']:
            reason = 'no success in %d attempts' % queue.policy['max_deliver']
        elif self.deadline and self.deadline <= time.time():
            reason = 'its deadline has passed'
        if reason:
            try:
                await self._record_and_complete('dead', reason.encode())
            except AlreadyDone:
                pass
        return not reason

    async def _end(self, status, body):
        self._check()
        await self._record_and_complete(status, body)

    async def _record_and_complete(self, status, body):
        """The server takes one message under the outcome's subject: the first."""
        queue, subject = self.queue, self.queue._subject('outcome', token(self.id))
        headers = {'Task-Id': self.id, 'Task-Status': status, 'Task-Lease': self.message.reply,
                   'Task-Attempt': str(self.attempt),
                   'Content-Type': 'application/json' if status == 'done' else 'text/plain',
                   'Nats-Expected-Last-Subject-Sequence': '0'}
        try:
            await queue._checked(subject, body, headers)
        except ServerError as error:
            if error.code != WRONG_LAST:
                raise
            outcome = await queue._last(queue.name + '-outcomes', subject)
            if outcome and outcome.headers['Task-Lease'] != self.message.reply:
                await self._complete(outcome.headers['Task-Status'], outcome.data)
                raise AlreadyDone(self.id) from None
        await self._complete(status, body)

    async def _complete(self, status, body):
        queue, word = self.queue, b'+ACK'
        if status == 'dead':
            headers = {k: v for k, v in (self.message.headers or {}).items()
                       if not k.startswith('Nats-')}
            headers.update({'Task-Id': self.id, 'Task-Attempt': str(self.attempt),
                            'Task-Reason': ' '.join(body.decode()[:1000].split())})
            await queue._checked(queue._subject('dead', token(self.id)),
                                 self.message.data, headers)
            word = b'+TERM'
        try:
            # A server that was killed may not know this delivery any more.
            await queue._request(self.message.reply, word, until=time.monotonic() + 1)
        except NoAnswer:
            pass  # the end is on record: who gets the task next finds it
        queue.held.discard(self)


# ANCHOR: program
def master(queue):
    ids = []
    for _ in range(10):
        n = random.randint(0, 10000)
        print('Put task %d...' % n, flush=True)
        ids.append(queue.put(n))
    print('Try get results...', flush=True)
    for id in ids:
        print('Result: %s' % queue.result(id, timeout=60), flush=True)


def worker(queue):
    print('Connect to server %s...' % queue.nats.connected_url.hostname, flush=True)
    task, patience = None, time.monotonic() + 60
    while len(queue) or task is None and time.monotonic() < patience:
        try:
            task = queue.get(timeout=.5)
        except Empty:
            continue
        n = task.value
        print('run task %d * %d...' % (n, n), flush=True)
        task.done('%d * %d = %d' % (n, n, n * n))
    print('worker exit.', flush=True)


if __name__ == '__main__':
    role, server, name = (sys.argv[1:] + ['127.0.0.1:4222', 'squares'][len(sys.argv) - 2:])[:3]
    queue = Queue.open(server, name)
    {'master': master, 'worker': worker}[role](queue)
    queue.close()
# ANCHOR_END: program
