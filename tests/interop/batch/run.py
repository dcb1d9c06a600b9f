#!/usr/bin/env python3
"""Personalizes many simulated cards from CSV files, kills the program in the middle, and looks at what is left.

usage: tests/interop/batch/run.py [CARDWRIGHT]

The program is build/release/cardwright if none is named. Prints "ok NAME" or "not ok NAME: why" for each check; the last
line is "N passed, M failed".
"""

import json
import os
import pty
import random
import re
import select
import shutil
import signal
import string
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / "tests/interop/secrets"), str(ROOT / "tests/interop/outbox")]
import readers  # noqa: E402
import rows  # noqa: E402
from tables import CAP, done_rows, read, results, wait_for, write  # noqa: E402
from writings import Search  # noqa: E402

ISD = "A000000151000000"  # an AID that is taken on every card

# Slow enough to be caught in the middle.
SLOW = """local clock, gp = require "clock", require "cw.gp"
return {
  name = "slow", summary = "Takes its time", args = { number = { type = "string" } }, needs = { keys = { "isd" } },
  run = function(run)
    gp.open(run.card, { keys = "isd", flavor = run.flavor })
    clock.sleep(0.03)
    gp.select(run.card, "")
  end,
}
"""


class Batches:
    def __init__(self, cardwright, folder):
        self.cardwright = cardwright
        self.folder = folder
        self.passed = self.failed = 0
        os.chdir(folder)
        Path("slow.lua").write_text(SLOW)

    def command(self, flow, data, *more, cards=("sim:generic*2",)):
        out = [str(self.cardwright), "batch", flow, "--data", data]
        for each in cards:
            out += ["--cards", each]
        return out + list(more)

    def environment(self):
        return {"PATH": os.environ["PATH"], "CARDWRIGHT_SHARE": str(ROOT), "HOME": str(self.folder),
                "TERM": "xterm", "PCSCLITE_CSOCK_NAME": str(self.folder / "no-pcscd")}

    def run(self, *arguments, **named):
        return subprocess.run(self.command(*arguments, **named), env=self.environment(), capture_output=True,
                              stdin=subprocess.DEVNULL, timeout=120)

    def start(self, *arguments, **named):
        return subprocess.Popen(self.command(*arguments, **named), env=self.environment(), stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def check(self, name, *problems):
        """`problems`: each is what is wrong, or falsy."""
        wrong = [str(problem) for problem in problems if problem]
        self.passed += not wrong
        self.failed += bool(wrong)
        print(f"not ok {name}: {'; '.join(wrong)[:600]}" if wrong else f"ok {name}", flush=True)

    # The checks.

    def killed_and_continued(self):
        people = [(f'Person "{i}", {i}', f"{i:04}", ISD if i == 120 else "") for i in range(200)]
        write("people.csv", [("holder", "number", "instance"), *people])
        arguments = ["demo/install", "people.csv", "--set", CAP, "--card-states", "cards"]
        ends = Counter()
        for wanted in (60, 130):
            process = self.start(*arguments)
            wait_for(lambda: done_rows("people.csv") >= wanted)
            process.kill()
            process.communicate()
            ends[process.returncode] += 1
        torn = Path("people.csv.results.csv")
        torn.write_bytes(torn.read_bytes() + b'demo/install,"0199')  # what a crash in the middle of a write leaves
        last = self.run(*arguments)
        rows = results("people.csv")
        done = Counter(row["row"] for row in rows if row["state"] == "done")
        cards = Counter(row["card"] for row in rows if row["state"] == "done")
        failed = [row for row in rows if row["state"] == "failed"]
        self.check("kill -9 in the middle, twice, and then to the end",
                   ends[-9] != 2 and f"ended with {dict(ends)}",
                   last.returncode != 1 and f"exit status {last.returncode}: {last.stderr.decode()}",
                   set(done) != {number for _, number, _ in people} - {"0120"} and "not all rows are done",
                   set(done.values()) != {1} and "a row was done twice",
                   set(cards.values()) != {1} and "a card was used twice",
                   [(row["row"], row["error"]) for row in failed] != [("0120", "card")] and f"failed: {failed}")
        wrong = [number for holder, number, _ in people if number != "0120" and not on_card(number, holder)]
        self.check("every card holds its own row", wrong and f"not {wrong[:5]}")
        listed = [row["card"] for row in read("people.csv.quarantine.csv")]
        begun = Counter(row["card"] for row in rows if row["state"] == "started")
        ended = {row["card"] for row in rows if row["state"] != "started"}
        self.check("cards that were in work at a kill are in quarantine",
                   set(listed) != {card for card in begun if card not in ended} and f"listed {listed}",
                   len(listed) > 4 and f"{len(listed)} cards for two kills of two readers")
        again = self.run(*arguments)
        self.check("a failed row is left alone, and said", again.returncode != 1 and again.returncode,
                   b"0 to do, 199 done before, 1 failed before" not in again.stdout and again.stdout,
                   b"--retry-failed" not in again.stderr and again.stderr)
        retried = self.run(*arguments, "--retry-failed")
        self.check("a row that fails twice is quarantined",
                   results("people.csv")[-1]["state"] != "quarantined" and retried.stdout,
                   read("people.csv.quarantine.csv")[-1]["row"] != "0120" and "it is not on the list")
        lines = Path("people.csv").read_text().replace(ISD, "")
        Path("people.csv").write_text(lines)
        final = self.run(*arguments, "--retry-failed")
        self.check("a row in quarantine is not tried again", b"1 in quarantine" not in final.stdout and final.stdout)
        Path("people.csv.quarantine.csv").write_text("card,row,reader,reason\n")
        final = self.run(*arguments, "--retry-failed")
        self.check("a mended row that is taken off the list is done", final.returncode and final.stderr,
                   not on_card("0120", people[120][0]) and "its card does not hold it")

    def stopped(self):
        write("slow.csv", [("number",), *((str(i),) for i in range(60))])
        for how in (signal.SIGINT, signal.SIGTERM):
            process = self.start("slow.lua", "slow.csv", cards=("sim:generic*3",))
            before = done_rows("slow.csv")
            wait_for(lambda: done_rows("slow.csv") >= before + 5)
            other = self.run("slow.lua", "slow.csv")
            process.send_signal(how)
            out, err = process.communicate(timeout=30)
            last = {row["row"]: row["state"] for row in results("slow.csv")}
            self.check(f"{how.name} stops before the next command", process.returncode != 130 and process.returncode,
                       "started" in last.values() and "a row has no end", "stopped" not in last.values() and last,
                       b"the same command goes on" not in err and err, b"left" not in out and out)
            self.check(f"a second batch on the same results is refused ({how.name})", other.returncode != 2 and other,
                       b"another batch is writing it" not in other.stderr and other.stderr, one_line(other.stderr))
        done = self.run("slow.lua", "slow.csv", cards=("sim:generic*3",))
        counts = Counter(row["row"] for row in results("slow.csv") if row["state"] == "done")
        self.check("the next start goes on", done.returncode and done.stderr, len(counts) != 60 and counts,
                   set(counts.values()) != {1} and "a row was done twice")

    def breaker(self):
        write("bad.csv", [("holder", "number", "instance"), *(("A", str(i), ISD) for i in range(20))])
        three = self.run("demo/install", "bad.csv", "--set", CAP, cards=("sim:generic",))
        self.check("the breaker stops after three failures", three.returncode != 1 and three.returncode,
                   len([row for row in results("bad.csv") if row["state"] == "failed"]) != 3 and results("bad.csv"),
                   b"stopped by the breaker" not in three.stderr and three.stderr)
        never = self.run("demo/install", "bad.csv", "--set", CAP, "--stop-after", "0", cards=("sim:generic",))
        self.check("without a breaker all fail", never.returncode != 1 and never.returncode,
                   len([row for row in results("bad.csv") if row["state"] == "failed"]) != 20 and results("bad.csv"))

    def bad_files(self):
        pair = "holder,number\n"
        for name, content, words in (
                ("an unknown column", "holdr,number\nA,1\n", "did you mean 'holder'"),
                ("a column twice", "number,number\n1,1\n", "there twice"),
                ("no header", "", "is empty"),
                ("no rows", pair, "no rows"),
                ("a missing column", "number\n1\n", "argument holder"),
                ("semicolons", "holder;number\nA;1\n", "by ','"),
                ("an open quote", pair + 'A,1\n"B,2\n', "line 3: a quote is opened"),
                ("Latin-1", pair.encode() + b"J\xfcrgen,1\n", "line 2: field 1 is no UTF-8"),
                ("a field too many", pair + "A,1\nB,2,3\n", "line 3: has 3 fields"),
                ("a number twice", pair + "A,1\nB,1\n", "line 3: column number has '1', as line 2"),
                ("a secret that is too long", pair + "A,1\n" + "x" * 33 + ",2\n", "line 3: argument holder: is 33 bytes"),
                ("an empty name", pair + "A,\n", "line 2: column number is empty"),
                ("an escape sequence", pair + "A,1\x1b[2J\n", "line 2: column number names the row"),
                ("a NUL", pair + "A\0,1\n", "line 2: field 1 is no UTF-8"),
        ):
            data = content if isinstance(content, bytes) else content.encode()
            Path("file.csv").write_bytes(data)
            done = self.run("demo/install", "file.csv", "--set", CAP)
            self.check(f"bad file: {name}", done.returncode != 2 and done.returncode,
                       words not in done.stderr.decode() and done.stderr, one_line(done.stderr), control(done.stderr),
                       Path("file.csv.results.csv").exists() and "results were begun")
        Path("file.csv").write_text(pair + "".join(f"A{'x' * 40},{i}\n" for i in range(25)))
        done = self.run("demo/install", "file.csv", "--set", CAP)
        self.check("25 bad rows: 20 lines and their number", done.stderr.count(b"\n") != 21 and done.stderr,
                   b"25 bad rows, 5 of them not shown" not in done.stderr and done.stderr[-200:])

    def bad_arguments(self):
        write("good.csv", [("holder", "number"), ("A", "1")])
        for name, status, words, more, cards in (
                ("an unknown flavor", 2, "genric", [], ["sim:genric"]),
                ("no simulated reader at all", 2, "1 to 64", [], ["sim:generic*0"]),
                ("too many readers", 2, "more than 64", [], ["sim:generic*40", "sim:jcop4*40"]),
                ("a reader of another kind", 2, "cannot open card", [], ["usb:1"]),
                ("no pcscd", 5, "pcscd", ["--keys", "keys"], ["pcsc:*"]),
                ("no keys for real cards", 2, "keys", [], ["pcsc:*"]),
                ("--flavor of simulated cards", 2, "--flavor", ["--flavor", "jcop4"], ["sim"]),
                ("a --key that is no column", 2, "no column 'nmber'", ["--key", "nmber"], ["sim"]),
                ("a --key that is secret", 2, "is secret", ["--key", "holder"], ["sim"]),
                ("a column that is set too", 2, "with --set too", ["--set", "number=1"], ["sim"]),
                ("an unknown --set", 2, "no argument 'domian'", ["--set", "domian=A0"], ["sim"]),
                ("a limit of zero", 2, "--limit: a whole number from 1 on, not 0;", ["--limit", "0"], ["sim"]),
                ("a limit below zero", 2, "from 1 on, not -1;", ["--limit", "-1"], ["sim"]),
                ("a recording", 2, "of one card, and no batch", [], ["recorded:x.rec"]),
                ("a policy that denies all", 3, "not allowed by policy", ["--policy", f"{ROOT}/policies/deny_all.lua"],
                 ["sim"]),
                ("results that are something else", 2, "something else", ["--results", "good.csv"], ["sim"]),
                ("a quarantine list that is something else", 2, "something else", ["--quarantine", "good.csv"], ["sim"]),
                ("one file for results and quarantine", 2, "both name both.csv; give two files",
                 ["--results", "both.csv", "--quarantine", "both.csv"], ["sim"]),
                ("an unknown option", 2, "did you mean '--limit'", ["--limt", "1"], ["sim"]),
                ("results in no folder", 2, "cannot write", ["--results", "none/r.csv"], ["sim"]),
        ):
            shutil.copyfile(ROOT / "tests/keys/demo.keys", "keys")
            os.chmod("keys", 0o600)
            done = self.run("demo/install", "good.csv", "--set", CAP, *more, cards=cards)
            self.check(f"bad argument: {name}", done.returncode != status and (done.returncode, done.stderr),
                       words not in done.stderr.decode() and done.stderr, one_line(done.stderr))
        done = self.run("demo/install", "good.csv", "--set", CAP)
        other = self.run("demo/inventory", "good.csv", "--key", "number")
        self.check("results of another flow are not taken for this one's", done.returncode and done.stderr,
                   other.returncode != 2 and other.stderr)
        write("id.csv", [("id",), ("1",)])
        shutil.copyfile("good.csv.results.csv", "id.csv.results.csv")
        other = self.run("demo/inventory", "id.csv", "--key", "id")
        self.check("and the error names both", b"are of flow demo/install" not in other.stderr and other.stderr)

    def output(self):
        write("odd.csv", [("holder", "number"), ("A", "1\u009b2J"), ("B", "=1+1"), ("C", "../../x"), ("D", "李\"")])
        done = self.run("demo/install", "odd.csv", "--set", CAP, "--card-states", "odd")
        self.check("hostile text is printed so that it can be seen", done.returncode and done.stderr,
                   control(done.stdout), b"1\\xC2\\x9B2J" not in done.stdout and done.stdout)
        serials = [row["card"][17:25] for row in results("odd.csv") if row["state"] == "done"]
        kept = "".join(path.read_text() for path in Path("odd").iterdir())
        self.check("the cards that are kept tell what the results say", len(set(serials)) != 4 and serials,
                   [serial for serial in serials if serial not in kept])
        names = sorted(path.name for path in Path("odd").iterdir())
        self.check("no name of a row leads out of the folder", len(names) != 4 and names,
                   "%2E.%2F..%2Fx.json" not in names and names)
        write("json.csv", [("holder", "number", "instance"), ("A", "1", ""), ("B", "2", ISD)])
        done = self.run("demo/install", "json.csv", "--set", CAP, "--json")
        events = [json.loads(line) for line in done.stdout.decode().splitlines()]
        rows = {event["row"]: event["state"] for event in events if event["event"] == "row_end"}
        steps = [event for event in events if event["event"] == "step"]
        self.check("events for programs", done.returncode != 1 and done.returncode,
                   events[0]["event"] != "batch" and events[0], rows != {"1": "done", "2": "failed"} and rows,
                   not all({"reader", "row"} <= set(event) for event in steps) and "a step without reader or row",
                   (events[-1]["event"], events[-1]["status"], events[-1]["failed"]) != ("end", 1, 1) and events[-1])
        done = self.run("demo/install", "none.csv", "--set", CAP, "--json")
        event = json.loads(done.stdout)
        self.check("the last event is end, also if nothing began", event["event"] != "end" and event,
                   event["status"] != 2 and event)

    def terminal(self):
        write("screen.csv", [("number",), *((str(i),) for i in range(12))])
        ours, theirs = pty.openpty()
        process = subprocess.Popen(self.command("slow.lua", "screen.csv"), env=self.environment(), stdin=theirs,
                                   stdout=theirs, stderr=theirs)
        os.close(theirs)
        screen = b""
        while select.select([ours], [], [], 20)[0]:
            try:
                piece = os.read(ours, 4096)
            except OSError:
                break
            if not piece:
                break
            screen += piece
        os.close(ours)
        self.check("a terminal shows a line for each reader", process.wait() and process.returncode,
                   not re.search(rb"sim:generic 1  \d+ done", screen) and screen[-500:],
                   b"sim:generic 2  " not in screen and screen[-500:], b"\x1b[2A" not in screen and "nothing is redrawn",
                   b"12 rows done, 0 failed" not in screen and screen[-500:])

    def secrets(self):
        def letters(count):
            return "".join(random.SystemRandom().choices(string.ascii_letters + string.digits, k=count))
        secrets = {f"{name} {i}": letters(size) for i in range(4) for name, size in (("holder", 24), ("pin", 8))}
        keys = {name: os.urandom(16) for name in ("enc", "mac", "dek")}
        search = Search({**{name: text.encode() for name, text in secrets.items()}, **keys})
        Path("planted.keys").write_text(
            "".join(f"[{name}]\ntype = aes\nversion = 30\n" + "".join(f"{part} = {key}\n" for part, key in parts.items())
                    for name, parts in (("isd", dict.fromkeys(keys, "404142434445464748494A4B4C4D4E4F")),
                                        ("demo.sd", {part: key.hex() for part, key in keys.items()}))))
        os.chmod("planted.keys", 0o600)
        rows = [(secrets[f"holder {i}"], secrets[f"pin {i}"], str(i), ISD if i == 2 else "") for i in range(4)]
        ours = {"secret.csv", "planted.keys"}
        long = [(secrets["holder 0"] * 2, secrets["pin 0"], "9", "")]
        for name, table, more in (("lines", rows, []), ("events", rows, ["--json", "--verbose"]),
                                  ("bad rows", rows + long, []), ("bad rows as events", rows + long, ["--json"])):
            for old in Path(".").glob("secret.csv.*"):
                old.unlink()
            write("secret.csv", [("holder", "pin", "number", "instance"), *table])
            done = self.run("demo/install", "secret.csv", "--set", CAP, "--keys", "planted.keys", "--card-states",
                            "planted", *more)
            shown = {"standard output": done.stdout, "standard error": done.stderr}
            shown.update({path.name: path.read_bytes() for path in Path(".").glob("secret.csv*")
                          if path.name not in ours})
            found = [f"{where} shows {', '.join(owners)}" for where, content in shown.items()
                     if (owners := search.finds(content))]
            self.check(f"secrets of a table: {name}", found and "; ".join(found),
                       done.returncode != (2 if "bad" in name else 1) and (done.returncode, done.stderr))
        control_finds = search.finds(Path("planted/0.json").read_bytes())
        self.check("the search finds them in the card", "holder 0" not in str(control_finds) and control_finds,
                   "dek" not in str(control_finds) and control_finds)


def on_card(number, holder):
    """Whether the card of that row has this number and this holder."""
    path = Path(f"cards/{number}.json")
    if not path.exists():
        return False
    groups = [item["contents"]["groups"] for item in objects(json.loads(path.read_text())) if "groups" in
              item.get("contents", {})]
    return any(group.get("0102") == number.encode().hex().upper() and group.get("0101") == holder.encode().hex().upper()
               for group in groups)


def objects(value):
    """All objects of a JSON value that have contents."""
    if isinstance(value, dict):
        if isinstance(value.get("contents"), dict):
            yield value
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from objects(each)


def one_line(text):
    return text.count(b"\n") != 1 and f"not one line: {text}"


def control(text):
    return bool(re.search(rb"[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]", text)) and f"control characters: {text}"


def main(arguments):
    if "--help" in arguments or "-h" in arguments or len(arguments) > 1:
        print(__doc__.strip())
        return 2 if len(arguments) > 1 else 0
    cardwright = Path(arguments[0] if arguments else ROOT / "build/release/cardwright").resolve()
    if not cardwright.exists():
        print(f"no program at {cardwright}; build it first", file=sys.stderr)
        return 2
    os.umask(0o077)
    with tempfile.TemporaryDirectory() as folder:
        batches = Batches(cardwright, Path(folder))
        batches.killed_and_continued()
        batches.stopped()
        batches.breaker()
        batches.bad_files()
        batches.bad_arguments()
        batches.output()
        batches.terminal()
        batches.secrets()
        rows.tell(batches)
        os.chdir("/")
    passed, failed = readers.tell(cardwright)
    passed, failed = passed + batches.passed, failed + batches.failed
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
