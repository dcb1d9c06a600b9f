#!/usr/bin/python3
"""The flows of T/TAF 096-2021 between separate processes: `cardwright run` as the SP-TSM with a card, `cardwright sei` as the
issuer's SEI-TSM, over mutual TLS. The SP-TSM's side has no key of the card's issuer anywhere.

usage: tests/interop/taf/run.py [CARDWRIGHT]

The program is build/release/cardwright if none is named. Prints "ok NAME" or "not ok NAME: why" for each check; the last
line is "N passed, M failed".
"""

import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "sei"), str(Path(__file__).resolve().parents[1])]
from parts import (FACTORY, KEK, MASTER_AES, PATIENCE, ROOT, SD, Callbacks, Issuer, fill_token, openssl, unwrap,  # noqa: E402
                   until, write_file, write_files)
from stories import ended_before, play  # noqa: E402

POLICY = """return {{ name = "taf", api = 1,
  allow = {{ channel = {{ level = "mac+enc" }}, backends = {{ ["{url}"] = {{ opaque = {{ {opaque} }} }} }} }} }}
"""
WRAPPED = '"INSTALL", "SET STATUS", "DELETE", "PUT KEY", "GET STATUS"'
KEYS = "[{name}]\ntype = aes\nversion = {version}\nenc = {enc}\nmac = {mac}\ndek = {dek}\n"


class Bench:
    def __init__(self, cardwright, folder):
        self.cardwright, self.folder = str(cardwright), Path(folder)
        self.passed = self.failed = self.cards = 0
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        write_files(self.folder, port)
        self.port = port
        self.callbacks = Callbacks(self.folder, port)
        self.issuer = None
        self.custody, self.prefix = {}, ""
        self.begin()
        self.new_card()

    def begin(self):
        """An issuer that knows every card by its CPLC, and of none what it did before."""
        if self.issuer:
            self.issuer.end()
        file = write_file(self.folder, self.port)
        cards = {"scp03": {**file["cards"]["scp03"], "se_ids": ["0*"]}, "scp02": {**file["cards"]["scp02"], "se_ids": ["F*"]}}
        write_file(self.folder, self.port, cards=cards, **self.custody)
        (self.folder / "state.json").unlink(missing_ok=True)
        self.callbacks.got.clear()
        self.issuer = Issuer(self.cardwright, self.folder)
        self.url = f"https://{self.issuer.address}/sei/v1/"
        self.policy(WRAPPED)
        access = {"ca": "ca.pem", "certificate": "acme.pem", "key": "acme.key"}
        (self.folder / "backends.json").write_text(json.dumps({f"https://{self.issuer.address}/": access}))

    def policy(self, opaque):
        (self.folder / "policy.lua").write_text(POLICY.format(url=self.url, opaque=opaque))

    def new_card(self):
        self.cards += 1
        self.card = f"card{self.cards}.json"

    def environment(self, backends="backends.json"):
        out = {**os.environ, "HOME": str(self.folder), "CARDWRIGHT_SHARE": str(ROOT)}
        out.pop("CARDWRIGHT_KEYS", None)
        if backends:
            out["CARDWRIGHT_BACKENDS"] = str(self.folder / backends)
        return out

    def cw(self, *words, backends="backends.json", **more):
        return subprocess.run([self.cardwright, *map(str, words)], cwd=self.folder, env=self.environment(backends), check=False,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300, **more)

    def run(self, flow, *words, **more):
        settings = ["--set", f"issuer={self.url}", "--set", "tenant=acme"] if flow.startswith("sei/") else []
        return self.cw("run", flow, "--card", "sim", "--card-state", self.card, "--policy", "policy.lua", "--json",
                       *settings, *words, **more)

    def check(self, name, *problems):
        name, wrong = self.prefix + name, [str(problem) for problem in problems if problem]
        self.passed += not wrong
        self.failed += bool(wrong)
        print(f"not ok {name}: {'; '.join(wrong)[:900]}" if wrong else f"ok {name}", flush=True)

    def end(self):
        self.issuer.end()
        self.callbacks.end()


