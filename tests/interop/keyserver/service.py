"""What the checks of run.py stand on: `cardwright keyserver` as a process, its files, TSMs that ask it in JSON and SOAP,
and derivations of their own: visa2, emv and kdf3 as spec and as GlobalPlatformPro has them."""

import http.client
import json
import signal
import ssl
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / "tests/interop/vpcd"), str(ROOT / "tests/interop/sei")]

import host  # noqa: E402
from parts import PATIENCE, certificates, unwrap  # noqa: E402
from Cryptodome.Cipher import AES, DES3  # noqa: E402

PUBLISHED = "404142434445464748494A4B4C4D4E4F505152535455565758595A5B5C5D5E5F"
MASTERS = {"kdf3": "909192939495969798999A9B9C9D9E9F", "visa2": "A0A1A2A3A4A5A6A7A8A9AAABACADAEAF",
           "emv": "D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF"}
KEKS = {"acme.kek": "B0B1B2B3B4B5B6B7B8B9BABBBCBDBEBF", "acme.cbc": "C0C1C2C3C4C5C6C7C8C9CACBCCCDCECF",
        "acme.des": "E0E1E2E3E4E5E6E7E8E9EAEBECEDEEEF", "other.kek": "F0F1F2F3F4F5F6F7F8F9FAFBFCFDFEFF"}
OURS = "urn:cardwright:keyserver:1"
SOAP = {"1.1": ("http://schemas.xmlsoap.org/soap/envelope/", "text/xml; charset=utf-8"),
        "1.2": ("http://www.w3.org/2003/05/soap-envelope", "application/soap+xml; charset=utf-8")}


def derive(method, master, kdd):
    """ENC, MAC, DEK of a card."""
    keys = []
    for k in (1, 2, 3):
        if method == "kdf3":
            blocks = (host.cmac(master, bytes([counter, 0, 0, 0, k, 0]) + kdd) for counter in (1, 2))
            keys.append(b"".join(blocks)[:len(master)])
        else:
            half = kdd[:2] + kdd[4:8] if method == "visa2" else kdd[4:10]
            keys.append(DES3.new(master, DES3.MODE_ECB).encrypt(half + bytes([0xF0, k]) + half + bytes([0x0F, k])))
    return keys


def key_information(*sets):
    """E0 with the keys 1 to 3 of each (version, type, size)."""
    inside = b"".join(bytes([0xC0, 4, key, version, kind, size]) for version, kind, size in sets for key in (1, 2, 3))
    return (bytes([0xE0, len(inside)]) + inside).hex().upper()


def unwrapped(form, kek, wrapped):
    kek = bytes.fromhex(kek)
    if form == "aes-key-wrap":
        return unwrap(kek, wrapped)
    if form == "aes-cbc":
        return AES.new(kek, AES.MODE_CBC, bytes(16)).decrypt(wrapped)
    return DES3.new(kek, DES3.MODE_ECB).decrypt(wrapped)


def keys_in(answer, form="aes-key-wrap", kek="acme.kek"):
    """The three keys of an answer, their check values checked."""
    out = []
    for name in ("Enc", "Mac", "Dek"):
        key = unwrapped(form, KEKS[kek], bytes.fromhex(answer["enc" + name]))
        value = host.kcv("aes" if answer["keyType"] == "AES" else "des", key).hex().upper()
        assert value == answer["kcv" + name], f"check value {value}, told {answer['kcv' + name]}"
        out.append(key)
    return out


def request(**members):
    return {"keyData": "00010203040506070809", "keyInformation": key_information((0x30, 0x88, 16)), "kekIndex": 1, **members}


def envelope(version, inside):
    return (f'<?xml version="1.0" encoding="UTF-8"?>\n<s:Envelope xmlns:s="{SOAP[version][0]}"><s:Header/><s:Body>{inside}'
            "</s:Body></s:Envelope>")


def operation(members):
    inside = "".join(f"<k:{name}>{value}</k:{name}>" for name, value in members.items())
    return f'<k:WSGetDiversifiedKeys xmlns:k="{OURS}">{inside}</k:WSGetDiversifiedKeys>'


