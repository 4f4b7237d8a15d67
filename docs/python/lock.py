"""Two threads change one balance under a lock: threading.Lock, in Python 3."""
import threading

balance = 0
lock = threading.Lock()


def change_it(n):
    global balance
    balance = balance + n
    balance = balance - n


def run_thread(n):
    for _ in range(100000):
        # acquire before, release after: also when change_it raises.
        with lock:
            change_it(n)


threads = [threading.Thread(target=run_thread, args=(n,)) for n in (5, 8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(balance)
