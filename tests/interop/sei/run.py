#!/usr/bin/python3
"""cardwright sei as a process, driven over mutual TLS by an SP-TSM written from the tables of T/TAF 096-2021; its commands
go to a simulated card of another process, and what that has in the end is looked at by a GlobalPlatform host in Python.

usage: tests/interop/sei/run.py [CARDWRIGHT]

The program is build/release/cardwright if none is named. Prints "ok NAME" or "not ok NAME: why" for each check; the last
line is "N passed, M failed".
"""

import json
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "vpcd"))

import host  # noqa: E402  (tests/interop/vpcd: SCP02 and SCP03 in Python)
from parts import (FACTORY, KEK, MASTER_AES, MASTER_DES, MESSAGES, RECEIPTS, ROOT, SD, SE_ID, Callbacks, Card, Issuer, SpTsm,
                   unwrap, until, write_file, write_files)
from Cryptodome.Cipher import AES  # noqa: E402
from Cryptodome.Hash import CMAC, SHA256  # noqa: E402
from Cryptodome.PublicKey import RSA  # noqa: E402
from Cryptodome.Signature import pss  # noqa: E402


def cmac(key, text):
    return CMAC.new(bytes.fromhex(key), text, ciphermod=AES).digest().hex().upper()


def refused(answer, part):
    assert int(answer["resultCode"]) == 9999, f"not refused: {answer}"
    assert part in answer["resultMessage"], answer["resultMessage"]


class Bench:
    def __init__(self, cardwright, folder):
        self.cardwright, self.folder = str(cardwright), Path(folder)
        self.passed = self.failed = 0
        self.card = self.callbacks = self.issuer = None

    def begin(self):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        write_files(self.folder, port)
        self.callbacks = Callbacks(self.folder, port)
        self.issuer = Issuer(self.cardwright, self.folder)

    def sp(self, name="acme", **more):
        return SpTsm(self.folder, self.issuer.address, name, **more)

    def new_card(self, flavor="generic"):
        """From the factory; what the issuer knew of the last one is forgotten as of a device that was wiped."""
        if self.card is not None:
            self.card.end()
        self.card = Card(self.cardwright, self.folder, flavor)
        return self.card

    def restart(self, **more):
        self.issuer.end()
        (self.folder / "state.json").unlink(missing_ok=True)
        self.callbacks.got.clear()
        write_file(self.folder, self.callbacks.port, **more)
        self.issuer.start()

    def check(self, story):
        name = story.__doc__
        try:
            story(self)
        except (AssertionError, OSError, KeyError, ValueError, host.Refused) as error:
            self.failed += 1
            print(f"not ok {name}: {type(error).__name__} {error}", flush=True)
            return
        self.passed += 1
        print(f"ok {name}", flush=True)

    def end(self):
        if self.card is not None:
            self.card.end()
        self.issuer.end()


def received(message):
    keys = [unwrap(bytes.fromhex(KEK), bytes.fromhex(one)) for one in message["encryptedKey"]]
    kind = "aes" if message["Alg"] == "AES" else "des"
    values = [host.kcv(kind, key).hex().upper() for key in keys]
    assert values == message["checkValue"], f"check values {values}, told {message['checkValue']}"
    return keys


def open_ssd(bench, message):
    """The tenant at its SSD, with the keys that it was sent; its life cycle state and privileges."""
    there = host.Host(bench.card.answer)
    there.select(bytes.fromhex(SD))
    there.open(received(message), int(message["keyVersion"], 16), 0x03)
    entry = there.expect("GET STATUS", 0x80, 0xF2, 0x40, 0x02, bytes.fromhex("4F08" + SD))
    at = entry.index(bytes.fromhex("9F7001"))
    privileges = entry.index(b"\xC5\x03")
    return entry[at + 3], entry[privileges + 2:privileges + 5].hex().upper()


def made_in_four_rounds(bench):
    """an SSD is made in four rounds, and its keys come over mutual TLS and open it (SCP03)"""
    bench.new_card()
    answer, rounds = bench.sp().run(bench.card)
    assert answer["resultCode"] == "0000", answer
    assert rounds == 4, f"{rounds} rounds"
    assert until(lambda: bench.callbacks.of("/sp/v1/keys")), "no keys came"
    path, subject, message = bench.callbacks.got[0]
    assert (path, subject) == ("/sp/v1/keys", "issuer")
    assert message["seiTsmId"] == "issuer.example" and message["SsdAid"] == SD
    assert (message["Alg"], message["Usage"], message["seId"]) == ("AES", "SCP03", SE_ID)
    assert open_ssd(bench, message) == (0x0F, "A00000")
    assert until(lambda: bench.issuer.state()["ssds"][0]["confirmed"])


