#!/usr/bin/env python3
"""cardwright agent against servers of both device protocols, made here from the documents; and the messages that the
service prints, held against the OpenAPI document of GP SERAM.

usage: tests/interop/device/run.py [CARDWRIGHT [SAMPLES]]

The program is build/release/cardwright if none is named, SAMPLES (tests/unit/service/samples/write.cc) stands in the same
build. Prints "ok NAME" or "not ok NAME: why" for each check; the last line is "N passed, M failed".
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import ram_http
import readers
import seram
from bench import ROOT, Bench
from schema import problems


def printed_messages(bench, samples):
    """Each line of SAMPLES is the name of a schema and a message."""
    lines = subprocess.run([str(samples)], capture_output=True, text=True, check=True).stdout.splitlines()
    kinds = set()
    for line in lines:
        schema, text = line.split(" ", 1)
        message = json.loads(text)
        kinds |= {one["ramCommandType"] for one in message.get("ramCommands", [])}
        bench.check(f"the service prints a {schema} of the document ({len(text)} bytes)", *problems(message, schema))
    bench.check("every kind of command was among them", kinds != {"ramStartCommand", "seRamCommand",
                                                                  "notificationCommand", "ramStopCommand"} and kinds)


def main(arguments):
    if arguments[:1] in (["--help"], ["-h"]):
        print(__doc__.strip())
        return 0
    cardwright = Path(arguments[0] if arguments else ROOT / "build/release/cardwright").resolve()
    samples = Path(arguments[1] if arguments[1:] else cardwright.parent / "tests/unit/service/device_samples").resolve()
    with tempfile.TemporaryDirectory(prefix="cardwright-device-") as folder:
        bench = Bench(cardwright, folder)
        printed_messages(bench, samples)
        seram.run_all(bench)
        ram_http.run_all(bench)
        readers.run_all(bench)
    print(f"{bench.passed} passed, {bench.failed} failed")
    return 1 if bench.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
