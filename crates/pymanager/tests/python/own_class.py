"""Calls a class that is written in Rust: PORT. For Python 2.7 and 3."""
import sys
from multiprocessing.managers import BaseManager


class Elections(BaseManager):
    pass


Elections.register('votes')
m = Elections(address=('127.0.0.1', int(sys.argv[1])), authkey=b'abc')
m.connect()
votes = m.votes()
for name in 'alice', 'bob', 'alice':
    votes.vote(name)
votes.vote(name='carol')
assert votes.counts() == {'alice': 2, 'bob': 1, 'carol': 1}, votes.counts()
for wrong, error in ('', ValueError), (7, TypeError):
    try:
        votes.vote(wrong)
    except error:
        pass
    else:
        sys.exit('no %s' % error)
assert 'elections.Votes' in str(votes), str(votes)
print('all as expected')
