"""What the checks share: the program, its runs, a count, and certificates."""

import os
import signal
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


class Bench:
    def __init__(self, cardwright, folder):
        self.cardwright, self.folder = cardwright, Path(folder)
        self.passed = self.failed = 0
        self.environment = {"PATH": os.environ["PATH"], "CARDWRIGHT_SHARE": str(ROOT), "HOME": str(folder)}
        os.chdir(folder)

    def check(self, name, *problems):
        """`problems`: each is what is wrong, or falsy."""
        wrong = [str(problem) for problem in problems if problem]
        self.passed += not wrong
        self.failed += bool(wrong)
        print(f"not ok {name}: {'; '.join(wrong)[:600]}" if wrong else f"ok {name}", flush=True)

    def start(self, server, *arguments, card="sim"):
        cards = ("--card", card) if card else ()
        return subprocess.Popen([str(self.cardwright), "agent", "--server", server, *cards, *arguments],
                                env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)

    @staticmethod
    def end(process):
        process.out, process.err = process.communicate(timeout=60)
        return process

    def agent(self, server, *arguments, **named):
        return self.end(self.start(server, *arguments, **named))

    def interrupt(self, process):
        process.send_signal(signal.SIGINT)
        return self.end(process)


def status_is(process, wanted):
    return process.returncode != wanted and f"exit status {process.returncode}, not {wanted}: {process.err[:300]}"


def says(process, *words):
    """One line on standard error, with these words."""
    line = process.err.strip()
    return (not line.startswith("cardwright: ") or "\n" in line or any(word not in line for word in words)) and \
        f"standard error was {process.err!r}"


def certificates(folder):
    """An authority, a server for 127.0.0.1, a client; and a stranger that nobody vouches for."""

    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    for name in ("ca", "stranger"):
        openssl("req", "-x509", *key, "-keyout", f"{name}.key", "-out", f"{name}.pem", "-days", "2", "-subj",
                f"/CN={name}")
    (Path(folder) / "san").write_text("subjectAltName=IP:127.0.0.1\n")
    for name in ("server", "device"):
        openssl("req", *key, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
                "-out", f"{name}.pem", "-extfile", "san")
    for name in ("device", "stranger"):
        (Path(folder) / f"{name}.key").chmod(0o600)
