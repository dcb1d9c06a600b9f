#!/usr/bin/python3
"""On-demand keys, steps 0 to 7 of V. Alimi's paper between separate processes: an issuer's `cardwright keyserver`, a TSM
whose keys are in SoftHSM2, its `cardwright run` with a card here and its `cardwright serve` with a device that calls. The card
names the key server, the TSM is given its keys under a KEK, puts its own in and goes on with them.

usage: tests/interop/ondemand/run.py [CARDWRIGHT]

The program is build/release/cardwright if none is named; CW_TEST_TOKEN names a token, which test.sh makes. Prints "ok NAME" or
"not ok NAME: why" for each check; the last line is "N passed, M failed".
"""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

from cryptography.hazmat.primitives.keywrap import aes_key_unwrap

from bench import (MASTERS, OURS, PATIENCE, ROOT, ZONE, Bench, done, failed, host, key_file, section,
                   serve, steps)
from service import derive  # tests/interop/keyserver
from stories import ended_before, play  # tests/interop
from writings import Search  # tests/interop/secrets

FIRST = {"our keys": "end", "issuer's keys gone": "end"}
THERE = {"our keys": "skip", "issuer's keys gone": "skip"}
KDD = bytes.fromhex("00000000000000000001")


def kcv(key):
    return host.kcv("aes", key).hex().upper()


def exchange(bench):
    """Step 0: the KEK of the key server gets into the TSM's token under a key of two components."""
    bench.write_issuer()
    ours = ["--keys", bench.token]
    theirs = ["--keys", "issuer.sealed", "--passphrase-file", "passphrase"]
    whole = bytes(a ^ b for a, b in zip(*ZONE))
    for number, part in enumerate(ZONE):
        key_file(bench.folder / f"component{number}", part.hex())
    words = ["component", "zone", "--purpose", "kek", "--size", "32", "--kcv", kcv(whole), "--exportable"]
    for number, part in enumerate(ZONE):
        words += ["--component-file", f"component{number}", "--component-kcv", kcv(part)]
    bench.check("the key server's keys are in a sealed file", done(bench.cw("keys", "init", *theirs)),
                *[done(bench.cw("keys", "import", f"card.{name}", "--from", "issuer.keys", *theirs)) for name in MASTERS])
    bench.check("two persons at each side bring the same key", done(bench.cw("keys", *words, *theirs)),
                done(bench.cw("keys", *words, *ours)))
    made = bench.cw("keys", "generate", "acme.kek", "--purpose", "kek", "--size", "32", *theirs)
    sent = bench.cw("keys", "export", "acme.kek", "--under", "zone", "--form", "tr31", *theirs)
    block = sent.stdout.strip().splitlines()[-1].split()[-1] if sent.stdout.strip() else ""
    bench.check("the KEK travels as a TR-31 block", done(made), done(sent), not block.startswith("D") and block,
                done(bench.cw("keys", "import", "acme.kek", block, "--under", "zone", "--form", "tr31", "--purpose", "kek",
                              "--size", "32", *ours)))
    key_file(bench.folder / "ours.keys", section("isd", "aes", "32", diversification="kdf3", master=OURS))
    bench.check("the master key of our own is in the token",
                done(bench.cw("keys", "import", "isd", "--from", "ours.keys", "--exportable", *ours)))
    for name in ("ours.keys", "component0", "component1"):
        (bench.folder / name).unlink()
    bench.check("the key server is there", not bench.start_server() and bench.server.log.read_text())
    bench.write_tsm()


