#!/usr/bin/python3
"""cardwright ca, judged by the openssl command, curl and Python's cryptography: what it issues, revokes and answers; doors
that are given its revocation list; an authority whose key is in a token.

usage: tests/interop/ca/run.py [CARDWRIGHT]

The program is build/release/cardwright if none is named. Prints "ok NAME" or "not ok NAME: why" for each check; the last
line is "N passed, M failed".
"""

import base64
import datetime
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, NameOID

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/interop"))
from stories import with_token  # noqa: E402
PATIENCE = 60  # seconds, for a slow machine

KEYS = """
[ca]
type = ec
private = ca.key.pem

[ca384]
type = ec
private = ca384.key.pem

[carsa]
type = rsa
private = carsa.key.pem

[ocsp]
type = ec
private = ocsp.key.pem

[other]
type = ec
private = other.key.pem

[brief]
type = ec
private = brief.key.pem

[mac]
type = aes
key = 404142434445464748494A4B4C4D4E4F
"""


class Responder:
    """cardwright ca serve, for as long as a `with` lasts."""

    def __init__(self, bench, *arguments):
        self.log = open(bench.folder / "serve.log", "w")
        self.process = subprocess.Popen(bench.command("ca", "serve", "--listen", "127.0.0.1:0", *arguments),
                                        cwd=bench.folder, env=bench.environment, stdout=subprocess.PIPE,
                                        stderr=self.log, text=True)
        self.first = self.process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:(\d+)", self.first)
        assert found, self.first + (bench.folder / "serve.log").read_text()
        self.port = int(found.group(1))
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.last = self.process.communicate(timeout=PATIENCE)[0]
        self.log.close()

    def ask(self, method, path, body=None, kind="application/ocsp-request"):
        there = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            there.request(method, path, body, {"Content-Type": kind} if body is not None else {})
            answer = there.getresponse()
            return answer.status, answer.read()
        finally:
            there.close()


class Bench:
    def __init__(self, cardwright, folder):
        self.cardwright, self.folder = Path(cardwright).resolve(), Path(folder)
        self.environment = {**os.environ, "CARDWRIGHT_STORE": str(self.folder / "store.db"),
                            "CARDWRIGHT_KEYS": str(self.folder / "ca.keys")}
        self.passed = self.failed = 0
        for name, curve in (("ca", "prime256v1"), ("ca384", "secp384r1"), ("ocsp", "prime256v1"),
                            ("other", "secp521r1"), ("brief", "prime256v1")):
            self.openssl("ecparam", "-name", curve, "-genkey", "-noout", "-out", f"{name}.key.pem")
        self.openssl("genrsa", "-out", "carsa.key.pem", "2048")
        (self.folder / "ca.keys").write_text(KEYS)
        for secret in self.folder.glob("*.key*"):
            secret.chmod(0o600)

    def check(self, story):
        name = story.__doc__
        try:
            story(self)
        except (AssertionError, OSError, KeyError, ValueError, IndexError, subprocess.SubprocessError) as error:
            self.failed += 1
            print(f"not ok {name}: {type(error).__name__} {error}", flush=True)
            return
        self.passed += 1
        print(f"ok {name}", flush=True)

    def command(self, *arguments):
        return [str(self.cardwright), *arguments]

    def run(self, *arguments, status=0, env=None):
        done = subprocess.run(self.command(*arguments), cwd=self.folder, capture_output=True, text=True,
                              timeout=PATIENCE, env={**self.environment, **(env or {})})
        assert done.returncode == status, f"{arguments}: {done.returncode} {done.stdout} {done.stderr}"
        return done.stdout + done.stderr

    def ca(self, *arguments, status=0, env=None):
        return self.run("ca", *arguments, status=status, env=env)

    def openssl(self, *arguments, status=0):
        done = subprocess.run(["openssl", *arguments], cwd=self.folder, capture_output=True, timeout=PATIENCE)
        text = (done.stdout + done.stderr).decode(errors="replace")
        assert status is None or done.returncode == status, f"openssl {arguments}: {done.returncode} {text}"
        return text

    def request(self, name, subject, *extra):
        """NAME.key.pem and NAME.csr, by openssl."""
        self.openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
                     f"{name}.key.pem", "-out", f"{name}.csr", "-subj", subject, *extra)
        (self.folder / f"{name}.key.pem").chmod(0o600)
        return f"{name}.csr"

    def issue(self, name, subject, *arguments, extra=()):
        """Its serial number; NAME.pem and NAME.key.pem are there."""
        said = self.ca("issue", "--request", self.request(name, subject, *extra), "--out", f"{name}.pem", "--json",
                       *arguments)
        return json.loads(said)["serial"]

    def certificate(self, name):
        return x509.load_pem_x509_certificate((self.folder / name).read_bytes())

    def verify(self, name, *arguments, status=0):
        return self.openssl("verify", "-x509_strict", "-CAfile", "root.pem", *arguments, name, status=status)

    def crl(self, *arguments):
        self.ca("crl", "--out", "root.crl", *arguments)
        return x509.load_pem_x509_crl((self.folder / "root.crl").read_bytes())

    def ocsp(self, responder, name, *arguments):
        return self.openssl("ocsp", "-issuer", "root.pem", "-CAfile", "root.pem", "-cert", name, "-url", responder.url,
                            *arguments)

    def serials(self, *arguments):
        return [one["serial"] for one in json.loads(self.ca("list", "--json", *arguments))]


