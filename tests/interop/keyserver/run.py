#!/usr/bin/python3
"""cardwright keyserver as a process, asked over mutual TLS in JSON and SOAP; the keys it gives are derived here again, and
open a simulated card of another process through a GlobalPlatform host in Python.

usage: tests/interop/keyserver/run.py [CARDWRIGHT]

The program is build/release/cardwright if none is named. Prints "ok NAME" or "not ok NAME: why" for each check; the last
line is "N passed, M failed".
"""

import concurrent.futures
import hashlib
import http.client
import json
import resource
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import requests
import zeep
import zeep.helpers

from service import (KEKS, MASTERS, OURS, PUBLISHED, ROOT, KeyServer, Tsm, derive, envelope, key_information, keys_in, operation,
                     request, write_file, write_files)

import host  # noqa: E402  (tests/interop/vpcd: SCP02 and SCP03 in Python)
from parts import FACTORY, Card  # noqa: E402  (tests/interop/sei)
from tools import GlobalPlatformPro  # noqa: E402  (tests/interop/vpcd)

# Key check values of ENC, MAC, DEK for master 4041.. and KDD 0001..09: GlobalPlatformPro, TestPlaintextKeys.java, commit
# 7f524e3fe96b0ee8d69ae72b7bca285615a30773.
KNOWN = ((0x20, 0x80, 16, "2BE598 58DA38 3C328E"), (0x23, 0x80, 16, "C33013 6F4CA6 BB8179"),
         (0x30, 0x88, 16, "E79C05 D1BD77 3FDE8C"), (0x32, 0x88, 24, "1DE8EA 47C00C C04D76"),
         (0x33, 0x88, 32, "2972D2 036F94 5D57B8"))


class Bench:
    def __init__(self, cardwright, folder):
        self.cardwright, self.folder = str(cardwright), Path(folder)
        self.passed = self.failed = 0
        write_files(self.folder)
        self.server = KeyServer(self.cardwright, self.folder)
        assert self.server.start(), self.server.log.read_text()

    def tsm(self, name="acme"):
        return Tsm(self.folder, self.server.address, name)

    def check(self, story):
        name = story.__doc__
        try:
            story(self)
        except (AssertionError, OSError, KeyError, ValueError, ElementTree.ParseError, host.Refused,
                zeep.exceptions.Error) as error:
            self.failed += 1
            print(f"not ok {name}: {type(error).__name__} {error}", flush=True)
            return
        self.passed += 1
        print(f"ok {name}", flush=True)


def refused(answer, status, fault, part=""):
    assert answer[0] == status and answer[1]["fault"] == fault and part in answer[1]["message"], answer


def known_answers(bench):
    """the keys of a card have the check values that GlobalPlatformPro publishes: visa2, emv, kdf3 in three sizes"""
    for version, kind, size, values in KNOWN:
        answer = bench.tsm().keys(keyInformation=key_information((version, kind, size)))
        assert [answer["kcv" + name] for name in ("Enc", "Mac", "Dek")] == values.split(), answer
        assert (answer["keyVersion"], answer["keyType"]) == (f"{version:02X}", "AES" if kind == 0x88 else "DES")
        method = "kdf3" if kind == 0x88 else "visa2" if version == 0x20 else "emv"
        keys = derive(method, bytes.fromhex(PUBLISHED[:2 * size]), bytes.fromhex("00010203040506070809"))
        assert keys_in(answer) == keys


def three_wraps(bench):
    """each KEK wraps in the form that was agreed for it: RFC 3394, AES-CBC, 3DES-ECB"""
    want = keys_in(bench.tsm().keys())
    assert keys_in(bench.tsm().keys(kekIndex=2), "aes-cbc", "acme.cbc") == want
    assert keys_in(bench.tsm().keys(kekIndex="3"), "des-ecb", "acme.des") == want


def soap_is_json(bench):
    """SOAP 1.1, SOAP 1.2 and JSON give the same keys"""
    want = bench.tsm().keys()
    for version in ("1.1", "1.2"):
        assert bench.tsm().soap_keys(version, url="https://keys.example/keyserver", sequenceCounter="000001") == want


