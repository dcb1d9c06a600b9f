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


STORIES = [wrong_keys_are_remembered]