def public_key(certificate):
    return certificate.public_key().public_bytes(serialization.Encoding.DER,
                                                 serialization.PublicFormat.SubjectPublicKeyInfo)


def root(bench):
    """a root on P-256 signs itself; openssl and cryptography take it, with the extensions of RFC 5280 4.2.1"""
    said = bench.ca("init", "--subject", "CN=Acme root,O=Acme", "--key", "ca", "--out", "root.pem", "--crl-url",
                    "http://ca.example/root.crl", "--ocsp-url", "http://ca.example/")
    assert "authority root " in said and "until 20" in said, said
    bench.verify("root.pem")
    made = bench.certificate("root.pem")
    assert made.subject == made.issuer and made.subject.rfc4514_string() == "CN=Acme root,O=Acme"
    assert made.serial_number.bit_length() > 120
    basic = made.extensions.get_extension_for_oid(ExtensionOID.BASIC_CONSTRAINTS)
    assert basic.critical and basic.value.ca and basic.value.path_length == 0
    usage = made.extensions.get_extension_for_oid(ExtensionOID.KEY_USAGE)
    assert usage.critical and usage.value.key_cert_sign and usage.value.crl_sign
    identifier = made.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_KEY_IDENTIFIER).value
    assert identifier == x509.SubjectKeyIdentifier.from_public_key(made.public_key())
    assert "there is an authority 'root' already" in bench.ca("init", "--subject", "CN=Again", "--key", "ca", status=2)
    # Two that sign lists in one name would make clients believe the wrong one.
    for subject, key, what in (("CN=acme  ROOT,O=Acme", "ca384", "subject"), ("CN=Again", "ca", "key")):
        said = bench.ca("init", "--authority", "root2", "--subject", subject, "--key", key, status=2)
        assert f"the authority 'root' has this {what}" in said, said
    said = bench.ca("init", "--authority", "far", "--subject", "CN=far", "--key", "ca384", "--crl-url", "ftp://ca.example/",
                    status=2)
    assert "is no place for a revocation list" in said, said


def other_keys(bench):
    """authorities on P-384 and with RSA (RSASSA-PSS, RFC 4055) issue what openssl verifies; AES signs nothing"""
    for key in ("ca384", "carsa", "other"):
        bench.ca("init", "--authority", key, "--subject", f"CN={key}", "--key", key, "--out", f"{key}.pem")
        bench.ca("issue", "--authority", key, "--request", bench.request(f"by-{key}", "/CN=tsm"), "--out",
                 f"by-{key}.pem")
        bench.openssl("verify", "-x509_strict", "-CAfile", f"{key}.pem", f"by-{key}.pem")
        bench.verify(f"by-{key}.pem", status=2)
        bench.ca("crl", "--authority", key, "--out", f"{key}.crl")
        bench.openssl("verify", "-crl_check", "-CRLfile", f"{key}.crl", "-CAfile", f"{key}.pem", f"by-{key}.pem")
    assert "has no public half" in bench.ca("init", "--authority", "mac", "--subject", "CN=m", "--key", "mac", status=2)
    assert "no authority 'mac'" in bench.ca("list", "--authority", "mac", status=2)


