"""A dict and a list that programs on several machines share: Python 3."""
import threading
from multiprocessing import Process
from multiprocessing.managers import BaseManager, DictProxy, ListProxy

KEY = b'abc'  # known to all the world: for this machine alone


class Owner(BaseManager):
    """Has the data."""


class Client(BaseManager):
    """Knows them by name."""


Client.register('get_celsius', proxytype=DictProxy)
Client.register('get_log', proxytype=ListProxy)


def station(address, name, readings):
    client = Client(address=address, authkey=KEY)
    client.connect()
    celsius, log = client.get_celsius(), client.get_log()
    for place, reading in readings:
        celsius[place] = reading
        log.append('%s measures %s' % (name, place))


if __name__ == '__main__':
    celsius, log = {}, []
    Owner.register('get_celsius', callable=lambda: celsius, proxytype=DictProxy)
    Owner.register('get_log', callable=lambda: log, proxytype=ListProxy)
    server = Owner(address=('127.0.0.1', 0), authkey=KEY).get_server()
    stations = [
        Process(target=station, args=(server.address, name, readings))
        for name, readings in [
            ('north', [('roof', 21.5), ('yard', 19.0)]),
            ('south', [('well', 8.25), ('barn', 17.5)]),
        ]
    ]
    for process in stations:
        process.start()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for process in stations:
        process.join()
    for line in log:
        print(line)
    print(', '.join('%s %s' % item for item in sorted(celsius.items())))
