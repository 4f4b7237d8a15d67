"""Checks what mdBook does not: run as `python3 docs/check.py`.

- Each include names a file and an anchor that are there, and is not empty. (The
  book would be built all the same, with a hole in it.)
- Each block of code is such an include. Each transcript is run by a test, or
  says why it is not.
- Each link within the repository leads to a file, and its fragment to a
  heading. Links to other places have to be https.
- Each source that is included is linked, for who reads the chapter on a page
  that does not include. Each chapter is in the summary.
"""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SRC = ROOT / 'docs' / 'src'
MEMBERS = re.findall(r'^    "([a-z-]+)",$', (ROOT / 'Cargo.toml').read_text(), re.M)

problems = []


def problem(path, number, text):
    problems.append('%s:%d: %s' % (path.relative_to(ROOT), number, text))


def slug(heading):
    """The fragment that mdBook gives a heading."""
    heading = re.sub(r'\[([^]]*)\]\([^)]*\)', r'\1', heading).strip().lower()
    return re.sub(r'[^\w-]', '', heading.replace(' ', '-'))


def prose(text):
    """The lines that are in no block of code, with their numbers."""
    inside = False
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith('```'):
            inside = not inside
        elif not inside:
            yield number, line


def headings(path):
    found = set()
    for _, line in prose(path.read_text()):
        if line.startswith('#'):
            name = slug(line.lstrip('#'))
            same = name
            n = 0
            while same in found:
                n += 1
                same = '%s-%d' % (name, n)
            found.add(same)
    return found


def check_include(path, number, target):
    """Gives the file that is included."""
    name, _, anchor = target.partition(':')
    source = (path.parent / name).resolve()
    if not source.is_file():
        problem(path, number, 'no file %s' % name)
        return None
    text = source.read_text()
    if anchor:
        pattern = r'ANCHOR: %s\n(.*?)ANCHOR_END: %s\n' % (anchor, anchor)
        blocks = re.findall(pattern, text, re.S)
        if len(blocks) != 1 or len(blocks[0].strip().splitlines()) < 2:
            problem(path, number, '%s has no anchor %s around anything' % (name, anchor))
        elif blocks[0].count('{') != blocks[0].count('}'):
            problem(path, number, '%s: the anchor %s cuts an item' % (name, anchor))
    elif source.suffix == '.rs':
        problem(path, number, 'a Rust source is included by an anchor')
    return source


def check_blocks(path, text):
    lines = text.splitlines()
    number = 0
    included = set()
    while number < len(lines):
        if not lines[number].startswith('```'):
            number += 1
            continue
        first = number
        before = lines[first - 1] if first else ''
        number += 1
        while number < len(lines) and lines[number] != '```':
            number += 1
        block, kind = lines[first + 1:number], lines[first][3:]
        number += 1
        includes = [re.fullmatch(r'\{\{#include (.+)\}\}', line) for line in block]
        if kind in ('rust', 'python', 'toml'):
            if len(block) != 1 or not includes[0]:
                problem(path, first + 1, 'code that is not included from a source')
            else:
                included.add(check_include(path, first + 2, includes[0][1]))
        elif kind == 'console':
            command = re.match(r'\$ cargo run (?:-q )?(?:--release )?-p ([a-z-]+)', block[0])
            reason = re.fullmatch(r'<!-- not run: .+ -->', before)
            if path.parent != SRC or reason:
                pass
            elif not command or command[1] not in MEMBERS:
                problem(path, first + 1, 'a transcript that no test runs, and no reason why')
            elif not (ROOT / command[1] / 'tests' / 'book.rs').is_file():
                problem(path, first + 1, '%s has no test that runs its transcripts' % command[1])
            if command and '--example' in block[0]:
                example = block[0].split('--example ')[1].split()[0]
                folder = ROOT / command[1] / 'examples'
                if not any((folder / name).exists() for name in (example + '.rs', example)):
                    problem(path, first + 1, 'no example %s of %s' % (example, command[1]))
        elif kind != 'text':
            problem(path, first + 1, 'a block of kind "%s"' % kind)
    return included - {None}


def check_links(path, text):
    linked = set()
    for number, line in prose(text):
        line = re.sub(r'`[^`]*`', lambda code: 'x' * len(code[0]), line)
        for target in re.findall(r'\]\(([^)]*)\)?', line):
            if target.startswith('https://'):
                continue
            if re.match(r'[a-z]+:', target):
                problem(path, number, 'a link to %s' % target)
                continue
            name, _, fragment = target.partition('#')
            file = (path.parent / name).resolve() if name else path
            if path.parent == SRC and file.suffix == '.md' and file.parent != SRC:
                problem(path, number, 'mdBook would take %s for a chapter' % target)
            if not file.exists():
                problem(path, number, 'a link to %s, which is not there' % target)
            elif fragment and file.suffix == '.md' and fragment not in headings(file):
                problem(path, number, 'no heading for %s' % target)
            linked.add(file)
    return linked


def main():
    chapters = sorted(SRC.glob('*.md'))
    summary = (SRC / 'SUMMARY.md').read_text()
    for path in chapters + [ROOT / 'README.md', ROOT / 'CONTRIBUTING.md']:
        text = path.read_text()
        included = check_blocks(path, text)
        linked = check_links(path, text)
        for source in sorted(included - linked):
            problem(path, 1, 'includes %s and does not link it' % source.relative_to(ROOT))
        if path.parent == SRC and path.name != 'SUMMARY.md' and '(%s)' % path.name not in summary:
            problem(path, 1, 'is not in the summary')
    used = ''.join(path.read_text() for path in chapters)
    for picture in sorted((SRC / 'pictures').glob('*')):
        if 'pictures/%s' % picture.name not in used:
            problem(picture, 1, 'is in no chapter')
    for script in sorted((ROOT / 'docs' / 'python').glob('*.py')):
        if '{{#include ../python/%s}}' % script.name not in used:
            problem(script, 1, 'is in no chapter')
    for line in problems:
        print(line)
    return 1 if problems else 0


sys.exit(main())
