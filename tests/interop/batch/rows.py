"""Batches on simulated cards whose runs are kept in a store, since one is named."""

import json
import signal
import subprocess
from collections import Counter
from pathlib import Path

from backend import Backend
from tables import CAP, done_rows, results, wait_for, write

DELIVERING = """local http = require "http"
return {{
  name = "delivering", summary = "Hands a result over", args = {{ number = {{ type = "string" }} }},
  needs = {{ backends = {{ "{url}" }} }},
  run = function(run)
    http.deliver {{ name = "card", url = "{url}results", body = run.args.number .. ":done" }}
  end,
}}
"""
POLICY = "return {{ name = 'test', api = 1, allow = {{ backends = {{ ['{url}'] = {{}} }} }} }}\n"


def cw(batches, *arguments):
    return subprocess.run([str(batches.cardwright), *arguments], env=batches.environment(), capture_output=True,
                          stdin=subprocess.DEVNULL, timeout=120, text=True)


def runs(batches, store):
    return [json.loads(line) for line in cw(batches, "runs", "list", "--all", "--json", "--store", store).stdout.splitlines()]


def killed(batches):
    """The batch dies in the middle of rows, and the same command goes on: each row ends with one run that is done."""
    write("kept.csv", [("holder", "number"), *((f"Person {i}", f"{i:03}") for i in range(40))])
    command = ["demo/install", "kept.csv", "--set", CAP, "--store", "kept.db"]
    for wanted in (8, 20):
        process = batches.start(*command, cards=("sim:generic*3",))
        wait_for(lambda: done_rows("kept.csv") >= wanted)
        process.kill()
        process.communicate()
    rows, left = results("kept.csv"), [one["id"] for one in runs(batches, "kept.db") if one["state"] == "running"]
    open_rows = {row["run"] for row in rows if row["state"] == "started"} - {
        row["run"] for row in rows if row["state"] != "started"}
    batches.check("kept: a batch that was killed leaves runs, all named in its results", not left and "none is left",
                  not set(left) <= open_rows and f"{left} and not {open_rows}")
    others = [cw(batches, "runs", "resume", run, "--store", "kept.db") for run in left]
    batches.check("kept: a simulated card is gone with its process, and its run is not put onto another",
                  *(other.returncode != 1 and other.stdout for other in others),
                  *("put that one in" not in other.stderr and other.stderr for other in others))
    last = batches.run(*command, cards=("sim:generic*3",))
    kept = {one["id"]: one for one in runs(batches, "kept.db")}
    done = {row["row"]: row["run"] for row in results("kept.csv") if row["state"] == "done"}
    states = Counter(one["state"] for one in kept.values())
    batches.check("kept: the same command brings every row to its end", last.returncode and last.stderr,
                  len(done) != 40 and f"{len(done)} rows done",
                  [run for run in done.values() if kept[run]["state"] != "done"])
    batches.check("kept: a row that was begun anew has one run, and the one before is ended",
                  states["done"] != 40 and states, states["running"] + states["waiting"] > 0 and states,
                  not set(left) <= {one["id"] for one in kept.values() if one["state"] == "stopped"} and states)
    named = {row["run"] for row in results("kept.csv")}
    batches.check("kept: no run is there that the results do not name", set(kept) - named)
    checked = cw(batches, "store", "check", "--store", "kept.db")
    audit = cw(batches, "audit", "verify", "--store", "kept.db")
    replayed = cw(batches, "runs", "replay", done["039"], "--store", "kept.db")
    batches.check("kept: the store is whole, and a row's run replays", checked.returncode and checked.stdout,
                  audit.returncode and audit.stdout, replayed.returncode and replayed.stderr)