def done(ran):
    """What is wrong with a run that should have gone well."""
    return ran.returncode and f"exit {ran.returncode}: {ran.stdout[-300:]}{ran.stderr[-600:]}"


def failed(ran, status, words):
    """What is wrong with one that should have failed so."""
    if ran.returncode != status or words not in ran.stdout + ran.stderr:
        return f"exit {ran.returncode}: {ran.stdout[-300:]}{ran.stderr[-600:]}"
    return None


def steps(ran):
    """Steps by what became of them, from the events of --json."""
    out = {}
    for line in ran.stdout.splitlines():
        event = json.loads(line)
        if event.get("event") == "step":
            out[event["name"]] = event["state"]
    return out


def exchanged(ran):
    return [line for line in ran.stdout.splitlines() if '"INITIALIZE UPDATE' in line]


def life_cycle(bench):
    bench.check("an SSD is created by the issuer, over mutual TLS",
                done(bench.run("sei/create", "--set", "management=delegated")))
    pushed = until(lambda: bench.callbacks.of("/sp/v1/keys"))
    bench.check("and its initial keys come", not pushed and "nothing came")
    keys = [unwrap(bytes.fromhex(KEK), bytes.fromhex(one)).hex().upper() for one in pushed[0]["encryptedKey"]]
    version = pushed[0].get("keyVersion", "31")
    (bench.folder / "sp.keys").write_text(
        KEYS.format(name="initial", version=version, enc=keys[0], mac=keys[1], dek=keys[2]) +
        KEYS.format(name="ours", version="32", enc="E0" * 16, mac="E1" * 16, dek="E2" * 16))
    (bench.folder / "sp.keys").chmod(0o600)
    again = bench.run("sei/create", "--set", "management=delegated")
    bench.check("a second run makes no other", done(again), len(bench.issuer.state()["ssds"]) != 1)

    rotated = bench.run("demo/rotate-keys", "--keys", "sp.keys", "--set", f"domain={SD}", "--set", "old=initial",
                        "--set", "new=ours")
    bench.check("the initial keys are replaced by our own", done(rotated))
    seen = bench.run("app/query", "--keys", "sp.keys", "--set", "sd_keys=ours")
    bench.check("which open the domain for its provider", done(seen), SD not in seen.stdout and seen.stdout)

    bench.check("the issuer locks it", done(bench.run("sei/lock")))
    locked = bench.run("app/query", "--keys", "sp.keys", "--set", "sd_keys=ours")
    bench.check("a preflight says so, and what to do", failed(locked, 1, "or its issuer has locked it; ask the issuer"))
    bench.check("locking it again changes nothing", done(bench.run("sei/lock")))
    bench.check("the issuer unlocks it", done(bench.run("sei/unlock")))
    bench.check("and the flow goes on", done(bench.run("app/query", "--keys", "sp.keys", "--set", "sd_keys=ours")))
    bench.check("the issuer deletes it", done(bench.run("sei/delete", "--store", "deletes.db")))
    bench.check("deleting it again changes nothing", done(bench.run("sei/delete", "--store", "deletes.db")))
    gone = bench.run("app/query", "--keys", "sp.keys", "--set", "sd_keys=ours")
    bench.check("and it is gone", failed(gone, 1, "is not there"))


