"""What the stories have at hand: a pcscd of their own, readers to put cards into, the program, another program."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from card import Card

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from pcscd import ROOT, Pcscd  # noqa: E402

PATIENCE = 30  # seconds for what has to happen; a story that works never waits so long
TEST_KEY = "404142434445464748494A4B4C4D4E4F"


class Failed(Exception):
    """What a check expected, and what there was."""


class Bench:
    def __init__(self, program):
        self.program = str(Path(program).resolve())
        self.passed = self.failed = 0
        self.pcscd = None

    def tell(self, story):
        """Each story has a pcscd of its own, with as many readers as it says; None: there is no pcscd."""
        count = getattr(story, "readers", 2)
        self.folder = tempfile.mkdtemp(prefix="cw-pcsc-")
        self.cards, self.programs = [], []
        self.pcscd = None if count is None else Pcscd(self.folder, count)
        self.environment = {key: value for key, value in os.environ.items() if key != "CARDWRIGHT_KEYS"}
        # Runs on real cards are kept unless told otherwise; only the stories about that want them to be.
        self.environment.update(CARDWRIGHT_SHARE=str(ROOT), CARDWRIGHT_STORE="none",
                                PCSCLITE_CSOCK_NAME=self.pcscd.socket if self.pcscd else self.folder + "/nobody")
        self.keys = self.folder + "/keys"
        with open(os.open(self.keys, os.O_CREAT | os.O_WRONLY, 0o600), "w") as out:
            out.write(f"[isd]\ntype = aes\nversion = 30\nenc = {TEST_KEY}\nmac = {TEST_KEY}\ndek = {TEST_KEY}\n")
        try:
            story(self)
        except (Failed, OSError, ValueError, subprocess.TimeoutExpired) as failure:
            self.note(story.__name__, f"{type(failure).__name__}: {failure}")
        finally:
            for one in self.programs:
                one.kill()
                one.wait()
            for card in self.cards:
                card.hang = False
                card.pull()
            if self.pcscd:
                self.pcscd.stop()
            shutil.rmtree(self.folder)

    def restart(self, count):
        """The same pcscd again, with other readers."""
        self.pcscd.stop()
        self.pcscd = Pcscd(self.folder, count, self.pcscd.port)

    def note(self, name, failure=None):
        self.passed += failure is None
        self.failed += failure is not None
        name = name.replace("_", " ")
        print(f"ok {name}" if failure is None else f"not ok {name}: {failure}", flush=True)

    def check(self, name, holds, what=""):
        self.note(name, None if holds else str(what)[-600:] or "it does not hold")

    # The program.

    def start(self, *arguments):
        # A shell that was started in the background has its children ignore Ctrl-C; a terminal's has not.
        process = subprocess.Popen([self.program, *arguments], env=self.environment, text=True, stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
        self.programs.append(process)
        return process

    def run(self, *arguments):
        """Its exit status and all that it printed."""
        process = self.start(*arguments)
        out, err = process.communicate(timeout=2 * PATIENCE)
        return process.returncode, out + err

    def line_of(self, process, text):
        """The first line it prints that has `text` in it; None: it ended, or there was none in time."""
        end = threading.Timer(PATIENCE, process.kill)
        end.start()
        try:
            return next((line for line in process.stdout if text in line), None)
        finally:
            end.cancel()

    def expect(self, name, status, *patterns, run):
        """The program, run with these arguments, returns `status` and prints what each pattern matches."""
        got, text = self.run(*run)
        missing = [pattern for pattern in patterns if not re.search(pattern, text)]
        last = [line for line in text.splitlines() if line.startswith("cardwright: ")]
        why = f"exit status {got}, not {status}: {text[-400:]}" if got != status else ""
        if missing:
            why = f"no '{missing[0]}' in: {text[-600:]}"
        if status != 0 and len(last) != 1:
            why = f"not one line of error, but {len(last)}: {text[-400:]}"
        self.note(name, why or None)
        return text

    def send(self, *commands, reader="0"):
        return ("send", "--card", f"pcsc:{reader}", *commands)

    def other(self, what, reader):
        """Another program; its first line."""
        process = subprocess.Popen([sys.executable, HERE / "client.py", what, reader], env=self.environment, text=True,
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.programs.append(process)
        return process, process.stdout.readline().strip()

    # Cards and readers.

    def listed(self):
        status, text = self.run("readers", "--json")
        if status != 0:
            raise Failed(f"readers --json: {status} {text}")
        return json.loads(text)

    def insert(self, index=0, **kind):
        """A card, when pcscd has seen it."""
        card = Card(self.pcscd.port + index, **kind)
        self.cards.append(card)
        self.wait(lambda: self.listed()[index]["present"], f"pcscd sees the card in reader {index}")
        return card

    def insert_all(self, **kind):
        """One into each reader there is."""
        readers = range(len(self.listed()))
        self.cards += [Card(self.pcscd.port + index, **kind) for index in readers]
        self.wait(lambda: all(reader["present"] for reader in self.listed()), "pcscd sees all the cards")

    def remove(self, card, index=0):
        card.pull()
        self.wait(lambda: not self.listed()[index]["present"], f"pcscd sees that reader {index} is empty")

    @staticmethod
    def wait(done, what):
        end = time.monotonic() + PATIENCE
        while not done():
            if time.monotonic() > end:
                raise Failed("never: " + what)
            time.sleep(0.05)
