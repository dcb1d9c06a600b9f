#!/usr/bin/python3
"""Personal data that a provider signs and encrypts for custody: openssl makes the envelopes, `cardwright run` opens them.

usage: tests/interop/envelopes/run.py [CARDWRIGHT]

The program is build/release/cardwright if none is named. Prints "ok NAME" or "not ok NAME: why" for each check; the last
line is "N passed, M failed".
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
HOLDER = "Ada Q. Lovelace-5512"


class Bench:
    def __init__(self, cardwright, folder):
        self.cardwright, self.folder = str(cardwright), Path(folder)
        self.passed = self.failed = 0
        for name, kind in (("ca", "ec"), ("stranger", "ec")):
            self.key(name, kind)
            self.openssl("req", "-x509", "-key", f"{name}.key", "-out", f"{name}.pem", "-days", "2", "-subj", f"/CN={name}")
        for name, kind, ca in (("tsm", "rsa", "ca"), ("ectsm", "ec", "ca"), ("other", "rsa", "ca"), ("perso", "ec", "ca"),
                               ("peer", "ec", "ca"), ("late", "ec", "ca"), ("forged", "ec", "stranger")):
            self.key(name, kind)
            subject = "/O=Acme/CN=perso" if name in ("perso", "forged", "late") else f"/CN={name}"
            self.openssl("req", "-new", "-key", f"{name}.key", "-out", f"{name}.csr", "-subj", subject)
            self.openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{ca}.pem", "-CAkey", f"{ca}.key", "-CAcreateserial",
                         "-days", "-1" if name == "late" else "2", "-out", f"{name}.pem")
        self.configure("tsm")

    def key(self, name, kind):
        options = ("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048") if kind == "rsa" else (
            "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
        self.openssl("genpkey", *options, "-out", f"{name}.key")
        (self.folder / f"{name}.key").chmod(0o600)

    def configure(self, name, **more):
        sender = {"subject": "CN=perso,O=Acme", "authorities": "ca.pem"}
        (self.folder / "envelopes.json").write_text(json.dumps({"key": f"{name}.key", "senders": [sender], **more}))

    def openssl(self, *words, data=None):
        return subprocess.run(["openssl", *words], cwd=self.folder, check=True, capture_output=True, input=data).stdout

    def signed(self, signer="perso", data=HOLDER, *more):
        return self.openssl("cms", "-sign", "-binary", "-nodetach", "-signer", f"{signer}.pem", "-inkey", f"{signer}.key",
                            "-outform", "DER", *more, data=data.encode())

    def sealed(self, content, to="tsm", cipher="-aes256", name="holder.cms"):
        (self.folder / name).write_bytes(
            self.openssl("cms", "-encrypt", "-binary", cipher, "-outform", "PEM", f"{to}.pem", data=content))

    def install(self, *words, configured=True, store=None):
        environment = {**os.environ, "HOME": str(self.folder), "CARDWRIGHT_SHARE": str(ROOT)}
        environment.pop("CARDWRIGHT_ENVELOPES", None)
        if configured:
            environment["CARDWRIGHT_ENVELOPES"] = str(self.folder / "envelopes.json")
        kept = ["--store", store] if store else []
        return subprocess.run([self.cardwright, "run", "demo/install", "--card", "sim", "--set",
                               f"cap={ROOT}/tests/caps/wallet-1.0.cap", "--set", "holder=@holder.cms", "--json", "--trace",
                               "trace.txt", *kept, *words], cwd=self.folder, env=environment, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, check=False)

    def batch(self):
        (self.folder / "rows.csv").write_text("number\n4711\n")
        environment = {**os.environ, "HOME": str(self.folder), "CARDWRIGHT_SHARE": str(ROOT),
                       "CARDWRIGHT_ENVELOPES": str(self.folder / "envelopes.json")}
        return subprocess.run([self.cardwright, "batch", "demo/install", "--cards", "sim", "--data", "rows.csv", "--key", "number",
                               "--set", f"cap={ROOT}/tests/caps/wallet-1.0.cap", "--set", "holder=@holder.cms"],
                              cwd=self.folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              check=False)

    def check(self, name, *problems):
        wrong = [str(problem) for problem in problems if problem]
        self.passed += not wrong
        self.failed += bool(wrong)
        print(f"not ok {name}: {'; '.join(wrong)[:900]}" if wrong else f"ok {name}", flush=True)

    def refused(self, name, words):
        ran = self.install()
        self.check(name, (ran.returncode != 2 or words not in ran.stderr) and f"exit {ran.returncode}: {ran.stderr[-500:]}")


def done(ran):
    return ran.returncode and f"exit {ran.returncode}: {ran.stderr[-600:]}"


def opens(bench):
    """The holder's name reaches the card: a second run with the plain name finds its work done, one with another does not."""
    for cipher in ("-aes256", "-aes-128-cbc", "-aes-256-gcm"):
        bench.sealed(bench.signed(), cipher=cipher)
        bench.check(f"signed, and encrypted with {cipher[1:]}", done(bench.install("--card-state", f"card{cipher}.json")))
        memory = (bench.folder / f"card{cipher}.json").read_text().upper()
        bench.check("the card has what was in it", HOLDER.encode().hex().upper() not in memory and "not there")
    bench.sealed(bench.signed())
    whole = (bench.folder / "holder.cms").read_text()
    for name, text in (("with blanks ahead of it", b"\xef\xbb\xbf\n  " + whole.encode()),
                       ("called PKCS7", whole.replace("CMS", "PKCS7").encode()),
                       ("in DER", bench.openssl("cms", "-cmsout", "-inform", "PEM", "-outform", "DER", "-in", "holder.cms"))):
        (bench.folder / "holder.cms").write_bytes(text)
        bench.check("one " + name, done(bench.install()))
    bench.configure("ectsm")
    bench.sealed(bench.signed(), to="ectsm")
    bench.check("for an EC key", done(bench.install()))
    bench.configure("tsm")
    bench.sealed(bench.signed())
    bench.check("the audit says whose data was opened", done(bench.install(store="runs.db")))
    said = subprocess.run([bench.cardwright, "audit", "list", "--store", "runs.db"], cwd=bench.folder, capture_output=True,
                          text=True, check=False, env={**os.environ, "CARDWRIGHT_SHARE": str(ROOT)}).stdout
    bench.check("by name and certificate", "personal data opened" not in said or "CN=perso,O=Acme" not in said or HOLDER in said)


