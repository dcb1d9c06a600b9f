#!/usr/bin/python3
"""Keys and states that card issuers tell of: `cardwright serve` with a door for them, `cardwright run` as the SP-TSM with a
card, `cardwright sei` as the issuer, and a sender that knows the tables of T/TAF 096-2021 alone.

usage: tests/interop/issuers/run.py [CARDWRIGHT]

The program is build/release/cardwright if none is named. Prints "ok NAME" or "not ok NAME: why" for each check; the last
line is "N passed, M failed".
"""

import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from Cryptodome.Cipher import AES
from Cryptodome.Hash import CMAC

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "sei"), str(Path(__file__).resolve().parents[1])]
from parts import (FACTORY, KEK, MASTER_AES, MESSAGES, PATIENCE, RECEIPTS, ROOT, SD, Callbacks, Issuer, SpTsm, fill_token,  # noqa: E402
                   until, write_file, write_files)
from stories import play  # noqa: E402

POLICY = """return {{ name = "taf", api = 1,
  allow = {{ channel = {{ level = "mac+enc" }}, backends = {{ ["{url}"] = {{ opaque = {{
    "INSTALL", "SET STATUS", "DELETE", "PUT KEY", "GET STATUS" }} }} }} }} }}
"""
# Waits between two steps, so that somebody can tell of the card meanwhile.
SLOW = """local clock = require "clock"
local function look(run) require("cw.gp").read(run.card, "", { 0x9F7F }) end
return { name = "slow", summary = "waits", run = function(run)
  look(run)
  for n = 1, 200 do
    local slept = false
    run:step("step " .. n, {
      done = function() return slept end, run = function() clock.sleep(0.1) look(run) slept = true end,
    })
  end
end }
"""
ASKED = "F0636172647700EE"
OURS = "E0E1E2E3E4E5E6E7E8E9EAEBECEDEEEF"


def wrap(kek, key):
    """RFC 3394, 2.2.1."""
    check, parts = b"\xA6" * 8, [key[at:at + 8] for at in range(0, len(key), 8)]
    cipher = AES.new(kek, AES.MODE_ECB)
    for turn in range(6 * len(parts)):
        at = turn % len(parts)
        mixed = cipher.encrypt(check + parts[at])
        check, parts[at] = (int.from_bytes(mixed[:8], "big") ^ (turn + 1)).to_bytes(8, "big"), mixed[8:]
    return check + b"".join(parts)


def kcv(key):
    return AES.new(key, AES.MODE_ECB).encrypt(b"\x01" * 16)[:3]


def mac(key, message):
    return CMAC.new(bytes.fromhex(key), message, ciphermod=AES).digest()


def sets(name, version, *keys):
    return f"[{name}]\ntype = aes\nversion = {version}\n" + "".join(
        f"{part} = {key}\n" for part, key in zip(("enc", "mac", "dek"), keys))