def here(bench):
    """Steps 2 to 7 with a card in a reader of ours."""
    for method, what in (("kdf3", "SCP03"), ("visa2", "SCP02"), ("emv", "SCP02")):
        card, before = bench.new_card(method), bench.asked()
        ran = bench.take_over(card, "--store", "runs.db")
        bench.check(f"a card with keys by {method} ({what}) is opened, and has ours", done(ran), steps(ran) != FIRST and ran.stdout,
                    bench.versions(card) != [0x32] and bench.versions(card), bench.asked() != before + 1 and "asked twice")
        again = bench.take_over(card, "--store", "runs.db")
        bench.check("a second run finds all done, and asks nobody", done(again), steps(again) != THERE and again.stdout,
                    bench.asked() != before + 1 and "the key server was asked")
        goes_on = bench.cw("run", "demo/inventory", "--card", "sim", "--card-state", card, "--keys", bench.token, "--store", "none")
        bench.check("other flows go on with our keys", done(goes_on))
    shut = bench.cw("run", str(Path(__file__).with_name("issue.lua")), "--card", "sim", "--card-state", card, "--keys",
                    "issuer.keys", "--store", "none", "--set", "keys=card.emv")
    bench.check("the issuer's keys open it no more", failed(shut, 1))
    card = bench.new_card()
    bench.check("the issuer's keys stay where that is wanted", done(bench.take_over(card, keep="true")),
                bench.versions(card) != [0x31, 0x32] and bench.versions(card))
    asked = bench.asked()
    bench.check("and are deleted later", done(bench.take_over(card)), bench.versions(card) != [0x32] and bench.versions(card),
                bench.asked() != asked + 1 and "the key server was not asked which they are")


def told(bench):
    """What both sides know afterwards."""
    ids = [json.loads(line)["id"] for line in bench.cw("runs", "list", "--store", "runs.db", "--json", "--all").stdout.splitlines()]
    first = ids[-1]
    audit = bench.cw("audit", "list", "--store", "runs.db", "--json").stdout
    records = [json.loads(line) for line in audit.splitlines()]
    used = [record for record in records if record["action"] == "keys unwrapped" and record["subject"] == first]
    bench.check("our audit says which KEK was used for which run", len(used) != 1 and audit[-400:],
                used and "acme.kek" not in json.dumps(used[0]) and used)
    bench.check("that of the key server, which TSM asked for which card",
                [line["tsm"] for line in bench.server.audit()[:1]] != ["acme"] and bench.server.audit()[:1])
    shown = bench.cw("runs", "show", first, "--store", "runs.db")
    bench.check("the run's story is told", done(shown), "PUT KEY" not in shown.stdout and shown.stdout)
    played = bench.cw("runs", "replay", first, "--store", "runs.db", "--verify-wire", "--keys", bench.token)
    bench.check("it is played again without the key server, and what travelled is what the keys make of it", done(played),
                "travelled as the keys in custody give them" not in played.stdout and played.stdout,
                "not in custody" in played.stdout and played.stdout)
    recorded = bench.take_over(bench.new_card(), "--record", "shared.rec")
    text = (bench.folder / "shared.rec").read_text()
    bench.check("a recording to share has the wrapped keys' sizes", done(recorded), not re.search(
        r'^unwrap "run:card" under "acme.kek" aes-key-wrap aes version=31 .* keys=<24 bytes>,<24 bytes>,<24 bytes> ', text,
        re.MULTILINE) and text[-600:])


