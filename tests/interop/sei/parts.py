"""What the checks of run.py stand on: a simulated card behind a socket, an SP-TSM that knows the tables of T/TAF 096-2021
and nothing else, certificates, and `cardwright sei` as a process."""

import http.client
import http.server
import json
import re
import signal
import socket
import ssl
import subprocess
import threading
import time
from pathlib import Path

from Cryptodome.Cipher import AES

ROOT = Path(__file__).resolve().parents[3]
PATIENCE = 60  # seconds, for a slow machine
SE_ID = "4790D32147000001"
SD = "F063617264770001"
FACTORY = "404142434445464748494A4B4C4D4E4F"
KEK = "B0B1B2B3B4B5B6B7B8B9BABBBCBDBEBF"
MASTER_AES = "909192939495969798999A9B9C9D9E9F"
MASTER_DES = "A0A1A2A3A4A5A6A7A8A9AAABACADAEAF"
MESSAGES = "D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF"
RECEIPTS = "C0C1C2C3C4C5C6C7C8C9CACBCCCDCECF"


def until(what):
    """What `what` gives once that is true; its last word if it never was."""
    end = time.monotonic() + PATIENCE
    while True:
        found = what()
        if found or time.monotonic() > end:
            return found
        time.sleep(0.02)


def openssl(folder, *arguments):
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