def profiles(bench):
    """server, client, domain and ocsp differ as they must: usages, names, where their state is asked"""
    bench.issue("server", "/O=Acme/CN=sei", "--profile", "server", "--name", "DNS:sei.acme.example", "--name",
                "IP:127.0.0.1", "--name", "DNS:localhost")
    bench.issue("client", "/O=Acme/CN=tsm", extra=("-addext", "subjectAltName=URI:https://tsm.example/a"))
    bench.issue("card", "/CN=card 7", "--profile", "domain", "--domain", "F063617264770103", "--key-id", "11",
                "--key-version", "03", "--card", "CPLC-1")
    bench.verify("server.pem", "-purpose", "sslserver", "-verify_hostname", "sei.acme.example")
    bench.verify("server.pem", "-purpose", "sslclient", status=2)
    bench.verify("client.pem", "-purpose", "sslclient")
    bench.verify("client.pem", "-purpose", "sslserver", status=2)
    server, client, card = (bench.certificate(f"{name}.pem") for name in ("server", "client", "card"))
    assert list(server.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [
        ExtendedKeyUsageOID.SERVER_AUTH]
    names = client.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == ["https://tsm.example/a"]
    usage = card.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.key_agreement and not usage.digital_signature
    points = server.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    assert points[0].full_name[0].value == "http://ca.example/root.crl"
    access = server.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    assert access[0].access_location.value == "http://ca.example/"
    key = server.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    assert key.key_identifier == x509.SubjectKeyIdentifier.from_public_key(
        bench.certificate("root.pem").public_key()).digest
    assert "needs the names" in bench.ca("issue", "--request", bench.request("bare", "/CN=bare"), "--profile", "server",
                                         status=2)
    said = bench.ca("issue", "--request", "card.csr", "--profile", "domain", "--domain", "F063617264770103", "--name",
                    "DNS:sei.acme.example", status=2)
    assert "has no alternative names" in said, said
    shown = json.loads(bench.ca("show", f"{card.serial_number:x}", "--json"))["certificate"]
    assert (shown["domain"], shown["key_id"], shown["key_version"], shown["card"]) == ("F063617264770103", 17, 3, "CPLC-1")


def requests(bench):
    """a request that is garbage, huge, changed or for a weak key is refused, and nothing is half issued"""
    before = bench.serials()
    good = (bench.folder / bench.request("good", "/CN=good")).read_text()
    body = base64.b64decode("".join(good.splitlines()[1:-1]))
    cases = {"empty": b"", "text": b"hello", "huge": b"A" * 2_000_000, "cut": body[:-1], "longer": body + b"\0",
             "forged": body[:-1] + bytes([body[-1] ^ 1]), "other": (bench.folder / "root.pem").read_bytes()}
    for name, content in cases.items():
        (bench.folder / "bad.csr").write_bytes(content)
        said = bench.ca("issue", "--request", "bad.csr", status=2)
        assert said.startswith("cardwright: reading bad.csr: ") and len(said.splitlines()) == 1, (name, said)
        assert name != "forged" or "is not by the key in it" in said, said
    (bench.folder / "good.der").write_bytes(body)
    bench.openssl("req", "-new", "-newkey", "rsa:1024", "-nodes", "-keyout", "weak.key.pem", "-out", "weak.csr",
                  "-subj", "/CN=weak")
    assert "RSA 1024" in bench.ca("issue", "--request", "weak.csr", status=2)
    assert "no such" not in bench.ca("issue", "--request", "no.csr", status=2)
    bench.openssl("ecparam", "-name", "prime256v1", "-param_enc", "explicit", "-genkey", "-noout", "-out", "spelt.pem")
    bench.openssl("req", "-new", "-key", "spelt.pem", "-subj", "/CN=spelt", "-out", "spelt.csr")
    assert "spelt out" in bench.ca("issue", "--request", "spelt.csr", status=2)
    bench.openssl("ec", "-in", "spelt.pem", "-pubout", "-out", "spelt.pub")
    assert "spelt out" in bench.ca("issue", "--public-key", "spelt.pub", "--subject", "CN=spelt", status=2)
    bench.request("mail", "/CN=mail", "-addext", "subjectAltName=DNS:a.example,email:a@b.example")
    assert "names that are not issued here" in bench.ca("issue", "--request", "mail.csr", status=2)
    assert "name of an authority" in bench.ca("issue", "--request", "good.csr", "--subject", "CN=Acme root,O=Acme", status=2)
    assert bench.serials() == before
    bench.ca("issue", "--request", "good.der")
    # Issued, and then its file could not be written: it says how to have it.
    said = bench.ca("issue", "--request", "good.der", "--out", "nowhere/good.pem", status=2)
    assert "do not make another one: cardwright ca show " in said, said
    serial = re.search(r"ca show ([0-9A-F]+) --pem", said).group(1)
    assert bench.ca("show", serial, "--pem").startswith("-----BEGIN CERTIFICATE-----")


def owners(bench):
    """an owner sees and gets only theirs, and no other owner is given their name"""
    for owner in ("acme", "zenith"):
        bench.run("owner", "add", owner)
    acme = bench.issue("acme", "/CN=acme tsm", "--owner", "acme")
    zenith = bench.issue("zenith", "/CN=zenith tsm", "--owner", "zenith")
    assert bench.serials("--owner", "acme") == [acme] and bench.serials("--owner", "zenith") == [zenith]
    assert "no certificate" in bench.ca("show", zenith, "--owner", "acme", status=2)
    assert "no certificate" in bench.ca("show", "root", "--owner", "acme", status=2)
    assert bench.ca("show", acme, "--owner", "acme", "--pem") == (bench.folder / "acme.pem").read_text()
    said = bench.ca("issue", "--request", bench.request("thief", "/CN=acme tsm"), "--owner", "zenith", status=2)
    assert "belongs to acme" in said, said
    bench.run("owner", "suspend", "zenith", "--reason", "unpaid")
    assert "nothing of provider zenith is managed" in bench.ca("issue", "--request", "thief.csr", "--subject", "CN=new",
                                                               "--owner", "zenith", status=3)
    assert "nothing of provider zenith" in bench.ca("renew", zenith, status=3)
    bench.run("owner", "resume", "zenith", "--reason", "paid")
    assert "no owner 'nobody'" in bench.ca("issue", "--request", "thief.csr", "--subject", "CN=x", "--owner", "nobody",
                                           status=2)


def queries(bench):
    """they are found by subject, profile, domain, state and how soon they end"""
    soon = bench.issue("soon", "/CN=soon", "--expires", "5d")
    assert soon in bench.serials("--ends-within", "7d") and soon not in bench.serials("--ends-within", "3d")
    assert bench.serials("--subject", "SOON") == [soon]
    assert len(bench.serials("--domain", "F063617264770103")) == 1 == len(bench.serials("--profile", "domain"))
    assert bench.serials("--state", "revoked") == []
    assert "CN=soon" in bench.ca("list") and "no such certificates" in bench.ca("list", "--subject", "nobody")
    assert "no certificate 'FF'" in bench.ca("show", "FF", status=2)
    assert "no certificate is 'rewoked'; did you mean" in bench.ca("list", "--state", "rewoked", status=2)
    assert "no profile" in bench.ca("list", "--profile", "clients", status=2)


def renewals(bench):
    """a renewal keeps name and key, or takes a new key; the old one stays or is revoked"""
    first = bench.issue("renewed", "/CN=renewed", "--expires", "30d")
    bench.ca("renew", first, "--out", "renewed2.pem")
    one, two = bench.certificate("renewed.pem"), bench.certificate("renewed2.pem")
    assert public_key(one) == public_key(two) and one.subject == two.subject
    assert one.serial_number != two.serial_number and two.not_valid_after >= one.not_valid_after
    bench.verify("renewed2.pem")
    assert first in bench.serials("--state", "replaced")
    assert "was renewed already" in bench.ca("renew", first, status=2)
    second = f"{two.serial_number:X}"
    bench.request("renewed3", "/CN=renewed")
    bench.request("stranger", "/CN=stranger")
    assert "keeps the subject" in bench.ca("renew", second, "--request", "stranger.csr", status=2)
    bench.ca("renew", second, "--request", "renewed3.csr", "--revoke", "--out", "renewed3.pem")
    assert public_key(bench.certificate("renewed3.pem")) != public_key(two)
    assert bench.serials("--state", "revoked") == [second]
    assert "(superseded)" in bench.ca("renew", second, status=2)
    assert "is an authority's" in bench.ca("renew", bench.serials("--profile", "ca", "--authority", "root")[0], status=2)


def lists(bench):
    """a revocation list has a number that grows, its reasons, an end, and openssl refuses who is in it"""
    gone = bench.issue("gone", "/CN=gone")
    bench.ca("revoke", gone, "--reason", "keyCompromise")
    assert "revoked already" in bench.ca("revoke", gone.lower(), status=2)
    said = bench.ca("issue", "--request", "gone.csr", status=2)
    assert f"this key was revoked with certificate {gone} (keyCompromise)" in said, said
    assert "no reason 'because'" in bench.ca("revoke", gone, "--reason", "because", status=2)
    assert "no certificate '00'" in bench.ca("revoke", "00", status=2)
    first, second = bench.crl(), bench.crl("--days", "2")
    number = [one.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number for one in (first, second)]
    assert number[0] < number[1], number
    assert second.is_signature_valid(bench.certificate("root.pem").public_key())
    assert second.next_update - second.last_update == datetime.timedelta(days=2)
    ahead = datetime.datetime.utcnow() - second.last_update
    assert datetime.timedelta(minutes=4) < ahead < datetime.timedelta(minutes=30), "for clocks that are behind"
    found = second.get_revoked_certificate_by_serial_number(int(gone, 16))
    assert found.extensions.get_extension_for_class(x509.CRLReason).value.reason == x509.ReasonFlags.key_compromise
    assert "certificate revoked" in bench.verify("gone.pem", "-crl_check", "-CRLfile", "root.crl", status=2)
    bench.verify("client.pem", "-crl_check", "-CRLfile", "root.crl")
    bench.openssl("crl", "-in", "root.crl", "-CAfile", "root.pem", "-noout")
    bench.ca("crl", "--last", "--der", "--out", "root.crl.der")
    assert x509.load_der_x509_crl((bench.folder / "root.crl.der").read_bytes()) == second


def responder(bench):
    """openssl ocsp hears good, revoked with its reason, and unknown, from the authority itself"""
    with Responder(bench) as there:
        assert "client.pem: good" in bench.ocsp(there, "client.pem")
        said = bench.ocsp(there, "gone.pem")
        assert "gone.pem: revoked" in said and "keyCompromise" in said and "Response verify OK" in said, said
        said = bench.openssl("ocsp", "-issuer", "root.pem", "-CAfile", "root.pem", "-serial", "0x4711", "-url",
                             there.url)
        assert "unknown" in said and "Response verify OK" in said, said
        said = bench.openssl("ocsp", "-sha256", "-issuer", "root.pem", "-CAfile", "root.pem", "-cert", "client.pem",
                             "-no_nonce", "-url", there.url)
        assert "client.pem: good" in said and "Response verify OK" in said, said
        # Of another authority: what it does not know.
        said = bench.openssl("ocsp", "-issuer", "ca384.pem", "-CAfile", "root.pem", "-cert", "by-ca384.pem", "-url",
                             there.url, "-VAfile", "root.pem")
        assert "by-ca384.pem: unknown" in said, said
        # What is revoked while it runs is revoked at once.
        serial = bench.issue("later", "/CN=later")
        assert "later.pem: good" in bench.ocsp(there, "later.pem")
        bench.ca("revoke", serial, "--reason", "cessationOfOperation")
        assert "cessationOfOperation" in bench.ocsp(there, "later.pem")
        assert there.ask("GET", "/root.crl")[1] == (bench.folder / "root.crl.der").read_bytes()
        assert x509.load_der_x509_certificate(there.ask("GET", "/root.cer")[1]) == bench.certificate("root.pem")
    assert re.search(r"answered: \d+ good, 2 revoked, 2 unknown; refused: 0", there.last), there.last


def question(bench, name, nonce=None, algorithm=hashes.SHA1()):
    builder = ocsp.OCSPRequestBuilder().add_certificate(bench.certificate(name), bench.certificate("root.pem"), algorithm)
    if nonce is not None:
        builder = builder.add_extension(x509.OCSPNonce(nonce), False)
    return builder.build().public_bytes(serialization.Encoding.DER)


def delegated(bench):
    """a responder with a key and a certificate of its own answers by POST and GET, with the nonce it was asked with"""
    assert "nor has it a valid certificate" in bench.ca("serve", "--listen", "127.0.0.1:0", "--key", "ocsp", status=2)
    assert "--crl-days is" in bench.ca("serve", "--listen", "127.0.0.1:0", "--crl-days", "-3", status=2)
    bench.ca("issue", "--public-key-of", "ocsp", "--profile", "ocsp", "--subject", "CN=ocsp", "--out", "ocsp.pem")
    with Responder(bench, "--key", "ocsp", "--good-for", "30") as there:
        assert "client.pem: good" in bench.ocsp(there, "client.pem")
        asked = question(bench, "gone.pem", b"0123456789abcdef")
        status, body = there.ask("POST", "/", asked)
        answer = ocsp.load_der_ocsp_response(body)
        assert status == 200 and answer.response_status == ocsp.OCSPResponseStatus.SUCCESSFUL
        assert answer.certificate_status == ocsp.OCSPCertStatus.REVOKED
        assert answer.revocation_reason == x509.ReasonFlags.key_compromise
        assert answer.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce == b"0123456789abcdef"
        assert answer.next_update - answer.this_update == datetime.timedelta(minutes=30)
        signer = answer.certificates[0]
        assert signer == bench.certificate("ocsp.pem")
        signer.public_key().verify(answer.signature, answer.tbs_response_bytes, ec.ECDSA(answer.signature_hash_algorithm))
        assert answer.responder_key_hash == x509.SubjectKeyIdentifier.from_public_key(signer.public_key()).digest
        for escaped in (False, True):
            path = base64.b64encode(question(bench, "client.pem", algorithm=hashes.SHA256())).decode()
            path = path.replace("/", "%2F").replace("+", "%2B").replace("=", "%3D") if escaped else path
            got = ocsp.load_der_ocsp_response(there.ask("GET", "/" + path)[1])
            assert got.certificate_status == ocsp.OCSPCertStatus.GOOD, escaped


def responder_revoked(bench):
    """a responder whose own certificate is revoked while it runs answers no more, until it has another one"""
    with Responder(bench, "--key", "ocsp") as there:
        def until(wanted):
            for _ in range(PATIENCE * 5):
                said = bench.openssl("ocsp", "-issuer", "root.pem", "-CAfile", "root.pem", "-cert", "client.pem", "-url",
                                     there.url, status=None)
                if wanted in said:
                    return
                subprocess.run(["sleep", "0.2"], check=True)
            assert wanted in said, said
        until("client.pem: good")
        bench.ca("revoke", f"{bench.certificate('ocsp.pem').serial_number:X}", "--reason", "superseded")
        until("trylater")
        bench.ca("issue", "--public-key-of", "ocsp", "--profile", "ocsp", "--subject", "CN=ocsp", "--out", "ocsp.pem")
        until("client.pem: good")
    log = (bench.folder / "serve.log").read_text()
    assert log.count("nor has it a valid certificate") == 1 and "is answered again" in log, log


def garbage(bench):
    """what is no OCSP request is answered as malformed, by whatever way it comes, and the responder lives"""
    with Responder(bench) as there:
        asked = question(bench, "client.pem", b"n" * 16)
        malformed = bytes.fromhex("30030A0101")
        for bad in (b"", b"\x30", b"garbage", asked[:-1], asked + b"\0", b"\x30\x84\xff\xff\xff\xff", b"\0" * 60_000,
                    question(bench, "client.pem", b"n" * 200)):
            assert there.ask("POST", "/", bad) == (200, malformed), bad[:20]
        for path in ("/nothing", "/%", "/%zz", "/AAAA", "/" + "A" * 8000):
            assert there.ask("GET", path) == (200, malformed), path[:20]
        assert there.ask("POST", "/", asked, "text/plain")[0] == 415
        assert there.ask("POST", "/", b"x" * 70_000)[0] == 413
        assert there.ask("PUT", "/", asked)[0] == 405 and there.ask("GET", "/")[0] == 404
        assert "client.pem: good" in bench.ocsp(there, "client.pem")


def lists_by_themselves(bench):
    """a responder with --crl-days signs the next list when somebody was revoked"""
    serial = bench.issue("victim", "/CN=victim")
    with Responder(bench, "--crl-days", "3") as there:
        before = x509.load_der_x509_crl(there.ask("GET", "/root.crl")[1])
        bench.ca("revoke", serial)
        for _ in range(PATIENCE * 5):
            after = x509.load_der_x509_crl(there.ask("GET", "/root.crl")[1])
            if after.get_revoked_certificate_by_serial_number(int(serial, 16)) is not None:
                break
            subprocess.run(["sleep", "0.2"], check=True)
        assert after.get_revoked_certificate_by_serial_number(int(serial, 16)) is not None
        numbers = [one.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number for one in (before, after)]
        assert numbers[0] < numbers[1]


class Door:
    """A program that lets in whom our authority vouches for: its demo, with our certificates and our list."""

    def __init__(self, bench, command, file):
        self.bench, self.command, self.folder = bench, command, bench.folder / command
        self.file = self.folder / file
        with self.started("--demo", str(self.folder)):
            pass
        bench.issue(command, f"/CN={command}", "--profile", "server", "--name", "IP:127.0.0.1")
        self.list = self.folder / "acme.crl"
        bench.ca("crl", "--out", str(self.list))
        text = self.file.read_text()
        text = re.sub(r'"certificate": "certificates/(server|issuer|keyserver).pem"',
                      f'"certificate": "../{command}.pem"', text)
        text = re.sub(r'"key": "certificates/(server|issuer|keyserver).key"', f'"key": "../{command}.key.pem"', text)
        text = text.replace('"authorities": ["certificates/authority.pem"]',
                            '"authorities": ["../root.pem"], "revoked": "acme.crl"')
        self.file.write_text(text)

    def started(self, *arguments):
        door = self

        class Started:
            def __enter__(self):
                self.told, self.log_file = (door.folder.with_suffix(end) for end in (".out", ".log"))
                with open(self.told, "w") as told, open(self.log_file, "w") as log:
                    self.process = subprocess.Popen(door.bench.command(door.command, *arguments),
                                                    cwd=door.bench.folder, env=door.bench.environment, stdout=told,
                                                    stderr=log)
                for _ in range(PATIENCE * 10):
                    # `cardwright serve` tells its ports in its log.
                    self.said = self.told.read_text() + self.log_file.read_text()
                    found = re.search(r"(?:https://|\"address\":\")(127\.0\.0\.1:\d+)(?:\"[^\n]*operator-tls)?", self.said)
                    if found or self.process.poll() is not None:
                        break
                    subprocess.run(["sleep", "0.1"], check=True)
                assert found, self.said
                self.url = "https://" + found.group(1)
                return self

            def __exit__(self, *_):
                self.process.send_signal(signal.SIGTERM)
                self.process.wait(timeout=PATIENCE)

            def lets_in(self, name, version="1.2"):
                """Whether a client with this certificate gets an answer, and what curl says if not."""
                # Over TLS 1.2 the refusal comes before anything was asked, so that curl is sure to read it.
                done = subprocess.run(["curl", "-sS", "--tls-max", version, "--cacert", "root.pem", "--cert", f"{name}.pem", "--key",
                                       f"{name}.key.pem", "-o", "/dev/null", self.url + "/"], cwd=door.bench.folder,
                                      capture_output=True, text=True, timeout=PATIENCE)
                return done.returncode == 0, done.stderr

        return Started()


def door(command, file):
    def story(bench):
        there = Door(bench, command, file)
        good, bad = f"{command}-good", f"{command}-bad"
        bench.issue(good, f"/CN={good}")
        serial = bench.issue(bad, f"/CN={bad}")
        configured = {"keyserver": ("--config",), "sei": ("--cards",), "serve": ()}[command] + (str(there.file),)
        with there.started(*configured) as running:
            assert running.lets_in(good)[0], running.lets_in(good)
            assert running.lets_in(bad)[0], running.lets_in(bad)
            bench.ca("revoke", serial, "--reason", "keyCompromise")
            bench.ca("crl", "--out", str(there.list))
            if command == "serve":
                running.process.send_signal(signal.SIGHUP)
            for _ in range(PATIENCE * 5):
                entered, why = running.lets_in(bad)
                if "revoked" in why:
                    break
                subprocess.run(["sleep", "0.2"], check=True)
            assert not entered and "revoked" in why, why
            assert not running.lets_in(bad, "1.3")[0] and running.lets_in(good, "1.3")[0]
            assert running.lets_in(good)[0], running.lets_in(good)
            assert not running.lets_in("card")[0], "the key of a card logs in"
            for why in ("certificate revoked", "its certificate is none of a client"):
                for _ in range(PATIENCE * 5):
                    log = running.log_file.read_text()
                    if re.search(f"turned away.*{why}", log):
                        break
                    subprocess.run(["sleep", "0.2"], check=True)
                assert re.search(f"turned away.*{why}", log), log
        # A list that is out of date: nobody is told so by a handshake that fails, so the door says it before.
        key = serialization.load_pem_private_key((bench.folder / "ca.key.pem").read_bytes(), None)
        now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
        old = (x509.CertificateRevocationListBuilder().issuer_name(bench.certificate("root.pem").subject)
               .last_update(now - datetime.timedelta(days=9)).next_update(now - datetime.timedelta(days=2))
               .sign(key, hashes.SHA256()))
        there.list.write_bytes(old.public_bytes(serialization.Encoding.PEM))
        said = bench.run(command, *configured, "--check", status=2)
        assert "the revocation list is out of date since " in said, said
        # One that does not say anything of our clients, and one that is not by the authority's key.
        bench.ca("crl", "--authority", "ca384", "--out", str(there.list))
        said = bench.run(command, *configured, "--check", status=2)
        assert "no revocation list by the key of CN=Acme root,O=Acme" in said, said
        forged = (x509.CertificateRevocationListBuilder().issuer_name(bench.certificate("root.pem").subject)
                  .last_update(now - datetime.timedelta(days=1)).next_update(now + datetime.timedelta(days=2))
                  .sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256()))
        there.list.write_bytes(forged.public_bytes(serialization.Encoding.PEM))
        assert "by the key of" in bench.run(command, *configured, "--check", status=2)
        there.list.write_text("no list")
        assert "it holds no revocation list in PEM" in bench.run(command, *configured, "--check", status=2)

    story.__doc__ = f"cardwright {command} refuses a revoked client in the handshake, also one of a list that came later"
    return story