def refused(bench):
    """What a card, a policy and a key server may say no with; nothing of it costs the card an attempt."""
    def tries(name, status, *words, card=None, **more):
        card = card or bench.new_card(url=bench.between.url)
        ran = bench.take_over(card, **more)
        bench.check(name, failed(ran, status, *words), bench.handshakes() and "the card was asked for a handshake",
                    bench.versions(card) != [0x31] and "its keys are others")
        return card

    before = bench.asked()
    tries("a card that names no key server", 1, "names no key server: GET DATA 5F50 answers 6A88", card=bench.new_card(url=""))
    for url in ("https://127.0.0.1:1/keyserver", bench.url.replace("127.0.0.1", "localhost"), bench.url + "2"):
        tries(f"a card that names {url.split('//')[1][:12]}.., which nobody allowed", 3, "none that may be asked",
              card=bench.new_card(url=url))
    for url in (bench.url.replace("//", "//acme@"), bench.url + "/../x", bench.url + "?x", "file:///etc/passwd", "x\ny",
                bench.url + "/%2e%2e/", "https://" + "a" * 300):
        tries(f"a card whose URL is none: {json.dumps(url)[1:30]}", 1, "no key server that can be asked (5F50)",
              card=bench.new_card(url=url))
    bench.policy("", "no-kek")
    tries("a policy that lets the server give no keys", 3, "does not name this KEK", policy="no-kek.lua")
    bench.policy('keks = { "other.kek" }', "other-kek")
    tries("a policy that names another KEK", 3, "does not name this KEK", policy="other-kek.lua")
    tries("a server that the policy does not have", 3, "not allowed by policy", policy=str(ROOT / "policies/default.lua"))
    bench.check("of those, only two got as far as the key server", bench.asked() != before + 2 and bench.asked() - before)
    tries("a TSM that is not accredited", 1, "NotAccredited", "accredit our certificate", card=bench.new_card(), backends="nobody")
    tries("a KEK that the key server does not have", 1, "UnknownKek", kek_index="9")
    tries("a KEK of ours that is none", 2, "no.kek", kek="no.kek")

    def said(change):
        return lambda status, text: (status, json.dumps(change(json.loads(text))).encode())

    for name, words, change in (
            ("a check value that is another", "check value is another", lambda all: {**all, "kcvDek": "000000"}),
            ("a key that was changed on its way", "integrity check of RFC 3394",
             lambda all: {**all, "encMac": all["encMac"][:-2] + f"{int(all['encMac'][-2:], 16) ^ 1:02X}"}),
            ("a key of another length", "unwrapping a key: 16 bytes", lambda all: {**all, "encEnc": all["encEnc"][:32]}),
            ("a version that the card does not show", "the card shows no such three", lambda all: {**all, "keyVersion": "33"}),
            ("a type that is none", "none of AES and DES", lambda all: {**all, "keyType": "RSA"}),
            ("a key that is missing", "encDek in the answer", lambda all: {k: v for k, v in all.items() if k != "encDek"})):
        bench.between.plays(answer=said(change))
        tries(name, 1, words)
    for name, words, answer in (("an answer that is no JSON", "no JSON object", (200, b"<html>")),
                                ("a server with troubles", "HTTP status 503", (503, b'{"fault":"Unavailable","message":"later"}')),
                                ("one that sends elsewhere", "HTTP status 302", (302, b""))):
        bench.between.plays(answer=lambda status, text, answer=answer: answer)
        tries(name, 1, words)
    bench.between.plays()
    bench.server.end()
    card = tries("a key server that is down", 1, "127.0.0.1", card=bench.new_card())
    bench.check("and is there again", not bench.start_server() and "no")
    bench.check("the card that waited for it is taken over", done(bench.take_over(card)), bench.versions(card) != [0x32])


def once(bench):
    """Keys that do not open the card: one attempt for each run, and a budget over all of them."""
    card = bench.new_card(url=bench.between.url)
    bench.between.plays(request=lambda body: {**body, "keyData": "0000FFFFFFFFFFFFFFFF"})
    tried = []
    for _ in range(3):
        ran = bench.take_over(card, "--store", "budget.db")
        tried.append((ran.returncode, bench.handshakes()))
    bench.check("keys of another card are tried once in each run, and not for ever", [count for _, count in tried] != [1, 1, 0]
                and tried, "the budget is used up" not in ran.stdout + ran.stderr and ran.stdout[-400:])
    bench.between.plays()
    identity = json.loads(bench.cw("budget", "list", "--store", "budget.db", "--json").stdout)[0]["card"]
    reset = bench.cw("budget", "reset", identity, "--reason", "the key server is mended", "--store", "budget.db")
    bench.check("until an operator says so", done(reset), done(bench.take_over(card, "--store", "budget.db")),
                bench.versions(card) != [0x32] and bench.versions(card))