def certificates(folder):
    """An authority, servers for 127.0.0.1, tenants; one that is vouched for and no tenant; a stranger."""
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    for name in ("ca", "stranger"):
        openssl(folder, "req", "-x509", *key, "-keyout", f"{name}.key", "-out", f"{name}.pem", "-days", "2", "-subj",
                f"/CN={name}")
    (folder / "extensions").write_text("subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n")
    for name in ("issuer", "acme", "other", "nobody"):
        openssl(folder, "req", *key, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        openssl(folder, "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                "-days", "2", "-out", f"{name}.pem", "-extfile", "extensions")
    for name in folder.glob("*.key"):
        name.chmod(0o600)


def unwrap(kek, wrapped):
    """RFC 3394, 2.2.2."""
    blocks = [wrapped[at:at + 8] for at in range(0, len(wrapped), 8)]
    check, parts = blocks[0], blocks[1:]
    cipher = AES.new(kek, AES.MODE_ECB)
    for turn in reversed(range(6 * len(parts))):
        at = turn % len(parts)
        mixed = (int.from_bytes(check, "big") ^ (turn + 1)).to_bytes(8, "big")
        plain = cipher.decrypt(mixed + parts[at])
        check, parts[at] = plain[:8], plain[8:]
    if check != b"\xA6" * 8:
        raise ValueError("the integrity check of RFC 3394 failed")
    return b"".join(parts)


class Card:
    """`cardwright card serve`, with this program in the place of vpcd: length and message, both ways."""

    def __init__(self, cardwright, folder, flavor="generic"):
        listener = socket.create_server(("127.0.0.1", 0))
        self.process = subprocess.Popen(
            [cardwright, "card", "serve", "--vpcd", f"127.0.0.1:{listener.getsockname()[1]}", "--flavor", flavor],
            cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        listener.settimeout(PATIENCE)
        self.line, _ = listener.accept()
        listener.close()
        self.line.settimeout(PATIENCE)
        self.say(b"\x01")
        self.apdus = 0

    def say(self, message):
        self.line.sendall(len(message).to_bytes(2, "big") + message)

    def hear(self, count):
        out = b""
        while len(out) < count:
            out += self.line.recv(count - len(out)) or self.gone()
        return out

    @staticmethod
    def gone():
        raise OSError("the card is gone")

    def transmit(self, apdu):
        self.say(apdu)
        self.apdus += 1
        return self.hear(int.from_bytes(self.hear(2), "big"))

    def answer(self, apdu):
        """As host.py wants it: data and status word."""
        answer = self.transmit(apdu)
        return answer[:-2], int.from_bytes(answer[-2:], "big")

    def carry_out(self, apdus):
        """Up to the first status word after which a list does not go on."""
        out = []
        for apdu in apdus:
            out.append(self.transmit(bytes.fromhex(apdu)).hex().upper())
            if out[-1][-4:] not in ("9000", "6310") and out[-1][-4:-2] != "61":
                break
        return out

    def end(self):
        self.line.close()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(PATIENCE)


class Callbacks:
    """The SP-TSM's own server: what came, and what it answers."""

    def __init__(self, folder, port=0):
        self.got, self.answers, outer = [], [], self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                subject = dict(pair[0] for pair in self.connection.getpeercert()["subject"])["commonName"]
                outer.got.append((self.path, subject, body))
                text = outer.answers.pop(0) if outer.answers else {"resultCode": "0000"}
                text = json.dumps(text).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "acme.pem", folder / "acme.key")
        context.load_verify_locations(folder / "ca.pem")
        context.verify_mode = ssl.CERT_REQUIRED
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def of(self, path):
        return [body for where, _, body in self.got if where == path]

    def end(self):
        self.server.shutdown()
        self.server.server_close()


class SpTsm:
    """A client of tables 1 to 6 over mutual TLS."""

    def __init__(self, folder, address, name="acme", timeout=PATIENCE):
        self.address, self.name, self.timeout = address, name, timeout
        self.context = ssl.create_default_context(cafile=folder / "ca.pem")
        if name:
            self.context.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")

    def send(self, path, body, method="POST"):
        """Status and text."""
        line = http.client.HTTPSConnection(self.address, context=self.context, timeout=self.timeout)
        try:
            line.request(method, path, body if isinstance(body, (str, bytes)) else json.dumps(body),
                         {"Content-Type": "application/json; charset=utf-8"})
            answer = line.getresponse()
            return answer.status, answer.read().decode()
        finally:
            line.close()

    def call(self, path, **message):
        status, text = self.send(path, message)
        assert status == 200, f"{path}: HTTP {status}: {text}"
        return json.loads(text)

    def begin(self, operation="CREATE_SSD", tenant="acme", **more):
        message = {"tenantId": tenant, "optType": operation, "seId": SE_ID, "sdAid": SD, "expPrivilege": "A00000",
                   "scpConfig": "0370"}
        return self.call("/sei/v1/ssd", **{**message, **more})

    def report(self, task, answers, tenant="acme", **more):
        return self.call("/sei/v1/commands",
                         **{"tenantId": tenant, "taskId": task, "seId": SE_ID, "respList": answers, **more})

    def run(self, card, operation="CREATE_SSD", **more):
        """The last answer, and how many lists there were."""
        answer, rounds = self.begin(operation, **more), 0
        while int(answer["resultCode"]) == 0 and answer["apduList"]:
            rounds += 1
            answer = self.report(answer["taskId"], card.carry_out(answer["apduList"]))
        return answer, rounds


class Issuer:
    """`cardwright sei` in a folder."""

    def __init__(self, cardwright, folder, file="sei.json"):
        self.cardwright, self.folder, self.file = cardwright, folder, file
        self.runs = 0
        self.start()

    def start(self):
        self.runs += 1
        self.log_file = self.folder / f"sei-{self.runs}.log"
        with open(self.log_file, "wb") as log:
            self.process = subprocess.Popen([self.cardwright, "sei", "--cards", self.file], cwd=self.folder, stderr=log,
                                            stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
        line = self.process.stdout.readline()
        assert line.startswith("serving at https://"), self.log_file.read_text()
        self.address = line.split("//")[1].strip()

    def kill(self):
        self.process.kill()
        self.process.wait(PATIENCE)

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)

    def ask(self, *arguments):
        return subprocess.run([self.cardwright, "sei", *arguments, "--cards", self.file], cwd=self.folder, timeout=PATIENCE,
                              capture_output=True, text=True, check=False)

    def state(self):
        return json.loads(self.ask("state").stdout)

    def faults(self, *faults):
        text = json.dumps({"faults": list(faults)})
        ran = subprocess.run(["curl", "-sS", "-f", "--unix-socket", "admin.sock", "-d", text,
                              "http://localhost/admin/v1/faults"], cwd=self.folder, capture_output=True, check=False)
        assert ran.returncode == 0, ran.stderr


def write_files(folder, callback_port):
    """Keys, certificates and the issuer's file, as an operator would."""
    certificates(folder)
    openssl(folder, "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", "token.pem")
    (folder / "token.pem").chmod(0o600)
    sets = "".join(f"[{name}]\ntype = {kind}\nversion = {version}\n" + "".join(f"{key} = {FACTORY}\n" for key in
                   ("enc", "mac", "dek")) for name, kind, version in (("isd.aes", "aes", "30"), ("isd.des", "des", "20")))
    (folder / "issuer.keys").write_text(
        sets + f"[ssd.aes]\ntype = aes\nversion = 31\nmaster = {MASTER_AES}\ndiversification = kdf3\n"
        f"[ssd.des]\ntype = des\nversion = 21\nmaster = {MASTER_DES}\ndiversification = visa2\n"
        f"[acme.kek]\ntype = aes\nkey = {KEK}\n[acme.messages]\ntype = aes\nkey = {MESSAGES}\n"
        f"[acme.receipts]\ntype = aes\nkey = {RECEIPTS}\n[issuer.token]\ntype = rsa\nprivate = token.pem\n")
    (folder / "issuer.keys").chmod(0o600)
    write_file(folder, callback_port)


def fill_token(cw, token):
    """The issuer's keys into a PKCS#11 token; the pair that signs tokens is made there. Says what went wrong."""
    sets = [(name, ()) for name in ("isd.aes", "isd.des", "ssd.aes", "ssd.des")]
    single = [(name, ("--purpose", purpose)) for name, purpose in
              (("acme.kek", "kek"), ("acme.messages", "message"), ("acme.receipts", "message"))]
    said = [cw("keys", "import", name, "--keys", token, "--from", "issuer.keys", *more) for name, more in sets + single]
    said.append(cw("keys", "generate", "issuer.token", "--keys", token, "--type", "rsa", "--purpose", "token"))
    return [one.stderr for one in said if one.returncode]


def write_file(folder, callback_port, name="sei.json", **more):
    acme = {"subject": "CN=acme", "callback": f"https://127.0.0.1:{callback_port}", "callback_ca": "ca.pem",
            "callback_certificate": "issuer.pem", "callback_key": "issuer.key", "transport_key": "acme.kek",
            "may": ["DM", "AM"], "aids": ["F0636172"]}
    acme.update(more.pop("acme", {}))
    product = {"isd_aid": "A000000151000000", "ssd_package": "A0000001515350", "ssd_module": "A000000151535041",
               "ssd_keys": {"scp02": "ssd.des", "scp03": "ssd.aes"}, "token_key": "issuer.token"}
    file = {"sei_tsm_id": "issuer.example", "listen": "127.0.0.1:0",
            "tls": {"certificate": "issuer.pem", "key": "issuer.key", "authorities": ["ca.pem"]},
            "admin": "admin.sock", "keys": "issuer.keys", "state": "state.json", "retry_ms": 50,
            "operations": {"CREATE_SSD": ["createSsd"]},
            "tenants": {"acme": acme, "other": {"subject": "CN=other", "may": ["SD"], "aids": ["F1"]}},
            "cards": {"scp03": {"se_ids": [SE_ID], "scp": "0370", "keys": "isd.aes", **product},
                      "scp02": {"se_ids": ["4790D3214702*"], "scp": "0255", "keys": "isd.des", **product}}, **more}
    (folder / name).write_text("// An issuer to test against.\n" + json.dumps(file, indent=1))
    return file