class Bench:
    def __init__(self, cardwright, folder):
        self.cardwright, self.folder = str(cardwright), Path(folder)
        self.passed = self.failed = 0
        with socket.create_server(("127.0.0.1", 0)) as free, socket.create_server(("127.0.0.1", 0)) as other:
            self.port, self.issuer_port = free.getsockname()[1], other.getsockname()[1]
        write_files(self.folder, self.port)
        self.acme = {"message_key": "acme.messages", "receipt_key": "acme.receipts"}
        self.told = Callbacks(self.folder)  # whom the service tells of states
        self.service = self.issuer = None
        (self.folder / "passphrase").write_text("correct horse battery staple\n")
        (self.folder / "sp.text").write_text(
            f"[acme.kek]\ntype = aes\nkey = {KEK}\n[acme.messages]\ntype = aes\nkey = {MESSAGES}\n"
            f"[acme.receipts]\ntype = aes\nkey = {RECEIPTS}\n" + sets("ours", "32", OURS, OURS, OURS) +
            f"[acme.root]\ntype = aes\nversion = 31\nmaster = {MASTER_AES}\ndiversification = kdf3\n")
        for name in ("passphrase", "sp.text"):
            (self.folder / name).chmod(0o600)
        (self.folder / "slow.lua").write_text(SLOW)

    def cards(self):
        file = write_file(self.folder, self.port)
        return {"scp03": {**file["cards"]["scp03"], "se_ids": ["0*"]}, "scp02": {**file["cards"]["scp02"], "se_ids": ["F*"]}}

    def environment(self):
        out = {**os.environ, "HOME": str(self.folder), "CARDWRIGHT_SHARE": str(ROOT),
               "CARDWRIGHT_KEYS_PASSPHRASE_FILE": str(self.folder / "passphrase"),
               "CARDWRIGHT_BACKENDS": str(self.folder / "backends.json")}
        out.pop("CARDWRIGHT_KEYS", None)
        return out

    def cw(self, *words):
        return subprocess.run([self.cardwright, *map(str, words)], cwd=self.folder, env=self.environment(), check=False,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)

    def run(self, flow, *words, card="card.json", flavor="generic"):
        settings = ["--set", f"issuer={self.url}", "--set", "tenant=acme", "--set", "message_key=acme.messages"] if flow.startswith("sei/") else []
        return self.cw("run", flow, "--card", f"sim:{flavor}", "--card-state", card, "--policy", "policy.lua", "--json", "--store", "sp.db",
                       "--keys", "sp.sealed", *settings, *words)

    def domains(self, *words, owner=None):
        ran = self.cw("domain", "list", "--store", "sp.db", "--json", *words)
        return json.loads(ran.stdout) if ran.returncode == 0 else []

    def serve(self, **more):
        """The service, with what its configuration has else; until it is ready."""
        door = {"https": {"listen": f"127.0.0.1:{self.port}", "certificate": "acme.pem", "key": "acme.key",
                          "authorities": ["ca.pem"]},
                "keys": "sp.sealed",
                "senders": {"issuer.example": {"subject": "CN=issuer", "url": self.url, "tenant": "acme", "kek": "acme.kek",
                                               "message_key": "acme.messages", "receipt_key": "acme.receipts",
                                               "notify": f"https://127.0.0.1:{self.told.port}/told"},
                            "maker.example": {"subject": "CN=other", "is": "maker"}}, **more}
        file = {"store": {"where": "sp.db"}, "doors": {"operator": {"unix": "operator.sock"}, "issuer": door,
                                                       "metrics": {"listen": "127.0.0.1:0"}}}
        (self.folder / "serve.json").write_text(json.dumps(file))
        self.log = self.folder / "serve.log"
        with open(self.log, "ab") as log:
            self.service = subprocess.Popen([self.cardwright, "serve", "serve.json"], cwd=self.folder, env=self.environment(),
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        return until(lambda: self.service.poll() is not None or self.answers())

    def answers(self):
        try:
            return SpTsm(self.folder, f"127.0.0.1:{self.port}", "issuer", 2).send("/nowhere", {})[0] == 404
        except OSError:
            return False

    def stop(self, how=signal.SIGTERM):
        if self.service:
            self.service.send_signal(how)
            self.service.wait(PATIENCE)
            self.service = None

    def begin(self):
        self.issuer = Issuer(self.cardwright, self.folder)
        self.url = f"https://{self.issuer.address}/sei/v1/"
        (self.folder / "policy.lua").write_text(POLICY.format(url=self.url))
        access = {"ca": "ca.pem", "certificate": "acme.pem", "key": "acme.key"}
        (self.folder / "backends.json").write_text(json.dumps(
            {f"https://{self.issuer.address}/": access, f"https://127.0.0.1:{self.told.port}/": access}))

    def check(self, name, *problems):
        wrong = [str(problem) for problem in problems if problem]
        self.passed += not wrong
        self.failed += bool(wrong)
        print(f"not ok {name}: {'; '.join(wrong)[:900]}" if wrong else f"ok {name}", flush=True)

    def end(self):
        self.stop()
        self.issuer.end()
        self.told.end()


class Sender:
    """Tables 7 and 9 over mutual TLS, signed as was agreed."""

    def __init__(self, bench, name="issuer", id_="issuer.example"):
        self.line, self.id = SpTsm(bench.folder, f"127.0.0.1:{bench.port}", name), id_
        self.number = 0

    def sealed(self, message, order, sign=MESSAGES, **more):
        self.number += 1
        message = {"timestamp": str(int(time.time())), "nonce": f"{self.id}-{os.urandom(6).hex()}", **message, **more}
        parts = []
        for name in order:
            value = message.get(name, "")
            parts += value if isinstance(value, list) else [value]
        if sign:
            message["sign"] = mac(sign, "".join(part + "\n" for part in parts).encode()).hex()
        return message

    def keys(self, keys, se_id="", aid=SD, kek=KEK, **more):
        values = [bytes.fromhex(key) for key in keys]
        sign = more.pop("sign", MESSAGES)
        return self.sealed(
            {"seiTsmId": self.id, "SsdAid": aid, "encryptedKey": [wrap(bytes.fromhex(kek), key).hex() for key in values],
             "Alg": "AES", "Usage": "SCP03", "checkValue": [kcv(key).hex() for key in values], "tenantId": "acme",
             "seId": se_id, "keyVersion": "31", "kekId": "acme.kek", **more},
            ("seiTsmId", "SsdAid", "encryptedKey", "Alg", "Usage", "checkValue", "tenantId", "seId", "keyVersion", "kekId",
             "timestamp", "nonce"), sign)

    def state(self, status, se_id="", aid=SD, sign=MESSAGES, **more):
        return self.sealed({"seiTsmId": self.id, "ssidAid": aid, "status": status, "seId": se_id, **more},
                           ("seiTsmId", "ssidAid", "status", "tenantId", "seId", "timestamp", "nonce"), sign)

    def send(self, path, message):
        status, text = self.line.send(path, message)
        return status, json.loads(text)


def done(ran):
    """What is wrong with a run that should have gone well."""
    return ran.returncode and f"exit {ran.returncode}: {ran.stdout[-300:]}{ran.stderr[-600:]}"


def refused(answer, words, status=200):
    """What is wrong with an answer that should say no, and why."""
    if answer[0] != status or answer[1].get("resultCode") != "9999" or words not in answer[1].get("resultMessage", ""):
        return f"{answer}"
    return None


def taken(answer):
    return (answer[0] != 200 or answer[1]["resultCode"] != "0000") and f"{answer}"


def ask_again(bench, se_id):
    """The tenant asks for the keys of its SSD once more; what is wrong with the answer."""
    message = {"tenantId": "acme", "seId": se_id, "sdAid": SD, "timestamp": str(int(time.time())), "nonce": os.urandom(8).hex()}
    elements = "".join(value + "\n" for value in message.values())
    answer = SpTsm(bench.folder, bench.issuer.address).call("/sei/v1/keys", **message, sign=mac(MESSAGES, elements.encode()).hex())
    return answer["resultCode"] != "0000" and answer


def custody(bench):
    token = os.environ.get("CW_TEST_TOKEN")
    bench.check("the issuer's custody: a token of SoftHSM2",
                *(fill_token(bench.cw, token) if token else ["CW_TEST_TOKEN names none; test.sh starts SoftHSM2"]))
    write_file(bench.folder, bench.port, cards=bench.cards(), acme=bench.acme, listen=f"127.0.0.1:{bench.issuer_port}", keys=token)
    made = bench.cw("keys", "init", "--keys", "sp.sealed")
    problems = [done(made)]
    for name, purpose in (("acme.kek", "kek"), ("acme.messages", "message"), ("acme.receipts", "message"), ("ours", ""), ("acme.root", "")):
        words = ["--purpose", purpose] if purpose else []
        problems.append(done(bench.cw("keys", "import", name, "--keys", "sp.sealed", "--from", "sp.text", *words)))
    (bench.folder / "sp.text").unlink()
    bench.check("the provider's custody: a KEK, keys for messages and receipts, keys of its own", *problems)


def life_cycle(bench):
    """T/TAF 6.2.2, 7.3 and 7.2, end to end: a domain, its keys, their replacement, a reset, and the domain again."""
    bench.begin()
    bench.check("the store is there before the service is", done(bench.run("sei/create", "--set", "domain=F0636172647700CC")))
    bench.check("the service has a door for issuers", bench.service and bench.service.poll(), not bench.serve() and
                bench.log.read_text()[-500:])
    bench.check("an SSD is created by the issuer", done(bench.run("sei/create")))
    keyed = until(lambda: [one for one in bench.domains("--aid", SD) if one["keys"]])
    bench.check("its keys come into custody, and the domain says which they are",
                not keyed and bench.log.read_text()[-700:])
    name = keyed[0]["keys"]
    bench.check("with the record of who brought them",
                keyed[0]["state"] != "present" and keyed, not name.startswith(f"ssd.{SD}.") and name,
                "from SEI-TSM issuer.example" not in bench.cw("keys", "show", name, "--keys", "sp.sealed").stdout and
                bench.cw("keys", "show", name, "--keys", "sp.sealed"))
    data = hashlib.sha256(keyed[0]["se_id"].encode() + b"|" + bytes.fromhex(SD)).hexdigest()[:20]
    made = bench.cw("keys", "derive", "agreed", "--from", "acme.root", "--with", data, "--keys", "sp.sealed", "--json")
    came = json.loads(bench.cw("keys", "show", name, "--keys", "sp.sealed", "--json").stdout)
    bench.check("they are those that an agreed derivation gives, too", done(made),
                json.loads(made.stdout)["kcv"] != came["kcv"] and (made.stdout, came))
    pushed = until(lambda: not bench.issuer.state()["pushes"])
    bench.check("the issuer has its receipt, and pushes no more", not pushed and bench.issuer.state())
    rotated = bench.run("demo/rotate-keys", "--set", f"domain={SD}", "--set", f"old={name}", "--set", "new=ours")
    bench.check("they are replaced by our own", done(rotated))
    now = bench.domains("--aid", SD)[0]
    bench.check("and the domain says so", (now["keys"], now["version"]) != ("ours", 0x32) and now)
    bench.check("the issuer may push them again", (ask_again(bench, now["se_id"])))
    bench.check("which changes nothing", not until(lambda: not bench.issuer.state()["pushes"]) and bench.issuer.state(),
                bench.domains("--aid", SD)[0]["keys"] != "ours")

    slow = subprocess.Popen([bench.cardwright, "run", "slow.lua", "--card", "sim", "--card-state", "card.json", "--store",
                             "sp.db"], cwd=bench.folder, env=bench.environment(), stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    until(lambda: "slow" in bench.cw("runs", "list", "--store", "sp.db", "--state", "running").stdout)
    told = bench.issuer.ask("state", "--se-id", now["se_id"], "--sd-aid", SD, "--status", "RESETED")
    bench.check("the chip was reset, and the issuer tells", done(told))
    gone = until(lambda: bench.domains("--aid", SD, "--state", "reset"))
    bench.check("the domain is marked", not gone and bench.log.read_text()[-700:])
    _, err = slow.communicate(timeout=PATIENCE)
    bench.check("a run on the card stops before its next step", slow.returncode == 0 and "it ended well",
                "was stopped before its next command" not in err and err)
    notes = until(lambda: bench.told.of("/told"))
    bench.check("and whoever wants to know is told, with what is to be done",
                not notes and bench.log.read_text()[-700:], notes and (notes[0]["status"] != "RESETED" or
                [step["flow"] for step in notes[0]["repair"]] != ["sei/create", "demo/rotate-keys"]) and notes)
    plan = bench.cw("domain", "plan", "--store", "sp.db")
    bench.check("the plan is there for people", "sei/create --set domain=" not in plan.stdout and plan.stdout)

    (bench.folder / "card.json").rename(bench.folder / "before.json")  # the chip, as new
    again = bench.run("sei/create")
    bench.check("the plan's first run makes it again", done(again))
    keyed = until(lambda: [one for one in bench.domains("--aid", SD) if one["keys"]])
    bench.check("with its initial keys", not keyed and bench.log.read_text()[-700:],
                keyed and keyed[0]["state"] != "present" and keyed)
    rotated = bench.run("demo/rotate-keys", "--set", f"domain={SD}", "--set", f"old={keyed[0]['keys']}", "--set", "new=ours")
    bench.check("and the second one gives it our own", done(rotated))


def bad_input(bench):
    sender = Sender(bench)
    se_id = bench.domains("--aid", SD)[0]["se_id"]
    other = ASKED
    bench.issuer.faults({"fault": "wrong_code", "call": "ssd"})
    bench.check("a domain that was asked for is known, though the answer did not come",
                not bench.run("sei/create", "--set", f"domain={other}").returncode and "the run ended well",
                [one["state"] for one in bench.domains("--aid", other)] != ["asked"])
    good = [OURS, "0F" * 16, "F0" * 16]
    at = "/sp/v1/keys"
    say = lambda message: sender.send(at, message)  # noqa: E731
    bench.check("a message that is not signed", refused(say(sender.keys(good, se_id, other, sign=None)), "sign is missing"))
    bench.check("one signed by another key", refused(say(sender.keys(good, se_id, other, sign=OURS)), "sign is wrong"))
    bad = sender.keys(good, se_id, other)
    bad["checkValue"][1] = "000000"
    bench.check("one that was changed", refused(say(bad), "sign is wrong"))
    bench.check("an old one", refused(say(sender.keys(good, se_id, other, timestamp="1700000000")), "more than five minutes"))
    bench.check("another tenant's", refused(say(sender.keys(good, se_id, other, tenantId="zenith")), "tenantId zenith"))
    bench.check("keys under an unknown KEK", refused(say(sender.keys(good, se_id, other, kekId="acme.other")), "acme.other"))
    bench.check("keys under another key than was agreed",
                refused(say(sender.keys(good, se_id, other, kek=OURS)), "ENC key cannot be taken"))
    wrong = [kcv(bytes.fromhex(key)).hex() for key in (good[0], good[2], good[1])]
    bench.check("a check value that is wrong",
                refused(say(sender.keys(good, se_id, other, checkValue=wrong)), "MAC key cannot be taken"))
    bench.check("a domain that nobody asked for",
                refused(say(sender.keys(good, se_id, "F0636172647700DD")), "there is no domain F0636172647700DD"))
    bench.check("a chip that nobody knows", refused(say(sender.keys(good, "0011", other)), "there is no domain"))
    bench.check("an algorithm that is not known", refused(say(sender.keys(good, se_id, other, Alg="SM4")), "Alg SM4"))
    before = bench.domains("--aid", other)[0]
    bench.check("nothing of all that is kept", before["keys"] and before,
                other in bench.cw("keys", "list", "--keys", "sp.sealed").stdout)
    once = sender.keys(good, se_id, other)
    bench.check("then the right ones", taken(say(once)), bench.domains("--aid", other)[0]["version"] != 0x31)
    receipt = say(sender.keys(good, se_id, other))
    expected = mac(RECEIPTS, bytes.fromhex(other) + b"".join(kcv(bytes.fromhex(key)) for key in good)).hex().upper()
    bench.check("told twice is told once, with the same receipt", taken(receipt), receipt[1].get("receipt") != [expected] and
                receipt)
    bench.check("a message that was here before", refused(say(once), "nonce was here before"))
    bench.check("other keys for it are refused",
                refused(say(sender.keys(["11" * 16] * 3, se_id, other)), "has keys already, and these are others"))
    named = sender.keys([good[2], good[0], good[1]], se_id, other, Usage="DEK, ENC, MAC")
    bench.check("keys in an order that the message names", taken(say(named)))
    bench.check("one that is no JSON", refused(sender.send(at, "{"), "cannot read the keys of a domain", 400))
    for without in ("seiTsmId", "SsdAid", "encryptedKey", "Alg", "Usage", "checkValue"):
        message = sender.keys(good, se_id, other)
        del message[without]
        bench.check(f"one without {without}", refused(say(message), f"{without} is missing", 400))
    bench.check("two keys", refused(say(sender.keys(good[:2], se_id, other)), "must be three keys", 400))
    bench.check("a key version that is none", refused(say(sender.keys(good, se_id, other, keyVersion="FF")), "01 to 7F", 400))
    bench.check("one that is too long", sender.line.send(at, "x" * 70_000)[0] != 413)
    bench.check("another method", sender.line.send(at, {}, "PUT")[0] != 405)
    bench.check("another path", sender.line.send("/sp/v1/other", {})[0] != 404)
    stranger = Sender(bench, "nobody")
    bench.check("a certificate that is nobody's", refused(stranger.send(at, stranger.keys(good, se_id, other)),
                                                          "no sender's", 403))
    borrowed = Sender(bench, "other")
    bench.check("a sender under another's name", refused(borrowed.send(at, borrowed.keys(good, se_id, other)),
                                                         "seiTsmId is not yours"))


def states(bench):
    sender, maker = Sender(bench), Sender(bench, "other", "maker.example")
    se_id = bench.domains("--aid", SD)[0]["se_id"]
    other, at = ASKED, "/sp/v1/ssd-status"
    state = lambda: bench.domains("--aid", other)[0]["state"]  # noqa: E731
    bench.check("a state that is not known", refused(sender.send(at, sender.state("ODD", se_id, other)), "status ODD"))
    bench.check("without seId the AID says which, if there is one", taken(sender.send(at, sender.state("LOCKED", "", other))),
                state() != "locked")
    bench.check("unlocked again", taken(sender.send(at, sender.state("UNLOCKED", se_id, other))), state() != "present")
    bench.check("a device maker tells of states", taken(maker.send(at, maker.state("RESETED", se_id, other, sign=None))),
                state() != "reset")
    bench.check("and brings no keys", refused(maker.send("/sp/v1/keys", maker.keys([OURS] * 3, se_id, other)),
                                              "brings no keys here"))
    lost = bench.run("sei/keys", "--set", "domain=F0636172647700AB", "--set", "seconds=1")
    bench.check("keys of a domain that nobody keeps are not asked for", not lost.returncode and "it ended well",
                "make it with sei/create" not in lost.stderr and lost.stderr[-400:])
    bench.check("a domain that is gone gets none",
                refused(sender.send("/sp/v1/keys", sender.keys([OURS] * 3, se_id, other)), "is reset, so it has no keys"))
    made = bench.run("sei/create", "--set", f"domain={other}")
    bench.run("sei/create", "--set", f"domain={other}", card="second.json", flavor="jcop4")  # a chip that the issuer does not know
    bench.check("two chips with that AID, and none is named", done(made), len(bench.domains("--aid", other)) != 2,
                refused(sender.send(at, sender.state("DELETED", "", other)), "is on several chips"))
    verified = bench.cw("audit", "verify", "--store", "sp.db")
    told = bench.cw("audit", "list", "--store", "sp.db").stdout
    bench.check("the audit is whole, and has who told what", done(verified), [
        word for word in ("keys received", "domain told", "keys: acme.messages", "SEI-TSM issuer.example", "SEI-TSM maker.example")
        if word not in told])
    bench.check("and so is the store", done(bench.cw("store", "check", "--store", "sp.db")))


def asked_for(bench):
    """A push that was lost is asked for again."""
    aid = "F0636172647700AC"
    bench.stop()
    made = bench.run("sei/create", "--set", f"domain={aid}")
    bench.issuer.kill()  # and what it wanted to push waits a long time
    state = json.loads((bench.folder / "state.json").read_text())
    (bench.folder / "state.json").write_text(json.dumps({**state, "pushes": []}))
    bench.begin()
    bench.serve()
    early = bench.run("sei/keys", "--set", f"domain={aid}", "--set", "seconds=60")
    bench.check("a push that was lost is asked for, and comes", done(made), done(early), [
        one for one in bench.domains("--aid", aid) if not one["keys"]])


def killed(bench):
    """The service is killed while keys come; the issuer sends again, and the domain has them once."""
    wrong = []
    for at in range(6):
        aid = f"F063617264770{at:03d}"
        made = bench.run("sei/create", "--set", f"domain={aid}")
        time.sleep(0.015 * at)
        bench.stop(signal.SIGKILL)
        bench.serve()
        keyed = until(lambda aid=aid: [one for one in bench.domains("--aid", aid) if one["keys"]])
        if done(made) or not keyed:
            wrong.append(f"{aid}: {done(made)}; {bench.domains('--aid', aid)}")
    bench.check("killed at six moments, each domain has its keys", wrong, bench.log.read_text()[-300:] if wrong else "")


def configuration(bench):
    bench.stop()
    said = lambda: bench.log.read_text()[-1500:]  # noqa: E731
    for name, more, words in (
            ("a key file that is not sealed", {"keys": "issuer.keys"}, "is no sealed key file"),
            ("a KEK that is not there", {"senders": {"x": {"subject": "CN=x", "url": "https://x/", "kek": "no.kek"}}}, "no.kek"),
            ("nobody who may tell", {"senders": {}}, "names nobody"),
            ("a URL that flows could not name", {"senders": {"x": {"subject": "CN=x", "url": "https://x"}}}, "must end in '/'"),
            ("a subject that is none", {"senders": {"x": {"subject": "x", "is": "maker"}}}, "no subject of a certificate"),
            ("a maker with a KEK", {"senders": {"x": {"subject": "CN=x", "is": "maker", "kek": "k"}}}, "kek")):
        bench.serve(**more)
        bench.check(name, bench.service.poll() != 2 and f"exit {bench.service.poll()}", words not in said() and said())
        bench.stop()


def nothing_leaks(bench):
    planted = [FACTORY, MASTER_AES, KEK, MESSAGES, RECEIPTS, OURS]
    found = []
    for path in sorted(bench.folder.rglob("*")):
        if not path.is_file() or path.name in ("issuer.keys", "before.json") or path.name.startswith(("card", "second")):
            continue
        text = path.read_bytes()
        found += [f"{path.name} has {key[:8]}..." for key in planted
                  if bytes.fromhex(key) in text or key.encode() in text.upper()]
    bench.check("no key of either side is in any file but theirs", found)


STORIES = (custody, life_cycle, bad_input, states, asked_for, killed, configuration, nothing_leaks)

if __name__ == "__main__":
    sys.exit(play(__doc__, "issuers", Bench, STORIES, sys.argv[1:]))
