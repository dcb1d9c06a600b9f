"""A service that runs, and how it is asked: with curl, which knows nothing of us."""

import json
import os
import re
import signal
import subprocess
import time
import urllib.parse
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PATIENCE = 60  # seconds, for a slow machine


def environment(home):
    return {"PATH": os.environ["PATH"], "CARDWRIGHT_SHARE": str(ROOT), "HOME": str(home)}


def until(what):
    """What `what` gives once that is true; its last word if it never was."""
    end = time.monotonic() + PATIENCE
    while True:
        found = what()
        if found or time.monotonic() > end:
            return found
        time.sleep(0.03)


class Answer:
    def __init__(self, status, body, text=""):
        self.status, self.body, self.text = status, body, text

    @property
    def json(self):
        return json.loads(self.body)


def curl(*arguments, data=None, kind="application/json"):
    """Status 0: there was no answer, and `text` says why."""
    words = ["curl", "-sS", "--max-time", str(PATIENCE), "-w", "\n%{http_code}", *arguments]
    if data is not None:
        words += ["-H", f"Content-Type: {kind}", "--data-binary", "@-"]
    ran = subprocess.run(words, input=data if data is None or isinstance(data, bytes) else data.encode(),
                         capture_output=True, check=False)
    body, _, status = ran.stdout.decode("utf-8", "replace").rpartition("\n")
    return Answer(int(status or 0), body, ran.stderr.decode("utf-8", "replace"))


class Service:
    """`cardwright serve` with these arguments, in a folder, as a process group of its own."""

    def __init__(self, cardwright, folder, *arguments, name="service"):
        self.cardwright, self.folder = str(cardwright), Path(folder)
        self.log_file = self.folder / f"{name}.log"
        self.out_file = self.folder / f"{name}.out"
        with open(self.log_file, "wb") as log, open(self.out_file, "wb") as out:
            self.process = subprocess.Popen([self.cardwright, "serve", *arguments], cwd=folder, stdout=out, stderr=log,
                                            stdin=subprocess.DEVNULL, env=environment(folder), start_new_session=True)

    def log(self):
        return self.log_file.read_text("utf-8", "replace")

    def lines(self):
        return [json.loads(line) for line in self.log().splitlines() if line.startswith("{")]

    def said(self, message):
        return [line for line in self.lines() if line["message"] == message]

    def ready(self):
        return bool(until(lambda: self.said("the service is ready") or self.process.poll() is not None)) and \
            self.process.poll() is None

    def address(self, door):
        return next(line["address"] for line in self.said("listens") if line["door"] == door)

    @property
    def socket(self):
        return self.address("operator").removeprefix("unix:")

    def ask(self, method, path, data=None, certificate=None, certificates=None, server=None, kind="application/json"):
        """Over the unix socket, or with the certificate of that name."""
        words = ["-X", method] if method != "HEAD" else ["-I"]
        if data is not None and not isinstance(data, (str, bytes)):
            data = json.dumps(data)
        if method == "POST" and data is None:
            data = ""
        if certificate is None:
            return curl(*words, "--unix-socket", self.socket, "http://localhost" + path, data=data, kind=kind)
        folder = certificates or self.folder / "certificates"
        return curl(*words, "--cacert", str(folder / "authority.pem"), "--cert", str(folder / f"{certificate}.pem"),
                    "--key", str(folder / f"{certificate}.key"),
                    f"https://{server or self.address('operator-tls')}{path}", data=data, kind=kind)

    def watch(self, path):
        return curl(f"http://{self.address('metrics')}{path}")

    def worker(self):
        return self.ask("GET", "/v1/health").json["workers"][0]

    def tell(self, number, group=False):
        (os.killpg if group else os.kill)(self.process.pid, number)

    def end(self, number=signal.SIGTERM, group=False):
        if self.process.poll() is None:
            self.tell(number, group)
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            return None


def quoted(text):
    return urllib.parse.quote(text, safe="")


def command_of(guide, start):
    """The command line in a demo's words to its user."""
    found = re.search(r"(" + re.escape(start) + r"\S* .*)$", guide, re.MULTILINE)
    return found[1].split() if found else []
