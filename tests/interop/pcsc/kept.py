"""Stories about what is remembered of a card from one process to the next."""

import json
import os

from card import respond

INITIALIZE_UPDATE = 0x50


def with_other_keys(_card, apdu):
    """A card of SCP03 whose keys are none of ours: its cryptogram is what it is (Amd D 7.1.1)."""
    if apdu[1] != INITIALIZE_UPDATE:
        return respond(_card, apdu)
    diversification_data = bytes.fromhex("00004D01020304050607")
    return diversification_data + bytes.fromhex("300300") + os.urandom(16) + bytes.fromhex("9000")


def wrong_keys_are_remembered(bench):
    """Each try is a process of its own. A card that blocks after some wrong keys is not brought there by starting again."""
    card = bench.insert(answer=with_other_keys)
    del bench.environment["CARDWRIGHT_STORE"]
    bench.environment["XDG_STATE_HOME"] = bench.folder + "/state"
    run = ("run", "demo/inventory", "--card", "pcsc:0", "--keys", bench.keys)

    def tried():
        return sum(command[1] == INITIALIZE_UPDATE for command in card.commands)

    for number in (1, 2):
        bench.expect(f"wrong keys, process {number}", 1, "cryptogram", run=run)
        bench.check(f"the card was asked {number} times in all", tried() == number, tried())
    bench.expect("a third process is refused", 4, "authenticating .*the budget is used up: 2 refused", run=run)
    bench.check("before INITIALIZE UPDATE is sent", tried() == 2, tried())
    store = bench.folder + "/state/cardwright/store.db"
    bench.check("the store is in the folder for state, for its owner alone", os.stat(store).st_mode & 0o777 == 0o600,
                oct(os.stat(store).st_mode))
    status, listed = bench.run("runs", "list", "--json")
    runs = [json.loads(line) for line in listed.splitlines()]
    bench.check("all three runs are kept", status == 0 and [one["state"] for one in runs] == ["failed"] * 3, listed)
    bench.expect("also with another reader's name for the card, and another flow", 4, "the budget is used up",
                 run=("run", "demo/lock", "--card", "pcsc:Virtual PCD 00 00", "--keys", bench.keys, "--set",
                      "aid=A000000151000000"))
    status, text = bench.run("budget", "list", "--json")
    charged = json.loads(text)
    # The card under its domain's diversification data, and whoever may stand behind that.
    bench.check("the budget says what was spent", status == 0 and [one["refused"] for one in charged] == [2, 2], text)
    bench.expect("an operator resets it, with a reason", 0, "2 refused",
                 run=("budget", "reset", charged[0]["card"], "--reason", "the right keys are there now"))
    bench.expect("then it is asked again", 1, "cryptogram", run=run)
    bench.check("once", tried() == 3, tried())
    bench.expect("where no store is used, nothing is remembered", 1, "cryptogram", run=(*run, "--store", "none"))


SCENARIO = """local gp = require "cw.gp"
return {
  summary = "Opens a channel", needs = { keys = { "isd" } },
  run = function(t) gp.open(t.card, { keys = "isd", flavor = t.flavor }) end,
}
"""
PEOPLE = "number\n1\n"
OPENS = """local gp = require "cw.gp"
return {
  name = "opens", summary = "Opens a channel", args = { number = { type = "string" } }, needs = { keys = { "isd" } },
  run = function(run) gp.open(run.card, { keys = "isd", flavor = run.flavor }) end,
}
"""


def whoever_asks_a_card_uses_the_same_attempts(bench):
    """Two attempts with wrong keys, by two commands; none of the others gets a third."""
    card = bench.insert(answer=with_other_keys)
    del bench.environment["CARDWRIGHT_STORE"]
    bench.environment["XDG_STATE_HOME"] = bench.folder + "/state"
    for name, text in {"opens.lua": OPENS, "rows.csv": PEOPLE, "story.lua": SCENARIO}.items():
        with open(f"{bench.folder}/{name}", "w") as out:
            out.write(text)
    at = ("--card", "pcsc:0", "--keys", bench.keys)
    entry = "gp.open(card, { keys = 'isd', flavor = flavor })\n"
    test = ("test", bench.folder + "/story.lua", *at, "--format", "tap")

    def tried():
        return sum(command[1] == INITIALIZE_UPDATE for command in card.commands)

    def prompted(*more):
        process = bench.start("repl", *at, *more)
        out, err = process.communicate(input=entry, timeout=60)
        return process.returncode, out + err

    status, text = prompted()
    bench.check("wrong keys at the prompt", status == 1 and "cryptogram" in text, text)
    status, text = bench.run(*test)
    bench.check("wrong keys in a scenario", status == 1 and "cryptogram" in text, text)
    bench.check("the card was asked twice", tried() == 2, tried())
    for name, wanted, command in (
            ("a run", 4, ("run", bench.folder + "/opens.lua", *at, "--set", "number=1")),
            ("a batch", 1, ("batch", bench.folder + "/opens.lua", "--cards", "pcsc:0", "--keys", bench.keys, "--data",
                            bench.folder + "/rows.csv")),
            ("a scenario", 1, test)):
        status, text = bench.run(*command)
        bench.check(f"{name} is refused then", status == wanted and "the budget is used up" in text, (status, text))
    status, text = prompted()
    bench.check("and so is the prompt", status != 0 and "the budget is used up" in text, (status, text))
    bench.check("nobody has asked the card again", tried() == 2, tried())
    _, text = bench.run("runs", "list", "--json")
    kept = [json.loads(line)["flow"] for line in text.splitlines()]
    bench.check("runs are kept of run and batch alone", kept == ["opens", "opens"], kept)
    bench.run("send", *at[:2], "80CA9F7F00")
    _, text = bench.run("audit", "list")
    missing = [what for what in ("repl begun", "test begun", "send begun") if what not in text]
    bench.check("the audit says who was at the card without one", not missing, text)
    status, text = prompted("--store", "none")
    bench.check("where no store is used, the card is asked", "cryptogram" in text and tried() == 3, text)


STORIES = [wrong_keys_are_remembered, whoever_asks_a_card_uses_the_same_attempts]