def opens(bench, method, version, kind):
    """A card that was given its keys, asked with GET DATA as a TSM does, and opened with what the key server gives."""
    card = Card(bench.cardwright, bench.folder)
    try:
        there = host.Host(card.answer)
        there.select()
        kdd = there.expect("GET DATA CF", 0x80, 0xCA, 0x00, 0xCF)[2:]
        there.open([bytes.fromhex(FACTORY)] * 3, 0x20 if kind == "des" else 0x30, 0x03)
        GlobalPlatformPro(there).put_keys(kind, derive(method, bytes.fromhex(MASTERS[method]), kdd), version, 0)
        there.select()
        data = {}
        for name, tag in (("keyData", 0xCF), ("keyInformation", 0xE0), ("sequenceCounter", 0xC1)):
            found, sw = there.raw(0x80, 0xCA, 0x00, tag)
            if sw == 0x9000:
                data[name] = found.hex().upper()
        answer = bench.tsm().soap_keys("1.1", **data)
        assert int(answer["keyVersion"], 16) == version, answer
        there.open(keys_in(answer), version, 0x03)
        there.expect("GET STATUS", 0x80, 0xF2, 0x80, 0x02, b"\x4F\x00")
    finally:
        card.end()


def open_kdf3(bench):
    """the keys open a simulated card that was given its own: kdf3, SCP03"""
    opens(bench, "kdf3", 0x31, "aes")


def open_visa2(bench):
    """the keys open a simulated card that was given its own: visa2, SCP02"""
    opens(bench, "visa2", 0x21, "des")


def open_emv(bench):
    """the keys open a simulated card that was given its own: emv, SCP02"""
    opens(bench, "emv", 0x22, "des")


def as_the_card_says(bench):
    """what a card answers to GET DATA may be sent with its tags, or without"""
    want = bench.tsm().keys()
    inside = key_information((0x30, 0x88, 16))[4:]
    tagged = bench.tsm().keys(keyData="CF0A00010203040506070809", keyInformation=inside, sequenceCounter="C103000001")
    assert tagged == want


def version_of_the_card(bench):
    """of several key sets on a card, the first that there are master keys for is taken, and its type must fit"""
    both = key_information((0x01, 0x88, 16), (0x20, 0x80, 16), (0x30, 0x88, 16))
    assert bench.tsm().keys(keyInformation=both)["keyVersion"] == "20"
    refused(bench.tsm().json(request(keyInformation=key_information((0x20, 0x88, 16)))), 404, "UnknownCard")
    refused(bench.tsm().json(request(keyInformation=key_information((0x30, 0x88, 32)))), 404, "UnknownCard", "have 32 bytes")
    two = key_information((0x30, 0x88, 16))
    two = two[:2] + f"{12:02X}" + two[4:28]
    refused(bench.tsm().json(request(keyInformation=two)), 404, "UnknownCard")


def no_keys(bench):
    """an unknown card, an unknown KEK, a KEK of another, cards of another: each a fault of its own, in each form"""
    cases = ((request(keyInformation=key_information((0x44, 0x88, 16))), 404, "UnknownCard"),
             (request(kekIndex=9), 404, "UnknownKek"), (request(kekIndex=7), 404, "UnknownKek"),
             (request(keyData="99010203040506070809"), 403, "NotAccredited"),
             (request(url="https://elsewhere.example/"), 400, "Malformed"), (request(keyData="0001"), 400, "Malformed"))
    for message, status, fault in cases:
        refused(bench.tsm().json(message), status, fault)
        code, first, word, _ = bench.tsm().fault("1.1", envelope("1.1", operation(message)))
        assert (code, first, word) == (500, "soap:Client", fault)
        code, first, word, _ = bench.tsm().fault("1.2", envelope("1.2", operation(message)))
        assert (code, first, word) == (400, "soap:Sender", fault)


