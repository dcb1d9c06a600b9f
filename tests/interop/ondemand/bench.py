"""What the stories of run.py stand on: an issuer with its key server and its cards, a TSM whose keys are in a token, and a
server between the two that delays and changes what the key server says."""

import http.client
import http.server
import importlib.util
import json
import os
import secrets
import socket
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / "tests/interop" / folder) for folder in ("keyserver", "sei", "secrets", "vpcd", ".")]

import host  # noqa: E402  (tests/interop/vpcd)
from parts import FACTORY, PATIENCE, certificates  # noqa: E402  (tests/interop/sei)
from service import KeyServer  # noqa: E402  (tests/interop/keyserver)

loaded = importlib.util.spec_from_file_location("serve_service", ROOT / "tests/interop/serve/service.py")
serve = importlib.util.module_from_spec(loaded)
loaded.loader.exec_module(serve)

# Random in each run: whatever file or output shows one, it is from here.
MASTERS = {name: secrets.token_hex(16).upper() for name in ("kdf3", "visa2", "emv")}
ZONE = [secrets.token_bytes(32), secrets.token_bytes(32)]  # components of the key that the KEK travels under
OURS = secrets.token_hex(16).upper()  # a master key
VERSIONS = {"kdf3": "31", "visa2": "21", "emv": "22"}
POLICY = """return {{ name = "{name}", api = 1,
  allow = {{ channel = {{ level = "mac+enc" }}, backends = {{ {backends} }} }}, limits = {{ attempts = 5 }} }}
"""


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


def key_file(path, text):
    path.write_text(text)
    path.chmod(0o600)


def section(name, kind, version, **keys):
    return f"[{name}]\ntype = {kind}\nversion = {version}\n" + "".join(f"{key} = {value}\n" for key, value in keys.items())


class Between:
    """A server that hands on what it is asked, and what comes back, after a while and changed."""

    def __init__(self, folder, inner):
        self.asked, self.delay, self.request, self.answer = 0, 0.0, None, None
        outer = self
        ours = ssl.create_default_context(cafile=folder / "ca.pem")
        ours.load_cert_chain(folder / "acme.pem", folder / "acme.key")

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                outer.asked += 1
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                body["url"] = f"https://{inner()}/keyserver"
                line = http.client.HTTPSConnection(inner(), context=ours, timeout=PATIENCE)
                line.request("POST", self.path, json.dumps(outer.request(body) if outer.request else body),
                             {"Content-Type": "application/json"})
                came = line.getresponse()
                status, text = came.status, came.read()
                line.close()
                if outer.answer:
                    status, text = outer.answer(status, text)
                time.sleep(outer.delay)
                try:
                    self.send_response(status)
                    self.send_header("Content-Length", str(len(text)))
                    self.end_headers()
                    self.wfile.write(text)
                except OSError:
                    pass  # who asked was killed

            def log_message(self, *_):
                pass

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "issuer.pem", folder / "issuer.key")
        context.load_verify_locations(folder / "ca.pem")
        context.verify_mode = ssl.CERT_REQUIRED
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"https://127.0.0.1:{self.server.server_address[1]}/keyserver"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def plays(self, delay=0.0, request=None, answer=None):
        self.delay, self.request, self.answer = delay, request, answer

    def end(self):
        self.server.shutdown()
        self.server.server_close()


