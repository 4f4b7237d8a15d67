"""Other programs, with this one's output: subprocess.call, in Python 3.

(Not called subprocess.py: Python would take it for its own module.)
"""
import subprocess


def call(*command):
    try:
        print('Exit code:', subprocess.call(command), flush=True)
    except FileNotFoundError as error:
        print("cannot run '%s': %s" % (command[0], error.strerror), flush=True)


print('$ echo hello', flush=True)
call('echo', 'hello')
print("$ sh -c 'exit 3'", flush=True)
call('sh', '-c', 'exit 3')
print("$ sh -c 'kill -TERM $$'", flush=True)
call('sh', '-c', 'kill -TERM $$')
print('$ no-such-program', flush=True)
call('no-such-program')