def who_asks(bench):
    """who is not on the list, or no longer, has a fault; who has no certificate of ours has no connection"""
    refused(bench.tsm("nobody").json(request()), 403, "NotAccredited", "no accredited TSM")
    refused(bench.tsm("other").json(request(kekIndex=7)), 403, "NotAccredited", "is over")
    assert bench.tsm("nobody").fault("1.2", "<not read")[:3] == (400, "soap:Sender", "NotAccredited")
    for stranger in ("stranger", ""):
        try:
            bench.tsm(stranger).json(request())
        except OSError:
            continue
        raise AssertionError(f"{stranger or 'who has no certificate'} was let in")


def bombs(bench):
    """SOAP with entities, bombs, other encodings, twice the same element: a fault, at once"""
    good = envelope("1.1", operation(request()))
    body = good[good.index("<s:Envelope"):]
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    members = request()
    twice = operation(members).replace("<k:kekIndex>1</k:kekIndex>", "<k:kekIndex>1</k:kekIndex><k:kekIndex>2</k:kekIndex>")
    cases = ((f'<!DOCTYPE x [<!ENTITY l0 "lol">{laughs}]>' + body.replace("0001", "&l9;", 1), "document type"),
             ('<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>' + body, "document type"),
             ('<!DOCTYPE x SYSTEM "http://127.0.0.1:1/x.dtd">' + body, "document type"),
             ('<?xml-stylesheet href="x"?>' + body, "processing instruction"),
             (good.replace("0001", "&f;", 1), "entity"), (good.replace("0001", "&#48;001", 1), "entity"),
             (good.replace("00010203040506070809", "<![CDATA[00010203040506070809]]>"), "CDATA"),
             ("<a>" * 9 + "</a>" * 9, "8 levels"), ("<a>" * 20000, "8 levels"), ("<a>" + "<b/>" * 300 + "</a>", "256 elements"),
             ("<a " + " ".join(f'x{n}=""' for n in range(300)) + "/>", "256 attributes"), ('<a x="1" x="2"/>', "stands twice"),
             (good.encode("utf-16"), "UTF-8"), (good.replace("UTF-8", "ISO-8859-1"), "encoding"),
             (good.replace("<s:Header/>", "<s:Header>\u00e4</s:Header>").encode("latin-1"), "UTF-8"),
             (good + " " * (64 << 10), "64 KiB"), (envelope("1.1", twice), "kekIndex stands twice"),
             (envelope("1.1", operation(members) * 2), "one element"), (envelope("1.1", "<k:Other xmlns:k='x'/>"), "operation"),
             (good.replace("</k:kekIndex>", "</k:kekIndec>"), "another name"), (good[:-5], "another name"), ("", "element"),
             (good + "<x/>", "follows"), (b"\0" * 100, "UTF-8"), ("<a>\x01</a>", "UTF-8"))
    for text, part in cases:
        status, code, word, why = bench.tsm().fault("1.1", text)
        assert (status, code, word) == (500, "soap:Client", "Malformed") and part in why, f"{text[:60]}: {word} {why}"
    assert bench.tsm().send("POST", "/keyserver", "x" * (200 << 10), "text/xml")[0] == 413
    peak = next(int(line.split()[1]) for line in Path(f"/proc/{bench.server.process.pid}/status").read_text().splitlines()
                if line.startswith("VmHWM"))
    assert peak < 100_000, f"{peak} kB"
    bench.tsm().keys()


def soap_by_the_book(bench):
    """another SOAP version, a header to be obeyed, another Content-Type: the faults that SOAP has for them"""
    good = envelope("1.1", operation(request()))
    assert bench.tsm().fault("1.2", good)[:3] == (500, "soap:VersionMismatch", "")
    header = '<s:Header><w:Security xmlns:w="urn:w" s:mustUnderstand="1"/></s:Header>'
    for version in ("1.1", "1.2"):
        text = envelope(version, operation(request())).replace("<s:Header/>", header)
        assert bench.tsm().fault(version, text)[:3] == (500, "soap:MustUnderstand", "")
        text = text.replace('s:mustUnderstand="1"', 's:mustUnderstand="0"')
        assert bench.tsm().soap(version, text.replace("<s:Body>", "<!-- optional --><s:Body>"))[0] == 200
    assert bench.tsm().send("POST", "/keyserver", good, "application/json")[0] == 415
    assert bench.tsm().send("POST", "/keyserver", good, "text/xml; charset=iso-8859-1")[0] == 415
    assert bench.tsm().send("POST", "/keyserver/v1/keys", "{}", "text/xml")[0] == 415
    assert bench.tsm().send("GET", "/keyserver")[0] == 405
    assert bench.tsm().send("POST", "/other", "{}", "application/json")[0] == 404