def ends(bench):
    """an authority that has ended issues nothing, and nothing outlives its authority"""
    bench.ca("init", "--authority", "brief", "--subject", "CN=brief", "--key", "brief", "--expires", "10d")
    said = bench.ca("issue", "--authority", "brief", "--request", bench.request("long", "/CN=long"), status=2)
    assert "would outlive its authority" in said, said
    bench.ca("issue", "--authority", "brief", "--request", "long.csr", "--expires", "5d")
    assert "ends at" in bench.ca("issue", "--request", "long.csr", "--expires", "2000-01-01", status=2)
    bench.ca("crl", "--authority", "brief", "--days", "3650", "--der", "--out", "brief.crl")
    list_ends = x509.load_der_x509_crl((bench.folder / "brief.crl").read_bytes()).next_update
    assert list_ends - datetime.datetime.utcnow() < datetime.timedelta(days=11), "no list outlives its authority"
    with open(bench.folder / "ca.keys") as keys:
        text = keys.read()
    (bench.folder / "swapped.keys").write_text(text.replace("private = brief.key.pem", "private = ca384.key.pem"))
    (bench.folder / "swapped.keys").chmod(0o600)
    said = bench.ca("issue", "--authority", "brief", "--request", "long.csr", "--expires", "5d", "--keys",
                    "swapped.keys", status=2)
    assert "has another key than the one that was named" in said, said
    # An authority that is revoked issues nothing more; what it issued is looked after.
    bench.ca("revoke", bench.serials("--authority", "brief", "--profile", "ca")[0], "--reason", "cACompromise")
    said = bench.ca("issue", "--authority", "brief", "--request", "long.csr", "--expires", "5d", status=2)
    assert "is revoked (cACompromise), and issues nothing more" in said, said
    bench.ca("crl", "--authority", "brief", "--out", "brief.crl")


