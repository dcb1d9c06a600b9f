#!/usr/bin/env python3
"""Results on their way to a backend that fails in every way, by a program that is killed: each arrives at least once,
always under the same key, and not again once that it was taken is written down.

usage: tests/interop/outbox/run.py [CARDWRIGHT]

The program is build/release/cardwright if none is named. Prints "ok NAME" or "not ok NAME: why" for each check; the last
line is "N passed, M failed".
"""

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from backend import Backend

ROOT = Path(__file__).resolve().parents[3]
SECRET = "planted-4711-"  # in bodies, headers and queries: no file and no output shows it

FLOW = """local http, clock = require "http", require "clock"
return {{
  name = "delivering", summary = "Hands results over", args = {{ count = {{ type = "integer", default = 1 }},
    sleep = {{ type = "integer", default = 0 }}, text = {{ type = "string", default = "done" }} }},
  needs = {{ backends = {{ "{url}" }} }},
  run = function(run)
    for i = 1, run.args.count do
      http.deliver {{ name = "result" .. i, url = "{url}results?card={secret}query",
        headers = {{ ["X-Private"] = "{secret}header" }}, body = "result" .. i .. ":{secret}" .. run.args.text }}
    end
    run:print("handed over")
    if run.args.sleep > 0 then clock.sleep(run.args.sleep) end
  end,
}}
"""
POLICY = "return {{ name = 'test', api = 1, allow = {{ backends = {{ ['{url}'] = {{}} }} }} }}\n"


