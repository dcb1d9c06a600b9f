"""Checks that other programs make, with the settings in the root of the project."""

import subprocess


def clang_format(tree):
    """C++ is formatted as .clang-format says."""
    files = tree.under("runtime", "tests", ext=(".cc", ".h"))
    found = _output(tree, ["clang-format-14", "--dry-run", *files])
    for name in sorted({line.split(":")[0] for line in found if "clang-format-violations" in line}):
        yield f"{name}: run clang-format-14 -i on it"


def shellcheck(tree):
    """Shell scripts have no warning of shellcheck."""
    files = [name for name in tree.files if name.endswith(".sh") or name == ".ci/run"]
    yield from _output(tree, ["shellcheck", "-x", "--severity=warning", "--format=gcc", *files])


def _output(tree, command):
    """What the program prints; both print nothing if all is well."""
    run = subprocess.run(command, cwd=tree.root, capture_output=True, text=True)
    return (run.stdout + run.stderr).splitlines()


CHECKS = [clang_format, shellcheck]
