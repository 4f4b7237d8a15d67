"""A picture drawn by a pool in shared memory: multiprocessing.Array."""
from multiprocessing import Array, Pool

WIDTH, HEIGHT = 60, 19


def pixel(x, y):
    """How soon z * z + c leaves the circle of radius 2: the Mandelbrot set."""
    real, imaginary = x / 20 - 2.2, y / 9 - 1
    a = b = 0.0
    for shade in b'  ..--::++==**%%##':
        if a * a + b * b > 4:
            return shade
        a, b = a * a - b * b + real, 2 * a * b + imaginary
    return ord('@')


def share(array):
    # An Array cannot be sent as an argument; a worker inherits it when it starts.
    global picture
    picture = array


def draw_row(y):
    for x in range(WIDTH):
        picture[y * WIDTH + x] = pixel(x, y)


if __name__ == '__main__':
    picture = Array('B', WIDTH * HEIGHT, lock=False)
    with Pool(4, initializer=share, initargs=(picture,)) as pool:
        results = pool.map(draw_row, range(HEIGHT), chunksize=1)
    for y in range(HEIGHT):
        row = bytes(picture[y * WIDTH:(y + 1) * WIDTH])
        print(row.decode().rstrip(), flush=True)
    print('bytes in the results: %d' % sum(result is not None for result in results))
