"""Counts on another machine: HOST PORT ROUNDS. Python 3."""
import sys
from multiprocessing.managers import AcquirerProxy, BaseManager, DictProxy, EventProxy


class Client(BaseManager):
    pass


Client.register('go', proxytype=EventProxy)
Client.register('lock', proxytype=AcquirerProxy)
Client.register('counts', proxytype=DictProxy)
client = Client((sys.argv[1], int(sys.argv[2])), b'a key of its own')
client.connect()
go, lock, counts = client.go(), client.lock(), client.counts()
go.wait()
for _ in range(int(sys.argv[3])):
    with lock:
        counts['all'] += 1
