"""Batches over readers of a real pcscd (tests/interop/pcsc): people change cards, take them out too early, unplug."""

import csv
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "pcsc"))
from bench import Bench  # noqa: E402
from card import respond  # noqa: E402

FLOW = """local apdu = require "apdu"
return {
  name = "write", summary = "Sends one command", args = { number = { type = "string" } },
  run = function(run)
    run.card:expect(apdu.command { cla = 0x80, ins = 0xE2, p1 = 0x90, data = run.args.number })
  end,
}
"""


def card_of(serial, pulled_at=None):
    """What a little card with this serial number answers; it is pulled at the instruction `pulled_at`."""
    def answer(card, apdu):
        if apdu[1] == pulled_at:
            return None
        if apdu[1] == 0xCA and apdu[2:4] == bytes.fromhex("9F7F"):
            cplc = bytes(12) + serial.to_bytes(4, "big") + bytes(26)
            return bytes.fromhex("9F7F2A") + cplc + bytes.fromhex("9000")
        return respond(card, apdu)
    return answer


def identity(serial):
    return f"CPLC-{'0' * 12}{serial:08X}0000"


def prepare(bench, count):
    folder = Path(bench.folder)
    (folder / "write.lua").write_text(FLOW)
    (folder / "rows.csv").write_text("number\n" + "".join(f"{i}\n" for i in range(1, count + 1)))
    return ("batch", str(folder / "write.lua"), "--data", str(folder / "rows.csv"), "--keys", bench.keys)


def results(bench, state):
    path = Path(bench.folder, "rows.csv.results.csv")
    if not path.exists():
        return []
    with open(path, encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if row["state"] == state]


def written(card):
    return [apdu for apdu in card.commands if apdu[1] == 0xE2]


def cards_are_changed(bench):
    batch = bench.start(*prepare(bench, 3), "--cards", "pcsc:*")
    first = bench.insert(0, answer=card_of(1))
    bench.wait(lambda: len(results(bench, "done")) == 1, "the first card is done")
    second = bench.insert(1, answer=card_of(2))
    bench.wait(lambda: len(results(bench, "done")) == 2, "the second card is done")
    bench.remove(first, 0)
    again = bench.insert(0, answer=card_of(1))
    refused = bench.line_of(batch, "refused")
    bench.remove(again, 0)
    third = bench.insert(0, answer=card_of(3))
    out, err = batch.communicate(timeout=30)
    bench.check("two readers, three cards, one of them put in twice", batch.returncode == 0, out + err)
    bench.check("each card got one row", [len(written(card)) for card in (first, second, third)] == [1, 1, 1])
    bench.check("the card that came again got none", not written(again) and refused, out)
    bench.check("results name card and reader",
                [(row["card"], row["reader"]) for row in results(bench, "done")] ==
                [(identity(1), "pcsc:Virtual PCD 00 00"), (identity(2), "pcsc:Virtual PCD 00 01"),
                 (identity(3), "pcsc:Virtual PCD 00 00")], results(bench, "done"))


def a_card_is_pulled_too_early(bench):
    batch = bench.start(*prepare(bench, 2), "--cards", "pcsc:*00 00")
    bench.insert(0, answer=card_of(1, pulled_at=0xE2))
    bench.wait(lambda: results(bench, "quarantined"), "the row is quarantined")
    bench.wait(lambda: not bench.listed()[0]["present"], "pcscd sees that it is gone")
    bench.insert(0, answer=card_of(2))
    out, err = batch.communicate(timeout=30)
    bench.check("a card that is pulled in the middle is quarantined with its row, and the batch goes on",
                batch.returncode == 1 and results(bench, "quarantined")[0]["card"] == identity(1) and
                results(bench, "done")[0]["row"] == "2", out + err)
    bench.remove(bench.cards[-1], 0)
    batch = bench.start(*prepare(bench, 3), "--cards", "pcsc:0")
    bench.insert(0, answer=card_of(1))
    refused = bench.line_of(batch, "quarantine list")
    batch.send_signal(2)
    out, err = batch.communicate(timeout=30)
    bench.check("it is refused when it comes again; Ctrl-C ends the waiting for another",
                batch.returncode == 130 and refused and not written(bench.cards[-1]), out + err)


def no_reader_matches(bench):
    bench.expect("a pattern that no reader matches", 2, "no reader matches pcsc:ACS\\*; there is Virtual",
                 run=(*prepare(bench, 1), "--cards", "pcsc:ACS*"))