def two_rounds(bench):
    """lock, unlock and delete take two rounds each, and asking twice is asking once"""
    for operation in ("LOCK_SSD", "LOCK_SSD", "UNLOCK_SSD", "CREATE_SSD", "DELETE_SSD"):
        answer, rounds = bench.sp().run(bench.card, operation)
        assert answer["resultCode"] == "0000" and rounds == 2, f"{operation}: {rounds} rounds, {answer}"
    assert bench.card.answer(bytes.fromhex("00A4040008" + SD + "00"))[1] == 0x6A82, "it is there still"


def scp02(bench):
    """the same over SCP02, with the operation's other name"""
    bench.restart()
    bench.new_card()
    chip = "4790D32147020001"
    answer = bench.sp().begin("createSsd", seId=chip, scpConfig="0255")
    while answer["apduList"]:
        answer = bench.sp().report(answer["taskId"], bench.card.carry_out(answer["apduList"]), seId=chip)
    assert answer["resultCode"] == "0000", answer
    assert until(lambda: bench.callbacks.of("/sp/v1/keys")), "no keys came"
    message = bench.callbacks.of("/sp/v1/keys")[0]
    assert (message["Alg"], message["Usage"]) == ("3DES", "SCP02")
    assert open_ssd(bench, message) == (0x0F, "A00000")


def who_asks(bench):
    """who is not known gets 403 or no connection, what is no message 400, and a tenant nothing of another"""
    message = {"tenantId": "acme", "optType": "CREATE_SSD", "seId": SE_ID, "sdAid": SD, "scpConfig": "0370"}
    assert bench.sp("nobody").send("/sei/v1/ssd", message)[0] == 403
    for stranger in ("stranger", ""):
        try:
            bench.sp(stranger).send("/sei/v1/ssd", message)
            raise AssertionError(f"{stranger or 'who has no certificate'} was let in")
        except OSError:
            pass
    refused(bench.sp("other").begin(), "not yours")
    refused(bench.sp().begin(tenant="nobody"), "not yours")
    for wrong in ("", "[]", "{", '{"tenantId":"acme","tenantId":"acme"}', json.dumps({"tenantId": "acme"})):
        status, text = bench.sp().send("/sei/v1/ssd", wrong)
        assert status == 400 and json.loads(text)["resultCode"] == "9999", f"{wrong}: {status} {text}"
    assert bench.sp().send("/sei/v1/nothing", {})[0] == 404
    assert bench.sp().send("/sei/v1/ssd", message, method="PUT")[0] == 405
    task = bench.sp().begin()["taskId"]
    refused(bench.sp("other").report(task, ["9000", "9000"], tenant="other"), "none of tenant other")
    refused(bench.sp().report(task, ["9000", "9000"], seId="4790D32147020001"), "another chip")
    refused(bench.sp().report(task, ["9000"]), "1 answers to 2 commands")
    refused(bench.sp().report(task, ["9000", "9000"]), "closed")


def killed_everywhere(bench):
    """killed after each round, it goes on where it was"""
    bench.restart()
    bench.new_card()
    answer, rounds = bench.sp().begin(), 0
    while answer["apduList"]:
        bench.issuer.kill()
        answers = bench.card.carry_out(answer["apduList"])
        bench.issuer.start()
        answer, rounds = bench.sp().report(answer["taskId"], answers), rounds + 1
        assert answer["resultCode"] == "0000", answer
    assert rounds == 4
    assert until(lambda: bench.callbacks.of("/sp/v1/keys")), "no keys came"
    assert open_ssd(bench, bench.callbacks.of("/sp/v1/keys")[-1])[0] == 0x0F


def pushed_until_taken(bench):
    """keys are pushed until the tenant takes them, also after a restart, and again when it asks"""
    bench.restart(acme={"receipt_key": "acme.receipts"})
    bench.new_card()
    bench.callbacks.answers[:] = [{"resultCode": 9999, "resultMessage": "not now"}, {"resultCode": 0, "receipt": ["00"]}]
    assert bench.sp().run(bench.card)[0]["resultCode"] == "0000"
    assert until(lambda: len(bench.callbacks.got) >= 2), "it was not tried again"
    bench.issuer.kill()
    message = bench.callbacks.of("/sp/v1/keys")[0]
    receipt = cmac(RECEIPTS, bytes.fromhex(SD + "".join(message["checkValue"])))
    right = {"resultCode": "0000", "receipt": [receipt]}
    bench.callbacks.answers[:] = [right]
    bench.issuer.start()
    assert until(lambda: bench.issuer.state()["ssds"][0]["confirmed"]), bench.issuer.state()
    assert not bench.issuer.state()["pushes"]
    count = len(bench.callbacks.got)
    bench.callbacks.answers[:] = [right]
    answer = bench.sp().call("/sei/v1/keys", tenantId="acme", seId=SE_ID, sdAid=SD)
    assert answer["resultCode"] == "0000", answer
    assert until(lambda: len(bench.callbacks.got) == count + 1), "they were not sent again"
    assert bench.callbacks.got[-1][2]["encryptedKey"] == message["encryptedKey"]


