"""One global with a value for each thread: threading.local, in Python 3."""
import threading

local_school = threading.local()


def process_student():
    print('Hello, %s (in %s)' % (local_school.student, threading.current_thread().name), flush=True)


def process_thread(name):
    local_school.student = name
    process_student()


threads = [
    threading.Thread(target=process_thread, args=('Alice',), name='Thread-A'),
    threading.Thread(target=process_thread, args=('Bob',), name='Thread-B'),
]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