def delegated(bench):
    bench.begin()
    bench.new_card()
    # The issuer's own work on the card before: its ISD learns the key that checks tokens.
    (bench.folder / "isd.keys").write_text(
        KEYS.format(name="isd.aes", version="30", enc=FACTORY, mac=FACTORY, dek=FACTORY) +
        "[issuer.token]\ntype = rsa\nprivate = token.pem\n")
    (bench.folder / "isd.keys").chmod(0o600)
    (bench.folder / "token.lua").write_text(
        'return { name = "token", summary = "put the token key", needs = { keys = { "isd.aes", "issuer.token" } },\n'
        'run = function(run) require("cw.gp").open(run.card, { keys = "isd.aes", flavor = run.flavor })'
        ':put_signing_key("issuer.token", 0x70) end }\n')
    bench.check("a card whose issuer checks tokens", 
                done(bench.run("token.lua", "--keys", bench.custody.get("keys", "isd.keys"))))
    (bench.folder / "isd.keys").unlink()
    bench.check("a domain with delegated management", done(bench.run("sei/create", "--set", "management=delegated")))
    pushed = until(lambda: bench.callbacks.of("/sp/v1/keys"))
    keys = [unwrap(bytes.fromhex(KEK), bytes.fromhex(one)).hex().upper() for one in pushed[-1]["encryptedKey"]]
    (bench.folder / "sp.keys").write_text(
        KEYS.format(name="initial", version=pushed[-1].get("keyVersion", "31"), enc=keys[0], mac=keys[1], dek=keys[2]))
    words = ["--keys", "sp.keys", "--set", "sd_keys=initial", "--set", "management=delegated"]
    cap = ["--set", f"cap={ROOT}/tests/caps/wallet-1.0.cap"]
    none = bench.run("app/install", *words, *cap)
    bench.check("without tokens it is told what is missing", failed(none, 1, "delegated management needs tokens"))
    asked = [*words, "--set", f"issuer={bench.url}", "--set", "tenant=acme"]
    bench.check("an application is loaded and installed with the issuer's tokens", done(bench.run("app/install", *asked, *cap)))
    seen = bench.run("app/query", "--keys", "sp.keys", "--set", "sd_keys=initial")
    bench.check("and is there", done(seen), "F063617264770101" not in seen.stdout and seen.stdout)
    bench.check("and deleted with them", done(bench.run("app/delete", *asked, "--set", "aid=F063617264770101")))
    bench.issuer.faults({"fault": "wrong_token"})
    wrong = bench.run("app/install", *asked, *cap)
    bench.check("a token for other data is refused by the card, and told",
                failed(wrong, 1, "LOAD wallet-1.0.cap, command 1 of 4 failed: 6A80"))
    bench.check("and the flow goes on with right ones", done(bench.run("app/install", *asked, *cap)))
    return asked, cap


def delegated_and_torn(bench):
    """The same application, while its card is pulled and its SP-TSM killed; the issuer signs tokens as often as it takes."""
    asked, cap = delegated(bench)
    aid = ["--set", "aid=F063617264770101"]
    pulled(bench, "app/delete", *asked, *aid)
    bench.check("the application is deleted", done(bench.run("app/delete", *asked, *aid)))
    pulled(bench, "app/install", *asked, *cap)
    before = (bench.folder / bench.card).read_text()
    for flow, more in (("app/install", cap), ("app/delete", aid)):
        dies(bench, flow, *asked, *more, card=before)
        bench.check("for the next one it is there", done(bench.run("app/install", *asked, *cap)))
        before = (bench.folder / bench.card).read_text()


def pulled(bench, flow, *words):
    """The card is pulled before, inside and after each command of a flow; the flow run again ends up the same."""
    ran = bench.cw("test", "--tear", "all", flow, "--card", "sim", "--card-state", bench.card, "--policy", "policy.lua", *words)
    counts = re.search(r"(\d+) tear points, (\d+) converged", ran.stdout)
    bench.check(f"{flow} converges wherever its card is pulled", ran.returncode and (ran.stdout + ran.stderr)[-500:],
                not counts and ran.stdout[-500:], counts and (counts[1] != counts[2] or int(counts[1]) < 15) and counts[0])


def dies(bench, flow, *words, card):
    """The SP-TSM is killed at one moment after the other, each time with such a card, and the next run of the flow brings
    about what it is for."""
    wrong, whole = [], 0
    for at in range(1, 11):
        (bench.folder / bench.card).write_text(card)
        bench.issuer.faults({"fault": "late", "call": "token", "count": 9, "ms": 100})
        store = ["--store", f"{flow.replace('/', '-')}{at}.db"]
        begun = [bench.cardwright, "run", flow, "--card", "sim", "--card-state", bench.card, "--policy", "policy.lua",
                 *store, *words]
        whole += ended_before(begun, 0.06 * at, cwd=bench.folder, env=bench.environment())
        bench.issuer.faults()
        ends = bench.run(flow, *store, *words)
        if done(ends):
            wrong.append(f"after {60 * at} ms: {done(ends)}")
    bench.check(f"{flow}: killed at 10 moments, the next run ends it", wrong, whole == 10 and "each run had ended before")