def resumed(batches):
    """Ctrl-C keeps the card of a row; runs resume finishes the row, and the batch takes it for done."""
    write("stop.csv", [("number",), *((str(i),) for i in range(6))])
    Path("third.lua").write_text(Path("slow.lua").read_text().replace("0.03", 'run.args.number == "3" and 3 or 0.03'))
    command = ["third.lua", "stop.csv", "--card-states", "stopped", "--store", "stop.db"]
    process = batches.start(*command, "--json", cards=("sim:generic",))
    wait_for(lambda: done_rows("stop.csv") == 3 and runs(batches, "stop.db")[0]["state"] == "waiting")
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=30)
    events = [json.loads(line) for line in out.decode().splitlines()]
    row = results("stop.csv")[-1]
    batches.check("kept: Ctrl-C leaves a run that waits", process.returncode != 130 and process.returncode,
                  row["state"] != "stopped" and row, not row["run"] and row,
                  {event["run"] for event in events if event["event"] == "row_end"} !=
                  {each["run"] for each in results("stop.csv")} and "events name other runs")
    done = cw(batches, "runs", "resume", row["run"], "--store", "stop.db")
    last = batches.run(*command, cards=("sim:generic",))
    ends = [each for each in results("stop.csv") if each["row"] == row["row"]]
    batches.check("kept: it is resumed with the card's memory, and the batch finds the row done", done.returncode and
                  done.stderr, last.returncode and last.stderr, ends[-1]["message"] != "its run was resumed" and ends,
                  ends[-1]["run"] != row["run"] and ends, [each["state"] for each in ends][-1] != "done" and ends)


def resumed_meanwhile(batches):
    """While the next batch is at another row, runs resume finishes the one in the middle: it gets no second card."""
    write("late.csv", [("number",), *((str(i),) for i in range(4))])
    sleeps = 'run.args.number == "1" and 0.5 or run.args.number == "2" and 5 or 0.03'
    Path("late.lua").write_text(Path("slow.lua").read_text().replace("0.03", sleeps))
    command = ["late.lua", "late.csv", "--card-states", "late", "--store", "late.db"]
    process = batches.start(*command, cards=("sim:generic",))
    wait_for(lambda: done_rows("late.csv") == 1 and runs(batches, "late.db")[0]["state"] == "waiting")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    row = results("late.csv")[-1]
    none = batches.run(*command[:-2], cards=("sim:generic",))
    batches.check("kept: without a store no batch begins on results that name a run", none.returncode != 2 and
                  none.returncode, f"run {row['run']} of row 1".encode() not in none.stderr and none.stderr,
                  results("late.csv")[-1] != row and "a row was begun")
    process = batches.start(*command, "--json", cards=("sim:generic",))
    wait_for(lambda: runs(batches, "late.db")[0]["state"] == "waiting" and results("late.csv")[-1]["row"] == "2")
    done = cw(batches, "runs", "resume", row["run"], "--store", "late.db")
    out, err = process.communicate(timeout=30)
    events = [json.loads(line) for line in out.decode().splitlines()]
    ends = [each for each in results("late.csv") if each["row"] == "1"]
    batches.check("kept: a row that is resumed while a batch is under way gets no second card",
                  row["state"] != "stopped" and row, done.returncode and done.stderr, process.returncode and err, len(ends) != 3 and ends,
                  ends[-1]["message"] != "its run was resumed" and ends, ends[-1]["run"] != row["run"] and ends,
                  ends[-1]["card"] != row["card"] and ends, events[-1]["done"] != 3 and events[-1],
                  len(runs(batches, "late.db")) != 4 and runs(batches, "late.db"))


def swapped(batches):
    """A policy comes into use under which the flow may not run: the batch ends as it would not have begun."""
    write("swap.csv", [("number",), *((str(i),) for i in range(5))])
    Path("swap.lua").write_text(Path("slow.lua").read_text().replace("0.03", 'run.args.number == "1" and 4 or 0.03'))
    Path("open.lua").write_text("return { name = 'open', api = 1 }\n")
    Path("closed.lua").write_text("return { name = 'closed', api = 1, allow = { flows = { 'other' } } }\n")
    store = ["--store", "swap.db"]
    for name in ("open", "closed"):
        loaded = cw(batches, "policy", "load", f"{name}.lua", *store)
        batches.check(f"kept: policy {name} is in the store", loaded.returncode and loaded.stderr)
    cw(batches, "policy", "use", "open", *store)
    process = batches.start("swap.lua", "swap.csv", *store, cards=("sim:generic",))
    wait_for(lambda: done_rows("swap.csv") == 1 and runs(batches, "swap.db")[0]["state"] == "waiting")
    used = cw(batches, "policy", "use", "closed", *store)
    out, err = process.communicate(timeout=30)
    last = {row["row"]: row["state"] for row in results("swap.csv")}
    batches.check("kept: a policy that comes into use and refuses the flow ends the batch, and no row has failed",
                  used.returncode and used.stderr, process.returncode != 3 and process.returncode,
                  b"not allowed by policy closed" not in err and err,
                  last != {"0": "done", "1": "done", "2": "stopped"} and last)
    cw(batches, "policy", "use", "open", *store)
    again = batches.run("swap.lua", "swap.csv", *store, cards=("sim:generic",))
    batches.check("kept: and under another the same command goes on", again.returncode and again.stderr,
                  done_rows("swap.csv") != 5 and results("swap.csv"))