class Bench:
    def __init__(self, cardwright, folder):
        self.cardwright, self.folder = str(cardwright), Path(folder)
        self.passed = self.failed = self.cards = 0
        self.said = []  # all that was printed
        self.token = os.environ["CW_TEST_TOKEN"]
        certificates(self.folder)
        key_file(self.folder / "passphrase", secrets.token_hex(32) + "\n")
        self.server = self.between = self.service = None

    # The two sides.

    def write_issuer(self):
        """The master keys: in a text file for the making of cards, and in the sealed file of the key server."""
        text = section("factory", "aes", "30", enc=FACTORY, mac=FACTORY, dek=FACTORY)
        for name, key in MASTERS.items():
            kind = "aes" if name == "kdf3" else "des"
            text += section(f"card.{name}", kind, VERSIONS[name], master=key, diversification=name)
        key_file(self.folder / "issuer.keys", text)
        port = free_port()
        self.url = f"https://127.0.0.1:{port}/keyserver"
        masters = {name: {"cards": "0000", "version": VERSIONS[name], "keys": f"card.{name}", "method": name}
                   for name in MASTERS}
        acme = {"subject": "CN=acme", "from": "2020-01-01", "until": "2099-12-31", "cards": ["0000"],
                "keks": {"1": {"key": "acme.kek"}}}
        (self.folder / "keyserver.json").write_text(json.dumps({
            "listen": f"127.0.0.1:{port}", "url": self.url, "keys": "issuer.sealed", "audit": "audit.jsonl",
            "tls": {"certificate": "issuer.pem", "key": "issuer.key", "authorities": ["ca.pem"]},
            "tsms": {"acme": acme}, "masters": masters}))

    def start_server(self):
        if not self.server:
            self.server = KeyServer(self.cardwright, self.folder)
        return self.server.start(env={**os.environ, "CARDWRIGHT_SHARE": str(ROOT),
                                      "CARDWRIGHT_KEYS_PASSPHRASE_FILE": str(self.folder / "passphrase")})

    def write_tsm(self):
        self.between = Between(self.folder, lambda: self.server.address)
        access = {"ca": "ca.pem", "certificate": "acme.pem", "key": "acme.key"}
        for name in ("acme", "nobody"):
            (self.folder / f"{name}.backends.json").write_text(json.dumps(
                {f"{url}/": {**access, "certificate": f"{name}.pem", "key": f"{name}.key"}
                 for url in (self.url, self.between.url)}))
        self.policy('keks = { "acme.kek" }')

    def policy(self, allows, name="policy"):
        backends = ", ".join(f'["{url}/"] = {{ {allows} }}' for url in (self.url, self.between.url))
        (self.folder / f"{name}.lua").write_text(POLICY.format(name=name, backends=backends))

    # Cards.

    def new_card(self, method="kdf3", url=None):
        """A file; what an issuer did to the card before is done."""
        self.cards += 1
        card = f"card{self.cards}.json"
        made = self.cw("run", str(Path(__file__).with_name("issue.lua")), "--card", "sim", "--card-state", card, "--keys",
                       "issuer.keys", "--store", "none", "--set", f"keys=card.{method}",
                       "--set", f"url={self.url if url is None else url}")
        assert made.returncode == 0, made.stdout + made.stderr
        return card

    def versions(self, card):
        """Key version numbers of the ISD, as the card's memory has them."""
        isd = json.loads((self.folder / card).read_text())["applications"][0]
        return sorted({key["version"] for key in isd["sd"]["keys"]})

    # Programs.

    def environment(self, backends="acme"):
        out = {**os.environ, "HOME": str(self.folder), "CARDWRIGHT_SHARE": str(ROOT),
               "CARDWRIGHT_BACKENDS": str(self.folder / f"{backends}.backends.json")}
        out.pop("CARDWRIGHT_KEYS", None)
        return out

    def cw(self, *words, backends="acme"):
        ran = subprocess.run([self.cardwright, *map(str, words)], cwd=self.folder, env=self.environment(backends), check=False,
                             stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
        self.said.append(ran.stdout + ran.stderr)
        return ran

    def settings(self, **more):
        given = {"servers": f"{self.url}/ {self.between.url}/", "kek": "acme.kek", "kek_index": "1", "keys": "isd", **more}
        return [word for name, value in given.items() for word in ("--set", f"{name}={value}")]

    def take_over(self, card, *words, policy="policy.lua", backends="acme", **more):
        (self.folder / "trace").unlink(missing_ok=True)
        return self.cw("run", "ondemand/take-over", "--card", "sim", "--card-state", card, "--keys", self.token, "--policy",
                       policy, "--json", "--trace", "trace", *self.settings(**more), *words, backends=backends)

    def handshakes(self):
        """How often the last run asked the card for one."""
        trace = self.folder / "trace"
        return trace.read_text().count("INITIALIZE UPDATE") if trace.exists() else 0

    def asked(self):
        """How often the key server was."""
        return len(self.server.audit())

    def check(self, name, *problems):
        wrong = [str(problem) for problem in problems if problem]
        self.passed += not wrong
        self.failed += bool(wrong)
        print(f"not ok {name}: {'; '.join(wrong)[:900]}" if wrong else f"ok {name}", flush=True)

    def end(self):
        for one in (self.service, self.between, self.server):
            if one:
                one.end()


def done(ran):
    """What is wrong with a run that should have gone well."""
    return ran.returncode and f"exit {ran.returncode}: {ran.stdout[-300:]}{ran.stderr[-600:]}"


def failed(ran, status, *words):
    """What is wrong with one that should have failed so, in one line."""
    said = ran.stdout + ran.stderr
    missing = [word for word in words if word not in said]
    if ran.returncode != status or missing:
        return f"exit {ran.returncode}, without {missing}: {ran.stdout[-300:]}{ran.stderr[-600:]}"
    return None


def steps(ran):
    """Steps by what became of them, from the events of --json."""
    out = {}
    for line in ran.stdout.splitlines():
        event = json.loads(line)
        if event.get("event") == "step":
            out[event["name"]] = event["state"]
    return out