def sealed(bench):
    """an authority whose key pair is in a sealed file, for certificates alone; a pair for messages signs none"""
    (bench.folder / "passphrase").write_text("correct horse battery staple\n")
    (bench.folder / "passphrase").chmod(0o600)
    at = ("--keys", "sealed.keys", "--passphrase-file", "passphrase")
    bench.run("keys", "init", *at)
    for name, purpose in (("ca", "certificate"), ("told", "message")):
        bench.run("keys", "generate", name, "--type", "ec", "--purpose", purpose, *at)
    assert "signed by a key pair" in bench.run("keys", "generate", "x", "--purpose", "certificate", *at, status=2)
    said = bench.ca("init", "--authority", "told", "--subject", "CN=told", "--key", "told", *at, status=2)
    assert "told" in said and "message" in said, said
    bench.ca("init", "--authority", "sealed", "--subject", "CN=sealed", "--key", "ca", "--out", "sealed.pem", *at)
    bench.ca("issue", "--authority", "sealed", "--request", bench.request("by-sealed", "/CN=sealed tsm"), "--out",
             "by-sealed.pem", *at)
    bench.openssl("verify", "-x509_strict", "-CAfile", "sealed.pem", "by-sealed.pem")
    bench.run("keys", "revoke", "ca", *at)
    assert "is revoked" in bench.ca("crl", "--authority", "sealed", *at, status=2)