def taken_from(batches):
    """While somebody resumes the run of a row, the batch does not begin."""
    write("held.csv", [("number",), *((str(i),) for i in range(3))])
    Path("long.lua").write_text(Path("slow.lua").read_text().replace("0.03", "3"))
    command = ["long.lua", "held.csv", "--card-states", "held", "--store", "held.db"]
    process = batches.start(*command, cards=("sim:generic",))
    wait_for(lambda: any(one["state"] == "waiting" for one in runs(batches, "held.db")))
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    run = results("held.csv")[-1]["run"]
    other = subprocess.Popen([str(batches.cardwright), "runs", "resume", run, "--store", "held.db"],
                             env=batches.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL)
    wait_for(lambda: any(one["held"] for one in runs(batches, "held.db")))
    refused = batches.run(*command, cards=("sim:generic",))
    batches.check("kept: while another process goes on with a row, the batch does not begin",
                  refused.returncode != 2 and refused.returncode,
                  f"another process goes on with its run {run}".encode() not in refused.stderr and refused.stderr)
    other.wait(60)


def stores_that_take_nothing(batches):
    write("full.csv", [("number",), ("1",)])
    Path("other.db").write_text("no database")
    done = batches.run("slow.lua", "full.csv", "--store", "other.db", cards=("sim:generic",))
    batches.check("kept: a store that is none", done.returncode != 6 and done.returncode, done.stderr.count(b"\n") != 1 and
                  done.stderr, Path("full.csv.results.csv").exists() and "results were begun")
    none = batches.run("slow.lua", "full.csv", cards=("sim:generic",))
    batches.check("kept: on simulated cards nothing is kept where no store is named", none.returncode and none.stderr,
                  results("full.csv")[-1]["run"] and results("full.csv"), Path(".local").exists() and "a store was made")


def handed_over(batches):
    backend = Backend()
    text = {"url": backend.url("")}
    Path("delivering.lua").write_text(DELIVERING.format(**text))
    Path("backends.lua").write_text(POLICY.format(**text))
    write("give.csv", [("number",), *((str(i),) for i in range(6))])
    backend.begin(503)
    command = ["delivering.lua", "give.csv", "--policy", "backends.lua", "--store", "give.db"]
    done = batches.run(*command)
    got = Counter(one.name for one in backend.received)
    batches.check("kept: what rows hand over is brought to its backend by the batch", done.returncode and done.stderr,
                  set(got) != set("012345") and got)
    cw(batches, "outbox", "deliver", "--wait", "20s", "--store", "give.db")
    batches.check("kept: always under one key for a row", len(set(backend.keys())) != 6 and backend.keys(),
                  len(backend.received) != 7 and f"{len(backend.received)} requests")
    backend.stop()
    write("down.csv", [("number",), *((str(i),) for i in range(6))])
    down = batches.run("delivering.lua", "down.csv", *command[2:])
    batches.check("kept: a backend that is down holds up no row, and one line says what is left", down.returncode and
                  down.stderr, b"6 results of this batch not delivered yet" not in down.stderr and down.stderr)


STORIES = [killed, resumed, resumed_meanwhile, swapped, taken_from, stores_that_take_nothing, handed_over]


def tell(batches):
    for story in STORIES:
        story(batches)
