"""Python's own SyncManager. For Python 2.7 and 3."""
import sys
from multiprocessing.managers import SyncManager

server = SyncManager(address=('127.0.0.1', 0), authkey=b'abc').get_server()
print('Listen on %s:%d...' % server.address)
sys.stdout.flush()
server.serve_forever()
