#!/usr/bin/python3
"""`cardwright serve` as its operators have it: asked, swapped, killed, stopped, misconfigured, ended.

usage: tests/interop/serve/run.py [CARDWRIGHT]

The program is build/release/cardwright if none is named. Prints "ok NAME" or "not ok NAME: why" for each check; the last
line is "N passed, M failed".
"""

import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from contract import Contract
from service import PATIENCE, ROOT, Service, command_of, curl, environment, until

STRICT = (ROOT / "tests/interop/policy/strict.lua").read_text()
CAREFUL = (ROOT / "tests/interop/policy/careful.lua").read_text()
SECRET = "planted-4711"  # in bodies: no log shows it


class Checks:
    def __init__(self, cardwright, folder):
        self.cardwright, self.folder = cardwright, Path(folder)
        self.passed = self.failed = 0
        self.contract = Contract()
        self.services = []

    def check(self, name, *problems):
        """`problems`: each is what is wrong, or falsy."""
        wrong = [str(problem) for problem in problems if problem]
        self.passed += not wrong
        self.failed += bool(wrong)
        print(f"not ok {name}: {'; '.join(wrong)[:700]}" if wrong else f"ok {name}", flush=True)

    def serve(self, folder, *arguments, name="service"):
        service = Service(self.cardwright, folder, *arguments, name=name)
        self.services.append(service)
        return service

    def cw(self, *arguments, home=None):
        return subprocess.run([str(self.cardwright), *arguments], env=environment(home or self.folder), check=False,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE)

    # A service to try things out with.

    def demo(self):
        folder = self.folder / "demo"
        folder.mkdir()
        service = self.serve(folder, "--demo", str(folder))
        self.check("a demo needs nothing else", not service.ready() and service.log()[-500:])
        guide = until(lambda: service.out_file.read_text())
        self.check("and says how to reach it", "operator.sock" not in guide and guide)
        for words in (command_of(guide, "cardwright policy list --service http"),
                      command_of(guide, "cardwright policy list --service https")):
            ran = self.cw(*words[1:])
            self.check("with a command that works: " + words[4][:12], ran.returncode or
                       "none is in use" not in ran.stdout and ran.stdout + ran.stderr)
        self.check("it is alive", service.watch("/livez").status != 200)
        ready = service.watch("/readyz")
        self.check("and ready", ready.status != 200 and ready.body)
        self.check("the socket is its owner's alone", os.stat(service.socket).st_mode & 0o777 != 0o600)
        return service

    def describes_itself(self, service):
        index = service.ask("GET", "/v1")
        self.check("the door says who asks", index.json["you"]["role"] != "operator" and index.body)
        told = {(route["method"], route["path"]) for route in index.json["routes"]}
        self.check("what the server has is in the OpenAPI file", told ^ self.contract.routes())

    def asks(self, service, method, path, wanted, data=None, who=None, kind="application/json"):
        """One request that has to be answered with that status, as the file says."""
        answer = service.ask(method, path, data, who, kind=kind)
        self.check(f"{method} {path[:60]} {wanted}{' of ' + who if who else ''}",
                   answer.status != wanted and f"{answer.status}: {answer.body[:300]} {answer.text}",
                   self.contract.wrong(method, path, answer))
        return answer

    def operates(self, service):
        strict = {"origin": "strict.lua", "text": STRICT}
        for path in ("/v1", "/v1/health", "/v1/overview", "/v1/policies", "/v1/bundles", "/v1/runs", "/v1/runs?state=stuck&limit=1000&steps=50&flow=demo/*",
                     "/v1/budgets", "/v1/budgets?card=9A", "/v1/domains", "/v1/domains?state=reset&card=9A&aid=A000000003", "/v1/audit", "/v1/audit?from=1&limit=1", "/v1/audit/state",
                     "/v1/certificates?state=valid&subject=a&profile=ca&card=9A&domain=A000000003&ends_by=1"):
            self.asks(service, "GET", path, 200)
        self.asks(service, "POST", "/v1/policies/check", 200, strict)
        hash_ = self.asks(service, "POST", "/v1/policies", 200, strict).json["hash"]
        again = self.asks(service, "POST", "/v1/policies", 200, strict)
        self.check("twice is once", again.json["new"] and again.body)
        self.asks(service, "POST", "/v1/policies", 200, {"origin": "careful.lua", "text": CAREFUL})
        self.asks(service, "POST", "/v1/policies/rollback", 409, {})
        self.asks(service, "POST", "/v1/policies/strict/use", 200, {"reason": f"audit of May {SECRET}"})
        self.asks(service, "POST", "/v1/policies/strict/use", 409, {})
        trial = self.asks(service, "POST", "/v1/policies/careful/use", 200, {"canary": "0.5%", "reason": "try it"})
        self.check("a canary is begun", trial.json["canary"] != "0.5%" and trial.body)
        listed = self.asks(service, "GET", "/v1/policies", 200).json
        self.check("and listed", listed["canary"]["share"] != "0.5%" or listed["canary"]["ended"])
        self.asks(service, "POST", "/v1/policies/careful/use", 400, {"canary": "5"})
        ended = self.asks(service, "POST", "/v1/policies/rollback", 200, {"reason": "enough"})
        self.check("and ended", ended.json["canary"] != "ended" and ended.body)
        self.asks(service, "POST", "/v1/policies/careful/use", 200)
        back = self.asks(service, "POST", "/v1/policies/rollback", 200, {"reason": "installs fail"})
        self.check("a rollback is to the one before", back.json["hash"] != hash_ and back.body)
        in_use = self.asks(service, "GET", "/v1/policies", 200).json["in_use"]
        self.check("which is in use", in_use["hash"] != hash_ or in_use["reason"] != "installs fail")
        shown = self.asks(service, "GET", f"/v1/policies/{hash_[:8]}", 200).json
        self.check("a version has its file", shown["text"] != STRICT, shown["state"] != "in use")
        self.asks(service, "POST", "/v1/policies/diff", 200, {"before": "strict", "after": "careful"})
        denied = self.asks(service, "POST", "/v1/policies/explain", 200, {"command": "80E40000094F07F0636172647701"})
        self.check("a command is explained", denied.json["is"] != "denied" and denied.body)
        self.asks(service, "POST", "/v1/policies/strict/discard", 409)
        self.asks(service, "POST", "/v1/policies/careful/discard", 200)
        self.asks(service, "POST", "/v1/policies/careful/use", 409, {})
        self.asks(service, "POST", "/v1/policies/deny_all/use", 200, {"reason": "stop everything"})
        self.asks(service, "POST", "/v1/policies/rollback", 200)
        text = service.ask("GET", "/v1/audit?limit=1000").body
        self.check("the audit has who did it", "policy rolled back" not in text, "@" not in text)

    def bundle(self, name, word, *signing):
        """A bundle with one flow, as a file."""
        folder = self.folder / "scripts-of" / name
        (folder / "scripts/acme").mkdir(parents=True)
        (folder / "scripts/acme/hello.lua").write_text(
            f'return {{ name = "acme/hello", summary = "{word}", run = function(run) run.card:select("") end }}\n')
        file = self.folder / f"{name}.bundle"
        built = self.cw("bundle", "build", str(folder), "--output", str(file))
        self.check(f"bundle {name} is built", built.returncode and built.stderr)
        if signing:
            ran = self.cw("bundle", "sign", str(file), "--key", str(signing[0]), "--chain", str(signing[1]))
            self.check("and signed", ran.returncode and ran.stderr)
        return file

    def bundles(self, service):
        pki = self.folder / "pki"
        self.authority(pki)
        self.certify(pki, "signer", pki, "keyUsage=digitalSignature")
        trust = (pki / "authority.pem").read_text()
        one = self.bundle("acme-1.3", "one", pki / "signer.key", pki / "signer.pem").read_bytes()
        other = self.bundle("acme-1.4", "another").read_bytes()
        load = "/v1/bundles?origin=acme-1.3.bundle"
        self.asks(service, "POST", load, 415, {})
        for path, status, data in ((load, 200, one), (load, 200, one), ("/v1/bundles?origin=acme-1.4.bundle", 200, other),
                                   ("/v1/bundles", 400, one), ("/v1/bundles?origin=/", 400, one), (load, 400, b""),
                                   (load, 422, b"no archive"), (load, 422, one[:-512]), (load, 422, one + bytes(512)),
                                   (load, 413, bytes((4 << 20) + 1))):
            answer = self.asks(service, "POST", path, status, data, kind="application/x-tar")
        self.check("a bundle that is too large is said so", "longer than 4194304 bytes" not in answer.body and answer.body)
        huge = service.ask("POST", load, bytes(9 << 20), kind="application/x-tar")
        self.check("one that is far too large is not read", huge.status != 413 and huge.status)
        hashes = {one["name"]: one["hash"] for one in self.asks(service, "GET", "/v1/bundles", 200).json["bundles"]}
        self.check("what is refused leaves nothing behind", sorted(hashes) != ["acme-1.3", "acme-1.4"] and hashes)
        shown = self.asks(service, "GET", "/v1/bundles/acme-1.3", 200).json
        self.check("a bundle has a manifest", shown["manifest"]["hash"] != hashes["acme-1.3"], not shown["signed"])
        shown = self.asks(service, "GET", "/v1/bundles/acme-1.4?file=scripts/acme/hello.lua", 200).json
        self.check("and files", "another" not in shown["text"])
        self.asks(service, "GET", "/v1/bundles/acme-1.4?file=scripts/none.lua", 404)
        self.asks(service, "GET", "/v1/bundles/acme-1.4?file=%0a", 400)
        verified = self.asks(service, "POST", "/v1/bundles/acme-1.3/verify", 200, {"trust": trust}).json
        self.check("its signer is known", verified["signer"] != "CN=signer" and verified)
        self.asks(service, "POST", "/v1/bundles/acme-1.4/verify", 422, {"trust": trust})
        self.asks(service, "POST", "/v1/bundles/acme-1.3/verify", 400, {"trust": "no certificate"})
        difference = self.asks(service, "POST", "/v1/bundles/diff", 200, {"before": "acme-1.3", "after": "acme-1.4"}).json
        self.check("files that differ", [each["file"] for each in difference["files"]] != ["scripts/acme/hello.lua"])
        self.asks(service, "POST", "/v1/bundles/rollback", 409, {})
        self.asks(service, "POST", "/v1/bundles/acme-1.3/use", 200, {"reason": "new applet"})
        self.asks(service, "POST", "/v1/bundles/acme-1.3/use", 409, {})
        self.asks(service, "POST", "/v1/bundles/acme-1.4/use", 200)
        overview = self.asks(service, "GET", "/v1/overview", 200).json
        self.check("the overview has it", (overview["bundle"] or {}).get("name") != "acme-1.4" and overview)
        back = self.asks(service, "POST", "/v1/bundles/rollback", 200, {"reason": "installs fail"}).json
        self.check("a rollback is to the one before", back["name"] != "acme-1.3" and back)
        self.asks(service, "POST", "/v1/bundles/acme-1.3/discard", 409)
        self.asks(service, "POST", "/v1/bundles/acme-1.4/discard", 200)
        for path, data in (("acme-1.4?file=scripts/acme/hello.lua", None), ("acme-1.4/use", {}),
                           ("acme-1.4/verify", {"trust": trust}), ("diff", {"before": "acme-1.3", "after": hashes["acme-1.4"]})):
            self.asks(service, "GET" if data is None else "POST", "/v1/bundles/" + path, 409, data)

    def budgets(self, service):
        """A card that answered wrong keys, let go by an operator."""
        keys = self.folder / "wrong.keys"
        keys.write_text((ROOT / "tests/keys/demo.keys").read_text().replace("404142434445464748494A4B4C4D4E4F", "00" * 16))
        keys.chmod(0o600)
        ran = self.cw("run", "demo/inventory", "--card", "sim", "--keys", str(keys), "--store", str(service.folder / "store.db"))
        self.check("wrong keys fail", ran.returncode == 0)
        rows = self.asks(service, "GET", "/v1/budgets", 200).json["budgets"]
        near = self.asks(service, "GET", "/v1/overview", 200).json["near_end"]
        self.check("and count, near the end of what the card may be asked", len(rows) != 1 and rows, near != rows and near)
        reset = f"/v1/budgets/{rows[0]['card']}/reset"
        self.asks(service, "POST", reset, 400, {})
        self.asks(service, "POST", reset, 400, {"reason": "x", "domain": "12"})
        self.asks(service, "POST", reset, 404, {"reason": "x", "domain": "A000000151000099"})
        self.asks(service, "POST", "/v1/budgets/none/reset", 404, {"reason": "x"})
        freed = self.asks(service, "POST", reset, 200, {"reason": "mended", "domain": rows[0]["domain"].split()[0],
                                                        "version": rows[0]["version"]}).json
        self.check("an operator resets it", freed["charges"] != 1 and freed)
        self.check("and it counts no more", service.ask("GET", "/v1/budgets").json["budgets"])

    def runs(self, service):
        store = str(service.folder / "store.db")
        ran = self.cw("run", "demo/inventory", "--card", "sim", "--store", store)
        self.check("a run on the store is under the policy in use", ran.returncode != 3 and ran.stderr)
        one = service.ask("GET", "/v1/runs?limit=1").json["runs"][0]
        self.check("which names it", one["policy"] != "strict" and one)
        shown = self.asks(service, "GET", f"/v1/runs/{one['id']}", 200).json
        self.check("with its story", not shown["story"] and shown)
        over = self.asks(service, "POST", f"/v1/runs/{one['id']}/stop", 200).json
        self.check("a run that is over is not stopped", not over["over"] or over["stopped"])
        self.asks(service, "POST", f"/v1/runs/{one['id']}/resume", 409)
        with sqlite3.connect(store) as rows:  # as one is that waits for its device
            rows.execute("UPDATE runs SET state = 'waiting', card = 'device' WHERE id = ?", (one["id"],))
        self.asks(service, "POST", f"/v1/runs/{one['id']}/resume", 200)
        with sqlite3.connect(store) as rows:
            rows.execute("UPDATE runs SET state = ?, card = ? WHERE id = ?", (one["state"], one["card"], one["id"]))

    def refuses(self, service):
        for method, path, status, data in (
                ("GET", "/v1/policies/none", 404, None), ("GET", "/v1/policies/%00", 400, None),
                ("POST", "/v1/policies/none/use", 404, {}), ("POST", "/v1/policies/none/discard", 404, None),
                ("POST", "/v1/policies/none/discard", 400, {"reason": "x"}),
                ("POST", "/v1/policies/strict/use", 400, {"raeson": "x"}),
                ("POST", "/v1/policies/rollback", 400, {"reason": 7}),
                ("POST", "/v1/policies", 400, {"origin": "x"}), ("POST", "/v1/policies", 400, "{"),
                ("POST", "/v1/policies", 413, {"origin": "x", "text": "x" * 300_000}),
                ("POST", "/v1/policies", 422, {"origin": "x.lua", "text": "return 7"}),
                ("POST", "/v1/policies", 422, {"origin": "x.lua", "text": "while true do end"}),
                ("POST", "/v1/policies/check", 400, {"text": "x"}),
                ("POST", "/v1/policies/check", 422, {"origin": "x.lua", "text": "return {"}),
                ("POST", "/v1/policies/diff", 400, {"before": "strict"}),
                ("POST", "/v1/policies/diff", 404, {"before": "strict", "after": "none"}),
                ("POST", "/v1/policies/explain", 400, {"command": "8"}),
                ("POST", "/v1/policies/explain", 404, {"command": "80F0807F", "policy": "none"}),
                ("GET", "/v1/runs?state=dead", 400, None), ("GET", "/v1/runs?limit=0", 400, None),
                ("GET", "/v1/runs/none", 404, None), ("GET", "/v1/runs/%0a", 400, None),
                ("GET", "/v1/bundles/none", 404, None), ("POST", "/v1/bundles/none/discard", 404, None),
                ("POST", "/v1/bundles/none/discard", 400, {"reason": "x"}), ("POST", "/v1/bundles/none/use", 404, {}),
                ("POST", "/v1/bundles/none/use", 400, {"raeson": "x"}), ("POST", "/v1/bundles/rollback", 400, {"reason": 7}),
                ("POST", "/v1/bundles/none/verify", 404, {"trust": "x"}), ("POST", "/v1/bundles/diff", 400, {"before": "x"}),
                ("POST", "/v1/bundles/diff", 404, {"before": "x", "after": "y"}),
                ("POST", "/v1/runs/none/stop", 404, None), ("POST", "/v1/runs/none/stop", 400, []),
                ("POST", "/v1/runs/none/resume", 404, None), ("POST", "/v1/runs/none/resume", 400, []),
                ("GET", "/v1/budgets?cart=1", 400, None), ("GET", "/v1/audit?from=x", 400, None)):
            self.asks(service, method, path, status, data)
        form = curl("--unix-socket", service.socket, "-d", "{}", "http://localhost/v1/policies")
        self.check("a form of a browser is not taken", self.contract.wrong("POST", "/v1/policies", form),
                   form.status != 400 and form.status != 415 and form.status)
        form = curl("--unix-socket", service.socket, "-d", json.dumps({"origin": "x", "text": "return 7"}),
                    "http://localhost/v1/policies")
        self.check("though it be JSON", self.contract.wrong("POST", "/v1/policies", form), form.status != 415)
        self.check("nothing is under other paths", service.ask("GET", "/v2").status != 404,
                   service.ask("PUT", "/v1/policies", "{}").status != 405)
        before = self.memory(service)
        for bomb in ("[" * 1_000_000, '{"a":' * 180_000, "[" + "0," * 450_000 + "0]", '"' + "\\u0000" * 150_000 + '"'):
            answer = service.ask("POST", "/v1/policies", bomb)
            self.check("a JSON bomb is refused: " + bomb[:6], answer.status != 400 and answer.status)
        huge = service.ask("POST", "/v1/policies", "x" * 1_100_000)
        self.check("a body over a megabyte too", huge.status != 413 and huge.status)
        grown = self.memory(service) - before
        self.check("and they cost bounded memory", grown > 64 << 10 and f"{grown} KiB more")

    @staticmethod
    def memory(service):
        status = Path(f"/proc/{service.worker()['pid']}/status").read_text()
        return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])

    def approvals(self, service):
        """Two persons, where the policy in use asks for them."""
        two = 'return { name = "two", api = 1, approval = { "policy use" } }'
        self.asks(service, "POST", "/v1/policies", 200, {"origin": "two.lua", "text": two}, who="operator")
        self.asks(service, "POST", "/v1/policies/two/use", 200, {}, who="operator")
        proposed = self.asks(service, "POST", "/v1/policies/strict/use", 200, {"reason": "new cards"}, who="operator").json
        at = f"/v1/proposals/{proposed['proposal']}"
        self.check("a use is a proposal", service.ask("GET", "/v1/policies").json["in_use"]["hash"] == proposed["hash"])
        self.asks(service, "GET", "/v1/proposals", 200, who="viewer")
        self.asks(service, "POST", f"{at}/approve", 403, who="operator")
        self.asks(service, "POST", f"{at}/reject", 403, who="viewer")
        done = self.asks(service, "POST", f"{at}/approve", 200, who="approver").json
        self.check("and done when another person approves",
                   service.ask("GET", "/v1/policies").json["in_use"]["hash"] != done["hash"])
        self.asks(service, "POST", f"{at}/approve", 409, who="approver")
        self.asks(service, "POST", f"{at}/reject", 409, who="operator")
        self.asks(service, "POST", "/v1/policies/two/use", 200, {}, who="operator")
        own = self.asks(service, "POST", "/v1/policies/strict/use", 200, {}, who="approver").json["proposal"]
        self.asks(service, "POST", f"/v1/proposals/{own}/approve", 409, who="approver")
        self.asks(service, "POST", f"/v1/proposals/{own}/reject", 200, who="operator")
        last = self.asks(service, "POST", "/v1/policies/strict/use", 200, {}, who="operator").json["proposal"]
        self.asks(service, "POST", f"/v1/proposals/{last[:12]}/approve", 200, who="approver")
        for what in ("approve", "reject"):
            self.asks(service, "POST", f"/v1/proposals/none/{what}", 404, who="approver")
            self.asks(service, "POST", f"/v1/proposals/%00/{what}", 400, who="approver")
        self.asks(service, "POST", "/v1/policies/deny_all/use", 200, {}, who="approver")
        self.asks(service, "POST", "/v1/policies/rollback", 200, {}, who="operator")

    def owners(self, service):
        """The operator's side of them; what owners themselves see is tests/interop/owners."""
        for method, path, data in (("GET", "/v1/overview", None), ("GET", "/v1/policies", None), ("GET", "/v1/bundles", None),
                                   ("POST", "/v1/policies", {"origin": "x.lua", "text": STRICT}),
                                   ("POST", "/v1/policies/rollback", {}), ("POST", "/v1/bundles/rollback", {}),
                                   ("GET", "/v1/proposals", None), ("GET", "/v1/runs", None), ("GET", "/v1/budgets", None),
                                   ("GET", "/v1/audit", None), ("GET", "/v1/cards", None),
                                   ("GET", "/v1/certificates", None),
                                   ("POST", "/v1/tickets", {"flow": "demo/inventory"})):
            self.asks(service, method, path + "?owner=acne", 404, data)
        self.asks(service, "POST", "/v1/bundles?origin=x.bundle&owner=acne", 404, b"x", kind="application/x-tar")
        for path, body in (("/v1/owners", {"name": "acme"}), ("/v1/cards/CPLC-1/give", {"owner": "acme"}),
                           ("/v1/tickets", {"flow": "acme/hello"}), ("/v1/cards/CPLC-1/take", {})):
            self.asks(service, "POST", path, 403, body, who="viewer")
            self.asks(service, "POST", path, 200, body)
            self.asks(service, "POST", path, 400, {"nothing": "known"})
        self.asks(service, "POST", "/v1/owners", 409, {"name": "acme"})
        self.asks(service, "POST", "/v1/cards/CPLC-1/take", 409, {})
        self.asks(service, "POST", "/v1/cards/CPLC-1/give", 409, {"owner": "nobody"})
        self.certificates(service)
        for path in ("/v1/owners", "/v1/cards", "/v1/certificates", "/v1/certificates/root"):
            self.asks(service, "GET", path, 200)
            self.asks(service, "GET", path, 403, who="stranger")

    def providers(self, service):
        """An owner's life, as the operator leads it."""
        self.asks(service, "GET", "/v1/owners/zenith", 404)
        self.asks(service, "POST", "/v1/owners/register", 400, {"name": "zenith", "again": "perhaps"})
        self.asks(service, "POST", "/v1/owners/register", 403, {"name": "zenith"}, who="viewer")
        entered = self.asks(service, "POST", "/v1/owners/register", 200,
                            {"name": "zenith", "organisation": "Zenith Pay", "contact": "Zoe"}, who="operator")
        self.check("it is registered", entered.json["state"] != "registered" and entered.body)
        self.asks(service, "POST", "/v1/owners/register", 409, {"name": "zenith"})
        at = "/v1/owners/zenith"
        for what, wrong, right in (("review", {"outcome": "maybe"}, {"outcome": "accept", "reason": "papers seen"}),
                                   ("approve", {"until": "some day"}, {"until": "365d", "reason": "contract 7"}),
                                   ("suspend", {}, {"reason": "unpaid"}), ("resume", {"until": "x"}, {"reason": "paid"}),
                                   ("update", {"phone": "1"}, {"contact": "Zack", "remarks": ""})):
            self.asks(service, "POST", f"{at}/{what}", 400, wrong, who="approver")
            self.asks(service, "POST", f"/v1/owners/nobody/{what}", 404, right, who="approver")
            self.asks(service, "POST", f"{at}/{what}", 403, right, who="operator" if what == "approve" else "viewer")
            self.asks(service, "POST", f"{at}/{what}", 200, right, who="approver")
            if what == "suspend":
                self.asks(service, "POST", "/v1/tickets?owner=zenith", 403, {"flow": "demo/inventory"})
                self.asks(service, "POST", "/v1/policies?owner=zenith", 403, {"origin": "x.lua", "text": STRICT})
                self.asks(service, "GET", "/v1/policies?owner=zenith", 200)
        for what, body in (("review", {"outcome": "refuse"}), ("resume", {})):
            self.asks(service, "POST", f"{at}/{what}", 409, body)
        self.asks(service, "POST", "/v1/owners/acme/suspend", 200, {"reason": "for a moment"})
        self.asks(service, "POST", "/v1/owners/acme/suspend", 409, {"reason": "again"})
        self.asks(service, "POST", "/v1/owners/acme/approve", 409, {"until": "none"}, who="approver")
        self.asks(service, "POST", "/v1/owners/acme/resume", 200, {})
        shown = self.asks(service, "GET", at, 200, who="viewer").json
        self.check("its life is shown", [each["state"] for each in shown["history"]] !=
                   ["approved", "suspended", "approved", "accepted", "registered"] and shown)
        self.check("and what is known of it", (shown["managed"], shown["contact"], shown["organisation"]) !=
                   (True, "Zack", "Zenith Pay") and shown)
        self.asks(service, "GET", at, 403, who="stranger")
        two = 'return { name = "persons", api = 1, approval = { "owner approve" } }'
        self.asks(service, "POST", "/v1/policies", 200, {"origin": "persons.lua", "text": two}, who="operator")
        self.asks(service, "POST", "/v1/policies/persons/use", 200, {}, who="operator")
        self.asks(service, "POST", "/v1/owners", 422, {"name": "third"})
        for name, who, status in (("third", "approver", 422), ("fourth", "operator", 200)):
            self.asks(service, "POST", "/v1/owners/register", 200, {"name": name}, who=who)
            self.asks(service, "POST", f"/v1/owners/{name}/review", 200, {"outcome": "accept"}, who="operator")
            self.asks(service, "POST", f"/v1/owners/{name}/approve", status, {"until": "none"}, who="approver")
        self.asks(service, "POST", "/v1/policies/rollback", 200, {}, who="operator")
        self.asks(service, "POST", "/v1/cards/CPLC-2/give", 200, {"owner": "zenith"})
        self.asks(service, "POST", f"{at}/deregister", 400, {"stop_runs": "some"})
        self.asks(service, "POST", "/v1/owners/nobody/deregister", 404, {})
        self.asks(service, "POST", f"{at}/deregister", 403, {}, who="viewer")
        self.asks(service, "POST", f"{at}/deregister", 409, {})
        self.asks(service, "POST", f"{at}/deregister", 200, {"to": "operator", "reason": "contract ended"})
        self.asks(service, "POST", "/v1/owners", 409, {"name": "zenith"})
        self.asks(service, "POST", "/v1/owners/register", 200, {"name": "zenith", "again": "yes"})

    def consents(self, service):
        """What owners are asked; the runs that ask are in tests/interop/owners."""
        self.asks(service, "GET", "/v1/consents", 200)
        self.asks(service, "GET", "/v1/consents?owner=nobody", 404)
        self.asks(service, "GET", "/v1/consents", 403, who="stranger")
        flow = self.folder / "ending.lua"
        flow.write_text('return { name = "demo/ending", summary = "ends a domain", args = { domain = { type = "aid" }, '
                        'consent = { type = "string" } }, needs = { consent = { domain = "$domain", of = "$consent" } }, '
                        'run = function(run) run.card:select("") end }')
        ran = self.cw("run", str(flow), "--card", "sim", "--set", "domain=F063617264770001", "--set", "consent=acme",
                      "--store", str(service.folder / "store.db"))
        said = ran.stdout + ran.stderr
        self.check("a run asks for consent", ran.returncode != 3 and said, "asked whether it may go: acme" not in said and said)
        at = "/v1/consents/" + self.asks(service, "GET", "/v1/consents?owner=acme", 200).json["consents"][0]["id"]
        for verb in ("give", "refuse"):
            self.asks(service, "POST", f"{at}/{verb}", 400, {"because": "x"})
            self.asks(service, "POST", f"{at}/{verb}", 403, {}, who="viewer")
            self.asks(service, "POST", f"/v1/consents/none/{verb}", 404, {})
            self.asks(service, "POST", f"{at}/{verb}", 200, {"reason": "seen"})
            self.asks(service, "POST", f"{at}/{verb}", 409, {})

    def certificates(self, service):
        """What else `cardwright ca` does is tests/interop/ca."""
        self.openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", self.folder / "ca.pem")
        keys = self.folder / "ca.keys"
        keys.write_text("[ca]\ntype = ec\nprivate = ca.pem\n")
        for secret in (keys, self.folder / "ca.pem"):
            secret.chmod(0o600)
        ran = self.cw("ca", "init", "--subject", "CN=root", "--key", "ca", "--keys", str(keys), "--store",
                      str(service.folder / "store.db"))
        self.check("an authority beside the service", ran.returncode and ran.stderr)
        shown = self.asks(service, "GET", "/v1/certificates/root", 200).json
        self.check("its certificate", "BEGIN CERTIFICATE" not in shown["pem"] and shown)
        self.asks(service, "GET", f"/v1/certificates/{shown['certificate']['serial']}", 200)
        self.asks(service, "GET", "/v1/certificates?state=valid&subject=a&profile=ca&authority=root&card=9A&domain=A000000003&ends_by=1", 200)
        self.asks(service, "GET", "/v1/certificates?authority=rot", 400)
        self.asks(service, "GET", "/v1/certificates?state=bogus", 400)
        self.asks(service, "GET", "/v1/certificates/00", 404)
        self.asks(service, "GET", "/v1/certificates/root?owner=acme", 404)
        self.asks(service, "GET", "/v1/certificates/root?nothing=known", 400)
        self.asks(service, "GET", "/v1/certificates?ends_by=soon", 400)

    def roles(self, service):
        strict = {"origin": "strict.lua", "text": STRICT}
        self.asks(service, "GET", "/v1/policies", 200, who="viewer")
        for method, path, data in (("POST", "/v1/policies", strict), ("POST", "/v1/policies/rollback", {}),
                                   ("POST", "/v1/policies/strict/use", {}), ("POST", "/v1/policies/strict/discard", None),
                                   ("POST", "/v1/bundles/x/use", {}), ("POST", "/v1/bundles/rollback", {}),
                                   ("POST", "/v1/bundles/x/discard", None), ("POST", "/v1/budgets/x/reset", {"reason": "x"}),
                                   ("POST", "/v1/runs/x/stop", None), ("POST", "/v1/runs/x/resume", None)):
            answer = self.asks(service, method, path, 403, data, who="viewer")
        self.check("in one clear line", "needs the role operator, and CN=viewer is viewer" not in answer.body)
        self.asks(service, "POST", "/v1/bundles?origin=x.bundle", 403, b"x", who="viewer", kind="application/x-tar")
        self.asks(service, "POST", "/v1/policies", 200, strict, who="operator")
        self.asks(service, "POST", "/v1/policies/deny_all/use", 200, {}, who="approver")
        self.asks(service, "POST", "/v1/policies/rollback", 200, {}, who="operator")
        self.approvals(service)
        audit = service.ask("GET", "/v1/audit?limit=1000").json["records"]
        self.check("the audit has the subject", audit[-1]["actor"] != "CN=operator" and audit[-1])
        # One of the same authority that nobody gave a role, and ones of nobody.
        certificates = service.folder / "certificates"
        self.certify(certificates, "stranger", certificates)
        for method, path, data in (("GET", "/v1", None), ("GET", "/v1/health", None), ("GET", "/v1/policies", None),
                                   ("GET", "/v1/overview", None), ("GET", "/v1/bundles", None), ("GET", "/v1/bundles/x", None),
                                   ("POST", "/v1/bundles/diff", {}), ("POST", "/v1/bundles/x/verify", {}),
                                   ("POST", "/v1/policies/check", strict), ("GET", "/v1/runs", None),
                                   ("POST", "/v1/policies/diff", {}), ("POST", "/v1/policies/explain", {}),
                                   ("GET", "/v1/policies/strict", None), ("GET", "/v1/runs/x", None),
                                   ("GET", "/v1/proposals", None), ("GET", "/v1/budgets", None), ("GET", "/v1/audit", None),
                                   ("GET", "/v1/audit/state", None)):
            self.asks(service, method, path, 403, data, who="stranger")
        other = self.folder / "other"
        self.authority(other)
        self.certify(other, "operator", other)
        forged = curl("--cacert", str(certificates / "authority.pem"), "--cert", str(other / "operator.pem"), "--key",
                      str(other / "operator.key"), f"https://{service.address('operator-tls')}/v1")
        self.check("a certificate of another authority comes to nothing", forged.status != 0 and forged.status)
        none = curl("--cacert", str(certificates / "authority.pem"), f"https://{service.address('operator-tls')}/v1")
        self.check("nor does none", none.status != 0 and none.status)
        plain = curl(f"http://{service.address('operator-tls')}/v1")
        self.check("nor does a request without TLS", plain.status == 200)

    @staticmethod
    def openssl(*words):
        subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)

    def authority(self, folder):
        folder.mkdir(mode=0o700)
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                     "-subj", "/CN=another authority", "-keyout", folder / "authority.key", "-out",
                     folder / "authority.pem")

    def certify(self, folder, name, authority, extensions="extendedKeyUsage=clientAuth"):
        request, ext = folder / f"{name}.csr", folder / f"{name}.ext"
        ext.write_text(extensions + "\n")
        self.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
                     "-keyout", folder / f"{name}.key", "-out", request)
        self.openssl("x509", "-req", "-in", request, "-CA", authority / "authority.pem", "-CAkey",
                     authority / "authority.key", "-CAcreateserial", "-days", "2", "-extfile", ext, "-out",
                     folder / f"{name}.pem")
        (folder / f"{name}.key").chmod(0o600)

    def commands(self, service):
        """The same commands, here and there."""
        here = ("--store", str(service.folder / "store.db"))
        there = ("--service", "http+unix://" + service.socket)
        for words in (("policy", "list"), ("policy", "list", "--json"), ("policy", "show", "strict"),
                      ("policy", "show", "strict", "--text"), ("policy", "show", "strict", "--json"), ("runs", "list"),
                      ("runs", "list", "--json"), ("policy", "show", "none"), ("bundle", "list"), ("bundle", "list", "--json"),
                      ("bundle", "show", "acme-1.3"), ("bundle", "show", "acme-1.3", "--json"),
                      ("bundle", "show", "acme-1.3", "--text", "scripts/acme/hello.lua"), ("bundle", "show", "none"),
                      ("bundle", "show", "acme-1.3", "--text", "none"), ("bundle", "use", "acme-1.3"),
                      ("bundle", "diff", "acme-1.3", "acme-1.3"), ("bundle", "diff", "acme-1.3", "acme-1.3", "--json"),
                      ("bundle", "verify", "acme-1.3", "--trust", str(self.folder / "pki/authority.pem")),
                      ("budget", "list"), ("budget", "list", "9A1B"), ("budget", "list", "--json"),
                      ("budget", "reset", "9A1B", "--reason", "x"), ("audit", "list"), ("audit", "list", "--from", "3", "--json"),
                      ("audit", "verify", "--json")):
            local, remote = self.cw(*words, *here), self.cw(*words, *there)
            told = words[:2] == ("audit", "verify") or local.stderr == remote.stderr
            self.check(f"cardwright {' '.join(words)} says the same over the door"[:120], local.stdout != remote.stdout and
                       remote.stdout + remote.stderr, not told and remote.stderr,
                       local.returncode != remote.returncode)
        run = service.ask("GET", "/v1/runs?limit=1").json["runs"][0]["id"]
        local, remote = self.cw("runs", "show", run, *here), self.cw("runs", "show", run, *there)
        self.check("so does runs show", local.stdout != remote.stdout or not local.stdout)
        file = self.cw("bundle", "diff", "acme-1.3", str(self.folder / "acme-1.4.bundle"), *there)
        self.check("a file is not compared over the door", file.returncode != 2, "load it first" not in file.stderr and file.stderr)
        self.check("but for --raw", self.cw("runs", "show", run, "--raw", *there).returncode != 2)
        file = self.folder / "strict.lua"
        file.write_text(STRICT.replace("strict", "stricter"))
        certificates = service.folder / "certificates"
        tls = ("--service", f"https://{service.address('operator-tls')}", "--ca", str(certificates / "authority.pem"),
               "--cert", str(certificates / "operator.pem"), "--key", str(certificates / "operator.key"))
        for words, wanted in ((("policy", "load", str(file)), "policy stricter .* is loaded|is loaded"),
                              (("policy", "use", "stricter", "--reason", "audit of June"), "is in use"),
                              (("policy", "rollback"), "is in use again"), (("policy", "discard", "stricter"), "discarded"),
                              (("bundle", "load", str(self.bundle("acme-1.5", "a third"))), "is loaded"),
                              (("bundle", "use", "acme-1.5", "--reason", "new applet"), "is in use"),
                              (("bundle", "rollback"), "is in use again"), (("bundle", "discard", "acme-1.5"), "discarded"),
                              (("audit", "verify"), "the audit is whole"), (("runs", "stop", run), "is over")):
            ran = self.cw(*words, *tls)
            self.check(f"cardwright {' '.join(words[:2])} over TLS", ran.returncode and ran.stderr,
                       wanted.split("|")[-1] not in ran.stdout and ran.stdout)
        broken = self.folder / "broken.lua"
        broken.write_text("return {\n")
        ran = self.cw("policy", "load", str(broken), *tls)
        self.check("a broken policy is refused with its place", ran.returncode != 1 and ran.returncode,
                   "broken.lua:" not in ran.stderr and ran.stderr)
        ran = self.cw("policy", "rollback", *tls[:-3], str(certificates / "viewer.pem"), "--key",
                      str(certificates / "viewer.key"))
        self.check("a viewer's is refused with its reason", ran.returncode != 2, "needs the role" not in ran.stderr)
        for words in (("--service", "http+unix:///nowhere.sock"), ("--service", "https://127.0.0.1:1")):
            ran = self.cw("policy", "list", *words)
            self.check(f"no service at {words[1]} is said in one line", ran.returncode != 1, ran.stderr.count("\n") != 1)
        ran = self.cw("policy", "list", "--service", "ftp://x")
        self.check("nor is that an address", ran.returncode != 2, "must be http+unix" not in ran.stderr)

    def figures(self, service):
        answer = service.watch("/metrics")
        self.check("the figures are there", answer.status != 200)
        try:
            from prometheus_client.parser import text_string_to_metric_families
            families = {family.name: family for family in text_string_to_metric_families(answer.body)}
        except ValueError as error:
            families = {}
            self.check("in Prometheus' format", error)
        values = {(sample.name, *sorted(sample.labels.items())): sample.value
                  for family in families.values() for sample in family.samples}
        names = {name for name, *_ in values}
        self.check("with what they are and what they mean", [
            family.name for family in families.values() if family.type == "unknown" or not family.documentation])
        self.check("runs are counted by state", values.get(("cardwright_runs", ("state", "failed"))) != 3 and
                   {name: value for name, value in values.items() if name[0] == "cardwright_runs"})
        self.check("the store answers", values.get(("cardwright_store_up",)) != 1)
        self.check("the policy in use is named", "cardwright_policy_in_use" not in names)
        self.check("doors count", values.get(("cardwright_answers_total", ("class", "4xx"), ("door", "operator"),
                                              ("worker", "operator-0")), 0) < 10)
        if shutil.which("promtool"):
            ran = subprocess.run(["promtool", "check", "metrics"], input=answer.body, text=True, capture_output=True,
                                 check=False)
            self.check("promtool agrees", ran.returncode and ran.stdout + ran.stderr)

    def policy_that_does_not_load(self, service):
        database = sqlite3.connect(service.folder / "store.db")
        hash_, content = database.execute("SELECT hash, content FROM versions WHERE name = 'strict'").fetchone()
        for each, status in ((b"x", 503), (content, 200)):
            database.execute("UPDATE versions SET content = ? WHERE hash = ?", (each, hash_))
            database.commit()
            ready = service.watch("/readyz")
            self.check(f"readiness is {status} as the policy in use is", ready.status != status and ready.body)
        database.close()

    def two_nodes(self):
        """On one PostgreSQL, if test.sh started one."""
        where = os.environ.get("CW_TEST_POSTGRES")
        if not where:
            return
        key = "".join(f"{byte:02X}" for byte in os.urandom(32))
        nodes = []
        for name in ("east", "west"):
            folder = self.folder / name
            folder.mkdir()
            (folder / "store.key").touch(0o600)
            (folder / "store.key").write_text(key)
            (folder / "serve.json").write_text(json.dumps({
                "store": {"where": where, "key": "store.key", "node": name},
                "doors": {"operator": {"unix": "operator.sock"}, "metrics": {"listen": "127.0.0.1:0"}}}))
            nodes.append(self.serve(folder, "serve.json"))
        self.check("two services share a store on a server", [node.log()[-300:] for node in nodes if not node.ready()])
        east, west = nodes
        self.asks(east, "POST", "/v1/policies", 200, {"origin": "strict.lua", "text": STRICT})
        used = self.asks(east, "POST", "/v1/policies/strict/use", 200).json["hash"]
        self.check("what one uses the other has in use", west.ask("GET", "/v1/policies").json["in_use"]["hash"] != used)
        self.check("and ends", east.end(), west.end())

    def temporary(self):
        folder = self.folder / "empty"
        folder.mkdir()
        service = self.serve(folder, "--demo")
        self.check("a demo makes a folder of its own", not service.ready())
        made = Path(service.socket).parent
        self.check("which goes when it ends", not made.exists(), service.end(signal.SIGINT), made.exists() and made)

    # Workers that die and hang.

    def configured(self, service):
        """A service of its own with what the demo made, whose heart beats fast."""
        folder = self.folder / "own"
        shutil.copytree(service.folder / "certificates", folder / "certificates")
        config = {"store": {"where": "store.db"}, "supervisor": {"heart_seconds": 1, "patience_seconds": 20},
                  "doors": {"operator": {"unix": "operator.sock",
                                         "https": {"listen": "127.0.0.1:0", "certificate": "certificates/server.pem",
                                                   "key": "certificates/server.key",
                                                   "authorities": ["certificates/authority.pem"]},
                                         "roles": {"CN=viewer": "viewer", "CN=operator": "operator"}},
                            "metrics": {"listen": "127.0.0.1:0"}}}
        (folder / "serve.json").write_text(json.dumps(config, indent=2))
        self.check("a configuration is checked", self.cw("serve", "--check", str(folder / "serve.json")).returncode)
        own = self.serve(folder, "serve.json")
        self.check("and a service starts with it", not own.ready() and own.log()[-500:])
        return own

    def killed(self, service):
        before = service.worker()
        os.kill(before["pid"], signal.SIGKILL)
        after = service.worker()
        self.check("a worker that is killed comes back, and nobody is turned away", after["pid"] == before["pid"],
                   after["starts"] != before["starts"] + 1)
        before = after
        os.kill(before["pid"], signal.SIGSTOP)
        after = service.worker()
        self.check("one that hangs is killed and replaced", after["pid"] == before["pid"],
                   after["killed"] != before["killed"] + 1)
        self.check("the log says so", not service.said("a worker gives no sign of life and is killed"))
        figures = service.watch("/metrics").body
        self.check("so do the figures", 'worker_killed_total{worker="operator-0"} 1' not in figures)

    def reread(self, service):
        certificates = service.folder / "certificates"
        server = service.address("operator-tls")

        def serial():
            ran = subprocess.run(["openssl", "s_client", "-connect", server, "-CAfile", certificates / "authority.pem"],
                                 input=b"", capture_output=True, check=False)
            ran = subprocess.run(["openssl", "x509", "-noout", "-serial"], input=ran.stdout, capture_output=True, check=False)
            return ran.stdout

        before = serial()
        self.certify(certificates, "server", certificates, "subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth")
        service.tell(signal.SIGHUP)
        self.check("SIGHUP brings new certificates", not until(lambda: serial() != before))
        self.asks(service, "GET", "/v1/policies", 200, who="viewer")
        config = service.folder / "serve.json"
        good = config.read_text()
        config.write_text(good.replace('"CN=viewer": "viewer"', '"CN=viewer": "operator"'))
        service.tell(signal.SIGHUP)
        self.check("and roles", not until(lambda: service.ask("GET", "/v1", certificate="viewer").json["you"]["role"] ==
                                          "operator"))
        before, pid = serial(), service.worker()["pid"]
        for name, what, text in (("a broken configuration", config, good[:-5]),
                                 ("a broken certificate", certificates / "server.pem", "nothing")):
            kept = what.read_text()
            what.write_text(text)
            times = len(service.said("the configuration cannot be used, so all is as it was"))
            service.tell(signal.SIGHUP)
            said = until(lambda: len(service.said("the configuration cannot be used, so all is as it was")) > times)
            self.check(f"{name} leaves all as it was", not said, serial() != before, service.worker()["pid"] != pid)
            what.write_text(kept)

    def slow(self, service, answers):
        """Requests that take a while: a policy that loops until its budget is used up."""
        loop = {"origin": "loop.lua", "text": "while true do end"}
        threads = [threading.Thread(target=lambda: answers.append(service.ask("POST", "/v1/policies/check", loop).status))
                   for _ in range(3)]
        for thread in threads:
            thread.start()
        until(lambda: self.open(service) >= 3)
        return threads

    @staticmethod
    def open(service):
        figures = service.watch("/metrics").body
        return next((int(float(line.split()[-1])) for line in figures.splitlines()
                     if line.startswith("cardwright_connections_open") and 'door="operator"' in line), 0)

    def ended(self, service):
        answers = []
        threads = self.slow(service, answers)
        status = service.end(signal.SIGTERM)
        for thread in threads:
            thread.join()
        self.check("SIGTERM finishes the answers under way", answers != [422] * 3 and answers, status != 0 and status)
        self.check("and takes the socket away", Path(service.folder / "operator.sock").exists())
        self.check("every line of the log is JSON", [line for line in service.log().splitlines()
                                                     if not line.startswith("{")])
        again = self.serve(service.folder, "serve.json", name="again")
        self.check("it starts again", not again.ready())
        self.check("Ctrl-C ends it", again.end(signal.SIGINT, group=True) != 0)
        cut = self.serve(service.folder, "serve.json", name="cut")
        cut.ready()
        answers = []
        threads = self.slow(cut, answers)
        cut.tell(signal.SIGTERM)
        until(lambda: cut.said("the service stops: answers under way are finished"))
        status = cut.end(signal.SIGTERM)
        for thread in threads:
            thread.join()
        self.check("a second signal ends it at once", status not in (0, 130) and status)

    def killed_supervisor(self, service):
        folder = self.folder / "own"
        one = self.serve(folder, "serve.json", name="one")
        one.ready()
        pid = one.worker()["pid"]
        one.end(signal.SIGKILL)
        self.check("without its supervisor a worker ends", not until(lambda: not Path(f"/proc/{pid}").exists()))
        two = self.serve(folder, "serve.json", name="two")
        self.check("and the next one starts where it was", not two.ready() and two.log()[-400:])
        three = self.serve(folder, "serve.json", name="three")
        self.check("a socket that is taken is said in one line", three.process.wait(PATIENCE) != 2,
                   "another process listens there" not in three.log() and three.log())
        two.end()

    def first_process(self):
        if os.geteuid() != 0 or subprocess.run(["unshare", "--pid", "--fork", "true"], capture_output=True,
                                               check=False).returncode:
            return
        folder = self.folder / "own"
        process = subprocess.Popen(["unshare", "--pid", "--fork", "--kill-child", str(self.cardwright), "serve",
                                    "serve.json"], cwd=folder, env=environment(folder), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        ready = any("the service is ready" in line for line in iter(process.stderr.readline, ""))
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        os.kill(int(children[0]), signal.SIGTERM)
        self.check("it can be the first process of a machine", not ready, process.wait(PATIENCE) != 0)

    # What is wrong before it starts.

    def misconfigured(self, service):
        folder = self.folder / "wrong"
        folder.mkdir()
        file = folder / "serve.json"

        def serve(config, *words):
            file.write_text(config if isinstance(config, str) else json.dumps(config))
            return self.cw("serve", *words, str(file))

        ran = serve({"store": {"wher": "x"}, "doors": {"operator": {"unix": "o"}}, "log": {"level": "loud"}}, "--check")
        self.check("all mistakes are told at once", ran.returncode != 2, ran.stderr.count("\n") != 3 and ran.stderr,
                   "store.wher: is not known here; did you mean 'where'?" not in ran.stderr and ran.stderr,
                   "log.level: must be one of" not in ran.stderr)
        ran = serve("{", "--check")
        self.check("a file that is no JSON is said so", ran.returncode != 2, "no JSON at line 1" not in ran.stderr)
        good = {"store": {"where": "store.db"}, "doors": {"operator": {"unix": "o.sock"},
                                                          "metrics": {"listen": "127.0.0.1:0"}}}
        for name, change, wanted in (
                ("an address that is none", {"metrics": {"listen": "localhost:9"}}, "cannot listen on localhost:9"),
                ("certificates that are not there", {"operator": {"https": {
                    "listen": "127.0.0.1:0", "certificate": "no.pem", "key": "no.key", "authorities": ["no.pem"]}}},
                 "doors.operator.https: ")):
            ran = serve({**good, "doors": {**good["doors"], **change}})
            self.check(f"{name}: in one line", ran.returncode != 2 and ran.returncode, ran.stderr.count("\n") != 1 and
                       ran.stderr, wanted not in ran.stderr and ran.stderr)
        taken = socket.create_server(("127.0.0.1", 0))
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        ran = serve({**good, "doors": {**good["doors"], "metrics": {"listen": listen}}})
        self.check("a port that is taken: in one line", ran.returncode != 2, ran.stderr.count("\n") != 1 and ran.stderr,
                   "Address already in use" not in ran.stderr and ran.stderr)
        taken.close()
        ran = serve({**good, "store": {"where": "no/such/folder/store.db"}})
        self.check("a store that cannot be made: in one line", ran.returncode not in (2, 6), ran.stderr.count("\n") != 1)
        key = service.folder / "certificates/server.key"
        key.chmod(0o644)
        ran = self.cw("serve", "--check", str(service.folder / "serve.json"))
        key.chmod(0o600)
        self.check("a key that others can read is refused", ran.returncode != 2, "server.key" not in ran.stderr)
        self.check("no configuration", self.cw("serve").returncode != 2, self.cw("serve", "/no/file").returncode != 2)

    def unit(self):
        if not shutil.which("systemd-analyze"):
            return
        unit = self.folder / "cardwright.service"
        text = (ROOT / "packaging/cardwright.service").read_text()
        unit.write_text(text.replace("/usr/bin/cardwright", str(self.cardwright)))
        ran = subprocess.run(["systemd-analyze", "verify", "--man=no", str(unit)], capture_output=True, text=True, check=False)
        self.check("the unit is one", ran.returncode and ran.stdout + ran.stderr)

    def all(self):
        service = self.demo()
        self.describes_itself(service)
        self.operates(service)
        self.runs(service)
        self.budgets(service)
        self.bundles(service)
        self.refuses(service)
        self.roles(service)
        self.owners(service)
        self.providers(service)
        self.consents(service)
        missing = self.contract.declared() - self.contract.seen
        self.check("each path and status of the OpenAPI file was met", missing)
        self.commands(service)
        self.figures(service)
        self.policy_that_does_not_load(service)
        own = self.configured(service)
        self.killed(own)
        self.reread(own)
        self.ended(own)
        self.killed_supervisor(own)
        self.first_process()
        self.misconfigured(service)
        self.temporary()
        self.two_nodes()
        self.unit()
        log = service.log()
        self.check("no log shows what was in a body", SECRET in log)
        self.check("the demo ends", service.end(signal.SIGTERM))


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
            for service in checks.services:
                if service.process.poll() is None:
                    os.killpg(service.process.pid, signal.SIGKILL)
                    service.process.wait()
    print(f"{checks.passed} passed, {checks.failed} failed")
    return checks.failed != 0


if __name__ == "__main__":
    sys.exit(main())
