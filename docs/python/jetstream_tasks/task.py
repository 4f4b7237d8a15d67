"""A task in this client's hands, and the ways out of them."""
import json
import time

from .errors import AlreadyDone, LeaseLost, NoAnswer, ServerError

WRONG_LAST = 10071


def boot_clock():
    """Goes on while this process is stopped and while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def token(id):
    """An id as one token of a subject."""
    return ''.join('%%%02X' % ord(c) if c in '.*>%' else c for c in id)


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
        self.queue.link.run(self._end('done', json.dumps(result).encode()))

    def fail(self, reason):
        """Gives the task up: it goes to the dead letters."""
        self.queue.link.run(self._end('dead', str(reason).encode()))

    def retry(self, after=None):
        """Gives the task back, for later."""
        self.queue.link.run(self._retry(after))

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
        until = time.monotonic() + min(self.queue.link.timeout, self.ends - boot_clock())
        await self.queue.link.request(self.message.reply, word, until=until)
        self.queue.held.discard(self)

    def _check(self):
        if not self.holds():
            self.queue.held.discard(self)
            raise LeaseLost(self.id)

    async def renew(self):
        sent = boot_clock()
        try:
            until = time.monotonic() + self.ends - sent
            await self.queue.link.request(self.message.reply, b'+WPI', until=until)
        except NoAnswer:
            return
        if self.holds():
            wait = self.queue.policy['ack_wait_ms'] / 1000
            self.ends = max(self.ends, min(self.limit, sent + wait))

    async def admit(self):
        """Whether it is still to be done."""
        try:
            self.value = json.loads(self.message.data)
            reason = None
        except ValueError as error:
            self.value, reason = None, 'it cannot be read: %s' % error
        queue = self.queue
        if self.attempt > 1:
            # Somebody may have recorded its end and died before the server heard
            # that the task is done with.
            outcome = await queue.outcome(self.id)
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
        queue, subject = self.queue, self.queue.subject('outcome', token(self.id))
        headers = {'Task-Id': self.id, 'Task-Status': status, 'Task-Lease': self.message.reply,
                   'Task-Attempt': str(self.attempt),
                   'Content-Type': 'application/json' if status == 'done' else 'text/plain',
                   'Nats-Expected-Last-Subject-Sequence': '0'}
        try:
            await queue.link.publish(subject, body, headers)
        except ServerError as error:
            if error.code != WRONG_LAST:
                raise
            outcome = await queue.outcome(self.id)
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
            await queue.link.publish(queue.subject('dead', token(self.id)),
                                 self.message.data, headers)
            word = b'+TERM'
        try:
            # A server that was killed may not know this delivery any more.
            await queue.link.request(self.message.reply, word, until=time.monotonic() + 1)
        except NoAnswer:
            pass  # the end is on record: who gets the task next finds it
        queue.held.discard(self)