def gone(bench):
    """cardwright sei state tells the tenant that its SSD was reset"""
    ran = bench.issuer.ask("state", "--se-id", SE_ID, "--sd-aid", SD, "--status", "RESETED")
    assert ran.returncode == 0, ran.stderr
    assert until(lambda: bench.callbacks.of("/sp/v1/ssd-status")), "nothing came"
    message = bench.callbacks.of("/sp/v1/ssd-status")[0]
    assert (message["ssidAid"], message["status"], message["seId"]) == (SD, "RESETED", SE_ID), message
    refused(bench.sp().begin("LOCK_SSD"), "no SSD")
    again = bench.issuer.ask("state", "--se-id", SE_ID, "--sd-aid", SD, "--status", "RESETED")
    assert again.returncode != 0 and "was made here" in again.stderr, again.stderr


def tokens(bench):
    """tokens come one for each entry, verify with the issuer's public key, and none is for what is another's"""
    bench.restart()
    bench.new_card()
    fields = "06F06361727401" + "08" + SD + "14" + "AB" * 20 + "00"
    load = "0200" + f"{len(fields) // 2:02X}" + fields
    data = [load, "0000094F07F0636172740102"]
    ask = {"tenantId": "acme", "optType": "CREATE_TOKEN", "seId": SE_ID}
    refused(bench.sp().call("/sei/v1/token", **ask, rawData=data), "no SSD with Delegated Management")
    assert bench.sp().run(bench.card)[0]["resultCode"] == "0000"
    answer = bench.sp().call("/sei/v1/token", **ask, rawData=data)
    assert answer["resultCode"] == "0000" and answer["seId"] == SE_ID, answer
    key = RSA.import_key((bench.folder / "token.pem").read_bytes())
    for one, token in zip(data, answer["token"], strict=True):
        pss.new(key.public_key()).verify(SHA256.new(bytes.fromhex(one)), bytes.fromhex(token))
    foreign = "0000" + "09" + "4F07A0000000010101"
    answer = bench.sp().call("/sei/v1/token", **ask, rawData=[data[0], foreign])
    refused(answer, "A0000000010101")
    assert answer["token"] == [] and answer["seId"] == SE_ID, answer
    refused(bench.sp().call("/sei/v1/token", **ask, rawData=["0200"]), "cut")


def signed(bench):
    """where it is agreed, messages are signed both ways, and one that came before is refused"""
    bench.restart(acme={"message_key": "acme.messages"})
    bench.new_card()
    refused(bench.sp().begin(), "sign is missing")
    stamp, count = str(int(time.time())), 0

    def sign(message, *elements, nonce=None, timestamp=stamp):
        nonlocal count
        count += 1
        message |= {"timestamp": timestamp, "nonce": nonce or f"n{count}"}
        text = "".join(f"{one}\n" for one in (*elements, timestamp, message["nonce"]))
        return message | {"sign": cmac(MESSAGES, text.encode())}

    def create(**more):
        message = {"tenantId": "acme", "optType": "CREATE_SSD", "seId": SE_ID, "sdAid": SD, "expPrivilege": "A00000",
                   "scpConfig": "0370"}
        return sign(message, *message.values(), **more)

    refused(bench.sp().call("/sei/v1/ssd", **(create() | {"sdAid": SD[:-2] + "02"})), "sign is wrong")
    refused(bench.sp().call("/sei/v1/ssd", **create(timestamp=str(int(time.time()) - 3600))), "five minutes")
    message = create(nonce="once")
    answer = bench.sp().call("/sei/v1/ssd", **message)
    assert answer["resultCode"] == "0000", answer
    refused(bench.sp().call("/sei/v1/ssd", **message), "before")
    while answer["apduList"]:
        answers = bench.card.carry_out(answer["apduList"])
        report = {"tenantId": "acme", "taskId": answer["taskId"], "seId": SE_ID, "respList": answers}
        answer = bench.sp().call("/sei/v1/commands",
                                 **sign(report, "acme", answer["taskId"], SE_ID, *answers))
        assert answer["resultCode"] == "0000", answer
    assert until(lambda: bench.callbacks.of("/sp/v1/keys"))
    keys = bench.callbacks.of("/sp/v1/keys")[0]
    names = ("seiTsmId", "SsdAid", "encryptedKey", "Alg", "Usage", "checkValue", "tenantId", "seId", "keyVersion", "kekId",
             "timestamp", "nonce")
    lines = [one for name in names for one in (keys[name] if isinstance(keys[name], list) else [keys[name]])]
    assert cmac(MESSAGES, "".join(f"{one}\n" for one in lines).encode()) == keys["sign"]


