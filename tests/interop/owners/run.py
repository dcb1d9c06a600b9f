#!/usr/bin/python3
"""Two owners and an operator on one store: nothing of one is seen or used by another, at a desk and at both doors.

usage: tests/interop/owners/run.py [CARDWRIGHT]

The program is build/release/cardwright if none is named. Prints "ok NAME" or "not ok NAME: why" for each check; the last
line is "N passed, M failed".
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "serve"))
import provider  # noqa: E402
from service import PATIENCE, ROOT, Service, environment  # noqa: E402

# The operator's: acme may have the factory's keys, and only so many runs an hour.
HOUSE = """return { name = "house", api = 1, owners = {
  acme = { keys = { "isd" }, quotas = { { flows = { "*" }, per_hour = %d } } },
  zenith = { keys = { "isd" }, unowned_cards = true },
  nova = { keys = { "isd" }, unowned_cards = true },
}, rules = { (require "cw.policy").deny { on = "DELETE", because = "nothing goes in this house" } } }
"""
ACME = """return { name = "acme", api = 1, allow = { flows = { "demo/*", "acme/*" } },
  rules = { (require "cw.policy").deny { on = "STORE DATA", because = "acme stores nothing" } } }
"""
OPENS = """local gp = require "cw.gp"
return { name = "open", summary = "open acme's domain", needs = { keys = { "demo.sd" } },
  run = function(run) gp.open(run.card, { keys = "demo.sd", aid = require("hex").decode "F063617264770001" }) end }