def token(bench):
    """an authority whose key is in SoftHSM2 issues, revokes and answers; the key never leaves the token"""
    place = os.environ["CW_TEST_TOKEN"]
    pin = Path(re.search(r"pin-source=file:([^&]*)", place).group(1)).read_text()
    bench.openssl("pkcs8", "-topk8", "-nocrypt", "-in", "ca384.key.pem", "-out", "import.pem")
    bench.openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "hsm.key.pem")
    bench.openssl("genrsa", "-out", "hsmrsa.key.pem", "2048")
    for label, source, number in (("hsm.ca", "hsm.key.pem", "0A"), ("hsm.rsa", "hsmrsa.key.pem", "0B")):
        bench.openssl("pkcs8", "-topk8", "-nocrypt", "-in", source, "-out", "import.pem")
        subprocess.run(["softhsm2-util", "--import", str(bench.folder / "import.pem"), "--token", "cardwright", "--label",
                        label, "--id", number, "--pin", pin], check=True, capture_output=True, timeout=PATIENCE)
        bench.run("keys", "assign", label, "--purpose", "certificate", "--keys", place)
    for label in ("hsm.ca", "hsm.rsa"):
        name = label.replace(".", "-")
        bench.ca("init", "--authority", name, "--subject", f"CN={name}", "--key", label, "--out", f"{name}.pem",
                 "--keys", place)
        serial = json.loads(bench.ca("issue", "--authority", name, "--request", bench.request(f"by-{name}", "/CN=tsm"),
                                     "--out", f"by-{name}.pem", "--keys", place, "--json"))["serial"]
        bench.openssl("verify", "-x509_strict", "-CAfile", f"{name}.pem", f"by-{name}.pem")
        with Responder(bench, "--authority", name, "--keys", place, "--crl-days", "2") as there:
            asks = ("ocsp", "-issuer", f"{name}.pem", "-CAfile", f"{name}.pem", "-cert", f"by-{name}.pem", "-url",
                    there.url)
            assert f"by-{name}.pem: good" in bench.openssl(*asks)
            bench.ca("revoke", serial)
            assert f"by-{name}.pem: revoked" in bench.openssl(*asks)
        bench.ca("crl", "--authority", name, "--out", f"{name}.crl", "--keys", place)
        assert "certificate revoked" in bench.openssl("verify", "-crl_check", "-CRLfile", f"{name}.crl", "-CAfile",
                                                      f"{name}.pem", f"by-{name}.pem", status=2)