def torn(bench):
    """At each command, before, inside and after the card acted; the key server is asked again as often as it takes."""
    for method in ("kdf3", "visa2"):
        card = bench.new_card(method)
        ran = bench.cw("test", "--tear", "all", "ondemand/take-over", "--card", "sim", "--card-state", card, "--keys", bench.token,
                       "--policy", "policy.lua", *bench.settings())
        counts = re.search(r"(\d+) tear points, (\d+) converged", ran.stdout)
        bench.check(f"torn anywhere, a card with keys by {method} ends with ours", done(ran), not counts and ran.stdout[-600:],
                    counts and (counts[1] != counts[2] or int(counts[1]) < 30) and counts[0])


def killed(bench):
    """The TSM's process is killed at one moment after the other; it is resumed, or another run begins."""
    wrong, whole = [], 0
    for at in range(1, 13):
        card, store = bench.new_card(url=bench.between.url), f"killed{at}.db"
        bench.between.plays(delay=0.15)
        words = [bench.cardwright, "run", "ondemand/take-over", "--card", "sim", "--card-state", card, "--keys", bench.token,
                 "--policy", "policy.lua", "--store", store, *bench.settings()]
        whole += ended_before(words, 0.06 * at, cwd=bench.folder, env=bench.environment())
        bench.between.plays()
        rows = bench.cw("runs", "list", "--store", store, "--json", "--all").stdout.splitlines()
        left = [json.loads(row)["id"] for row in rows if json.loads(row)["state"] not in ("done", "failed")]
        ends = (bench.cw("runs", "resume", left[0], "--store", store) if left and at % 2 else
                bench.take_over(card, "--store", store))
        if done(ends) or bench.versions(card) != [0x32]:
            wrong.append(f"after {60 * at} ms: {done(ends)}, versions {bench.versions(card)}")
    bench.check("killed at 12 moments, the card has our keys in the end", wrong,
                whole == 12 and "each run had ended before it was killed")


class Door:
    """`cardwright serve` with a door for devices, the TSM's token and policy; and agents, which are the paper's proxy."""

    def __init__(self, bench):
        self.bench, self.folder, self.starts = bench, bench.folder / "service", 0
        self.folder.mkdir()
        self.start()
        self.service.end()
        file = self.folder / "serve.json"
        file.write_text(file.read_text().replace('"keys": "demo.keys"', f'"keys": {json.dumps(bench.token)}'))
        for words in (("policy", "load", "policy.lua"), ("policy", "use", "policy", "--reason", "keys on demand")):
            ran = bench.cw(*words, "--store", self.folder / "store.db")
            assert ran.returncode == 0, ran.stderr
        self.ready = self.start()

    def start(self):
        self.starts += 1
        before = serve.environment
        serve.environment = lambda home: {**before(home), **self.bench.environment()}
        try:
            self.service = serve.Service(self.bench.cardwright, self.folder, "--demo", str(self.folder),
                                         name=f"service{self.starts}")
        finally:
            serve.environment = before
        return self.service.ready()

    def end(self):
        self.service.end()

    def ticket(self, flow, *settings):
        return self.bench.cw("ticket", flow, "--store", self.folder / "store.db", *settings).stdout.strip()

    def words(self, ticket, card, protocol):
        base = f"https://{self.service.address('device')}"
        proofs = self.folder / "certificates"
        return ["agent", "--server", base if protocol == "seram" else f"{base}/gp/ram/{ticket}", "--session", ticket,
                "--protocol", protocol, "--card", "sim", "--card-state", card, "--ca", proofs / "authority.pem", "--cert",
                proofs / "device.pem", "--key", proofs / "device.key"]

    def runs(self):
        ran = self.bench.cw("runs", "list", "--store", self.folder / "store.db", "--json", "--all")
        return [json.loads(line) for line in ran.stdout.splitlines()]