class Tsm:
    def __init__(self, folder, address, name="acme"):
        self.address = address
        self.context = ssl.create_default_context(cafile=folder / "ca.pem")
        if name:
            self.context.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")

    def send(self, method, path, body=None, kind=None):
        """Status, Content-Type and text."""
        line = http.client.HTTPSConnection(self.address, context=self.context, timeout=PATIENCE)
        try:
            line.request(method, path, body, {"Content-Type": kind} if kind else {})
            answer = line.getresponse()
            return answer.status, answer.getheader("Content-Type"), answer.read().decode()
        finally:
            line.close()

    def json(self, body):
        """Status and answer."""
        text = body if isinstance(body, (str, bytes)) else json.dumps(body)
        status, kind, answer = self.send("POST", "/keyserver/v1/keys", text, "application/json")
        assert kind == "application/json; charset=utf-8", kind
        return status, json.loads(answer)

    def keys(self, **members):
        status, answer = self.json(request(**members))
        assert status == 200, f"HTTP {status}: {answer}"
        return answer

    def soap(self, version, body):
        """Status and what is in the Body."""
        status, kind, text = self.send("POST", "/keyserver", body, SOAP[version][1])
        assert kind == SOAP[version][1], kind
        tree, space = ElementTree.fromstring(text), "{" + SOAP[version][0] + "}"
        assert tree.tag == space + "Envelope" and [part.tag for part in tree] == [space + "Body"] and len(tree[0]) == 1, text
        return status, tree[0][0]

    def soap_keys(self, version, **members):
        status, answer = self.soap(version, envelope(version, operation(request(**members))))
        assert status == 200 and answer.tag == "{" + OURS + "}WSGetDiversifiedKeysResponse", ElementTree.tostring(answer)
        return {one.tag.split("}")[1]: one.text for one in answer}

    def fault(self, version, body):
        """Status, code, our word, text."""
        status, answer = self.soap(version, body)
        space = "{" + SOAP[version][0] + "}"
        assert answer.tag == space + "Fault", ElementTree.tostring(answer)
        if version == "1.1":
            return (status, answer.findtext("faultcode"), answer.findtext("detail/{" + OURS + "}fault") or "",
                    answer.findtext("faultstring"))
        values = [one.text for one in answer.find(space + "Code").iter(space + "Value")]
        reason = answer.find(space + "Reason/" + space + "Text")
        assert reason.get("{http://www.w3.org/XML/1998/namespace}lang") == "en"
        return status, values[0], values[1].split(":")[1] if len(values) > 1 else "", reason.text


class KeyServer:
    """`cardwright keyserver` in a folder."""

    def __init__(self, cardwright, folder, file="keyserver.json"):
        self.cardwright, self.folder, self.file, self.runs = cardwright, folder, file, 0

    def start(self, **more):
        self.runs += 1
        self.log = self.folder / f"{Path(self.file).stem}-{self.runs}.log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([self.cardwright, "keyserver", "--config", self.file], cwd=self.folder, stderr=log,
                                            stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, **more)
        line = self.process.stdout.readline()
        if not line.startswith("serving at https://"):
            self.process.wait(PATIENCE)
            return False
        self.address = line.split("//")[1].strip()
        return True

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)

    def run(self, *arguments):
        return subprocess.run([self.cardwright, "keyserver", *arguments], cwd=self.folder, timeout=PATIENCE,
                              capture_output=True, text=True, check=False)

    def audit(self):
        return [json.loads(line) for line in (self.folder / "audit.jsonl").read_text().splitlines()]


def key_set(name, kind, version, master, method):
    return f"[{name}]\ntype = {kind}\nversion = {version}\nmaster = {master}\ndiversification = {method}\n"


def write_files(folder):
    """Keys, certificates and the key server's file, as an operator would."""
    certificates(folder)
    text = key_set("card.kdf3", "aes", "31", MASTERS["kdf3"], "kdf3") + key_set("card.visa2", "des", "21", MASTERS["visa2"],
                                                                              "visa2")
    text += key_set("card.emv", "des", "22", MASTERS["emv"], "emv")
    for name, size in (("aes128", 16), ("aes192", 24), ("aes256", 32)):
        text += key_set("published." + name, "aes", "30", PUBLISHED[:2 * size], "kdf3")
    text += key_set("published.visa2", "des", "20", PUBLISHED[:32], "visa2")
    text += key_set("published.emv", "des", "20", PUBLISHED[:32], "emv")
    for name, key in KEKS.items():
        text += f"[{name}]\ntype = {'des' if name == 'acme.des' else 'aes'}\nkey = {key}\n"
    (folder / "master.keys").write_text(text)
    (folder / "master.keys").chmod(0o600)
    return write_file(folder)


def write_file(folder, name="keyserver.json", **more):
    masters = {"kdf3": {"cards": "0000", "version": "31", "keys": "card.kdf3", "method": "kdf3"},
               "visa2": {"cards": "0000", "version": "21", "keys": "card.visa2", "method": "visa2"},
               "emv": {"cards": "0000", "version": "22", "keys": "card.emv", "method": "emv"}}
    for version, keys, method in (("30", "aes128", "kdf3"), ("32", "aes192", "kdf3"), ("33", "aes256", "kdf3"),
                                  ("20", "visa2", "visa2"), ("23", "emv", "emv")):
        masters["published." + keys] = {"cards": "0001", "version": version, "keys": "published." + keys, "method": method}
    tsms = {"acme": {"subject": "CN=acme", "from": "2020-01-01", "until": "2099-12-31", "cards": ["0000", "0001"],
                     "keks": {"1": {"key": "acme.kek"}, "2": {"key": "acme.cbc", "wrap": "aes-cbc"},
                              "3": {"key": "acme.des", "wrap": "des-ecb"}}},
            "other": {"subject": "CN=other", "from": "2020-01-01", "until": "2020-12-31", "cards": ["00"],
                      "keks": {"7": {"key": "other.kek"}}}}
    file = {"listen": "127.0.0.1:0", "tls": {"certificate": "issuer.pem", "key": "issuer.key", "authorities": ["ca.pem"]},
            "url": "https://keys.example/keyserver", "keys": "master.keys", "audit": "audit.jsonl", "tsms": tsms,
            "masters": masters, **more}
    (folder / name).write_text("// A key server to test against.\n" + json.dumps(file, indent=1))
    return file