def faults(bench):
    """each fault on demand comes once, and an SP-TSM that asks again gets through"""
    bench.restart()
    bench.new_card()
    sp, impatient = bench.sp(), bench.sp(timeout=0.5)
    bench.issuer.faults({"fault": "late", "call": "ssd", "ms": 300})
    start = time.monotonic()
    answer = sp.begin()
    assert time.monotonic() - start >= 0.3, "it was not late"
    for fault in ("lost", "garbled", "wrong_code", "other_task", "many_apdus"):
        answers = bench.card.carry_out(answer["apduList"])
        bench.issuer.faults({"fault": fault, "call": "commands"})
        task = answer["taskId"]
        try:
            wrong = impatient.report(task, answers)
            assert fault != "lost" and fault != "garbled", f"{fault}: {wrong}"
            assert fault != "wrong_code" or wrong["resultCode"] == "9999"
            assert fault != "other_task" or wrong["taskId"] != task
            assert fault != "many_apdus" or len(wrong["apduList"]) == 10000
        except (TimeoutError, ValueError):
            assert fault in ("lost", "garbled")
        answer = sp.report(task, answers)
        assert answer["resultCode"] == "0000", f"{fault}: {answer}"
        if not answer["apduList"]:
            answer = sp.begin("LOCK_SSD")
    answer = sp.begin("UNLOCK_SSD")
    bench.issuer.faults({"fault": "expired_task"})
    refused(sp.report(answer["taskId"], bench.card.carry_out(answer["apduList"])), "expired")
    assert sp.run(bench.card, "UNLOCK_SSD")[0]["resultCode"] == "0000"
    bench.callbacks.got.clear()
    bench.issuer.faults({"fault": "wrong_kcv"}, {"fault": "lost", "call": "keys"}, {"fault": "wrong_token"})
    sp.call("/sei/v1/keys", tenantId="acme", seId=SE_ID, sdAid=SD)
    assert until(lambda: len(bench.callbacks.of("/sp/v1/keys")) == 2), "it was not pushed again after its answer was lost"
    wrong, right = bench.callbacks.of("/sp/v1/keys")
    try:
        received(wrong)
        raise OSError("the check value was right")
    except AssertionError:
        received(right)
    data = "0000094F07F0636172740102"
    token = sp.call("/sei/v1/token", tenantId="acme", optType="CREATE_TOKEN", seId=SE_ID, rawData=[data])["token"][0]
    key = RSA.import_key((bench.folder / "token.pem").read_bytes())
    try:
        pss.new(key.public_key()).verify(SHA256.new(bytes.fromhex(data)), bytes.fromhex(token))
        raise OSError("the token was right")
    except ValueError:
        pass


def wrong_keys(bench):
    """a card whose cryptogram does not match is not tried again, until the operator allows it"""
    bench.restart()
    bench.new_card()
    answer = bench.sp().begin()
    answers = bench.card.carry_out(answer["apduList"])
    answers[1] = answers[1][:-6] + ("00" if answers[1][-6:-4] != "00" else "01") + "9000"
    refused(bench.sp().report(answer["taskId"], answers), "does not match")
    refused(bench.sp().begin(), "not tried again")
    bench.issuer.kill()
    bench.issuer.start()
    refused(bench.sp().begin(), "not tried again")
    assert bench.issuer.state()["mismatches"][0]["keyVersion"] == "30"
    allowed = bench.issuer.ask("allow", "--se-id", SE_ID)
    assert json.loads(allowed.stdout) == {"allowed": 1}, allowed
    assert bench.sp().run(bench.card)[0]["resultCode"] == "0000"


def numbers(bench):
    """resultCode is a number where the file says so"""
    bench.restart(result_code="number")
    assert bench.sp().begin()["resultCode"] == 0
    assert bench.sp().begin("NOTHING")["resultCode"] == 9999