SLOW = """local apdu, clock = require "apdu", require "clock"
return {
  name = "slow", summary = "Sends one command, and another later", args = { number = { type = "string" } },
  run = function(run)
    local data = run.args.number
    run.card:expect(apdu.command { cla = 0x80, ins = 0xE2, p1 = 0x80, data = data })
    clock.sleep(data == "1" and 1.5 or 0)
    run.card:expect(apdu.command { cla = 0x80, ins = 0xE2, p1 = 0x90, data = data })
  end,
}
"""


def keep_runs(bench):
    """As a user has it: in the store that runs on real cards have by themselves."""
    del bench.environment["CARDWRIGHT_STORE"]
    bench.environment["XDG_STATE_HOME"] = bench.folder + "/state"


def runs(bench):
    """State by id; the newest first."""
    _, text = bench.run("runs", "list", "--all", "--json")
    return {one["id"]: one["state"] for one in map(json.loads, text.splitlines())}


def killed_in_the_middle(bench):
    """The command of a batch that was killed when half of row 1 was on card 1."""
    keep_runs(bench)
    command = prepare(bench, 2)
    Path(bench.folder, "write.lua").write_text(SLOW)
    batch = bench.start(*command, "--cards", "pcsc:0")
    first = bench.insert(0, answer=card_of(1))
    bench.wait(lambda: written(first), "half of the row is on the card")
    batch.kill()
    batch.wait()
    return command, first


def a_row_is_resumed(bench):
    command, first = killed_in_the_middle(bench)
    run = results(bench, "started")[0]["run"]
    bench.check("a batch that was killed leaves the run that its results name", list(runs(bench)) == [run], runs(bench))
    bench.remove(first, 0)
    other = bench.insert(0, answer=card_of(2))
    status, text = bench.run("runs", "resume", run)
    bench.check("it is not resumed on another card", status == 1 and f"the run is on {identity(1)}" in text, text)
    bench.check("which gets nothing of it", not written(other), written(other))
    bench.remove(other, 0)
    first = bench.insert(0, answer=card_of(1))
    bench.expect("it is resumed on its own", 0, "attempt 3, from the top", run=("runs", "resume", run))
    bench.remove(first, 0)
    batch = bench.start(*command, "--cards", "pcsc:0")
    said = bench.line_of(batch, "1 to do, 1 done before")
    again = bench.insert(0, answer=card_of(1))
    refused = bench.line_of(batch, "row 1 was written to it")
    bench.remove(again, 0)
    bench.insert(0, answer=card_of(2))
    out, err = batch.communicate(timeout=30)
    bench.check("the batch finds that row done, and its card", batch.returncode == 0 and said and refused, out + err)
    done = results(bench, "done")
    bench.check("the results say so", [(row["row"], row["card"]) for row in done] ==
                [("1", identity(1)), ("2", identity(2))] and done[0]["run"] == run, done)
    bench.check("both runs are done", list(runs(bench).values()) == ["done"] * 2, runs(bench))


def a_row_is_begun_anew(bench):
    command, first = killed_in_the_middle(bench)
    old = results(bench, "started")[0]["run"]
    batch = bench.start(*command, "--cards", "pcsc:0", "--limit", "2")
    said = bench.line_of(batch, old)
    bench.wait(lambda: results(bench, "done"), "row 1 is done")
    bench.remove(first, 0)
    bench.insert(0, answer=card_of(2))
    out, err = batch.communicate(timeout=30)
    bench.check("the same command goes on, and names the run that was left", batch.returncode == 0 and said, out + err)
    kept = runs(bench)
    bench.check("each row has one run that is done, and the one before is ended",
                sorted(kept.values()) == ["done", "done", "stopped"] and kept[old] == "stopped", kept)
    bench.check("the results name them", [row["run"] for row in results(bench, "done")] ==
                [one for one in sorted(kept) if one != old], kept)
    bench.expect("nobody can resume what was begun anew", 2, "is over .stopped.", run=("runs", "resume", old))


STORIES = [cards_are_changed, a_card_is_pulled_too_early, no_reader_matches, a_row_is_resumed, a_row_is_begun_anew]


def tell(program):
    """(passed, failed)"""
    bench = Bench(program)
    for story in STORIES:
        bench.tell(story)
    return bench.passed, bench.failed
