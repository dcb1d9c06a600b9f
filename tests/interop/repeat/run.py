#!/usr/bin/env python3
"""Runs each shipped flow many times, in fresh processes with the same inputs, and compares every command and answer.

usage: tests/interop/repeat/run.py [CARDWRIGHT [TIMES]]

The program (default build/release/cardwright) runs each flow TIMES times (default 5) on each flavor of simulated card,
from the same memory of the card and the same --seed. What must not matter differs each time: where the program and its
stack lie in memory, the size of the environment, the folder it is started in. Traces are compared line by line without
times, and so are output and the memory that the card is left with.

Of all that the card says, one thing is no function of these inputs: the cryptogram in its answer to INITIALIZE UPDATE,
since the host's challenge is random in every run. It is left out.

Prints "ok NAME" or "not ok NAME: why" for each flow on each flavor; the last line is "N passed, M failed".
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
WALLET = ROOT / "tests/caps/wallet-1.0.cap"
APPLET = "F063617264770101"
CAP = f"cap={WALLET}"

# In an order that makes sense on one card: each goes on from where the one before left it.
STORY = [
    ("inventory of a new card", ["demo/inventory"]),
    ("install", ["demo/install", CAP, "holder=@holder", "pin=@pin"]),
    ("install again", ["demo/install", CAP, "holder=@holder", "pin=@pin"]),
    ("inventory", ["demo/inventory"]),
    ("lock the applet", ["demo/lock", f"aid={APPLET}"]),
    ("unlock the applet", ["demo/unlock", f"aid={APPLET}"]),
    ("lock the domain with all in it", ["demo/lock", "aid={domain}", "all=true"]),
    ("unlock the domain with all in it", ["demo/unlock", "aid={domain}", "all=true"]),
    ("rotate keys", ["demo/rotate-keys", "old=demo.sd", "new=demo.sd2"]),
    ("remove", ["demo/remove", CAP]),
    ("a script that looks for chance", ["chance.lua"]),
]
# A product without content management has only what can be read.
READ_ONLY = {"yubikey": ["inventory of a new card", "inventory", "a script that looks for chance"]}
FLAVORS = ["generic", "uicc", "jcop4", "secora", "smartcafe", "yubikey"]
DOMAIN = "F063617264770001"

# What stock Lua leaves to chance, or the machine.
CHANCE = """
local clock, hex, json, random = require "clock", require "hex", require "json", require "random"
return {
  name = "chance", summary = "Shows whatever might differ between two processes",
  run = function(run)
    local words = {}
    for i = 1, 200 do words["word" .. i * 7919 % 1009] = i end
    for word, i in pairs(words) do run:print("%s %d", word, i) end
    run:print("first %s", tostring(next(words)))
    for _, value in ipairs { {}, function() end, coroutine.create(function() end), run.card, next } do
      run:print("%s", tostring(value))
    end
    run:print("%s", select(2, pcall(function() return words.a.b end)).message)
    run:print("%s %s", hex.encode(random.bytes(16)), random.integer(1, 1000000))
    run:print("%s", clock.now())
    run:print("%s", json.encode(words))
    local sorted = {}
    for word in pairs(words) do sorted[#sorted + 1] = word end
    table.sort(sorted, function(a, b) return words[a] % 7 < words[b] % 7 end)
    run:print("%s", table.concat(sorted, " "))
    for word, i in pairs(words) do run.card:send(hex.decode(("80CA%02X%02X00"):format(i % 256, #word))) end
  end,
}
"""


def without_chance(trace):
    """The lines of a trace, without times and without the cryptogram of the card."""
    lines = trace.splitlines()
    for number, line in enumerate(lines):
        lines[number] = re.sub(r"  at [0-9.]+ ms, took [0-9.]+ ms$", "", line)
        if re.match(r"#\d+ INITIALIZE UPDATE", line) and number + 2 < len(lines):
            answer = re.fullmatch(r"  < ([0-9A-F]{56,})", lines[number + 2])
            if answer:
                digits = answer[1]
                # SCP02: 10 + 2 bytes, counter 2, challenge 6, cryptogram 8. SCP03: 10 + 3, challenge 8, cryptogram 8.
                start = 40 if digits[22:24] == "02" else 42
                lines[number + 2] = f"  < {digits[:start]}{'.' * 16}{digits[start + 16:]}"
    return lines


class Repeat:
    def __init__(self, cardwright, times, folder):
        self.cardwright = cardwright
        self.times = times
        self.folder = folder
        self.passed = self.failed = 0
        # Without address space randomization, where one may ask for that: in some containers not.
        fixed = ["setarch", "-R"]
        allowed = shutil.which(fixed[0]) and subprocess.run([*fixed, "true"], capture_output=True).returncode == 0
        self.fixed_addresses = fixed if allowed else []

    def one_run(self, number, flavor, arguments):
        """What one process did: (exit status, trace, output, errors, the card's memory)."""
        # The same text of the command line each time, in folders whose names have other lengths.
        here = self.folder / ("run" + "x" * (number % 7))
        shutil.rmtree(here, ignore_errors=True)
        here.mkdir()
        for name in ("card", "holder", "pin", "chance.lua"):
            if (self.folder / name).exists():
                shutil.copy(self.folder / name, here / name)
        command = [str(self.cardwright), "run", arguments[0], "--card", f"sim:{flavor}", "--card-state", "card",
                   "--seed", "7", "--trace", "trace"]
        for setting in arguments[1:]:
            command += ["--set", setting.format(domain=DOMAIN)]
        if number % 3 == 2:
            command = self.fixed_addresses + command
        environment = {"PATH": os.environ["PATH"], "CARDWRIGHT_SHARE": str(ROOT),
                       "FILLER": "x" * (number * 1013 % 9001)}
        done = subprocess.run(command, cwd=here, env=environment, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=120)
        output = re.sub(r", \d+ ms$", "", done.stdout, flags=re.MULTILINE).splitlines()
        read = lambda name: (here / name).read_text(errors="replace") if (here / name).exists() else ""
        return {"exit status": [str(done.returncode)], "trace": without_chance(read("trace")), "output": output,
                "errors": done.stderr.splitlines(), "card": read("card").splitlines()}, here / "card"

    def flow(self, name, flavor, arguments):
        first, card = self.one_run(0, flavor, arguments)
        after = self.folder / "after"
        if card.exists():
            shutil.copy(card, after)
        why = None
        if first["exit status"] != ["0"]:
            why = "it failed: " + " ".join(first["errors"][-1:])
        elif not any(line.startswith("  > ") for line in first["trace"]):
            why = "the trace has no commands"
        for number in range(1, self.times):
            if why:
                break
            again, _ = self.one_run(number, flavor, arguments)
            why = difference(first, again, number + 1)
        self.say(f"{flavor}: {name}", why)
        if after.exists():
            after.rename(self.folder / "card")

    def say(self, name, why):
        self.passed += why is None
        self.failed += why is not None
        print(f"ok {name}" if why is None else f"not ok {name}: {why}", flush=True)


def difference(first, again, number):
    """Where run `number` was not as the first, or None."""
    for part, lines in first.items():
        if lines == again[part]:
            continue
        for line, (one, other) in enumerate(zip(lines + [""], again[part] + [""]), 1):
            if one != other:
                return f"{part} of run {number}, line {line}: '{other[:200]}', in the first run '{one[:200]}'"
        return f"{part} of run {number} has {len(again[part])} lines, that of the first {len(lines)}"
    return None


def main(arguments):
    if "--help" in arguments or "-h" in arguments or len(arguments) > 2:
        print(__doc__.strip())
        return 2 if len(arguments) > 2 else 0
    cardwright = Path(arguments[0] if arguments else ROOT / "build/release/cardwright").resolve()
    if not cardwright.exists():
        print(f"no program at {cardwright}; build it first", file=sys.stderr)
        return 2
    times = int(arguments[1]) if len(arguments) == 2 else 5

    os.umask(0o077)
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        (folder / "holder").write_text("Ada Lovelace")
        (folder / "pin").write_text("123456")
        (folder / "chance.lua").write_text(CHANCE)
        repeat = Repeat(cardwright, times, folder)
        for flavor in FLAVORS:
            (folder / "card").unlink(missing_ok=True)
            for name, settings in STORY:
                if name in READ_ONLY.get(flavor, [name]):
                    repeat.flow(name, flavor, settings)
    print(f"{repeat.passed} passed, {repeat.failed} failed")
    return 1 if repeat.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
