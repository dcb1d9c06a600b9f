"""Batches over readers of a real pcscd (tests/interop/pcsc): people change cards, take them out too early, unplug."""

import csv
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


STORIES = [cards_are_changed, a_card_is_pulled_too_early, no_reader_matches]


def tell(program):
    """(passed, failed)"""
    bench = Bench(program)
    for story in STORIES:
        bench.tell(story)
    return bench.passed, bench.failed
