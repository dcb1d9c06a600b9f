#!/usr/bin/python3
"""The page of the operator door in a headless Chromium, and `cardwright top` in a terminal, on a service that runs.

usage: tests/interop/page/run.py [CARDWRIGHT [FOLDER]]

The program is build/release/cardwright if none is named. Pictures go to FOLDER, build/test/page if none is named. Prints
"ok NAME" or "not ok NAME: why" for each check; the last line is "N passed, M failed".
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

for neighbour in ("report", "serve"):
    sys.path.append(str(Path(__file__).resolve().parents[1] / neighbour))
from browser import Browser  # noqa: E402
from looks import CONTRAST, OVERFLOW  # noqa: E402
from service import PATIENCE, ROOT, Service, command_of, curl, environment  # noqa: E402

from relay import Relay  # noqa: E402
from top import Top  # noqa: E402

HERE = Path(__file__).resolve().parent
HOSTILE = "<script>window.hit=1</script><img src=x onerror=window.hit=2>"
VIEWS = ("runs", "policies", "bundles", "cards", "service")


class Checks:
    def __init__(self, cardwright, folder, pictures):
        self.cardwright, self.folder, self.pictures = str(cardwright), Path(folder), Path(pictures)
        self.passed = self.failed = 0
        self.browser = None
        self.children = []
        shutil.copy(ROOT / "tests/keys/demo.keys", self.folder / "keys")
        wrong = (ROOT / "tests/keys/demo.keys").read_text().replace("404142434445464748494A4B4C4D4E4F", "00" * 16)
        (self.folder / "wrong.keys").write_text(wrong)
        (self.folder / "holder").write_text("Ada Lovelace")
        self.here = HERE
        for name in ("keys", "wrong.keys", "holder"):
            (self.folder / name).chmod(0o600)
        (self.folder / "demo").mkdir()
        self.service = Service(self.cardwright, self.folder / "demo", "--demo", str(self.folder / "demo"))
        self.store = str(self.folder / "demo/store.db")

    def check(self, name, *problems):
        """`problems`: each is what is wrong, or falsy."""
        wrong = [str(problem) for problem in problems if problem]
        self.passed += not wrong
        self.failed += bool(wrong)
        print(f"not ok {name}: {'; '.join(wrong)[:700]}" if wrong else f"ok {name}", flush=True)

    def sees(self, name, expression, seconds=20):
        """The page comes to that in time."""
        self.check(name, not self.browser.wait(expression, seconds) and
                   f"{expression}; the page has: " + str(self.browser.run("document.querySelector('main').innerText"))[:400])

    # The command line.

    def words(self, *arguments):
        return [self.cardwright, *map(str, arguments)]

    def cw(self, *arguments):
        return subprocess.run(self.words(*arguments), env=environment(self.folder), check=False, timeout=4 * PATIENCE,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=self.folder)

    def at_store(self, *arguments):
        return self.cw(*arguments, "--store", self.store)

    def begin(self, *arguments):
        """A run that goes on while others look."""
        child = subprocess.Popen(self.words("run", *arguments, "--store", self.store), env=environment(self.folder),
                                 cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL)
        self.children.append(child)
        return child

    def listed(self, what):
        return json.loads(self.at_store(what, "list", "--json").stdout)

    def in_use(self, what):
        return next((one["name"] for one in self.listed(what) if one["state"] == "in use"), None)

    def runs(self):
        return [json.loads(line) for line in self.at_store("runs", "list", "--json").stdout.splitlines()]

    # What there is to see.

    def prepare(self):
        self.check("the service runs", not self.service.ready() and self.service.log()[-500:])
        for name in ("strict", "careful"):
            text = (ROOT / f"tests/interop/policy/{name}.lua").read_text()
            self.service.ask("POST", "/v1/policies", {"origin": f"{name}.lua", "text": text})
        text = "return { name = 'open', api = 1 }\n"
        hostile = self.service.ask("POST", "/v1/policies", {"origin": HOSTILE, "text": text})
        self.check("a policy from a file with a hostile name is loaded", hostile.status != 200 and hostile.body)
        self.service.ask("POST", "/v1/policies/open/use", {"reason": "to begin with " + HOSTILE})
        ran = self.at_store("run", "demo/install", "--card", "sim", "--keys", "keys", "--set",
                            f"cap={ROOT}/tests/caps/transit-2.1.cap", "--set", "holder=@holder")
        self.check("a run comes to its end", ran.returncode and ran.stderr)
        ran = self.at_store("run", "demo/inventory", "--card", "sim", "--keys", "wrong.keys")
        self.check("another one fails, and counts against its card", ran.returncode == 0,
                   not json.loads(self.at_store("budget", "list", "--json").stdout) and ran.stderr)
        for version, word in (("1.3", "one"), ("1.4", "another")):
            scripts = self.folder / "acme/scripts/acme"
            scripts.mkdir(parents=True, exist_ok=True)
            (scripts / "hello.lua").write_text(
                f'return {{ name = "acme/hello", summary = "Says {word}", run = function(run) run.card:select("") end }}\n')
            self.cw("bundle", "build", "acme", "--output", f"acme-{version}.bundle")
            ran = self.at_store("bundle", "load", f"acme-{version}.bundle")
            self.check(f"bundle {version} is loaded", ran.returncode and ran.stderr)

    def open(self, relay, view="", **look):
        self.browser.visit(f"{relay.url}/{'#/' + view if view else ''}", **look)
        self.browser.wait("document.querySelector('#you').textContent !== ''")

    def go(self, view):
        self.browser.run(f"location.hash = '#/{view}'")
        return self.browser.wait(f"!document.getElementById('{view.split('/')[0]}').hidden")

    def quiet(self, name, relay):
        self.check(f"{name}: the console is silent", self.browser.complaints())
        self.check(f"{name}: nothing is fetched from elsewhere", [
            url for url in self.browser.requests() if not url.startswith(relay.url + "/")])

    def dialog(self, reason=None):
        """Fills in and confirms the dialog with the keyboard; whether it went."""
        if not self.browser.wait("document.getElementById('ask').open"):
            return False
        if reason:
            self.browser.type(reason)
        self.browser.press("Enter", "Enter", 13, "\r")
        return self.browser.wait("!document.getElementById('ask').open")

    def choose(self, table, row, text):
        """Clicks a button in the row of a table that has this word in it."""
        found = self.browser.run(f"""(() => {{
            for (const old of document.querySelectorAll("[data-aimed]")) delete old.dataset.aimed;
            const row = [...document.querySelectorAll("#{table} tbody tr")].find(one => one.textContent.includes({json.dumps(row)}));
            const button = [...row?.querySelectorAll("button, a") ?? []].find(one => one.textContent === {json.dumps(text)});
            if (button) button.dataset.aimed = "";
            return button !== undefined; }})()""")
        if found:
            self.browser.click("[data-aimed]")
        return found

    # The stories.

    def watches(self, relay):
        self.open(relay)
        self.sees("the page says who looks", "document.querySelector('#you').textContent === 'CN=operator, operator'")
        self.sees("and that the service is ready", "document.querySelector('#health').textContent === 'ready'")
        self.sees("the newest runs are there", "document.querySelectorAll('#runs-table tbody tr').length === 2")
        child = self.begin(HERE / "slow.lua", "--card", "sim")
        self.sees("a run that begins meanwhile appears", "document.querySelectorAll('#runs-table tbody tr').length === 3")
        row = "document.querySelector('#runs-table tbody tr')"
        self.sees("as under way, with its flow", f"['running', 'waiting'].includes({row}.cells[1].textContent) && "
                  f"{row}.cells[2].textContent === 'slow'")
        self.sees("with the step that it has done", f"{row}.cells[3].textContent.startsWith('step ')")
        self.sees("with its policy", f"{row}.cells[6].textContent.startsWith('open ')")
        self.sees("it is counted", "[...document.querySelectorAll('#counts dd')].slice(0, 2).map(one => one.textContent)"
                  ".sort().join() === '0,1'")
        run = self.runs()[0]["id"]
        self.choose("runs-table", run, run)
        self.sees("a click tells its story", "document.querySelector('#run pre')?.textContent.includes('SELECT')")
        before = self.browser.run("document.querySelector('#run pre').textContent.length")
        self.sees("which goes on while one looks", f"document.querySelector('#run pre').textContent.length > {before}")
        self.browser.picture(self.pictures / "run.png")
        self.go("policies")
        self.sees("its policy names it as a holder", f"document.querySelector('#policies-table a[href=\"#/runs/{run}\"]') !== null")
        self.go(f"runs/{run}")
        self.sees("back at it, its story is there again", "document.querySelector('#run pre')?.textContent.includes('SELECT')")
        self.check("its row has a button", not self.choose("runs-table", run, "Stop"))
        self.check("that stops it, once confirmed", not self.dialog())
        self.sees("the page says so", f"document.querySelector('#said').textContent.includes({json.dumps(run)})")
        child.wait(PATIENCE)
        self.check("and it is stopped", self.runs()[0]["state"] != "stopped" and self.runs()[0])
        self.sees("as the page has it", f"{row}.cells[1].textContent.startsWith('stopped')")
        self.browser.run("(one => { one.value = 'failed'; one.dispatchEvent(new Event('input')); })(document.getElementById('state'))")
        self.sees("runs of one state alone", f"document.querySelectorAll('#runs-table tbody tr').length === 1 && "
                  f"{row}.cells[1].textContent.startsWith('failed')")
        self.quiet("runs", relay)

    def swaps(self, relay):
        self.go("policies")
        self.sees("policies are listed with their state", "document.querySelectorAll('#policies-table tbody tr').length === 3")
        self.sees("a hostile name is text", f"document.querySelector('#policies-table').textContent.includes({json.dumps(HOSTILE)})")
        self.sees("so is a hostile reason", f"document.querySelector('#policies .use').textContent.includes({json.dumps(HOSTILE)})")
        self.check("nothing of theirs ran", self.browser.run("typeof window.hit") != "undefined",
                   self.browser.run("document.querySelectorAll('main img, main script, dialog script').length"))
        self.choose("policies-table", "strict", "Use")
        self.browser.wait("document.getElementById('ask').open")
        self.browser.press("Enter", "Enter", 13, "\r")
        self.check("without a reason nothing is swapped", not self.browser.run("document.getElementById('ask').open"),
                   self.in_use("policy") != "open")
        self.browser.press("Escape", "Escape", 27)
        self.sees("Escape closes the dialog", "!document.getElementById('ask').open")
        self.choose("policies-table", "strict", "Use")
        self.check("with one it is", not self.dialog("audit of May"), self.in_use("policy") != "strict" and self.in_use("policy"))
        audit = self.at_store("audit", "list").stdout
        self.check("the audit has who and why", "CN=operator  policy used" not in audit and audit[-400:],
                   "audit of May" not in audit)
        self.sees("the page shows the new state", "[...document.querySelectorAll('#policies-table tbody tr')].find(one => "
                  "one.textContent.includes('strict')).cells[0].textContent === 'in use'")
        self.browser.run("[...document.querySelectorAll('#policies .buttons button')].find(one => one.textContent === 'Roll back').focus()")
        self.browser.press("Enter", "Enter", 13, "\r")
        self.check("a rollback by keyboard alone", not self.dialog("installs are refused"), self.in_use("policy") != "open")
        hash_ = next(one["hash"] for one in self.listed("policy") if one["name"] == "careful")
        self.choose("policies-table", "careful", hash_[:12])
        self.sees("one policy: what it says", "document.querySelectorAll('#policy pre').length === 3 && "
                  "document.querySelector('#policy').textContent.includes('Against the one in use')")
        self.browser.run("new Promise(done => setTimeout(done, 300))")
        self.browser.picture(self.pictures / "policies.png")
        self.choose("policies-table", "careful", "Discard")
        self.check("a version is discarded", not self.dialog(), "discarded" not in [one["state"] for one in self.listed("policy")])
        self.go("bundles")
        self.sees("bundles are listed", "document.querySelectorAll('#bundles-table tbody tr').length === 2")
        self.choose("bundles-table", "acme-1.4", "Use")
        self.check("and swapped", not self.dialog("new applet"), self.in_use("bundle") != "acme-1.4" and self.in_use("bundle"))
        self.choose("bundles-table", "acme-1.3", next(one["hash"] for one in self.listed("bundle") if one["name"] == "acme-1.3")[:12])
        self.sees("one bundle: what would change", "document.querySelector('#bundle')?.textContent.includes('changed scripts/acme/hello.lua')")
        self.quiet("policies and bundles", relay)

    def cards(self, relay):
        self.go("cards")
        self.sees("what counts against cards", "document.querySelectorAll('#budgets-table tbody tr').length === 1")
        self.sees("is marked when it is near its end", "document.querySelector('#budgets-table').textContent.includes('near its end')")
        self.sees("cards and readers were seen", "document.querySelectorAll('#cards-table tbody tr').length >= 1 && "
                  "document.querySelectorAll('#readers-table tbody tr').length >= 1")
        self.browser.click("#budgets-table tbody button")
        self.check("an operator resets it", not self.dialog("wrong keys in the custody"),
                   self.at_store("budget", "list", "--json").stdout.strip() != "[]")
        self.sees("and nothing counts", "document.getElementById('budgets-table').hidden")
        self.go("service")
        self.sees("workers are there", "document.querySelectorAll('#workers-table tbody tr').length === 2")
        self.sees("the audit too", "document.querySelector('#audit-table tbody tr')?.textContent.includes('budget reset')")
        self.quiet("cards and service", relay)
        os.kill(self.service.worker()["pid"], signal.SIGKILL)
        self.sees("a worker that was killed is seen to come back",
                  "document.querySelector('#workers-table tbody tr').cells[3].textContent === '2'", 40)
        self.sees("and the page goes on", "document.getElementById('trouble').hidden", 40)
        self.browser.events.clear()  # while there was no worker, the browser said so

    def looks(self, relay):
        for width in (1280, 800, 390):
            for view in VIEWS:
                self.open(relay, view, width=width)
                self.browser.wait(f"document.querySelector('#{view} tbody tr') !== null", 10)
                self.check(f"{view} fits {width} px", self.browser.run(OVERFLOW))
        for dark in (False, True):
            for view in (*VIEWS, f"runs/{self.runs()[1]['id']}"):
                self.open(relay, view, dark=dark, height=1000)
                self.browser.wait(f"document.querySelector('#{view.split('/')[0]} tbody tr') !== null", 10)
                if view == "service":
                    self.browser.wait("document.querySelector('#audit-table tbody tr') !== null")
                if "/" in view:
                    self.browser.wait("document.querySelector('#run pre') !== null")
                name = f"{'run-story' if '/' in view else view}-{'dark' if dark else 'light'}"
                self.check(f"text is readable: {name}", self.browser.run(CONTRAST))
                self.browser.run("new Promise(done => setTimeout(done, 1600))" if "/" in view else "0")
                self.browser.picture(self.pictures / f"{name}.png")
        self.quiet("a page that was looked at", relay)

    def viewer(self, relay):
        child = self.begin(HERE / "slow.lua", "--card", "sim")
        self.open(relay)
        self.sees("a viewer sees what goes on", "document.querySelector('#runs-table tbody tr')?.cells[3].textContent.startsWith('step ')")
        self.sees("a viewer is told so", "document.querySelector('#you').textContent === 'CN=viewer, viewer'")
        buttons = 0
        for view in VIEWS:
            self.go(view)
            self.browser.wait(f"document.querySelector('#{view} tbody tr') !== null", 10)
            buttons += self.browser.run(f"document.querySelectorAll('#{view} button').length")
        self.check("and has no button", buttons)
        self.quiet("a viewer's page", relay)
        status = self.browser.run("""fetch("/v1/policies/strict/use", {method: "POST", body: "{}",
            headers: {"Content-Type": "application/json"}}).then(answer => answer.status)""")
        self.check("who asks all the same is refused", status != 403 and status)
        self.at_store("runs", "stop", self.runs()[0]["id"])
        child.wait(PATIENCE)

    def strangers(self):
        """What a browser is made to send by other pages, over TLS and through a port that leads to the socket."""
        json_body = ("-H", "Content-Type: application/json", "-d", '{"reason":"x"}')
        folder = self.folder / "demo/certificates"
        tls = ("--cacert", str(folder / "authority.pem"), "--cert", str(folder / "operator.pem"), "--key",
               str(folder / "operator.key"))
        base = "https://" + self.service.address("operator-tls")
        local = ("--unix-socket", self.service.socket)
        for name, where, url in (("TLS", tls, base), ("the socket", local, "http://localhost")):
            for header in ("Origin: https://evil.example", "Origin: null", "Sec-Fetch-Site: cross-site",
                           "Sec-Fetch-Site: same-site"):
                answer = curl(*where, *json_body, "-H", header, url + "/v1/policies/rollback")
                self.check(f"over {name}, {header}: refused", answer.status != 403 and f"{answer.status} {answer.body}",
                           "from elsewhere" not in answer.body and answer.body)
            answer = curl(*where, "-H", "Sec-Fetch-Site: cross-site", url + "/v1/audit/state")
            self.check(f"over {name}, what is only read is not for other pages", answer.status != 403 and answer.status)
            page = curl(*where, "-D", "-", "-H", "Sec-Fetch-Site: cross-site", url + "/")
            self.check(f"over {name}, the page may run nothing but its own",
                       "script-src 'self'" not in page.body and page.body[:600], "unsafe" in page.body,
                       "frame-ancestors 'none'" not in page.body, "require-trusted-types-for 'script'" not in page.body)
        answer = curl(*local, "-H", "Host: evil.example", "http://localhost/v1/runs")
        self.check("a name that leads to this machine is not localhost", answer.status != 403 and answer.status)
        answer = curl(*tls, "-X", "POST", "-H", "Content-Type: application/x-tar", "-H", "Content-Length: 0", base + "/")
        self.check("the page is only read", answer.status != 405 and answer.status)
        answer = curl("--cacert", str(folder / "authority.pem"), base + "/")
        self.check("without a certificate there is no page", answer.status != 0 and answer.status)
        used = self.in_use("policy")
        self.check("and nothing was swapped", used != "open" and used)

    def certificate(self):
        """What a browser is given, made as the service says when it starts."""
        guide = self.service.out_file.read_text()
        words = command_of(guide, "openssl pkcs12")
        made = subprocess.run(words, cwd=self.folder, capture_output=True, text=True, check=False)
        self.check("a browser's certificate is made as the demo says", not words and guide, made.returncode and made.stderr)
        page = curl("--cacert", str(self.folder / "demo/certificates/authority.pem"), "--cert-type", "P12", "--cert",
                    str(self.folder / "operator.p12:demo"), "https://" + self.service.address("operator-tls") + "/")
        self.check("and opens the page", page.status != 200 and f"{page.status} {page.text}", "/page.js" not in page.body)

    def all(self):
        self.prepare()
        self.certificate()
        address = self.service.address("operator-tls")
        operator, viewer = (Relay(self.folder / "demo/certificates", who, address) for who in ("operator", "viewer"))
        with Browser("--ignore-certificate-errors") as self.browser:
            self.watches(operator)
            self.swaps(operator)
            self.cards(operator)
            self.looks(operator)
            self.viewer(viewer)
        self.strangers()
        Top(self).all()
        self.check("the service ends", self.service.end(signal.SIGTERM))


def main():
    arguments = sys.argv[1:]
    if arguments and arguments[0] in ("-h", "--help"):
        print(__doc__)
        return 0
    cardwright = Path(arguments[0] if arguments else ROOT / "build/release/cardwright").resolve()
    if not os.access(cardwright, os.X_OK):
        print(f"no program at {cardwright}; build it first", file=sys.stderr)
        return 2
    pictures = Path(arguments[1] if len(arguments) > 1 else ROOT / "build/test/page")
    pictures.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        checks = Checks(cardwright, folder, pictures)
        try:
            checks.all()
        finally:
            for child in [*checks.children, checks.service.process]:
                if child.poll() is None:
                    child.kill()
                    child.wait()
    print(f"{checks.passed} passed, {checks.failed} failed")
    return checks.failed != 0


if __name__ == "__main__":
    sys.exit(main())
