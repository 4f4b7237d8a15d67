"""A program that is fed and read at the same time: communicate, in Python 3."""
from subprocess import PIPE, Popen


def communicate(command, data):
    program = Popen(command, stdin=PIPE, stdout=PIPE, stderr=PIPE)
    output, errors = program.communicate(data)
    return output, errors, program.returncode


output, _, _ = communicate(['sort'], b'cherry\nbanana\napple\n')
print('sort printed:', output.decode().replace('\n', ' ').rstrip())

much = b'x' * (8 << 20)
output, _, _ = communicate(['cat'], much)
assert output == much
print('cat printed as much as it got:', len(output), 'bytes')

_, errors, code = communicate(['tr'], b'')
print('tr complained: %s, and ended with status %d' % (str(errors != b'').lower(), code))

communicate(['true'], much)
print('true read nothing of', len(much), 'bytes: no error')
