#!/usr/bin/env python3
"""Checks what no compiler checks. One line per finding; the last line is "N passed, M failed", in checks.

usage: tests/lint/run.py [--cardwright FILE]

With the program at hand, the commands that the documentation shows are held against its help.
"""

import functools
import sys
import unittest
from pathlib import Path

import docs
import folders
import lint_test
import outside
from tree import Tree


def own_tests(_tree):
    """The checks find what they are there to find."""
    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromModule(lint_test).run(result)
    for test, trace in result.failures + result.errors:
        yield f"{test.id()}: {trace.strip().splitlines()[-1]}"


def main(arguments):
    cardwright = None
    if len(arguments) == 2 and arguments[0] == "--cardwright":
        cardwright = Path(arguments[1]).resolve()
    elif arguments:
        sys.exit(__doc__)

    tree = Tree(Path(__file__).resolve().parents[2])
    failed = 0
    checks = [own_tests] + folders.CHECKS + docs.CHECKS + outside.CHECKS
    for check in checks:
        run = functools.partial(check, cardwright=cardwright) if check is docs.commands else check
        findings = list(run(tree))
        for finding in findings:
            print(finding)
        print(f"{'FAILED' if findings else 'ok':7} {check.__name__}: {check.__doc__.splitlines()[0]}")
        failed += bool(findings)
    print(f"{len(checks) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