def faults(bench):
    for fault, call, words in (("garbled", "ssd", "no JSON object"), ("garbled", "commands", "no JSON object"),
                               ("wrong_code", "commands", "resultCode 9999"), ("expired_task", "", "resultCode 9999"),
                               ("many_apdus", "commands", "more than 4096"), ("lost", "commands", "")):
        bench.begin()
        bench.new_card()
        bench.issuer.faults({"fault": fault, "call": call} if call else {"fault": fault})
        ran = bench.run("sei/create")
        again = bench.run("sei/create")
        bench.check(f"an issuer whose answer is {fault} ends the run in a line, and the next one brings the SSD about",
                    failed(ran, 1, words), done(again), len(bench.issuer.state()["ssds"]) != 1 and "not one SSD")


def revocation_list(folder, *revoked):
    """ca.crl, by the openssl command."""
    (folder / "index").write_text("")
    (folder / "crlnumber").write_text("01\n")
    (folder / "ca.conf").write_text("[ca]\ndefault_ca=a\n[a]\ndatabase=index\ncrlnumber=crlnumber\ndefault_md=sha256\n"
                                    "default_crl_days=1\n")
    us = ("ca", "-batch", "-config", "ca.conf", "-cert", "ca.pem", "-keyfile", "ca.key")
    for name in revoked:
        openssl(folder, *us, "-revoke", name)
    openssl(folder, *us, "-gencrl", "-out", "ca.crl")


def refusals(bench):
    bench.new_card()
    bench.check("who has no certificate is told so in a line",
                failed(bench.run("sei/create", backends=None), 1, "certificate"))
    stranger = {"ca": "ca.pem", "certificate": "nobody.pem", "key": "nobody.key"}
    (bench.folder / "nobody.json").write_text(json.dumps({f"https://{bench.issuer.address}/": stranger}))
    bench.check("who is no tenant is refused, with the issuer's reason",
                failed(bench.run("sei/create", backends="nobody.json"), 1, "the SEI-TSM"))
    listed = {"ca": "ca.pem", "revoked": "ca.crl", "certificate": "acme.pem", "key": "acme.key"}
    (bench.folder / "listed.json").write_text(json.dumps({f"https://{bench.issuer.address}/": listed}))
    revocation_list(bench.folder, "issuer.pem")
    bench.check("an issuer whose certificate was revoked is told nothing",
                failed(bench.run("sei/create", backends="listed.json"), 1, "the server's certificate was revoked"))
    revocation_list(bench.folder)
    asked = failed(bench.run("sei/create", "--set", "domain=F1636172647700AA", backends="listed.json"), 1, "resultCode 9999")
    bench.check("one whose certificate was not is asked", asked)
    (bench.folder / "broken.json").write_text('{"https://x/": {"cert": "acme.pem"}}')
    bench.check("a file of backends with an unknown field is named with it",
                failed(bench.run("sei/create", backends="broken.json"), 2, "unknown field 'cert'"))
    bench.policy("")
    bench.check("a policy that names no wrapped instruction lets none through",
                failed(bench.run("sei/create"), 3, "names no instruction in opaque"))
    bench.policy('"PUT KEY"')
    bench.check("and one that names another", failed(bench.run("sei/create"), 3, "names no GET STATUS in opaque"))
    bench.policy(WRAPPED)
    foreign = bench.run("sei/create", "--set", "domain=F1636172647700AA")
    bench.check("an AID that is another tenant's is refused", failed(foreign, 1, "resultCode 9999"))
    bench.check("and the card can still be opened", done(bench.run("sei/create", "--set", "management=authorized")))


