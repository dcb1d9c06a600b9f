"""Checks of the tree: folder notes, include directions, lengths, what must not be in a file."""

import re

SOURCES = (".cc", ".h")
MAX_NOTE_LINES = 30
MAX_SOURCE_LINES = 500


def folder_notes(tree):
    """Each folder of runtime/ has a README.md of at most 30 lines that names its files and no others."""
    for folder in tree.folders("runtime"):
        note = f"runtime/{folder}/README.md"
        if not tree.has(note):
            yield f"{note}: missing"
            continue
        text = tree.text(note)
        if len(text.splitlines()) > MAX_NOTE_LINES:
            yield f"{note}: {len(text.splitlines())} lines, at most {MAX_NOTE_LINES}"

        here = {name.split("/")[-1] for name in tree.under(f"runtime/{folder}", ext=SOURCES)}
        quoted = set(re.findall(r"`([\w./]+)`", text))
        # A header's name stands for its source file too.
        named = quoted | {q[:-2] + ".cc" for q in quoted if q.endswith(".h")}
        for name in sorted(here - named):
            yield f"{note}: does not name {name}"
        for name in sorted(q for q in quoted if q.endswith(SOURCES)):
            if name not in here and not tree.has(f"runtime/{name}"):
                yield f"{note}: names {name}, which is not there"


def lengths(tree):
    """No source file over 500 lines."""
    for name in tree.under("runtime", ext=SOURCES) + tree.under("stdlib", "scripts", "policies", ext=(".lua",)):
        count = len(tree.text(name).splitlines())
        if count > MAX_SOURCE_LINES:
            yield f"{name}: {count} lines, at most {MAX_SOURCE_LINES}: one idea per file"


def allowed_includes(tree):
    """The table of docs/ARCHITECTURE.md: folder -> what it may include ("card", or one file: "card/reader.h")."""
    table = {}
    for _, line in tree.lines("docs/ARCHITECTURE.md"):
        row = re.match(r"\| `(\w+)/` \|(.*)\|$", line)
        if row:
            table[row[1]] = set(re.findall(r"`([\w./]+)`", row[2]))
    return table


def link_lines(tree):
    """Each folder's link line names what docs/ARCHITECTURE.md says it may include."""
    table = allowed_includes(tree)
    for folder in tree.folders("runtime"):
        if folder not in table:
            yield f"docs/ARCHITECTURE.md: no row for runtime/{folder} in the table of include directions"
            continue
        build = f"runtime/{folder}/CMakeLists.txt"
        call = re.search(r"cw_library\([^)]*\)", tree.text(build))
        linked = set(re.findall(r"\bcw_(\w+)", call[0])) - {"library"} if call else set()
        wanted = {target.split("/")[0] for target in table[folder]}
        for name in sorted(linked - wanted):
            yield f"{build}: links cw_{name}, which docs/ARCHITECTURE.md does not allow {folder}"
        for name in sorted(wanted - linked):
            yield f"docs/ARCHITECTURE.md: allows {folder} to include {name}, but it does not link it"


def include_directions(tree):
    """Files include what the table allows their folder. Stricter than the build, where links pass on what they link."""
    table = allowed_includes(tree)
    for name in tree.under("runtime", ext=SOURCES):
        folder = name.split("/")[1]
        allowed = table.get(folder, set()) | {folder}
        for number, line in tree.lines(name):
            include = re.match(r'#include "([^"]+)"', line)
            if not include:
                continue
            target = include[1]
            if target.endswith("_private.h"):
                # Reached beside the file that includes it, and in no other way.
                if "/" in target or not tree.has(f"runtime/{folder}/{target}"):
                    yield f"{name}:{number}: {target} is private to its folder"
            elif "/" not in target or target.startswith("../"):
                yield f'{name}:{number}: write #include "folder/file.h", not "{target}"'
            elif target.split("/")[0] not in allowed and target not in allowed:
                yield f"{name}:{number}: {folder} may not include {target} (docs/ARCHITECTURE.md)"


def forbidden_text(tree):
    """What no source file may hold, each with the reason."""
    rules = [
        (r"catch \(\.\.\.\)", "swallows Lua's own errors: catch const cw::Error& or const std::exception&"),
        (r"^#ifndef \w+_H_?$", "use #pragma once"),
        (r"\b(TODO|FIXME|XXX)\b", "open an issue instead"),
    ]
    for name in tree.under("runtime", "tests/unit", "tests/fuzz", "tests/bench", ext=SOURCES):
        for number, line in tree.lines(name):
            code = line.split("//")[0]
            for pattern, reason in rules:
                if re.search(pattern, line if "TODO" in pattern else code):
                    yield f"{name}:{number}: {reason}"


def machine_paths(tree):
    """No path of somebody's machine anywhere."""
    for name in tree.files:
        try:
            lines = list(tree.lines(name))
        except UnicodeDecodeError:
            continue  # a CAP file or another binary
        for number, line in lines:
            found = re.search(r"(?<![\w.}])/(work|root|home/\w+|Users/\w+)/[\w.]+", line)
            if found:
                yield f"{name}:{number}: path of one machine: {found[0]}"


CHECKS = [folder_notes, lengths, link_lines, include_directions, forbidden_text, machine_paths]