class Outbox:
    def __init__(self, cardwright, folder):
        self.cardwright, self.folder = cardwright, folder
        self.passed = self.failed = 0
        self.output = ""
        self.backend = Backend()
        os.chdir(folder)
        text = {"url": self.backend.url(""), "secret": SECRET}
        Path("flow.lua").write_text(FLOW.format(**text))
        Path("policy.lua").write_text(POLICY.format(**text))

    def check(self, name, *problems):
        """`problems`: each is what is wrong, or falsy."""
        wrong = [str(problem) for problem in problems if problem]
        self.passed += not wrong
        self.failed += bool(wrong)
        print(f"not ok {name}: {'; '.join(wrong)[:600]}" if wrong else f"ok {name}", flush=True)

    def start(self, *arguments):
        environment = {"PATH": os.environ["PATH"], "CARDWRIGHT_SHARE": str(ROOT), "HOME": str(self.folder)}
        return subprocess.Popen([str(self.cardwright), *arguments], env=environment, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def end(self, process):
        process.out, process.err = process.communicate(timeout=120)
        self.output += process.out + process.err
        return process

    def cw(self, *arguments):
        return self.end(self.start(*arguments))

    def start_run(self, store, *settings):
        return self.start("run", "./flow.lua", "--card", "sim", "--policy", "policy.lua", "--store", store,
                          *(word for each in settings for word in ("--set", each)))

    def run(self, store, *settings):
        return self.end(self.start_run(store, *settings))

    def outbox(self, verb, store, *more):
        return self.cw("outbox", verb, "--store", store, *more)

    def parcels(self, store):
        return json.loads(self.outbox("list", store, "--all", "--json").out)

    def wait_for(self, what):
        end = time.monotonic() + 60
        while not what() and time.monotonic() < end:
            time.sleep(0.02)
        return what()


def status(process, wanted):
    return process.returncode != wanted and f"exit status {process.returncode}, not {wanted}: {process.err}"


def one_key(box, parcel):
    """What the backend got of this parcel had its key, and no other."""
    keys = {key for one in box.backend.received if one.name == parcel["name"] for key in one.key or [None]}
    return keys != {parcel["key"]} and f"keys {keys}, not {parcel['key']}"


def at_once(box):
    box.backend.begin()
    run = box.run("once.db")
    again = box.outbox("deliver", "once.db")
    got = box.backend.received
    box.check("a result is delivered as soon as the run is over", status(run, 0), run.err, status(again, 0),
              len(got) != 1 and f"{len(got)} requests",
              got and got[0].body != f"result1:{SECRET}done" and got[0].body,
              got and got[0].private != f"{SECRET}header" and got[0].private)
    box.check("what was delivered is listed with --all", "nothing is left" not in box.outbox("list", "once.db").out,
              [one["state"] for one in box.parcels("once.db")] != ["delivered"], one_key(box, box.parcels("once.db")[0]))


def no_store(box):
    box.backend.begin()
    run = box.run("none")
    box.check("without a store a result is sent within the run", status(run, 0), len(box.backend.received) != 1,
              len(box.backend.keys()[0] or "") != 32)
    box.backend.begin(503)
    run = box.run("none")
    box.check("without a store a result that does not arrive fails the run", status(run, 1),
              "status 503" not in run.err and run.err)


def backend_down(box):
    box.backend.begin()
    box.backend.stop()
    run = box.run("down.db", "count=3")
    box.check("a backend that is down does not hold up the run, and one line says what is left", status(run, 0),
              run.err.count("\n") != 1 and run.err, "3 results of this run not delivered yet" not in run.err and run.err)
    left = box.outbox("deliver", "down.db", "--wait", "3s")
    box.check("what is left makes an exit status", status(left, 1), "3 still to be delivered" not in left.err)
    box.backend.start()
    end = box.outbox("deliver", "down.db", "--wait", "60s")
    box.check("results go out when the backend is back", status(end, 0), len(box.backend.received) != 3,
              *(one_key(box, one) for one in box.parcels("down.db")))


def failing(box):
    box.backend.begin(500, "drop", 503, (429, {"Retry-After": "2"}))
    run = box.run("fail.db")
    end = box.outbox("deliver", "fail.db", "--wait", "60s")
    got = box.backend.received
    box.check("a result arrives after errors and broken connections, always under one key", status(run, 0),
              status(end, 0), len(got) != 5 and f"{len(got)} requests", one_key(box, box.parcels("fail.db")[0]))
    box.check("Retry-After is respected", len(got) == 5 and got[4].time - got[3].time < 2)
    again = box.outbox("deliver", "fail.db", "--wait", "1s")
    box.check("a result that was taken is not sent again", status(again, 0), len(box.backend.received) != 5)


def refused(box):
    box.backend.begin(422)
    run = box.run("refused.db")
    box.check("a result that the backend refuses is given up, and a line says so", status(run, 0),
              "1 result refused by the backend (status 422)" not in run.err and run.err)
    parcel = box.parcels("refused.db")[0]
    later = box.outbox("deliver", "refused.db", "--wait", "2s")
    box.check("what was given up is kept and not sent", parcel["state"] != "given up", status(later, 0),
              len(box.backend.received) != 1)
    retry = box.outbox("retry", "refused.db", parcel["key"])
    end = box.outbox("deliver", "refused.db")
    box.check("a person has it tried again", status(retry, 0), status(end, 0), len(box.backend.received) != 2,
              one_key(box, parcel))
    wrong = box.outbox("retry", "refused.db", "00")
    box.check("a key that is none is refused", status(wrong, 2))


def killed(box):
    """Two runs killed: one after it handed over and before its end, one while the backend has the request."""
    box.backend.begin()
    run = box.start_run("killed.db", "sleep=60", "text=early")
    box.check("a run hands its result over before it goes on", run.stdout.readline() != "handed over\n")
    run.kill()
    box.end(run)
    early = box.outbox("deliver", "killed.db")
    box.check("a result outlives its run, killed before its end", status(early, 0), len(box.backend.received) != 1,
              box.backend.received and "early" not in box.backend.received[0].body)

    box.backend.begin("hang")
    run = box.start_run("killed.db", "text=late")
    box.wait_for(lambda: box.backend.received)
    run.kill()
    box.end(run)
    held = box.outbox("deliver", "killed.db")
    box.check("a result that another process may be delivering is left to it", status(held, 1),
              len(box.backend.received) != 1)
    end = box.outbox("deliver", "killed.db", "--wait", "90s")
    late = [one for one in box.parcels("killed.db") if any(one["key"] in got.key for got in box.backend.received)]
    box.check("a result whose courier was killed is delivered again, under the same key", status(end, 0),
              len(box.backend.received) != 2, len(set(box.backend.keys())) != 1 and box.backend.keys(), len(late) != 1)
    box.backend.let_go.set()


def many_killed(box):
    """Couriers, two at a time, killed at any moment, with a backend that fails now and then."""
    chance = random.Random(4)
    box.backend.begin()
    box.backend.stop()
    for _ in range(3):
        box.run("many.db", "count=8")
    box.backend.begin(*(chance.choice([200, 500, "drop", 429]) for _ in range(30)))
    box.backend.start()
    for _ in range(10):
        pair = [box.start("outbox", "deliver", "--store", "many.db", "--wait", "60s") for _ in range(2)]
        time.sleep(chance.uniform(0.05, 0.6))
        for one in pair:
            one.send_signal(signal.SIGKILL)
            box.end(one)
    known = {one["key"] for one in box.parcels("many.db") if one["state"] == "delivered"}
    seen = len(box.backend.received)
    end = box.outbox("deliver", "many.db", "--wait", "110s")
    parcels = box.parcels("many.db")
    keys = set(box.backend.keys())
    box.check("couriers killed at any moment lose nothing", status(end, 0), len(parcels) != 24,
              {one["key"] for one in parcels} != keys and f"{len(keys)} keys arrived, of {len(parcels)}",
              [one["name"] for one in parcels if one["state"] != "delivered"])
    box.check("what was written down as delivered was not sent again",
              [one.name for one in box.backend.received[seen:] if one.key[0] in known])


def no_secret(box):
    text = SECRET.encode()
    box.check("no file of a store holds what the backend is to read",
              [file.name for file in Path(".").glob("*.db*") if text in file.read_bytes()])
    box.check("nothing that was printed shows it", SECRET in box.output)


def main():
    cardwright = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "build/release/cardwright").resolve()
    with tempfile.TemporaryDirectory(prefix="cw-outbox-") as folder:
        box = Outbox(cardwright, Path(folder))
        for story in (at_once, no_store, backend_down, failing, refused, killed, many_killed, no_secret):
            story(box)
        os.chdir("/")
    print(f"{box.passed} passed, {box.failed} failed")
    sys.exit(bool(box.failed))


if __name__ == "__main__":
    main()
