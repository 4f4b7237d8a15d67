"""A parent and its child talk over a pipe: multiprocessing.Pipe, in Python 3."""
from multiprocessing import Pipe, Process


def serve(end, parents_end, price):
    # A forked child has a copy of the parent's end too: while that is open,
    # end of file does not come.
    parents_end.close()
    print('Child received:', end.recv_bytes().decode(), flush=True)
    end.send_bytes(b'hello from the child')
    while True:
        try:
            item, cups = end.recv()
        except EOFError:
            break
        print('Child received: an order for %d cups of %s' % (cups, item), flush=True)
        end.send((item, cups, price * cups))
    print('Child received: end of file', flush=True)


if __name__ == '__main__':
    parents_end, childs_end = Pipe()
    child = Process(target=serve, args=(childs_end, parents_end, 4))
    child.start()
    childs_end.close()

    parents_end.send_bytes(b'hello from the parent')
    print('Parent received:', parents_end.recv_bytes().decode(), flush=True)
    parents_end.send(('tea', 3))
    item, cups, amount = parents_end.recv()
    print('Parent received: a bill of %d for %d cups of %s' % (amount, cups, item), flush=True)
    parents_end.close()
    child.join()
    print('Parent: the child exited with status', child.exitcode, flush=True)