def kept(bench):
    """each issue, renewal and revocation is in an audit that holds, a copy of the store has all of it"""
    actions = [one["action"] for one in map(json.loads, bench.run("audit", "list", "--json").splitlines())]
    for action in ("authority made", "certificate issued", "certificate renewed", "certificate revoked",
                   "revocation list signed"):
        assert action in actions, (action, actions)
    bench.run("audit", "verify")
    bench.run("store", "check")
    before = bench.serials()
    bench.run("store", "export", "copy.cw")
    for secret in bench.folder.glob("*.key.pem"):
        number = serialization.load_pem_private_key(secret.read_bytes(), None).private_numbers()
        value = getattr(number, "private_value", None) or number.d
        raw = value.to_bytes((value.bit_length() + 7) // 8, "big")
        for file in bench.folder.glob("store.db*"):
            assert raw not in file.read_bytes() and raw.hex().encode() not in file.read_bytes().lower(), secret
    assert before


STORIES = (root, other_keys, profiles, requests, owners, queries, renewals, lists, responder, delegated, responder_revoked,
           garbage,
           lists_by_themselves, door("keyserver", "keyserver.json"), door("sei", "sei.json"), door("serve", "serve.json"),
           ends, sealed, token, kept)


def main():
    cardwright = sys.argv[1] if len(sys.argv) > 1 else ROOT / "build/release/cardwright"
    with tempfile.TemporaryDirectory(prefix="cw-ca.") as folder:
        with_token(folder)
        bench = Bench(cardwright, folder)
        for story in STORIES:
            bench.check(story)
    print(f"{bench.passed} passed, {bench.failed} failed")
    return bench.failed != 0


if __name__ == "__main__":
    sys.exit(main())