def suspended(bench):
    """What a provider sent is not opened while nothing of it is managed; whose it is, the audit says."""
    def at(*words):
        return subprocess.run([bench.cardwright, *words, "--store", "owners.db"], cwd=bench.folder, capture_output=True, text=True,
                              check=False, env={**os.environ, "CARDWRIGHT_SHARE": str(ROOT)})

    bench.configure("tsm", senders=[{"subject": "CN=perso,O=Acme", "authorities": "ca.pem", "owner": "acme"}])
    bench.sealed(bench.signed())
    at("owner", "add", "acme")
    at("owner", "suspend", "acme", "--reason", "unpaid")
    ran = bench.install("--owner", "acme", store="owners.db")
    bench.check("of a suspended provider none is opened", "nothing of provider acme is managed" not in ran.stderr and ran.stderr,
                "personal data opened" in at("audit", "list").stdout and "it was")
    at("owner", "resume", "acme")
    bench.install("--owner", "acme", store="owners.db")
    said = at("audit", "list", "--owner", "acme").stdout
    bench.check("once it is resumed, it is, and is found among what is its own", "personal data opened" not in said and said)
    bench.configure("tsm")


def refuses(bench):
    bench.sealed(bench.signed(), to="other")
    bench.refused("one for somebody else", "encrypted for another certificate than ours, or was changed")
    bench.sealed(HOLDER.encode())
    bench.refused("one that is not signed", "what is in it is not signed")
    bench.sealed(bench.signed("peer"))
    bench.refused("one signed by another of the same CA", "none of those who may send personal data has signed it")
    bench.sealed(bench.signed("forged"))
    bench.refused("one signed under the same name, by another CA", "none of those who may send personal data has signed it")
    bench.sealed(bench.signed("perso", HOLDER, "-md", "sha1"))
    bench.refused("one whose signature is of SHA-1", "none of those who may send personal data has signed it")
    content = bytearray(bench.signed())
    at = content.index(HOLDER.encode())
    content[at] ^= 1
    bench.sealed(bytes(content))
    bench.refused("one whose content was changed", "none of those who may send personal data has signed it")
    both = bench.openssl("cms", "-sign", "-binary", "-nodetach", "-signer", "peer.pem", "-inkey", "peer.key", "-signer",
                         "perso.pem", "-inkey", "perso.key", "-outform", "DER", data=HOLDER.encode())
    bench.sealed(both)
    bench.refused("one with two signatures", "none of those who may send personal data has signed it")
    bench.sealed(bench.signed())
    whole = (bench.folder / "holder.cms").read_text()
    (bench.folder / "holder.cms").write_text(whole[:len(whole) // 2])
    bench.refused("one that was cut", "no CMS envelope that can be read, or was cut")
    (bench.folder / "holder.cms").write_text("-----BEGIN CMS-----\n" + "A" * 200_000 + "\n-----END CMS-----\n")
    bench.refused("one of garbage", "no CMS envelope that can be read, or was cut")
    (bench.folder / "holder.cms").write_bytes(bench.openssl("cms", "-sign", "-binary", "-nodetach", "-signer", "perso.pem",
                                                            "-inkey", "perso.key", "-outform", "PEM", data=b"in the clear"))
    bench.refused("one that is signed and not encrypted", "CMS of another kind")
    bench.sealed(bench.openssl("cms", "-sign", "-binary", "-nodetach", "-econtent_type", "1.2.840.113549.1.7.3", "-signer",
                               "perso.pem", "-inkey", "perso.key", "-outform", "DER", data=HOLDER.encode()))
    bench.refused("one in which something else than data is signed", "is no plain data")
    (bench.folder / "holder.cms").write_bytes(bench.openssl(
        "cms", "-encrypt", "-binary", "-aes256", "-pwri_password", "secret", "-outform", "PEM", data=bench.signed()))
    bench.refused("one that a password opens", "encrypted for another certificate than ours")
    ran = bench.batch()
    bench.check("in a batch none is taken for the data itself", (ran.returncode != 2 or "CMS envelope" not in ran.stderr) and
                ran.stderr[-400:])
    bench.sealed(bench.signed("late"))
    bench.refused("one whose signer's certificate is not valid any more", "none of those who may send personal data has signed")
    bench.sealed(bench.signed("perso", "x" * 40))
    bench.refused("what is too long for the argument", "argument holder")
    bench.sealed(bench.signed())
    ran = bench.install(configured=False)
    bench.check("without a configuration", (ran.returncode != 2 or "CARDWRIGHT_ENVELOPES names" not in ran.stderr) and ran.stderr)
    for name, file, words in (("a key that others may read", {"key": "open.key"}, "open.key"),
                              ("a key that is none", {"key": "ca.pem"}, "no private key in PEM"),
                              ("nobody who may send", {"senders": []}, "senders must be a list"),
                              ("a field that is none", {"keys": "x"}, "unknown field 'keys'"),
                              ("another owner's sender", {"senders": [{"subject": "CN=perso,O=Acme", "authorities": "ca.pem",
                                                                       "owner": "acme"}]}, "none of those who may send")):
        (bench.folder / "open.key").write_bytes((bench.folder / "tsm.key").read_bytes())
        (bench.folder / "open.key").chmod(0o644)
        (bench.folder / "ca.pem").chmod(0o600)
        bench.configure("tsm", **file)
        bench.refused(name, words)


def nothing_leaks(bench):
    found = [path.name for path in sorted(bench.folder.rglob("*"))
             if path.is_file() and not path.name.startswith("card-") and
             (HOLDER.encode() in path.read_bytes() or HOLDER.encode().hex().upper().encode() in path.read_bytes().upper())]
    bench.check("the data is in no file but the card's", found)


def main(arguments):
    if len(arguments) > 1 or arguments[:1] == ["--help"]:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    cardwright = Path(arguments[0] if arguments else ROOT / "build/release/cardwright").resolve()
    os.umask(0o077)
    with tempfile.TemporaryDirectory(prefix="cardwright-envelopes-") as folder:
        bench = Bench(cardwright, folder)
        for story in (opens, suspended, refuses, nothing_leaks):
            story(bench)
        print(f"{bench.passed} passed, {bench.failed} failed")
    return 1 if bench.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
