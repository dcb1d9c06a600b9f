#!/usr/bin/env python3
"""Runs every command that the guides show, as it is printed there. The last line is "N passed, M failed".

usage: tests/guides/run.py --cardwright FILE [GUIDE...]

Each guide is followed from top to bottom in an empty folder that has the clone's tests/, scripts/, policies/ and
stdlib/ in it, with the program on the PATH:

- a `lua` block whose first line is `-- some/file.lua` is written to that file;
- a line `$ command` in a `console` block is run by bash, without a terminal. It must exit with 0, or with the number
  after `# exit`.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GUIDES = ["docs/INTEGRATORS.md", "docs/OPERATORS.md", "docs/TESTERS.md", "docs/RECORDINGS.md"]
LENT = ["tests", "scripts", "policies", "stdlib"]


def blocks(text):
    """(first line number, language, lines) of each fenced block."""
    start, language, lines = 0, None, []
    for number, line in enumerate(text.splitlines(), 1):
        if language is None and line.startswith("```"):
            start, language, lines = number + 1, line[3:].strip(), []
        elif language is not None and line.startswith("```"):
            yield start, language, lines
            language = None
        else:
            lines.append(line)


def commands(start, lines):
    """(line number, command) of each `$ ...`, with the lines it goes on in after a backslash."""
    position = 0
    while position < len(lines):
        first = position
        if lines[first].startswith("$ "):
            while lines[position].endswith("\\"):
                position += 1
            yield start + first, "\n".join(lines[first:position + 1])[2:]
        position += 1


def run(command, folder, path):
    wanted = re.search(r"# exit (\d+)$", command)
    done = subprocess.run(["bash", "-c", command], cwd=folder, env={**os.environ, "PATH": path, "NO_COLOR": "1"},
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=120)
    return done.returncode == (int(wanted[1]) if wanted else 0), done


def follow(guide, path):
    """Counts of commands that did and did not end as the guide says."""
    folder = ROOT / "build" / "test" / "guides" / Path(guide).stem
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in LENT:
        (folder / name).symlink_to(ROOT / name)

    passed = failed = 0
    for start, language, lines in blocks((ROOT / guide).read_text(encoding="utf-8")):
        file = re.fullmatch(r"-- (\S+\.lua)", lines[0]) if language == "lua" and lines else None
        if file:
            (folder / file[1]).parent.mkdir(parents=True, exist_ok=True)
            (folder / file[1]).write_text("\n".join(lines) + "\n", encoding="utf-8")
        for number, command in commands(start, lines) if language == "console" else []:
            good, done = run(command, folder, path)
            passed, failed = passed + good, failed + (not good)
            print(f"{'ok' if good else 'FAILED':7} {guide}:{number}: {command}")
            if not good:
                print(f"exit {done.returncode}\n{done.stdout}")
    return passed, failed


def main(arguments):
    if len(arguments) < 2 or arguments[0] != "--cardwright":
        sys.exit(__doc__)
    program = Path(arguments[1]).resolve()
    path = f"{program.parent}:{os.environ['PATH']}"
    counts = [follow(guide, path) for guide in arguments[2:] or GUIDES]
    passed, failed = (sum(column) for column in zip(*counts))
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