def bad_json(bench):
    """JSON that is none, that has a name twice, too much, or the wrong members: 400, and which"""
    for text, part in (("", "no JSON"), ("[1]", "no JSON object"), ("[" * 100_000, "deeper"),
                       ('{"kekIndex":1,"kekIndex":2}', "twice"),
                       ("{}", "keyData is missing"), (json.dumps(request(keyData=1)), "keyData must be a string"),
                       (json.dumps(request(keyData="0g")), "hexadecimal"),
                       (json.dumps(request(keyInformation="00")), "names no key"),
                       (json.dumps(request(keyInformation="E003C00130")), "E0"),
                       (json.dumps(request(kekIndex=256)), "kekIndex"), (json.dumps(request(kekIndex=-1)), "kekIndex"),
                       (json.dumps(request(sequenceCounter="00")), "sequenceCounter"),
                       (json.dumps(request(url="x\ny")), "url"), (b'{"keyData":"\xff"}', "no JSON")):
        refused(bench.tsm().json(text), 400, "Malformed", part)


def described(bench):
    """the WSDL names the one operation, both bindings, and where the service is"""
    status, kind, text = bench.tsm().send("GET", "/keyserver?wsdl")
    assert status == 200 and kind == "text/xml; charset=utf-8"
    tree, wsdl = ElementTree.fromstring(text), "{http://schemas.xmlsoap.org/wsdl/}"
    assert tree.get("targetNamespace") == OURS
    assert [one.get("name") for one in tree.find(wsdl + "portType")] == ["WSGetDiversifiedKeys"]
    assert len(tree.findall(wsdl + "binding")) == 2
    assert [port[0].get("location") for port in tree.find(wsdl + "service")] == ["https://keys.example/keyserver"] * 2
    schema = tree.find(wsdl + "types/{http://www.w3.org/2001/XMLSchema}schema")
    names = [one.get("name") for one in schema[1].iter("{http://www.w3.org/2001/XMLSchema}element")][1:]
    assert names == list(bench.tsm().keys()), names


def soap_of_others(bench):
    """zeep, a SOAP library of others, reads the WSDL and has the keys by both its bindings, and the faults"""
    session = requests.Session()
    session.cert = (str(bench.folder / "acme.pem"), str(bench.folder / "acme.key"))
    session.verify = str(bench.folder / "ca.pem")
    session.trust_env = False
    at = f"https://{bench.server.address}/keyserver"
    client = zeep.Client(at + "?wsdl", transport=zeep.transports.Transport(session=session))
    want = bench.tsm().keys()
    for binding, version in (("KeyServerSoap11", "1.1"), ("KeyServerSoap12", "1.2")):
        service = client.create_service("{" + OURS + "}" + binding, at)
        found = zeep.helpers.serialize_object(service.WSGetDiversifiedKeys(**request()), dict)
        assert found == want, f"{version}: {found}"
        try:
            service.WSGetDiversifiedKeys(**request(kekIndex=9))
        except zeep.exceptions.Fault as fault:
            assert "no KEK of yours" in fault.message, fault.message
        else:
            raise AssertionError("no fault came")


def followed(lines):
    last = "0" * 64
    for number, line in enumerate(lines, 1):
        text, found = line.split(',"hash":"')
        entry = json.loads(line)
        assert entry["number"] == number and entry["previous"] == last, line
        last = hashlib.sha256(text.encode()).hexdigest().upper()
        assert found == last + '"}', line


