#!/usr/bin/env python3
"""Replays every recording of this folder, and records the replay: both must be the same.

usage: tests/recordings/run.py [CARDWRIGHT]

Each tests/recordings/FLAVOR/NAME.rec is the card of the flow that it is a recording of: cardwright (default
build/release/cardwright) runs it with --card recorded:FILE, without card, keys or secrets. Where a flow sends another
command than it did when it was recorded, the run ends with the first difference. The recording of the replay is
compared to the first one line by line; only the hashes of scripts and policy may be others.

Prints "ok NAME" or "not ok NAME: why" for each recording; the last line is "N passed, M failed".
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
CAPS = ROOT / "tests/caps"
FLAVORS = ["generic", "uicc", "jcop4", "secora", "smartcafe", "yubikey"]


def command_of(text):
    """What replays it, without the card: the flow and the CAP file, which is the one thing that is not in there."""
    flow = re.search(r'^run "(.*)"$', text, re.MULTILINE)[1]
    if flow == "_tools/card-info":
        return ["card", "info"]
    if flow == "_tools/send":
        commands = re.search(r'^argument "commands" string "(.*)"$', text, re.MULTILINE)[1]
        return ["send", *commands.replace("\\x0A", " ").split()]
    cap = re.search(r'^argument "cap" cap "(.*)" ', text, re.MULTILINE)
    return ["run", flow] + (["--set", f"cap={CAPS / cap[1]}"] if cap else [])


def lines_of(text):
    """All but the hashes of what ran."""
    text = re.sub(r"^bundle .*$", "bundle", text, flags=re.MULTILINE)
    return re.sub(r'^(policy ".*") .*$', r"\1", text, flags=re.MULTILINE).splitlines()


def difference(first, again):
    for line, (one, other) in enumerate(zip(first + [""], again + [""]), 1):
        if one != other:
            return f"line {line} of the recording of the replay is '{other[:200]}', and was '{one[:200]}'"
    return None if len(first) == len(again) else f"the replay has {len(again)} lines, the recording {len(first)}"


def replay(cardwright, file, folder):
    """Why the recording does not replay, or None."""
    again = folder / "again.rec"
    text = file.read_text()
    environment = {"PATH": os.environ["PATH"], "CARDWRIGHT_SHARE": str(ROOT)}
    done = subprocess.run([str(cardwright), *command_of(text), "--card", f"recorded:{file}", "--record", str(again)],
                          cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=120)
    if done.returncode != 0:
        return f"exit status {done.returncode}: {' '.join(done.stderr.splitlines()[-1:])}"
    return difference(lines_of(text), lines_of(again.read_text()))


def main(arguments):
    if "--help" in arguments or "-h" in arguments or len(arguments) > 1:
        print(__doc__.strip())
        return 2 if len(arguments) > 1 else 0
    cardwright = Path(arguments[0] if arguments else ROOT / "build/release/cardwright").resolve()
    if not cardwright.exists():
        print(f"no program at {cardwright}; build it first", file=sys.stderr)
        return 2
    passed = failed = 0
    for flavor in FLAVORS:
        files = sorted((HERE / flavor).glob("*.rec"))
        results = [(f"{flavor}: {file.stem}", file) for file in files] or [(f"{flavor}: recordings", None)]
        for name, file in results:
            with tempfile.TemporaryDirectory() as folder:
                why = replay(cardwright, file, Path(folder)) if file else "there are none"
            passed += why is None
            failed += why is not None
            print(f"ok {name}" if why is None else f"not ok {name}: {why}", flush=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
