"""A coroutine that is cancelled where it waits: asyncio, in Python 3."""
import asyncio


class Accounts:
    alice, bob = 100, 0

    def say(self, what):
        print('%s: Alice %d, Bob %d, together %d'
              % (what, self.alice, self.bob, self.alice + self.bob))


async def transfer(accounts, amount):
    accounts.alice -= amount
    await asyncio.sleep(0.1)
    accounts.bob += amount


async def transfer_or_undo(accounts, amount):
    accounts.alice -= amount
    try:
        await asyncio.sleep(0.1)
        accounts.bob += amount
    except asyncio.CancelledError:
        accounts.alice += amount
        raise  # who swallows it cannot be cancelled


async def cancel(coroutine):
    task = asyncio.create_task(coroutine)
    await asyncio.sleep(0.001)
    task.cancel()
    await asyncio.wait([task])


async def main():
    accounts = Accounts()
    await cancel(transfer(accounts, 30))
    accounts.say('cancelled between two steps')

    accounts = Accounts()
    await cancel(transfer_or_undo(accounts, 30))
    accounts.say('with a guard that undoes the first')

    accounts = Accounts()
    inner = asyncio.create_task(transfer(accounts, 30))

    async def outer():
        await asyncio.shield(inner)

    await cancel(outer())
    await inner
    accounts.say('as a task that nobody cancels')


asyncio.run(main())