def far(bench):
    """Steps 1 to 7 with a device that calls, over both protocols."""
    bench.service = door = Door(bench)
    bench.check("a service with a door for devices", not door.ready and door.service.log()[-600:])
    for protocol in ("seram", "ram-http"):
        card = bench.new_card()
        ran = bench.cw(*door.words(door.ticket("ondemand/take-over", *bench.settings()), card, protocol))
        bench.check(f"{protocol}: a card far away is taken over", done(ran), door.runs()[0]["state"] != "done" and door.runs()[0],
                    bench.versions(card) != [0x32] and bench.versions(card))
        ran = bench.cw(*door.words(door.ticket("demo/inventory"), card, protocol))
        bench.check(f"{protocol}: and managed with our keys", done(ran), door.runs()[0]["state"] != "done" and door.runs()[0])
    card = bench.new_card(url="https://127.0.0.1:1/keyserver")
    bench.cw(*door.words(door.ticket("ondemand/take-over", *bench.settings()), card, "seram"))
    bench.check("one that names a server which nobody allowed is not", door.runs()[0]["state"] != "failed" and door.runs()[0],
                bench.versions(card) != [0x31])

    # The service is killed while the key server makes it wait, and again a little later.
    for delay in (0.0, 0.4):
        card = bench.new_card(url=bench.between.url)
        bench.between.plays(delay=1.0 if not delay else 0.1)
        asked = bench.between.asked
        words = [bench.cardwright, *map(str, door.words(door.ticket("ondemand/take-over", *bench.settings()), card, "seram"))]
        ticket = words[words.index("--session") + 1]
        agent = subprocess.Popen(words, cwd=bench.folder, env=bench.environment(), stdin=subprocess.DEVNULL,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        serve.until(lambda before=asked: bench.between.asked > before)
        try:
            agent.wait(delay or 0.01)
        except subprocess.TimeoutExpired:
            pass
        door.service.end(signal.SIGKILL, group=True)
        agent.kill()
        agent.wait(PATIENCE)
        bench.between.plays()
        bench.check("a service that was killed is there again", not door.start() and door.service.log()[-600:])
        ran = bench.cw(*door.words(ticket, card, "seram"))
        bench.check("and its run goes on when the device calls again", done(ran), door.runs()[0]["state"] != "done" and
                    door.runs()[0], bench.versions(card) != [0x32] and bench.versions(card))


def nothing_leaks(bench):
    """All that was printed, and each file but those that are there to hold keys."""
    planted = {f"master {name}": bytes.fromhex(key) for name, key in MASTERS.items()}
    planted["our master"] = bytes.fromhex(OURS)
    planted |= {f"ours {name}": key for name, key in zip(("enc", "mac", "dek"), derive("kdf3", bytes.fromhex(OURS), KDD))}
    planted |= {f"component {number}": part for number, part in enumerate(ZONE)}
    planted["zone"] = bytes(a ^ b for a, b in zip(*ZONE))
    given = bench.cw("keys", "export", "acme.kek", "--under", "zone", "--keys", "issuer.sealed", "--passphrase-file", "passphrase")
    planted["the KEK"] = aes_key_unwrap(planted["zone"], bytes.fromhex(given.stdout.strip()))
    for name, key in MASTERS.items():
        for part, value in zip(("ENC", "MAC", "DEK"), derive(name, bytes.fromhex(key), KDD)):
            planted[f"{part} by {name}"] = value
    search, found = Search(planted), []
    for path in sorted(bench.folder.rglob("*")):
        holds_keys = path.name in ("issuer.keys", "issuer.sealed") or path.name.startswith("card")
        if path.is_file() and not holds_keys:
            found += [f"{path.name}: {what}" for what in search.finds(path.read_bytes())]
    found += [f"what was printed: {what}" for what in search.finds("\n".join(bench.said).encode())]
    bench.check("no key of card, issuer or TSM is in any file or output", found)
    cards = search.finds((bench.folder / "card1.json").read_bytes())
    bench.check("and a search for them finds them where they are: on the card", "ours enc (hex, upper case)" not in cards and
                "ours enc (hex)" not in cards and cards)


STORIES = (exchange, here, told, refused, once, torn, killed, far, nothing_leaks)

if __name__ == "__main__":
    sys.exit(play(__doc__, "ondemand", Bench, STORIES, sys.argv[1:]))