"""
KEYS = "[{name}]\ntype = aes\nversion = {version}\nenc = {key}\nmac = {key}\ndek = {key}\n"


class Checks:
    def __init__(self, cardwright, folder):
        self.cardwright, self.folder = str(cardwright), Path(folder)
        self.passed = self.failed = 0
        self.service = None
        self.cards = {}
        keys = self.folder / "keys"
        keys.write_text((ROOT / "tests/keys/demo.keys").read_text() +
                        KEYS.format(name="zenith/demo.sd", version=30, key="B0" * 16) +
                        KEYS.format(name="acme/demo.sd", version=30, key="A0" * 16))
        keys.chmod(0o600)
        (self.folder / "holder").write_text("Ada")
        (self.folder / "holder").chmod(0o600)
        # Cards with serial numbers of their own, as a batch leaves them behind.
        names = ("first", "second", "third", "fourth")
        (self.folder / "rows.csv").write_text("id\n" + "".join(f"{name}\n" for name in names))
        made = self.cw("batch", "demo/inventory", "--cards", "sim:generic*1", "--data", "rows.csv", "--key", "id",
                       "--card-states", ".", "--store", "none")
        self.check("four cards are there", made.returncode and made.stderr)

    def check(self, name, *problems):
        """`problems`: each is what is wrong, or falsy."""
        wrong = [str(problem) for problem in problems if problem]
        self.passed += not wrong
        self.failed += bool(wrong)
        print(f"not ok {name}: {'; '.join(wrong)[:700]}" if wrong else f"ok {name}", flush=True)

    @property
    def store(self):
        return self.folder / "demo/store.db"

    def cw(self, *words):
        return subprocess.run([self.cardwright, *map(str, words)], env=environment(self.folder), check=False,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=4 * PATIENCE,
                              cwd=self.folder)

    def at(self, *words):
        return self.cw(*words, "--store", self.store)

    def expect(self, name, ran, status, *patterns):
        said = ran.stdout + ran.stderr
        self.check(name, ran.returncode != status and f"exit status {ran.returncode}: {said}",
                   *[not re.search(each, said) and f"no '{each}' in {said}" for each in patterns],
                   "\n" in ran.stderr.strip() and status not in (0,) and "Traceback" in said and said)
        return ran

    def run_flow(self, owner, card, flow="demo/inventory", *more):
        words = ["--owner", owner] if owner else []
        install = ["--set", f"cap={ROOT}/tests/caps/transit-2.1.cap", "--set", "holder=@holder"] \
            if flow == "demo/install" else []
        return self.at("run", flow, "--card", "sim", "--card-state", f"{card}.json",
                       "--keys", "keys", *words, *install, *more)

    def rows(self, *words):
        return [json.loads(line) for line in self.at("runs", "list", "--all", "--json", *words).stdout.splitlines()]

    def use(self, name, text, *words):
        (self.folder / f"{name}.lua").write_text(text)
        loaded = self.at("policy", "load", f"{name}.lua", *words)
        hash_ = re.search(r"[0-9A-F]{12}", loaded.stdout)
        return self.at("policy", "use", hash_.group() if hash_ else "none", *words)

    # At a desk.

    def names(self):
        self.expect("owners are added", self.at("owner", "add", "acme", "zenith"), 0, "owner acme is added")
        self.expect("and listed", self.at("owner", "list"), 0, "acme +0", "zenith +0")
        self.expect("once", self.at("owner", "add", "acme"), 2, "there is an owner acme already")
        self.expect("under a name", self.at("owner", "add", "Acme Inc."), 2, "cannot be an owner's name")
        for words in (("policy", "list"), ("bundle", "list"), ("runs", "list"), ("card", "list"), ("audit", "list"),
                      ("policy", "rollback"), ("ticket", "demo/inventory"), ("policy", "proposals")):
            self.expect(f"nobody is an owner: {' '.join(words)}", self.at(*words, "--owner", "acne"), 2,
                        "there is no owner 'acne'.*did you mean 'acme'")
        self.expect("nor does one run", self.run_flow("acne", "first"), 2, "there is no owner 'acne'")
        ran = self.cw("run", "demo/inventory", "--card", "sim", "--owner", "acme")
        self.expect("an owner is in a store", ran, 2, "owners are in a store, and there is none")

    def cards_and_keys(self):
        self.expect("the operator's own run", self.run_flow("", "first"), 0)
        self.run_flow("", "second")
        cards = json.loads(self.at("card", "list", "--json").stdout)
        self.check("cards are known from runs", len(cards) != 2 and cards)
        by_run = {row["id"]: row["card_id"] for row in self.rows()}
        order = [by_run[id_] for id_ in sorted(by_run)]  # the older run has the lower id
        self.cards = dict(zip(("first", "second"), order))
        self.expect("the operator's keys are not an owner's", self.run_flow("acme", "first"), 2,
                    "owner acme has no key set 'isd'", "owners.acme.keys")
        self.expect("until the policy lends them", self.use("house", HOUSE % 100), 0)
        self.expect("nor is a card that was given to nobody", self.run_flow("acme", "first"), 3,
                    "a run of acme on card CPLC.*given to nobody")
        self.expect("a card is given", self.at("card", "give", self.cards["first"], "acme"), 0, "is acme's")
        self.expect("to one", self.at("card", "give", self.cards["first"], "zenith"), 2, "is acme's; take it back first")
        self.expect("whose runs work on it", self.run_flow("acme", "first"), 0)
        self.expect("and no other's", self.run_flow("zenith", "first"), 3, "it is not zenith's")
        said = self.run_flow("zenith", "first")
        self.check("who is not told whose it is", "acme" in said.stdout + said.stderr and said.stderr)
        self.expect("unowned ones, where the policy lets them", self.run_flow("zenith", "second"), 0)
        self.expect("the operator's runs work on all", self.run_flow("", "first"), 0)
        states = {(row["owner"], row["state"]) for row in self.rows()}
        self.check("runs say whose they are", ("acme", "done") not in states or ("zenith", "done") not in states and states)
        listed = self.at("runs", "list")
        self.expect("in the list, too", listed, 0, "owner", "acme", "zenith")

    def policies(self):
        self.expect("an owner's policy comes under the operator's", self.use("acme", ACME, "--owner", "acme"), 0)
        denied = self.run_flow("acme", "first", "demo/install")
        self.expect("and denies", denied, 3, "not allowed by policy acme: rules\\[1\\]: acme stores nothing")
        self.expect("the operator's own install is not held by it", self.run_flow("", "second", "demo/install"), 0)
        lender = "return { name = 'greedy', api = 1, owners = { acme = { keys = { '*' } } } }"
        (self.folder / "greedy.lua").write_text(lender)
        self.expect("an owner lends itself nothing", self.at("policy", "load", "greedy.lua", "--owner", "acme"), 3,
                    "only the operator's policy says what owners may have")
        self.expect("a version is its owner's", self.at("policy", "show", "acme", "--owner", "acme"), 0, "acme, in use")
        for owner in ("zenith", ""):
            words = ["--owner", owner] if owner else []
            self.expect(f"and nobody else's{': ' + owner if owner else ''}", self.at("policy", "show", "acme", *words), 2,
                        "there is no policy 'acme'")
            listed = self.at("policy", "list", *words)
            self.check("nor listed", "acme" in listed.stdout and listed.stdout)
        explained = self.at("policy", "explain", "--command", "80E20000", "--owner", "acme")
        self.expect("what decides is explained", explained, 3, "acme: rules\\[1\\] denies: acme stores nothing")
        deletes = "return { name = 'lax', api = 1, rules = { (require 'cw.policy').allow {} } }"
        approval = HOUSE.replace("return {", "return { approval = { 'policy use' },", 1) % 100
        self.expect("two persons, if the operator says so", self.use("two", approval.replace("house", "two")), 0)
        self.use("more", "return { name = 'more', api = 1 }", "--owner", "zenith")
        self.expect("are two for an owner, too", self.at("policy", "proposals", "--owner", "zenith"), 0, "open")
        self.check("and nothing is in use before", "none is in use" not in self.at("policy", "list", "--owner", "zenith").stdout)
        self.at("policy", "rollback")
        self.expect("what the operator forbids", self.use("lax", deletes, "--owner", "zenith"), 0)
        explained = self.at("policy", "explain", "--command", "80E40000094F07F0636172647701", "--owner", "zenith")
        self.expect("no owner allows", explained, 3, "nothing goes in this house")
        tried = self.at("policy", "shadow", "house", "--json")
        self.check("the operator's is tried on all runs", tried.returncode and tried.stderr,
                   not tried.returncode and json.loads(tried.stdout)["changed"])
        tried = self.at("policy", "shadow", "lax", "--owner", "zenith", "--json")
        mine = len([row for row in self.rows("--owner", "zenith")])
        self.check("an owner's on the owner's", tried.returncode and tried.stderr,
                   not tried.returncode and json.loads(tried.stdout)["runs"] > mine)

    def runs(self):
        ours, theirs = (self.rows("--owner", owner) for owner in ("acme", "zenith"))
        self.check("runs are listed by owner", {row["owner"] for row in ours} != {"acme"}, {row["owner"] for row in theirs} != {"zenith"})
        self.expect("shown to their owner", self.at("runs", "show", ours[0]["id"], "--owner", "acme"), 0, "owner +acme",
                    "its policy +acme")
        top = json.loads(self.at("top", "--json", "--owner", "acme").stdout)
        self.check("a glance at one owner's", {run["owner"] for run in top["runs"]} != {"acme"} and top["runs"])
        for verb in ("show", "stop", "resume"):
            said = self.at("runs", verb, ours[0]["id"], "--owner", "zenith")
            self.expect(f"not there for another: {verb}", said, 2, f"there is no run {ours[0]['id']}")
        audit = self.at("audit", "list", "--owner", "acme").stdout
        self.check("the audit of one", "zenith" in audit and audit, "run begun" not in audit, "owner: acme" not in audit)
        replayed = self.at("runs", "replay", ours[0]["id"])
        self.expect("a run is replayed with both policies", replayed, 0)
        done = next(row for row in ours if row["state"] == "done")
        self.expect("its wires are held against the keys it saw",
                    self.at("runs", "replay", done["id"], "--verify-wire", "--keys", "keys"), 0, "as the keys in custody")
        self.at("runs", "export", done["id"], "run.json")
        imported = self.cw("runs", "import", "run.json", "--store", "desk.db")
        self.expect("carried elsewhere, it is still theirs", imported, 0)
        self.expect("there, too", self.cw("runs", "show", done["id"], "--store", "desk.db"), 0, "owner +acme")
        self.expect("the store is whole", self.at("store", "check"), 0)
        self.expect("the audit as well", self.at("audit", "verify"), 0)

    def own_keys(self):
        """acme's domain gets acme's keys, zenith's gets zenith's, though both flows say demo.sd."""
        self.use("open", "return { name = 'open', api = 1 }", "--owner", "acme")
        self.expect("acme installs with its own keys", self.run_flow("acme", "first", "demo/install"), 0)
        self.expect("zenith with its own", self.run_flow("zenith", "third", "demo/install"), 0)
        again = self.run_flow("acme", "first", "demo/install")
        self.expect("which are still right", again, 0)
        self.expect("a card is taken back", self.at("card", "take", self.cards["first"]), 0, "is nobody's now")
        (self.folder / "open.lua").write_text(OPENS)
        wrong = self.run_flow("zenith", "first", "open.lua")
        self.expect("another's keys do not open its domain", wrong, 1, "cryptogram")
        self.at("card", "give", self.cards["first"], "acme")
        self.expect("its own do", self.run_flow("acme", "first", "open.lua"), 0)

    def bundles(self):
        scripts = self.folder / "scripts-of-acme/scripts/acme"
        scripts.mkdir(parents=True)
        (scripts / "hello.lua").write_text('return { name = "acme/hello", summary = "hello", '
                                           'run = function(run) run.card:select("") end }\n')
        self.expect("a bundle is built", self.cw("bundle", "build", "scripts-of-acme", "--output", "acme-1.bundle"), 0)
        self.expect("kept for its owner", self.at("bundle", "load", "acme-1.bundle", "--owner", "acme"), 0)
        self.expect("used", self.at("bundle", "use", "acme-1", "--owner", "acme"), 0)
        self.expect("its flows are its owner's", self.run_flow("acme", "first", "acme/hello"), 0)
        self.expect("and nobody else's", self.run_flow("zenith", "second", "acme/hello"), 2, "acme/hello")
        self.expect("nor the operator's", self.run_flow("", "second", "acme/hello"), 2, "acme/hello")
        listed = self.at("bundle", "list", "--owner", "zenith")
        self.check("not listed for another", "acme" in listed.stdout and listed.stdout)
        self.expect("others go on with the operator's", self.run_flow("zenith", "second"), 0)

    def bundle_of(self, name, files):
        folder = self.folder / f"scripts-of-{name}"
        for file, text in files.items():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_text(text)
        built = self.cw("bundle", "build", folder, "--output", f"{name}.bundle")
        self.check(f"bundle {name} is built", built.returncode and built.stderr)
        return f"{name}.bundle"

    def foreign_scripts(self):
        """An owner's scripts cannot become the operator's rules, nor take the names of the operator's flows."""
        hello = 'return { name = "%s", summary = "hello", run = function(run) run.card:select("") end }\n'
        other = self.bundle_of("other", {"scripts/demo/inventory.lua": hello % "demo/inventory"})
        self.expect("another's flow", self.at("bundle", "load", other, "--owner", "acme"), 3,
                    "has scripts/demo/inventory.lua; an owner's flows are under scripts/acme/")
        library = {str(file.relative_to(ROOT)): file.read_text() for file in (ROOT / "stdlib").rglob("*.lua")}
        library["stdlib/cw/policy.lua"] = library["stdlib/cw/policy.lua"].replace(
            'return (rule("deny", fields))', 'return (rule("allow", fields))')
        loose = self.bundle_of("loose", {**library, "scripts/acme/hello.lua": hello % "acme/hello"})
        self.expect("a library that reads policies otherwise", self.at("bundle", "load", loose, "--owner", "acme"), 3,
                    "has stdlib/cw/policy.lua, which is not as this program has it")
        self.expect("the operator may", self.at("bundle", "load", loose), 0)

    def quota(self):
        begun = len(self.rows("--owner", "acme"))
        self.use("house2", (HOUSE % begun).replace("house", "house2"))
        self.expect("an owner's quota is its own", self.run_flow("acme", "first", "acme/hello"), 3,
                    "owners\\['acme'\\].quotas\\[1\\] allows")
        self.expect("others begin", self.run_flow("zenith", "second"), 0)
        self.at("policy", "rollback")

    # At the doors of a service.

    def certify(self, name):
        folder = self.folder / "demo/certificates"
        request, ext = folder / f"{name}.csr", folder / f"{name}.ext"
        ext.write_text("extendedKeyUsage=clientAuth\n")
        for words in (("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
                       "-keyout", folder / f"{name}.key", "-out", request),
                      ("x509", "-req", "-in", request, "-CA", folder / "authority.pem", "-CAkey", folder / "authority.key",
                       "-CAcreateserial", "-days", "2", "-extfile", ext, "-out", folder / f"{name}.pem")):
            subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)
        (folder / f"{name}.key").chmod(0o600)

    def start(self):
        """A demo's certificates and doors, with roles for people of both owners."""
        demo = self.folder / "demo"
        first = Service(self.cardwright, demo, "--demo", str(demo), name="demo")
        self.check("a service begins", not first.ready() and first.log()[-500:])
        first.end()
        config = json.loads(re.sub(r"(?m)^\s*//.*$", "", (demo / "serve.json").read_text()))
        roles = config["doors"]["operator"]["roles"]
        for owner in ("acme", "zenith", "nova"):
            for role in ("viewer", "operator", "approver"):
                self.certify(f"{owner}-{role}")
                roles[f"CN={owner}-{role}"] = {"role": role, "owner": owner}
        (demo / "owners.json").write_text(json.dumps(config))
        self.service = Service(self.cardwright, demo, str(demo / "owners.json"))
        return self.service.ready()

    def asks(self, method, path, wanted, who=None, data=None):
        answer = self.service.ask(method, path, data, who)
        self.check(f"{method} {path[:60]} {wanted} of {who or 'the operator'}",
                   answer.status != wanted and f"{answer.status}: {answer.body[:300]}")
        return answer.json

    def door(self):
        if not self.start():
            self.check("the service is ready", self.service.log()[-700:])
            return
        index = self.asks("GET", "/v1", 200, "acme-viewer")
        health = self.asks("GET", "/v1/health", 200, "acme-viewer")
        self.check("they are told whether it is ready, and no more", health["workers"] or health["checks"] and health)
        self.check("the door knows whom they are here for", index["you"]["owner"] != "acme" and index["you"])
        paths = {route["path"] for route in index["routes"]}
        self.check("and lists what is for them", "/v1/owners" in paths or "/v1/runs" not in paths and paths)
        mine = self.asks("GET", "/v1/runs?limit=1000", 200, "acme-viewer")["runs"]
        self.check("they see their owner's runs", {row["owner"] for row in mine} != {"acme"})
        everything = self.asks("GET", "/v1/runs?limit=1000", 200)["runs"]
        self.check("the operator sees all", {row["owner"] for row in everything} != {"", "acme", "zenith", "nova"})
        theirs = next(row["id"] for row in everything if row["owner"] == "zenith")
        for method, path in (("GET", f"/v1/runs/{theirs}"), ("POST", f"/v1/runs/{theirs}/stop"),
                             ("GET", "/v1/policies/lax"), ("POST", "/v1/policies/lax/use"), ("GET", "/v1/bundles/acme-2")):
            answer = self.asks(method, path, 404, "acme-operator")
            self.check("as if it was not there", "zenith" in answer["error"]["message"] and answer)
        for path in ("/v1/runs", "/v1/policies", "/v1/bundles", "/v1/audit", "/v1/overview", "/v1/cards", "/v1/budgets",
                     "/v1/proposals", "/v1/certificates"):
            self.asks("GET", path + "?owner=zenith", 403, "acme-operator")
            answer = self.asks("GET", path, 200, "acme-viewer")
            text = json.dumps(answer)
            # A run names the operator's policy that it was under.
            house = path not in ("/v1/runs", "/v1/audit") and '"house"' in text
            self.check(f"nothing of another in {path}", "zenith" in text and text[:300], house and text[:300])
        for method, path, data in (("GET", "/v1/owners", None), ("POST", "/v1/owners", {"name": "me"}),
                                   ("POST", "/v1/cards/x/give", {"owner": "acme"}), ("POST", "/v1/cards/x/take", None),
                                   ("POST", "/v1/budgets/x/reset", {"reason": "mine"}), ("GET", "/v1/audit/state", None)):
            self.asks(method, path, 403, "acme-approver", data)
        self.asks("POST", "/v1/policies", 200, "acme-operator", {"origin": "more.lua", "text": "return { name = 'more', api = 1 }"})
        self.asks("POST", "/v1/policies/more/use", 403, "acme-viewer", {})
        self.asks("POST", "/v1/policies/more/use", 200, "acme-operator", {"reason": "ours"})
        self.asks("GET", "/v1/policies/more", 404)
        self.asks("GET", "/v1/policies/more?owner=acme", 200)
        self.asks("POST", "/v1/policies/deny_all/use", 200, "acme-operator", {})
        self.expect("an owner stops its own runs", self.run_flow("acme", "first", "acme/hello"), 3, "deny_all")
        self.expect("and no others", self.run_flow("zenith", "second"), 0)
        self.asks("POST", "/v1/policies/rollback", 200, "acme-operator", {})
        self.tickets()
        self.types()
        provider.at_doors(self)
        self.check("the service ends", self.service.end(signal.SIGTERM))

    def agent_words(self, ticket, card):
        certificates = self.folder / "demo/certificates"
        return ("agent", "--server", f"https://{self.service.address('device')}", "--session", ticket, "--card",
                "sim", "--card-state", f"{card}.json", "--ca", certificates / "authority.pem", "--cert",
                certificates / "device.pem", "--key", certificates / "device.key")

    def agent(self, ticket, card):
        return self.cw(*self.agent_words(ticket, card))

    def tickets(self):
        ticket = self.asks("POST", "/v1/tickets", 200, "acme-operator", {"flow": "acme/hello"})["ticket"]
        self.agent(ticket, "fourth")
        row = self.rows("--owner", "acme")[0]
        self.check("a device brings an owner's ticket, and a card of nobody", (row["state"], row["error"]) != ("failed", "policy") and row)
        ticket = self.asks("POST", "/v1/tickets", 200, "acme-operator",
                           {"flow": "acme/hello", "card": self.cards["first"]})["ticket"]
        self.expect("and its own card", self.agent(ticket, "first"), 0)
        row = self.rows("--owner", "acme")[0]
        self.check("the run is the owner's", (row["flow"], row["card"], row["state"]) != ("acme/hello", "device", "done") and row)
        self.asks("POST", "/v1/tickets", 400, "zenith-operator", {"flow": "demo/inventory", "card": self.cards["first"]})
        self.asks("POST", "/v1/tickets", 403, "zenith-viewer", {"flow": "demo/inventory"})
        answer = self.asks("POST", "/v1/tickets", 400, "zenith-operator",
                           {"flow": "demo/install", "settings": "cap=/etc/passwd\nholder=@/etc/shadow"})
        self.check("an owner names no file of the host", "file of the service's host" not in answer["error"]["message"] and answer)
        self.asks("POST", "/v1/tickets", 400, "acme-operator", {"flow": "demo/install", "settings": "no such thing"})

    def types(self):
        """What was a secret in a ticket is no text that the owner reads, however it swaps its scripts."""
        flow = 'return {{ name = "acme/note", summary = "{what}", args = {{ note = {{ type = "{type}" }} }}, ' \
               'run = function(run) run.card:select("") end }}\n'
        for name, type_ in (("secretly", "secret"), ("openly", "string")):
            bundle = self.bundle_of(name, {"scripts/acme/note.lua": flow.format(what=name, type=type_)})
            self.at("bundle", "load", bundle, "--owner", "acme")
        self.at("bundle", "use", "secretly", "--owner", "acme")
        issued = self.at("ticket", "acme/note", "--owner", "acme", "--set", "note=@holder", "--card", self.cards["first"])
        self.expect("the operator gives a ticket with a secret", issued, 0)
        self.at("bundle", "use", "openly", "--owner", "acme")
        self.expect("its flow may not take it as a text", self.agent(issued.stdout.strip(), "first"), 1)
        self.check("and nothing began", [row for row in self.rows("--owner", "acme") if row["flow"] == "acme/note"])
        self.at("bundle", "rollback", "--owner", "acme")
        issued = self.at("ticket", "acme/note", "--owner", "acme", "--set", "note=@holder", "--card", self.cards["first"])
        self.expect("as a secret it does", self.agent(issued.stdout.strip(), "first"), 0)

    def all(self):
        (self.folder / "demo").mkdir()
        self.names()
        self.cards_and_keys()
        self.policies()
        self.runs()
        self.own_keys()
        self.bundles()
        self.foreign_scripts()
        self.quota()
        provider.at_desk(self)
        self.door()
        self.expect("in the end, the store is whole", self.at("store", "check"), 0)
        self.expect("and so is the audit", self.at("audit", "verify"), 0)


def main():
    arguments = sys.argv[1:]
    if arguments and arguments[0] in ("-h", "--help"):
        print(__doc__)
        return 0
    cardwright = Path(arguments[0] if arguments else ROOT / "build/release/cardwright").resolve()
    if not os.access(cardwright, os.X_OK):
        print(f"no program at {cardwright}; build it first", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        checks = Checks(cardwright, folder)
        try:
            checks.all()
        finally:
            if checks.service and checks.service.process.poll() is None:
                os.killpg(checks.service.process.pid, signal.SIGKILL)
                checks.service.process.wait()
            shutil.rmtree(folder, ignore_errors=True)
            Path(folder).mkdir(exist_ok=True)
    print(f"{checks.passed} passed, {checks.failed} failed")
    return checks.failed != 0


if __name__ == "__main__":
    sys.exit(main())
