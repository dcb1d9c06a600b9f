#!/usr/bin/python3
"""Keys in custody: a sealed file through its whole life, and a token whose keys open cards and which goes away.

usage: tests/interop/keys/run.py [CARDWRIGHT]

The program is build/release/cardwright if none is named; the module of a token that can be taken away is beside the unit
tests of the same build. Prints "ok NAME" or "not ok NAME: why" for each check; the last line is "N passed, M failed".
"""

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap, aes_key_wrap

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/interop"))
from stories import with_token  # noqa: E402
PATIENCE = 120  # seconds, for a slow machine

FIRST = bytes(range(0xA0, 0xC0))
SECOND = bytes(range(0x11, 0x31))
KEK = bytes(a ^ b for a, b in zip(FIRST, SECOND))
ISD = bytes.fromhex("404142434445464748494A4B4C4D4E4F")
CAP = ROOT / "tests/caps/transit-2.1.cap"


def kcv(key):
    return Cipher(algorithms.AES(key), modes.ECB()).encryptor().update(b"\x01" * 16)[:3].hex().upper()


class Checks:
    def __init__(self, cardwright, folder):
        self.cardwright, self.folder = Path(cardwright).resolve(), Path(folder)
        self.passed = self.failed = 0
        self.said = ""
        self.token = os.environ["CW_TEST_TOKEN"]
        module = self.cardwright.parent / "tests/unit/crypto/libfaulty_token.so"
        self.frail = re.sub(r"module-path=[^&]*", f"module-path={module}", self.token)
        self.private("passphrase", "correct horse battery staple\n")
        self.private("other", "54" * 32 + "\n")
        self.private("holder", "Ada")
        self.private("demo.keys", (ROOT / "tests/keys/demo.keys").read_text())
        self.private("first", FIRST.hex())
        self.private("second", SECOND.hex().upper() + "\n")

    def private(self, name, text):
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o600)

    def check(self, name, *problems):
        """`problems`: each is what is wrong, or falsy."""
        wrong = [str(problem) for problem in problems if problem]
        self.passed += not wrong
        self.failed += bool(wrong)
        print(f"not ok {name}: {'; '.join(wrong)[:900]}" if wrong else f"ok {name}", flush=True)

    def cw(self, *words, **more):
        environment = {"PATH": os.environ["PATH"], "CARDWRIGHT_SHARE": str(ROOT), "HOME": str(self.folder),
                       "SOFTHSM2_CONF": os.environ["SOFTHSM2_CONF"], **more}
        ran = subprocess.run([str(self.cardwright), *map(str, words)], env=environment, check=False,
                             stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE, cwd=self.folder)
        self.said += ran.stdout + ran.stderr
        return ran

    def expect(self, name, ran, status, *patterns):
        said = ran.stdout + ran.stderr
        self.check(name, ran.returncode != status and f"exit status {ran.returncode}: {said}",
                   *[not re.search(each, said) and f"no '{each}' in {said}" for each in patterns],
                   status == 2 and ran.stderr.strip().count("\n") and f"more than one line: {said}")
        return ran

    def sealed(self, *words, file="keys.sealed", **more):
        return self.cw("keys", *words, "--keys", file, "--passphrase-file", "passphrase", **more)

    def record(self, name):
        shown = self.sealed("show", name, "--json")
        return json.loads(shown.stdout) if shown.returncode == 0 else {}

    def run_flow(self, flow, keys, *more, **environment):
        install = {"demo/install": ["--set", f"cap={CAP}", "--set", "holder=@holder"],
                   "demo/rotate-keys": ["--set", "new=demo.sd2"]}.get(flow, [])
        return self.cw("run", flow, "--card", "sim", "--keys", keys, *install, *more,
                       CARDWRIGHT_KEYS_PASSPHRASE_FILE=str(self.folder / "passphrase"), **environment)

    # A sealed file.

    def made(self):
        self.expect("a sealed file is made", self.sealed("init"), 0, "sealed, without keys")
        self.expect("once", self.sealed("init"), 2, "is there already")
        self.expect("it begins empty", self.sealed("list"), 0, "there are no keys")
        self.check("and is private", (self.folder / "keys.sealed").stat().st_mode & 0o77)
        self.expect("without a passphrase it stays shut", self.cw("keys", "list", "--keys", "keys.sealed"), 2,
                    "there is no passphrase; give --passphrase-file")
        self.expect("with another one too", self.cw("keys", "list", "--keys", "keys.sealed", "--passphrase-file", "other"),
                    2, "sealed under another passphrase")
        (self.folder / "open").write_text("x")
        (self.folder / "open").chmod(0o644)
        self.expect("a passphrase that others can read is none",
                    self.cw("keys", "list", "--keys", "keys.sealed", "--passphrase-file", "open"), 2, "chmod 600")
        self.expect("nowhere is no place", self.cw("keys", "list"), 2, "which keys")
        self.expect("a text file is not sealed",
                    self.cw("keys", "generate", "x", "--keys", "demo.keys", "--passphrase-file", "passphrase"), 2,
                    "no sealed key file; cardwright keys init makes one")
        self.expect("but its keys are listed", self.cw("keys", "list", "--keys", "demo.keys"), 0,
                    r"isd +channel +aes 128 +00 +504A77 504A77 504A77")

    def ceremony(self):
        def together(*kcvs, whole=kcv(KEK), files=("first", "second"), name="kek"):
            words = [word for each in kcvs for word in ("--component-kcv", each)]
            words += [word for each in files for word in ("--component-file", each)]
            return self.sealed("component", name, "--purpose", "kek", "--size", 32, "--kcv", whole, *words)

        self.expect("a component that was typed wrong", together(kcv(SECOND), kcv(SECOND)), 2,
                    "component 1 has another check value")
        self.expect("components of two keys", together(kcv(FIRST), kcv(SECOND), whole="000000"), 2,
                    "one of them is that of another key")
        self.expect("the same one twice", together(kcv(FIRST), kcv(FIRST), files=("first", "first")), 2, "is the same as")
        self.expect("one alone", together(kcv(FIRST), files=("first",)), 2, "two or more")
        self.expect("nothing of that is kept", self.sealed("list"), 0, "there are no keys")
        self.expect("two components make a key", together(kcv(FIRST), kcv(SECOND)), 0, f"check value {kcv(KEK)}")
        self.expect("whose origin is known", self.sealed("show", "kek"), 0, "origin +2 components", "purpose +kek")

    def wrapped(self):
        good = aes_key_wrap(KEK, ISD).hex()
        three = [good, good, good]
        bad = ("0" if good[0] != "0" else "1") + good[1:]
        self.expect("a key that was changed on its way",
                    self.sealed("import", "isd", "--under", "kek", good, bad, good), 2, "integrity check of RFC 3394")
        self.expect("one with another check value",
                    self.sealed("import", "isd", "--under", "kek", *three, "--kcv", "504A77", "--kcv", "504A77",
                                "--kcv", "000000"), 2, "check value")
        self.expect("under a key that is not there", self.sealed("import", "isd", "--under", "kec", *three), 2,
                    "no key 'kec'.*did you mean 'kek'")
        self.expect("one key is no set", self.sealed("import", "isd", "--under", "kek", good), 2, "three keys: ENC, MAC, DEK")
        self.expect("without an integrity check a check value is needed",
                    self.sealed("import", "isd", "--under", "kek", "--form", "aes-cbc", *three), 2, "give --kcv")
        self.expect("nothing of that is kept", self.sealed("show", "isd"), 2, "no key 'isd'")
        self.expect("what another implementation wrapped comes in",
                    self.sealed("import", "isd", "--under", "kek", *three, "--kcv", "504A77", "--kcv", "504A77", "--kcv",
                                "504A77"), 0, "is in custody")
        self.expect("and opens the card", self.run_flow("demo/inventory", "keys.sealed"), 0)

        self.sealed("generate", "demo.sd", "--version", "30")
        given = self.sealed("export", "demo.sd", "--under", "kek")
        keys = [aes_key_unwrap(KEK, bytes.fromhex(line)) for line in given.stdout.split()]
        self.check("what goes out is unwrapped by another implementation",
                   [kcv(key) for key in keys] != self.record("demo.sd").get("kcv") and given.stdout + given.stderr)
        self.said = self.said.replace(given.stdout, "")
        cbc = self.sealed("export", "demo.sd", "--under", "kek", "--form", "aes-cbc", "--json")
        opened = [Cipher(algorithms.AES(KEK), modes.CBC(bytes(16))).decryptor().update(bytes.fromhex(each["wrapped"]))
                  for each in json.loads(cbc.stdout)["keys"]]
        self.check("also in AES-CBC", opened != keys and cbc.stdout)
        blocks = self.sealed("export", "demo.sd", "--under", "kek", "--form", "tr31").stdout.split()
        self.check("key blocks say what they are for",
                   [block[:1] + block[5:8] for block in blocks] != ["DD0A", "DM6A", "DK0A"] and blocks)
        self.expect("and come back in", self.sealed("import", "copy", "--under", "kek", "--form", "tr31", *blocks), 0)
        self.check("as the same keys", self.record("copy").get("kcv") != self.record("demo.sd").get("kcv"))
        self.expect("a key that encrypts data becomes no KEK",
                    self.sealed("import", "bad", "--purpose", "kek", "--under", "kek", "--form", "tr31", blocks[0]), 2,
                    "is for D0")
        self.expect("under a channel's key nothing is wrapped", self.sealed("export", "copy", "--under", "isd"), 2,
                    "for another purpose")
        self.expect("keys of a text file are taken over", self.sealed("import", "demo.sd2", "--from", "demo.keys"), 0)
        self.pairs()

    def pairs(self):
        """Key pairs: made here and by openssl, they sign what a card checks, and leave the file in no way."""
        self.expect("a pair that signs tokens", self.sealed("generate", "demo.token", "--type", "rsa", "--purpose", "token"), 0,
                    "is in custody; check value")
        self.sealed("generate", "demo.receipt", "--purpose", "receipt")
        self.expect("a card takes them", self.run_flow("demo/delegated", "keys.sealed", "--set",
                                                       f"cap={ROOT}/tests/caps/wallet-1.0.cap"), 0)
        subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384", "-out", "dap.pem"],
                       cwd=self.folder, check=True, capture_output=True)
        (self.folder / "dap.pem").chmod(0o644)
        self.expect("a file that others may read is no private one",
                    self.sealed("import", "acme/dap", "--purpose", "dap", "--pem", "dap.pem"), 2, "chmod 600")
        (self.folder / "dap.pem").chmod(0o600)
        self.expect("a pair of openssl's comes in", self.sealed("import", "acme/dap", "--purpose", "dap", "--pem", "dap.pem"), 0)
        public = subprocess.run(["openssl", "pkey", "-in", "dap.pem", "-pubout", "-outform", "DER"], cwd=self.folder, check=True,
                                capture_output=True).stdout
        self.check("its check value is of its public half",
                   self.record("acme/dap").get("kcv") != [hashlib.sha256(public).hexdigest()[:6].upper()],
                   self.record("acme/dap").get("type") != "ec")
        self.expect("a pair goes nowhere", self.sealed("export", "acme/dap", "--under", "kek"), 2, "only in its backup")
        self.expect("and opens no channel", self.sealed("generate", "x", "--type", "rsa"), 2, "--purpose token, receipt")
        self.expect("nor is it of any size", self.sealed("generate", "x", "--type", "ec", "--size", "20", "--purpose", "dap"), 2,
                    "32, 48 or 66")
        self.expect("it is updated by another pair", self.sealed("update", "demo.token"), 0, "generation 2")
        self.check("of the same kind", self.record("demo.token").get("type") != "rsa",
                   self.record("demo.token").get("kcv") == self.record("demo.token@1").get("kcv"))
        self.expect("and by nothing else", self.sealed("import", "demo.token", "--update", "--from", "demo.keys"), 2)
        for kind in ("ec", "sm2"):
            self.expect(f"a pair of {kind} is made", self.sealed("generate", f"pair.{kind}", "--type", kind, "--purpose",
                                                                 "message"), 0)

    def life(self):
        self.expect("an owner's master key", self.sealed("generate", "acme/master", "--purpose", "master",
                                                         "--diversification", "kdf3"), 0)
        self.expect("has a method", self.sealed("generate", "m", "--purpose", "master"), 2, "--diversification")
        self.expect("a purpose that there is", self.sealed("generate", "m", "--purpose", "chanel"), 2,
                    "did you mean 'channel'")
        self.expect("a name that there can be", self.sealed("generate", "isd@7"), 2, "cannot have this name")
        self.expect("and that is free", self.sealed("generate", "isd"), 2, "there is a key 'isd' already")
        self.expect("a version", self.sealed("generate", "v", "--version", "FF"), 2, "no key version number")
        self.expect("a date", self.sealed("generate", "v", "--expires", "tomorrow"), 2, "is no age")
        self.expect("that is not over", self.sealed("generate", "v", "--expires", "2001-01-01"), 2, "expires before")

        self.expect("a key is updated", self.sealed("update", "demo.sd", "--version", "31"), 0, "generation 2", "demo.sd@1")
        before, now = self.record("demo.sd@1"), self.record("demo.sd")
        self.check("and both are known", before.get("state") != "replaced" and before, now.get("generation") != 2 and now,
                   before.get("kcv") == now.get("kcv"), now.get("version") != "31" and now)
        self.expect("the one before can be given out", self.sealed("export", "demo.sd@1", "--under", "kek"), 0)

        shutil.copy(self.folder / "keys.sealed", self.folder / "keys.later")
        self.sealed("import", "isd.later", "--under", "kek", *[aes_key_wrap(KEK, ISD).hex()] * 3, "--active-from", "7d",
                    file="keys.later")
        self.sealed("revoke", "isd", file="keys.later")
        self.expect("a revoked key opens no card", self.run_flow("demo/inventory", "keys.later"), 2, "key 'isd' is revoked")
        self.expect("nor is it given out", self.sealed("export", "isd", "--under", "kek", file="keys.later"), 2, "is revoked")
        self.expect("one that is not active yet is not", self.sealed("export", "isd.later", "--under", "kek",
                                                                    file="keys.later"), 2, "is not active yet")
        self.expect("an archived KEK wraps nothing", self.sealed("archive", "kek", file="keys.later"), 0, "is archived")
        self.expect("at all", self.sealed("export", "copy", "--under", "kek", file="keys.later"), 2, "is archived")
        self.expect("what is revoked is not archived", self.sealed("archive", "isd", file="keys.later"), 2, "is revoked")

        self.expect("a backup is made", self.sealed("backup", "keys.backup", "--backup-passphrase-file", "other"), 0,
                    "has all")
        self.expect("under a passphrase of its own", self.sealed("backup", "more"), 2, "--backup-passphrase-file")
        self.expect("a key is destroyed", self.sealed("destroy", "copy"), 0, "is destroyed; what is known of it stays")
        self.expect("for ever", self.sealed("export", "copy", "--under", "kek"), 2, "was destroyed")
        restore = ("restore", "keys.backup", "--backup-passphrase-file", "other")
        self.expect("a backup does not bring it back", self.sealed(*restore), 0, "^0 of")
        self.sealed("init", file="keys.new")
        self.expect("a lost file comes back", self.sealed(*restore, file="keys.new"), 0, r"^(\d+) of \1 keys")
        self.expect("and opens the card", self.run_flow("demo/inventory", "keys.new"), 0)

        content = bytearray((self.folder / "keys.new").read_bytes())
        content[-40] ^= 1
        (self.folder / "keys.new").write_bytes(content)
        self.expect("a file that was changed is not used", self.sealed("list", file="keys.new"), 6, "was changed or cut short")
        self.expect("by no run", self.run_flow("demo/inventory", "keys.new"), 6, "was changed or cut short")

    # A token.

    def in_token(self):
        def token(*words, **more):
            return self.cw("keys", *words, "--keys", self.token, **more)

        for name in ("isd", "demo.sd", "demo.sd2"):
            more = [] if name == "isd" else ["--exportable"]
            self.expect(f"{name} goes into the token", token("import", name, "--from", "demo.keys", *more), 0, "is in custody")
        self.expect("they are listed", token("list"), 0, r"isd +channel +aes 128 +00 +504A77", r"demo\.sd2 +channel.* 31 ")
        self.expect("one that is there stays", token("import", "isd", "--from", "demo.keys"), 2, "labelled 'isd.enc' already")
        self.expect("a key is made in it", token("generate", "kek", "--purpose", "kek", "--size", 32), 0, "is in custody")
        self.expect("one that may leave is given out wrapped", token("export", "demo.sd", "--under", "kek"), 0)
        self.expect("one that may not is not", token("export", "isd", "--under", "kek"), 2, "stays in its token")
        self.expect("and it has no generations", token("update", "isd"), 2, "is a token")
        self.life_in_token(token)

        for flow in ("demo/install", "demo/rotate-keys"):
            for where, keys in (("token", self.token), ("file", "demo.keys")):
                ran = self.run_flow(flow, keys, "--seed", 7, "--card-state", f"{where}.json")
                self.expect(f"{flow} with keys of the {where}", ran, 0)
            cards = [(self.folder / f"{where}.json").read_text() for where in ("token", "file")]
            self.check(f"{flow} leaves the same card", cards[0] != cards[1] and "its memory differs")

    def tool(self, *words):
        """OpenSC's pkcs11-tool: another hand at the same token."""
        module, pin = re.search("module-path=([^&]+)&pin-source=file:(.+)", self.token).groups()
        return subprocess.run(["pkcs11-tool", "--module", module, "--token-label", "cardwright", "--login", "--pin",
                               Path(pin).read_text(), *words], capture_output=True, text=True, check=True, timeout=PATIENCE)

    def life_in_token(self, token):
        """What a key in the token is for, until when, and whether it is still used."""
        self.expect("a pair is made in it", token("generate", "demo.token", "--type", "ec", "--purpose", "token", "--store",
                                                  "life.db"), 0, "key demo.token is in custody; check value [0-9A-F]{6}$")
        self.expect("and is listed", token("list"), 0, r"demo\.token +token +ec ")
        self.expect("one of a file is not taken in", token("import", "x", "--purpose", "dap", "--pem", "dap.pem"), 2,
                    "cardwright keys assign says what it is for")
        self.tool("--keypairgen", "--key-type", "EC:prime256v1", "--label", "other.token", "--id", "99")
        sign = ("demo/delegated", self.token, "--set", f"cap={ROOT}/tests/caps/wallet-1.0.cap", "--set",
                "token_key=other.token")
        token("generate", "demo.receipt", "--purpose", "receipt", "--exportable")
        self.expect("a pair of another tool's signs nothing", self.run_flow(*sign), 2,
                    "nothing says what it is for; cardwright keys assign other.token --purpose")
        self.expect("before its purpose is said", token("assign", "other.token", "--purpose", "token", "--expires", "30d",
                                                        "--store", "life.db"), 0, "is a token key now, to be used until 20")
        self.expect("then it signs", self.run_flow(*sign), 0)
        self.expect("and is for nothing else", token("assign", "other.token", "--purpose", "dap"), 2, "becomes nothing else")
        self.expect("a receipt key makes no token", self.run_flow(*sign[:-1], "token_key=demo.receipt"), 1,
                    "is for another purpose: it is a receipt key")
        self.expect("what has an end is shown with it", token("show", "other.token"), 0, "expires +20")
        self.tool("--set-id", (b"\x00token;until=20200101T000000Z").hex(), "--type", "privkey", "--label", "other.token")
        self.expect("after it nothing is signed", self.run_flow(*sign), 2, "expired at 2020-01-01T00:00:00Z")
        self.expect("nor before its time", token("generate", "later", "--purpose", "kek", "--active-from", "7d"), 0,
                    "to be used from 20")
        self.expect("which a use is told", token("export", "demo.sd", "--under", "later"), 2, "is not active yet")
        self.expect("one is taken out of use", token("archive", "other.token", "--store", "life.db"), 0, "is archived")
        self.expect("at once", self.run_flow(*sign), 2, "is archived: it is kept, and not used any more")
        self.expect("or for ever", token("revoke", "other.token", "--reason", "lost", "--store", "life.db"), 0, "is revoked")
        self.expect("and comes not back", token("assign", "other.token", "--purpose", "token"), 2, "is revoked")
        self.expect("its end takes both halves", token("destroy", "other.token", "--store", "life.db"), 0, "is destroyed in the token")
        self.check("of the pair", "other.token" in self.tool("--list-objects").stdout)
        self.expect("which the audit tells", self.cw("audit", "list", "--store", "life.db"), 0, "key generated +demo.token",
                    "key assigned +other.token", "key archived", "key revoked", "key destroyed")
        for name in ("later", "demo.receipt", "demo.token"):
            token("destroy", name)

    def under_a_run(self):
        """What a run that is not over needs stays: it is left in the middle, by Ctrl-C."""
        (self.folder / "waits.lua").write_text(
            'return { name = "waits", summary = "Waits", needs = { keys = { "isd" } }, run = function(run)\n'
            '  local isd = require("cw.gp").open(run.card, { keys = "isd", flavor = run.flavor })\n'
            '  isd:registry()\n  require("clock").sleep(60)\n  isd:registry()\nend }\n')
        words = [self.cardwright, "run", "waits.lua", "--card", "sim", "--card-state", "waits.json", "--keys", "keys.sealed", "--store",
                 "waits.db", "--trace", "waits.trace"]
        environment = {"PATH": os.environ["PATH"], "CARDWRIGHT_SHARE": str(ROOT), "HOME": str(self.folder),
                       "CARDWRIGHT_KEYS_PASSPHRASE_FILE": str(self.folder / "passphrase")}
        run = subprocess.Popen(words, cwd=self.folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True)
        trace, until = self.folder / "waits.trace", time.monotonic() + PATIENCE
        while time.monotonic() < until and not (trace.exists() and "GET STATUS" in trace.read_text()):
            time.sleep(0.02)
        run.send_signal(signal.SIGINT)
        said = run.communicate(timeout=PATIENCE)[0]
        self.said += said
        left = re.search(r"runs resume (\w+)", said)
        left = left.group(1) if left else "none"
        for word, more in (("update", ("--version", "33")), ("archive", ()), ("destroy", ())):
            self.expect(f"keys of a run that was left are not taken from it: {word}", self.sealed(word, "isd", *more, "--store", "waits.db"),
                        2, f"run {left} is not over and goes on with it")
        self.expect("it is stopped", self.cw("runs", "stop", left, "--store", "waits.db"), 0)
        self.cw("runs", "resume", left, "--store", "waits.db", "--keys", "keys.sealed",
                CARDWRIGHT_KEYS_PASSPHRASE_FILE=str(self.folder / "passphrase"))
        self.expect("then they are updated", self.sealed("update", "isd", "--version", "33", "--store", "waits.db"), 0, "generation")

    def pins(self):
        self.private("wrong-pin", "0000")
        wrong = re.sub(r"pin-source=.*", f"pin-source=file:{self.folder}/wrong-pin", self.token)
        self.expect("a wrong PIN is tried once", self.cw("keys", "list", "--keys", wrong), 2, "do not try again")
        self.expect("a PIN has no place in a URI",
                    self.cw("keys", "list", "--keys", self.token.replace("pin-source", "pin-value")), 2, "no place here")
        self.expect("a token that is not there", self.cw("keys", "list", "--keys", self.token.replace("=cardwright", "=acme")),
                    2, "there is no such token; the module has: cardwright")

    def gone(self):
        for after in (60, 30, 18):
            store = ("--store", self.folder / f"store{after}.db")
            left = self.run_flow("demo/install", self.frail, "--card-state", "gone.json", *store, CW_TOKEN_FAULT_AFTER=str(after))
            if left.returncode == 6:
                break
        self.expect("a token that goes away ends the attempt, and not the run", left, 6, r"does not answer \(CKR_DEVICE_REMOVED\)",
                    "cardwright runs resume")
        run = re.search(r"runs resume (\w+)", left.stderr)
        run = run.group(1) if run else "none"
        needed = self.cw("keys", "destroy", "isd", "--keys", self.token, *store)
        self.expect("keys that it needs are not destroyed", needed, 2, f"run {run} is not over and goes on with it")
        self.expect("it goes on when the token is back", self.cw("runs", "resume", run, *store, "--keys", self.token), 0)
        self.expect("the card is open to others", self.run_flow("demo/inventory", "demo.keys", "--card-state", "gone.json"), 0)
        self.expect("then the keys may be destroyed",
                    self.cw("keys", "destroy", "isd", "--keys", self.token, *store, "--reason", "the end"), 0,
                    "is destroyed in the token")
        self.expect("which the audit tells", self.cw("audit", "list", *store), 0, "key destroyed +isd", "reason: the end")
        self.expect("and the token has them no more", self.cw("keys", "show", "isd", "--keys", self.token), 2, "it has")

    def nothing_shown(self):
        (self.folder / "audit.db").unlink(missing_ok=True)
        for words in (("generate", "audited"), ("update", "audited"), ("archive", "audited@1"), ("revoke", "audited")):
            self.sealed(*words, "--store", "audit.db")
        told = self.cw("audit", "list", "--store", "audit.db")
        self.expect("each change is told to the audit", told, 0, "key generated +audited", "key updated", "key archived +audited@1",
                    "key revoked")
        secrets = [FIRST, SECOND, KEK, ISD, bytes.fromhex("101112131415161718191A1B1C1D1E1F"), b"correct horse", b"4711-0815"]
        found = [secret.hex() for secret in secrets
                 if secret.hex() in self.said.lower() or secret.decode("latin1") in self.said]
        for file in ("keys.sealed", "keys.backup", "store60.db", "audit.db"):
            content = (self.folder / file).read_bytes() if (self.folder / file).is_file() else b""
            found += [f"{secret.hex()} in {file}" for secret in secrets
                      if secret in content or secret.hex().encode() in content.lower()]
        self.check("no output and no file shows a key", found)


def main():
    cardwright = sys.argv[1] if len(sys.argv) > 1 else ROOT / "build/release/cardwright"
    with tempfile.TemporaryDirectory(prefix="cw-keys.") as folder:
        with_token(folder)
        checks = Checks(cardwright, folder)
        for story in (checks.made, checks.ceremony, checks.wrapped, checks.life, checks.under_a_run, checks.in_token, checks.pins, checks.gone,
                      checks.nothing_shown):
            story()
        print(f"{checks.passed} passed, {checks.failed} failed")
        return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
