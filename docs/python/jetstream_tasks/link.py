"""Requests to the server, each repeated until it is answered: none does harm twice."""
import asyncio
import json
import threading
import time

import nats
import nats.errors

from .errors import Full, NoAnswer, ServerError

FULL = 10077, 10047, 10023
# What nats-py raises of a server that is away, or going.
AWAY = nats.errors.Error, asyncio.TimeoutError, OSError


class Link:
    """The connection, and the thread that drives it. The callers' threads block."""

    def __init__(self, timeout):
        self.timeout = timeout
        self.background = []
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()

    def run(self, coroutine):
        """To its end, on the link's thread."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result()

    def spawn(self, coroutine):
        """For as long as the link is there; from the link's thread."""
        self.background.append(asyncio.ensure_future(coroutine))

    async def connect(self, server):
        self.connected = asyncio.Event()
        self.nats = await nats.connect(
            [s if '://' in s else 'nats://' + s for s in server.split(',')],
            max_reconnect_attempts=-1, reconnect_time_wait=.1, ping_interval=5,
            allow_reconnect=True, connect_timeout=5, error_cb=self._ignore,
            reconnected_cb=self._reconnected)

    async def _reconnected(self):
        self.connected.set()

    async def _ignore(self, error):
        """Whoever asked hears of it."""

    def close(self):
        self.run(self._close())
        self.loop.call_soon_threadsafe(self.loop.stop)

    async def _close(self):
        left = self.background
        while left:
            # More than once: before 3.12, wait_for forgets that it was cancelled if
            # what it waits for comes at the same moment.
            for task in left:
                task.cancel()
            _, left = await asyncio.wait(left, timeout=.1)
        await asyncio.gather(*self.background, return_exceptions=True)
        await self.nats.drain()

    async def request(self, subject, body=b'', headers=None, until=None):
        """Sends until there is an answer."""
        until = until or time.monotonic() + self.timeout
        while True:
            try:
                patience = min(3, max(until - time.monotonic(), .01))
                return await self.nats.request(subject, body, timeout=patience, headers=headers)
            except AWAY as error:
                if time.monotonic() >= until:
                    raise NoAnswer(repr(error)) from error
                await asyncio.sleep(.05)

    async def api(self, operation, body=None):
        """A call of the JetStream API."""
        body = b'' if body is None else json.dumps(body).encode()
        return await self.publish('$JS.API.' + operation, body)

    async def publish(self, subject, body, headers=None):
        """Returns when a stream has it, or the server has done it."""
        until = time.monotonic() + self.timeout
        while True:
            reply = json.loads((await self.request(subject, body, headers, until)).data)
            error = reply.get('error')
            if not error:
                return reply
            code, text = error.get('err_code', 0), error.get('description', '')
            if code in FULL:
                raise Full(text)
            # 503: no leader yet, or none any more.
            if error['code'] != 503 or time.monotonic() >= until:
                raise ServerError(code, text)
            await asyncio.sleep(.25)

    async def last(self, stream, subject):
        """The last message under a subject, if there is one."""
        message = await self.request('$JS.API.DIRECT.GET.%s.%s' % (stream, subject))
        return None if is_nothing(message) else message

    async def next(self, stream, subject, seq):
        """The first message under a subject from this number on."""
        wish = json.dumps(dict(seq=seq, next_by_subj=subject))
        message = await self.request('$JS.API.DIRECT.GET.' + stream, wish.encode())
        return None if is_nothing(message) else message

    async def pull(self, stream, consumers, n, wait):
        """Up to n messages of these consumers, as soon as there is one. Over an
        inbox of its own: a delivery bears the subject of its put."""
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


def is_nothing(message):
    return (message.headers or {}).get('Status') == '404'