def plain_http(bench):
    """without TLS it listens on this machine alone, and takes a tenant at its word"""
    file = write_file(bench.folder, bench.callbacks.port, "plain.json", state="plain-state.json", admin="plain.sock")
    del file["tls"]
    (bench.folder / "plain.json").write_text(json.dumps(file))
    plain = subprocess.Popen([bench.cardwright, "sei", "--cards", "plain.json"], cwd=bench.folder, stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL, text=True)
    try:
        line = plain.stdout.readline()
        assert line.startswith("serving at http://127.0.0.1:"), line
        message = json.dumps({"tenantId": "acme", "optType": "CREATE_SSD", "seId": SE_ID, "sdAid": SD, "expPrivilege":
                              "A00000", "scpConfig": "0370"})
        ran = subprocess.run(["curl", "-sS", "-d", message, line.split()[2] + "/sei/v1/ssd"], capture_output=True,
                             check=True)
        answer = json.loads(ran.stdout)
        assert answer["resultCode"] == "0000" and len(answer["apduList"]) == 2, answer
    finally:
        plain.terminate()
        plain.wait()


def file_is_checked(bench):
    """a file is checked in full before anything starts, and each error names its place"""
    def check(name):
        return subprocess.run([bench.cardwright, "sei", "--cards", name, "--check"], cwd=bench.folder, capture_output=True,
                              text=True, check=False)

    good = check("sei.json")
    assert good.returncode == 0 and "can be used" in good.stdout, good.stderr
    file = write_file(bench.folder, 1, "wrong.json")
    del file["tls"]
    file["listen"] = "0.0.0.0:1"
    file["tenants"]["acme"]["subject"] = "acme"
    file["tenants"]["acme"]["transport_ke"] = file["tenants"]["acme"].pop("transport_key")
    file["tenants"]["other"]["may"] = ["ROOT"]
    file["cards"]["scp03"]["scp"] = "0170"
    file["cards"]["scp02"]["isd_aid"] = "A0"
    file["faults"] = [{"fault": "lat"}]
    (bench.folder / "wrong.json").write_text(json.dumps(file))
    ran = check("wrong.json")
    assert ran.returncode == 2, ran
    for part in ("tls: is missing", "tenants.acme.subject: ", "tenants.acme.transport_ke: is not known here; did you mean",
                 "tenants.other.may: ", "cards.scp03.scp: ", "cards.scp02.isd_aid: ", "faults.0.fault: must be one of late"):
        assert part in ran.stderr, f"{part} is not in {ran.stderr}"
    file = write_file(bench.folder, 1, "wrong.json")
    file["cards"]["scp03"]["keys"] = "isd.des"
    file["cards"]["scp03"]["token_key"] = "isuer.token"
    file["tls"]["key"] = "nothing.key"
    (bench.folder / "wrong.json").write_text(json.dumps(file))
    ran = check("wrong.json")
    for part in ("tls: ", "cards.scp03.keys: key set isd.des is of another type", "did you mean 'issuer.token'"):
        assert ran.returncode == 2 and part in ran.stderr, f"{part} is not in {ran.stderr}"


def nothing_leaks(bench):
    """no key is in the log, the state, or what was said"""
    keys = [received(message) for message in bench.callbacks.of("/sp/v1/keys")]
    planted = [FACTORY, KEK, MASTER_AES, MASTER_DES, MESSAGES, RECEIPTS] + [one.hex() for three in keys for one in three]
    places = [*bench.folder.glob("sei-*.log"), bench.folder / "state.json"]
    for place in places:
        text = place.read_text().upper()
        for key in planted:
            assert key.upper() not in text, f"a key is in {place.name}"


def ends_well(bench):
    """SIGTERM ends it with status 0, and what it knew is there when it starts again"""
    assert until(lambda: bench.issuer.state()["ssds"][0]["confirmed"]), bench.issuer.state()
    before, status = bench.issuer.state()["ssds"], bench.issuer.end()
    assert status == 0, f"exit status {status}"
    bench.issuer.start()
    after = bench.issuer.state()["ssds"]
    assert after == before, f"{before}, then {after}"


STORIES = (made_in_four_rounds, two_rounds, scp02, who_asks, killed_everywhere, pushed_until_taken, gone, tokens, signed,
           faults, wrong_keys, nothing_leaks, ends_well, numbers, plain_http, file_is_checked)


def main(arguments):
    if arguments[:1] in (["--help"], ["-h"]):
        print(__doc__.strip())
        return 0
    cardwright = Path(arguments[0] if arguments else ROOT / "build/release/cardwright").resolve()
    with tempfile.TemporaryDirectory(prefix="cardwright-sei-") as folder:
        bench = Bench(cardwright, folder)
        bench.begin()
        for story in STORIES:
            bench.check(story)
        bench.end()
    print(f"{bench.passed} passed, {bench.failed} failed")
    return 1 if bench.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