def killed(bench):
    """The SP-TSM is killed at one moment after the other, and the next run brings the domain about."""
    wrong, whole = [], 0
    for at in range(1, 14):
        bench.begin()
        bench.new_card()
        bench.issuer.faults({"fault": "late", "call": "ssd", "ms": 150},
                            {"fault": "late", "call": "commands", "count": 9, "ms": 150})
        words = [bench.cardwright, "run", "sei/create", "--card", "sim", "--card-state", bench.card, "--policy", "policy.lua",
                 "--store", f"killed{at}.db", "--set", f"issuer={bench.url}", "--set", "tenant=acme"]
        whole += ended_before(words, 0.08 * at, cwd=bench.folder, env=bench.environment())
        bench.issuer.faults()
        ends = bench.run("sei/create", "--store", f"killed{at}.db")
        domains = bench.issuer.state()["ssds"]
        if done(ends) or len(domains) != 1:
            wrong.append(f"after {80 * at} ms: {done(ends)}, {len(domains)} domains")
    bench.check("killed at 13 moments, the next run brings the SSD about, and there is one", wrong,
                whole == 13 and "each run had ended before it was killed")


def torn(bench):
    bench.begin()
    bench.new_card()
    bench.check("for the cards that are pulled: an SSD made and deleted", done(bench.run("sei/create")),
                done(bench.run("sei/delete", "--store", "deletes.db")))
    # Each is torn on a card that is as the flow before it would leave one.
    for flow, before in (("sei/create", None), ("sei/lock", "sei/create"), ("sei/unlock", "sei/lock"),
                         ("sei/delete", "sei/unlock")):
        if before:
            bench.check(f"and a card after {before}", done(bench.run(before)))
        pulled(bench, flow, "--set", f"issuer={bench.url}", "--set", "tenant=acme")


def kept(bench):
    bench.begin()
    bench.new_card()
    bench.check("a run that a store keeps", done(bench.run("sei/create", "--store", "runs.db")))
    ids = [json.loads(line)["id"] for line in bench.cw("runs", "list", "--store", "runs.db", "--json").stdout.splitlines()]
    bench.check("is replayed without card, network and issuer",
                done(bench.cw("runs", "replay", ids[0], "--store", "runs.db", backends=None)))
    shown = bench.cw("runs", "show", ids[0], "--store", "runs.db")
    bench.check("and shows what the issuer had sent", "84E60C00" not in shown.stdout and shown.stdout[-500:], done(shown))


def in_a_token(bench):
    """The issuer's keys in SoftHSM2: a domain lives and ends, and an application is put into one with tokens."""
    token = os.environ.get("CW_TEST_TOKEN")
    if not token:
        bench.check("the issuer's keys in a token", "CW_TEST_TOKEN names none; test.sh starts SoftHSM2")
        return
    bench.check("the issuer's keys go into a token, and a pair that signs tokens is made there", *fill_token(bench.cw, token))
    bench.custody, bench.prefix = {"keys": token}, "with the issuer's keys in a token: "
    bench.begin()
    bench.new_card()
    life_cycle(bench)
    delegated(bench)
    bench.custody, bench.prefix = {}, ""


def nothing_leaks(bench):
    planted = [FACTORY, MASTER_AES, KEK]
    found = []
    for path in sorted(bench.folder.rglob("*")):
        if not path.is_file() or path.name in ("issuer.keys", "sp.keys") or path.name.startswith("card"):
            continue  # the card has the keys of its issuer
        text = path.read_bytes()
        found += [f"{path.name} has {key[:8]}..." for key in planted
                  if bytes.fromhex(key) in text or key.encode() in text.upper()]
    bench.check("no key of the issuer, and no transport key, is in any file of either side", found)


STORIES = (life_cycle, delegated_and_torn, refusals, faults, killed, torn, kept, in_a_token, nothing_leaks)

if __name__ == "__main__":
    sys.exit(play(__doc__, "taf", Bench, STORIES, sys.argv[1:]))
