#!/usr/bin/python3
"""Other people's programs and what they send, against the simulated card in a real pcscd.

usage: tests/interop/vpcd/run.py [CARDWRIGHT]

Starts a pcscd of its own with vpcd readers (tools/pcscd.sh), puts simulated cards into them with `card serve --vpcd`
(CARDWRIGHT is build/release/cardwright if not given), and talks to them through PC/SC. Prints "ok NAME" or
"not ok NAME: why" for each check; the last line is "N passed, M failed".
"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
READERS = 6


class Pcscd:
    """tools/pcscd.sh in a shell that waits; it ends with its standard input."""

    def __init__(self, folder):
        self.port = free_ports(READERS)
        script = (f". tools/say.sh; . tools/pcscd.sh; start_pcscd {folder} {self.port} {READERS}; "
                  'echo "$PCSCLITE_CSOCK_NAME"; read -r _; stop_pcscd')
        self.shell = subprocess.Popen(["bash", "-c", script], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      text=True)
        name = self.shell.stdout.readline().strip()
        if not name:
            sys.exit("run.py: pcscd did not start; what is above says why")
        os.environ["PCSCLITE_CSOCK_NAME"] = name  # before the first use of smartcard

    def stop(self):
        self.shell.communicate("\n", timeout=20)


def free_ports(count):
    """The first of so many ports in a row on which nothing listens."""
    for first in range(36000 + os.getpid() % 1000 * 10, 60000, 10):
        sockets = []
        try:
            for port in range(first, first + count):
                one = socket.socket()
                sockets.append(one)
                one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                one.bind(("0.0.0.0", port))
            return first
        except OSError:
            continue
        finally:
            for one in sockets:
                one.close()
    sys.exit("run.py: no free ports")


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
        pcscd = Pcscd(f"{folder}/pcscd")
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
