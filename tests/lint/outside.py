"""Checks that other programs make, with the settings in the root of the project."""

import subprocess


def clang_format(tree):
    """C++ is formatted as .clang-format says."""
    files = tree.under("runtime", "tests", ext=(".cc", ".h"))
    yield from _lines(tree, ["clang-format-14", "--dry-run", "--Werror", *files], "error: ")


def shellcheck(tree):
    """Shell scripts have no finding of shellcheck."""
    files = [name for name in tree.files if name.endswith(".sh") or name == ".ci/run"]
    yield from _lines(tree, ["shellcheck", "-x", "--format=gcc", *files], ": ")


def _lines(tree, command, mark):
    """One finding per line of the program's output that has `mark` in it."""
    run = subprocess.run(command, cwd=tree.root, capture_output=True, text=True)
    found = [line for line in (run.stdout + run.stderr).splitlines() if mark in line]
    if run.returncode != 0 and not found:
        found = [f"{command[0]}: exit {run.returncode}: {(run.stderr or run.stdout).strip()}"]
    yield from found


CHECKS = [clang_format, shellcheck]