def audited(bench):
    """each request is a line: when, who, which card, which KEK, which version, what came of it; a chain that holds"""
    before = len(bench.server.audit())
    bench.tsm().keys()
    bench.tsm().fault("1.2", envelope("1.2", operation(request(kekIndex=9))))
    bench.tsm("nobody").json(request())
    bench.tsm().json("{")
    found = [(one["tsm"], one["subject"], one.get("keyData"), one.get("kekIndex"), one.get("keyVersion"), one["outcome"],
              one["form"]) for one in bench.server.audit()[before:]]
    kdd = request()["keyData"]
    assert found == [("acme", "CN=acme", kdd, 1, "30", "answered", "json"),
                     ("acme", "CN=acme", kdd, 9, None, "UnknownKek", "soap12"),
                     ("", "CN=nobody", None, None, None, "NotAccredited", "json"),
                     ("acme", "CN=acme", None, None, None, "Malformed", "json")], found
    followed((bench.folder / "audit.jsonl").read_text().splitlines())


def many(bench):
    """many at the same time have their keys, and the chain holds"""
    before = len(bench.server.audit())
    want = bench.tsm().keys()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert all(answer == want for answer in pool.map(lambda _: bench.tsm().keys(), range(64)))
    assert len(bench.server.audit()) == before + 65
    followed((bench.folder / "audit.jsonl").read_text().splitlines())


def killed(bench):
    """killed while it answers, it has a line for each answer that came, and goes on from there"""
    def ask(_):
        count = 0
        try:
            while True:
                bench.tsm().keys()
                count += 1
        except (OSError, http.client.HTTPException):
            return count

    for _ in range(3):
        before = len(bench.server.audit())
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            asking = [pool.submit(ask, None) for _ in range(4)]
            time.sleep(0.3)
            bench.server.process.kill()
            bench.server.process.wait()
            answered = sum(one.result() for one in asking)
        assert bench.server.start(), bench.server.log.read_text()
        lines = len(bench.server.audit()) - before
        assert answered <= lines <= answered + 4, f"{answered} answers, {lines} lines"
        followed((bench.folder / "audit.jsonl").read_text().splitlines())


def not_written(bench):
    """if the audit cannot be written, nothing is answered, and half a line is taken back"""
    assert bench.server.end() == 0
    whole = (bench.folder / "audit.jsonl").read_bytes()
    room = len(whole) + 100  # less than a line

    def limited():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))

    assert bench.server.start(preexec_fn=limited)
    refused(bench.tsm().json(request()), 503, "Unavailable", "audit")
    status, code, word, _ = bench.tsm().fault("1.1", envelope("1.1", operation(request())))
    assert (status, code, word) == (500, "soap:Server", "Unavailable")
    assert bench.tsm().fault("1.2", "<x")[:3] == (500, "soap:Receiver", "Unavailable")
    assert (bench.folder / "audit.jsonl").read_bytes() == whole
    assert bench.server.end() == 0 and bench.server.start()
    bench.tsm().keys()


def changed(bench):
    """an audit that somebody changed stops it from starting; a line that was cut off is removed; one server for one file"""
    audit = bench.folder / "audit.jsonl"
    second = bench.server.run("--config", "keyserver.json")
    assert second.returncode == 2 and "another key server" in second.stderr, second
    bench.server.end()
    whole = audit.read_bytes()
    lines = whole.splitlines(keepends=True)
    for name, text in (("changed", whole.replace(b"answered", b"Answered", 1)), ("removed", b"".join(lines[1:])),
                       ("swapped", b"".join([lines[1], lines[0], *lines[2:]])), ("added", whole + b"{}\n")):
        audit.write_bytes(text)
        assert not bench.server.start() and "broken at line" in bench.server.log.read_text(), name
    audit.write_bytes(whole + b'{"number":9')
    assert bench.server.start(), bench.server.log.read_text()
    assert audit.read_bytes() == whole and "cut off" in bench.server.log.read_text()
    bench.tsm().keys()
    followed(audit.read_text().splitlines())


