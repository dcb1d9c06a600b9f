"""`cardwright top`: in a pipe, and in a pseudo terminal of a known size."""

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

from service import PATIENCE, environment, until

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Screen:
    """A program in a pseudo terminal; what it wrote, as text."""

    def __init__(self, words, folder, columns=80, rows=24, **more):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.before = termios.tcgetattr(slave)
        self.slave = slave
        self.process = subprocess.Popen(words, stdin=slave, stdout=slave, stderr=slave, start_new_session=True, cwd=folder,
                                        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
                                        env={**environment(folder), "TERM": "xterm", "LANG": "C.UTF-8", **more})
        self.text = ""

    def read(self):
        while select.select([self.master], [], [], 0.05)[0]:
            data = os.read(self.master, 65536)
            if not data:
                break
            self.text += data.decode("utf-8", "replace")
        return self.text

    def pictures(self):
        """What was drawn, one text for each time."""
        return [ESCAPES.sub("", each).replace("\r", "") for each in self.read().split("\x1b[H")[1:]]

    def ends(self):
        """Its exit status, or None."""
        end = time.monotonic() + PATIENCE
        while self.process.poll() is None and time.monotonic() < end:
            self.read()
        self.read()
        return self.process.poll()

    def is_restored(self):
        tail = self.text[-200:]
        return "\x1b[?1049l" in tail and "\x1b[?25h" in tail and termios.tcgetattr(self.slave) == self.before

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.master)
        os.close(self.slave)


class Top:
    def __init__(self, checks):
        self.checks, self.check = checks, checks.check
        self.places = {"a store": ("--store", checks.store),
                       "a service": ("--service", "http+unix://" + checks.service.socket)}

    def in_a_pipe(self):
        for name, place in self.places.items():
            ran = self.checks.cw("top", *place)
            self.check(f"top of {name} in a pipe: one picture", ran.returncode and ran.stderr, "\x1b" in ran.stdout,
                       ran.stdout.count("cardwright top") != 1, "policy   open " not in ran.stdout and ran.stdout,
                       " demo/install " not in ran.stdout and ran.stdout)
            ran = self.checks.cw("top", *place, "--json")
            value = json.loads(ran.stdout or "{}")
            self.check(f"top of {name} as JSON", value.get("overview", {}).get("runs", {}).get("done", 0) < 1 and ran.stdout,
                       (value.get("health") is None) != (name == "a store"))
        self.check("a service has workers", "workers  operator-0 ready" not in self.checks.cw(
            "top", *self.places["a service"], "--once").stdout)
        ran = self.checks.cw("top", "--service", "http+unix:///nowhere.sock")
        self.check("no service is said in one line", ran.returncode != 1, ran.stderr.count("\n") != 1 and ran.stderr)
        ran = self.checks.cw("top", "--store", "/nowhere/store.db")
        self.check("nor is there a store", ran.returncode not in (2, 6), ran.stderr.count("\n") != 1 and ran.stderr)

    def screen(self, place, *more, **look):
        return Screen(self.checks.words("top", *self.places[place], *more), self.checks.folder, **look)

    def in_a_terminal(self):
        for name in self.places:
            screen = self.screen(name)
            self.check(f"top of {name} is drawn anew", not until(lambda: len(screen.pictures()) >= 4) and screen.text[-500:])
            child = self.checks.begin(str(self.checks.folder / "slow.lua"), "--card", "sim")
            self.check("a run that begins appears", not until(lambda: re.search(
                r" (running|waiting) +slow +after step ", screen.pictures()[-1])) and screen.pictures()[-1])
            self.check("and is counted", not re.search(r" 1 (running|waiting)", screen.pictures()[-1]) and screen.pictures()[-1],
                       "per minute" not in screen.pictures()[-1])
            wide = [line for each in screen.pictures() for line in each.splitlines() if len(line) > 80]
            high = [each for each in screen.pictures() if each.rstrip("\n").count("\n") >= 24]
            self.check("it fits the window", wide[:1], high[:1])
            os.write(screen.master, b"\x03")
            self.check("Ctrl-C ends it", screen.ends() != 0 and screen.process.returncode)
            self.check("and the terminal is as it was", not screen.is_restored() and repr(screen.text[-200:]))
            screen.close()
            self.checks.at_store("runs", "stop", self.checks.runs()[0]["id"])
            child.wait(PATIENCE)

    def small_and_plain(self):
        screen = self.screen("a service", columns=40, rows=6, NO_COLOR="1")
        until(lambda: len(screen.pictures()) >= 2)
        wide = [line for each in screen.pictures() for line in each.splitlines() if len(line) > 40]
        self.check("a small window is enough", wide[:1], screen.pictures()[-1].rstrip("\n").count("\n") > 5 and
                   screen.pictures()[-1])
        self.check("NO_COLOR is respected", re.search(r"\x1b\[[0-9;]*m", screen.text) and repr(screen.text[-300:]))
        os.write(screen.master, b"q")
        self.check("q ends it", screen.ends() != 0, not screen.is_restored() and repr(screen.text[-200:]))
        screen.close()
        coloured = self.screen("a service")
        until(lambda: len(coloured.pictures()) >= 2)
        self.check("else there are colours", not re.search(r"\x1b\[[0-9;]*m", coloured.text))
        coloured.process.send_signal(signal.SIGTERM)
        self.check("SIGTERM restores the terminal, too", coloured.ends() is None, not coloured.is_restored())
        coloured.close()

    def when_the_service_goes(self):
        screen = self.screen("a service")
        until(lambda: len(screen.pictures()) >= 2)
        process = self.checks.service.process
        os.killpg(process.pid, signal.SIGSTOP)
        self.check("a service that is silent is said so", not until(lambda: "no whole answer within 5 s" in screen.pictures()[-1]) and
                   screen.pictures()[-1])
        os.killpg(process.pid, signal.SIGCONT)
        self.check("and seen when it is back", not until(lambda: screen.pictures()[-1].startswith("cardwright top")) and
                   screen.pictures()[-1])
        os.write(screen.master, b"q")
        screen.ends()
        screen.close()

    def all(self):
        (self.checks.folder / "slow.lua").write_text((self.checks.here / "slow.lua").read_text())
        self.in_a_pipe()
        self.in_a_terminal()
        self.small_and_plain()
        self.when_the_service_goes()
