"""Checks of the documentation: what it names is there."""

import re
import subprocess
from pathlib import PurePosixPath

TOP = ("runtime", "stdlib", "scripts", "policies", "tests", "docs", "tools", "cmake", ".ci")
TOP_FILES = ("demo.sh", "test.sh", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "CMakeLists.txt",
             "CMakePresets.json")
WANTED = TOP_FILES + ("docs/ARCHITECTURE.md", "docs/STYLE.md", "docs/INTEGRATORS.md", "docs/OPERATORS.md",
                      "docs/TESTERS.md", ".clang-format", ".clang-tidy", ".ci/run")
COMMAND = re.compile(r"^\s*\$ (.*)$")


def pages(tree):
    return [name for name in tree.files if name.endswith(".md") and not name.startswith("tests/vectors/")]


def wanted_files(tree):
    """The files that every reader looks for."""
    for name in WANTED:
        if not tree.has(name):
            yield f"{name}: missing"


def links(tree):
    """Relative links lead to files of the project."""
    for page in pages(tree):
        for number, line in tree.lines(page):
            for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", line):
                if "://" in target:
                    continue
                path = PurePosixPath(page).parent / target
                if not tree.has(_normal(str(path))):
                    yield f"{page}:{number}: links to {target}, which is not there"


def named_files(tree):
    """Paths in `backticks` that begin with a folder of the project exist; `*` and <angle brackets> are wildcards."""
    for page in pages(tree):
        for number, line in tree.lines(page):
            for word in re.findall(r"`([\w./*<>-]+)`", line):
                if word.split("/")[0] not in TOP or "/" not in word.rstrip("/"):
                    continue
                if not _matches(tree, word):
                    yield f"{page}:{number}: names {word}, which is not there"


def commands(tree, cardwright=None):
    """Commands shown as `$ ...` exist, and cardwright knows the subcommands and the options they show."""
    helps = {}
    if cardwright and not cardwright.is_file():
        yield f"{cardwright.name}: not built, so nothing can be held against its help"
        cardwright = None
    for page in pages(tree) + tree.under("scripts", "stdlib", ext=(".lua",)):
        for number, command in shown_commands(tree, page):
            words = command.split()
            if words[0].startswith("./"):
                if not tree.has(words[0][2:]):
                    yield f"{page}:{number}: {words[0]} is not there"
            elif words[0] == "cardwright" and cardwright:
                for finding in _unknown(cardwright, words[1:], helps):
                    yield f"{page}:{number}: {finding}"


def shown_commands(tree, page):
    """(line, command) of each `$ command`, joined where a line ends in a backslash; Lua comments count."""
    start, joined = 0, None
    for number, line in tree.lines(page):
        line = re.sub(r"^\s*---?\s?", "", line) if page.endswith(".lua") else line
        if joined is None:
            found = COMMAND.match(line)
            if not found:
                continue
            start, joined = number, found[1]
        else:
            joined += " " + line.strip()
        if joined.endswith("\\"):
            joined = joined[:-1].rstrip()
            continue
        yield start, joined
        joined = None


def _unknown(cardwright, words, helps):
    subcommand = []
    for word in words[:3]:
        if word.startswith("-") or not word.isalpha():
            break
        if _help(cardwright, subcommand + [word], helps) is None:
            break
        subcommand.append(word)
    if not subcommand and words and not words[0].startswith("-"):
        yield f"cardwright has no subcommand {words[0]}"
        return
    text = _help(cardwright, subcommand, helps) or ""
    for word in words:
        option = re.match(r"--[\w-]+", word)
        if option and not re.search(rf"(?<![\w-]){re.escape(option[0])}(?![\w-])", text):
            yield f"cardwright {' '.join(subcommand)} has no option {option[0]}"


def _help(cardwright, subcommand, helps):
    """Text of `cardwright SUBCOMMAND --help`, or None if there is no such subcommand."""
    key = tuple(subcommand)
    if key not in helps:
        run = subprocess.run([cardwright, *subcommand, "--help"], capture_output=True, text=True, timeout=30)
        usage = run.stdout.split("\n\n")[0]
        known = run.returncode == 0 and (not key or key[-1] in usage)
        helps[key] = run.stdout if known else None
    return helps[key]


def _normal(path):
    parts = []
    for part in path.split("/"):
        if part == "..":
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)


def _matches(tree, word):
    if not re.search(r"[*<]", word):
        return tree.has(word)
    pattern = re.sub(r"<[^>]*>|\*", "\0", word.rstrip("/"))
    pattern = re.escape(pattern).replace("\0", r"[^/]+")
    return any(re.match(pattern + r"($|/)", name) for name in tree.files)


CHECKS = [wanted_files, links, named_files, commands]