def nothing_leaks(bench):
    """no key is in the audit, the log, or a fault"""
    planted = [PUBLISHED[:32], *MASTERS.values(), *KEKS.values()]
    planted += [key.hex() for key in derive("kdf3", bytes.fromhex(PUBLISHED[:32]), bytes.fromhex("00010203040506070809"))]
    planted += [bench.tsm().keys()["enc" + name] for name in ("Enc", "Mac", "Dek")]
    for place in [bench.folder / "audit.jsonl", *bench.folder.glob("keyserver-*.log")]:
        text = place.read_text().upper()
        assert not [key for key in planted if key.upper() in text], f"a key is in {place.name}"


def file_is_checked(bench):
    """a file is checked in full before anything starts, and each error names its place"""
    def check(file):
        (bench.folder / "wrong.json").write_text(json.dumps(file))
        ran = bench.server.run("--config", "wrong.json", "--check")
        assert ran.returncode == 2, ran
        return ran.stderr

    assert bench.server.run("--config", "keyserver.json", "--check").returncode == 0
    file = write_file(bench.folder, "wrong.json")
    del file["tls"]
    file["url"] = "http://x"
    acme, other = file["tsms"]["acme"], file["tsms"]["other"]
    acme["subject"], acme["until"], acme["keks"]["300"] = "CN=other", "2019-02-30", {"key": "x"}
    other["keks"]["7"]["key"], other["cards"], other["card"] = "acme.kek", ["0"], 1
    file["masters"]["emv"] = {**file["masters"]["visa2"], "method": "emv"}
    file["masters"]["kdf3"]["method"] = "kdf4"
    text = check(file)
    for part in ("tls: is missing", "url: must begin", "tsms.other.subject: is that of another", "tsms.acme.until: must be a day",
                 "keks.300.key: the index", "tsms.other.keks.7.key: is there already", "tsms.other.cards: ",
                 "tsms.other.card: is not known",
                 "masters.visa2.version: there are other", "masters.kdf3.method: must be one of"):
        assert part in text, f"{part} is not in {text}"
    file = write_file(bench.folder, "wrong.json")
    file["masters"]["kdf3"]["keys"] = "card.visa2"
    file["masters"]["visa2"]["keys"] = "card.emv"
    file["masters"]["emv"]["keys"] = "card.enw"
    file["tsms"]["acme"]["keks"]["2"]["wrap"] = "des-ecb"
    text = check(file)
    for part in ("masters.kdf3.keys: key set card.visa2 is of another type", "masters.visa2.keys: key set card.emv says emv",
                 "did you mean 'card.emv'", "tsms.acme.keks.2.key: acme.cbc is no key for des-ecb"):
        assert part in text, f"{part} is not in {text}"


def tried_out(bench):
    """--demo needs nothing, and the command that it shows works"""
    with subprocess.Popen([bench.cardwright, "keyserver", "--demo", "try"], cwd=bench.folder, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True) as demo:
        try:
            lines = [demo.stdout.readline() for _ in range(5)]
            shown = next(line for line in lines if "curl" in line).split(None, 1)[1]
            answer = json.loads(subprocess.run(["bash", "-c", shown], capture_output=True, check=True).stdout)
            assert answer["keyVersion"] == "30" and answer["keyType"] == "AES", answer
        finally:
            demo.terminate()
    assert demo.returncode == 0


STORIES = (known_answers, three_wraps, soap_is_json, open_kdf3, open_visa2, open_emv, as_the_card_says, version_of_the_card,
           no_keys, who_asks, bombs, soap_by_the_book, bad_json, described, soap_of_others, audited, many, killed, not_written,
           changed, nothing_leaks, file_is_checked, tried_out)


def main(arguments):
    if arguments[:1] in (["--help"], ["-h"]):
        print(__doc__.strip())
        return 0
    cardwright = Path(arguments[0] if arguments else ROOT / "build/release/cardwright").resolve()
    with tempfile.TemporaryDirectory(prefix="cardwright-keyserver-") as folder:
        bench = Bench(cardwright, folder)
        for story in STORIES:
            bench.check(story)
        bench.server.end()
    print(f"{bench.passed} passed, {bench.failed} failed")
    return 1 if bench.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
