#!/usr/bin/python3
"""Other people's programs and what they send, against the simulated card in a real pcscd.

usage: tests/interop/vpcd/run.py [CARDWRIGHT]

Starts a pcscd of its own with vpcd readers (tools/pcscd.sh), puts simulated cards into them with `card serve --vpcd`
(CARDWRIGHT is build/release/cardwright if not given), and talks to them through PC/SC. Prints "ok NAME" or
"not ok NAME: why" for each check; the last line is "N passed, M failed".
"""

import os
import signal
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from pcscd import ROOT, Pcscd  # noqa: E402

READERS = 6


class Serve:
    """`card serve` in the background, until every card is inserted."""

    def __init__(self, cardwright, port, *arguments, cards=1):
        self.process = subprocess.Popen([cardwright, "card", "serve", "--vpcd", f"127.0.0.1:{port}", *arguments],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.lines = []
        for _ in range(cards):
            line = self.process.stdout.readline()
            if not line.startswith("inserted "):
                raise RuntimeError(f"card serve: {line}{self.process.stderr.read()}")
            self.lines.append(line.strip())

    def end(self, how=signal.SIGINT):
        """Exit status."""
        self.process.send_signal(how)
        self.process.communicate(timeout=20)
        return self.process.returncode


def main():
    cardwright = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else ROOT / "build/release/cardwright")
    os.environ["CARDWRIGHT_STORE"] = "none"  # nobody's runs are kept
    passed = failed = 0
    with tempfile.TemporaryDirectory(prefix="cw-vpcd-") as folder:
        pcscd = Pcscd(f"{folder}/pcscd", READERS)
        os.environ["PCSCLITE_CSOCK_NAME"] = pcscd.socket  # before the first use of smartcard
        try:
            import checks  # pylint: disable=import-outside-toplevel  # its modules read PCSCLITE_CSOCK_NAME
            bench = checks.Bench(cardwright, pcscd.port, Path(folder), Serve)
            for name, check in checks.all_checks(bench):
                try:
                    check()
                    passed += 1
                    print("ok", name, flush=True)
                except (Exception, SystemExit) as error:  # a check may fail in any way
                    failed += 1
                    where = traceback.extract_tb(error.__traceback__)[-1]
                    print(f"not ok {name}: {type(error).__name__} {error} ({Path(where.filename).name}:{where.lineno})",
                          flush=True)
            bench.clear()
        finally:
            pcscd.stop()
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
