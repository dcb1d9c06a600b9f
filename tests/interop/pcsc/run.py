#!/usr/bin/env python3
"""Cards in readers, through a real pcscd with virtual readers (vsmartcard-vpcd), as a user of the program has them.

usage: tests/interop/pcsc/run.py [CARDWRIGHT]

Starts a pcscd of its own (tools/pcscd.sh), puts little cards into its readers that are mute, slow or pulled at the
worst moment (card.py), lets another program in (client.py), and looks at what the program (default
build/release/cardwright) prints and returns. Prints "ok NAME" or "not ok NAME: why" for each check; the last line is
"N passed, M failed".
"""

import sys

import kept
import readers
import trouble
from bench import Bench


def main():
    if sys.argv[1:] in (["--help"], ["-h"]):
        print(__doc__)
        return 0
    bench = Bench(sys.argv[1] if len(sys.argv) > 1 else "build/release/cardwright")
    for story in readers.STORIES + trouble.STORIES + kept.STORIES:
        bench.tell(story)
    print(f"{bench.passed} passed, {bench.failed} failed")
    return 1 if bench.failed else 0


if __name__ == "__main__":
    sys.exit(main())
