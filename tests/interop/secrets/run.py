#!/usr/bin/env python3
"""Plants keys and secret arguments, runs everything that touches them, and searches all that comes out for them.

usage: tests/interop/secrets/run.py [CARDWRIGHT]

The program (default build/release/cardwright) runs with random keys and secrets: every shipped flow in every form of
output, runs that fail in each way we know, scripts that try to show what they hold (hostile.lua). Every byte of its
output and of every file that it makes is then searched for the planted bytes, in the writings of writings.py; so are the
files of a store that keeps such runs, also those of a PostgreSQL (kept.py). Left out is the memory of the simulated card
alone: it is the card, and the search has to find them there.

Prints "ok NAME" or "not ok NAME: why" for each run; the last line is "N passed, M failed".
"""

import os
import pty
import random
import select
import string
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from kept import Kept, new_database
from writings import Search

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
WALLET = f"cap={ROOT}/tests/caps/wallet-1.0.cap"
APPLET = "F063617264770101"
ISD = {"generic": "A000000151000000", "smartcafe": "A000000003000000"}
TEST_KEY = "404142434445464748494A4B4C4D4E4F"
FACTORY_VERSION = {"generic": "30", "smartcafe": "01"}
ROWS = {f"{column} of row {row}": size for row in range(6) for column, size in (("holder", 24), ("pin", 8))}
TYPE = {"generic": "aes", "smartcafe": "des"}
FORMS = [[], ["--verbose"], ["--json"], ["--json", "--verbose"], ["--trace", "trace"], ["--trace", "-", "--verbose"],
         ["--record", "recording"]]
# What the project gives the program to read, and the memory of cards.
OURS = ("keys", "holder", "pin", "long", "short", "wrong-keys", "broken-keys", "card", "hostile.lua", "flow.lua", "rows.csv")

# Ends of a run that a script may choose: what it does, and words of the error it gets. `secret` is the handle.
ENDS = {
    "error with the handle": ("error(secret)", "raised a userdata"),
    "error with its text": ("error('x' .. tostring(secret))", "x<secret holder 24>"),
    "error with data": ("error('begin ' .. secret)", "raised a userdata"),
    "error table": ("error({ kind = 'usage', message = secret })", "without a message"),
    "error table with it": ("error({ kind = 'usage', message = 'x', cause = secret, [secret] = secret })", "x"),
    "assert": ("assert(false, secret)", "raised a userdata"),
    "index of the handle": ("local _ = secret.x.y", "index"),
    "call of the handle": ("secret()", "call"),
    "arithmetic": ("local _ = secret + 1", "arithmetic"),
    "comparison": ("local _ = secret < secret", "compare"),
    "step by that name": ("run:step(secret, { done = next, run = next })", "step's name"),
    "sent in the plain": ("run.card:send(apdu.command { ins = 0xE2, data = secret })", "in a secure channel only"),
    "selected in the plain": ("run.card:select(secret)", "expected bytes"),
    "sent without encryption": ("open('isd', 'mac'):send(apdu.command { ins = 0xE2, data = secret })",
                                "does not encrypt"),
    "refused by the card": ("open('isd'):expect(apdu.command { ins = 0xDA, data = secret })", "6D00"),
    "too long for a command": ("local d = secret; for _ = 1, 12 do d = d .. d end", "98304 bytes"),
    "refused by the gate": ("open('isd'):send(apdu.command { ins = 0xF0, p1 = 0x80, p2 = 0xFF, data = secret })",
                            "not allowed by policy"),
    "address of a backend": ("http.request { url = 'http://127.0.0.1:9/' .. secret }", "expected text"),
    "body for a backend": ("http.request { url = 'http://127.0.0.1:9/', body = secret }", "expected bytes"),
    "too many handles": ("local t = {}; for i = 1, 1e7 do t[i] = 'x' .. secret end", "handles"),
    "out of memory": ("local t = {}; for i = 1, 1e7 do t[i] = tostring(secret):rep(9) .. i end", "memory"),
    "out of stack": ("local function f(s) return 1 + f(s) end; f(secret)", "stack"),
    "out of instructions": ("while true do local _ = tostring(secret) end", "instructions"),
    "out of commands": ("while true do run.card:select('') end", "commands"),
    "keys never declared": ("keys.info('master')", "did not declare"),
    "keys by the handle": ("keys.info(secret)", "expected a name"),
    "wrong keys": ("open('wrong')", "cryptogram"),
    "wrong keys twice": ("pcall(open, 'wrong'); open('wrong')", "refused before"),
}

FLOW = """local apdu, gp, http, keys = require "apdu", require "cw.gp", require "http", require "keys"
return {{
  name = "flow", summary = "ends badly", args = {{ holder = {{ type = "secret", max = 64 }} }},
  needs = {{ keys = {{ "isd", "wrong" }} }},
  run = function(run)
    local secret = run.args.holder
    local function open(set, level) return gp.open(run.card, {{ keys = set, level = level, flavor = run.flavor }}) end
    {body}
    return open, secret
  end,
  unused = {{ apdu, gp, http, keys }} and nil,
}}
"""


def letters(count):
    return "".join(random.SystemRandom().choices(string.ascii_letters + string.digits, k=count))


class Planted:
    def __init__(self, cardwright, flavor, folder):
        self.cardwright = cardwright
        self.share = ROOT
        self.isd, self.wallet = ISD[flavor], WALLET
        self.flavor = flavor
        self.folder = folder
        self.passed = self.failed = 0
        self.plant()

    def plant(self):
        self.secrets = {name: letters(size).encode() for name, size in
                        {"holder": 24, "pin": 8, "long": 400, "short": 3, "typed": 24, **ROWS}.items()}
        for name in ("holder", "pin", "long", "short"):
            (self.folder / name).write_bytes(self.secrets[name])
        del self.secrets["short"]  # three letters are anywhere

        kind = TYPE[self.flavor]
        text = self.key_set("factory", kind, FACTORY_VERSION[self.flavor], [TEST_KEY] * 3)
        for name, version in (("isd", "31"), ("demo.sd", "32"), ("demo.sd2", "33"), ("wrong", "31")):
            text += self.key_set(name, kind, version, [self.key(f"{name} {part}") for part in ("enc", "mac", "dek")])
        text += (f"[master]\ntype = {kind}\nversion = 31\nmaster = {self.key('master')}\n"
                 f"diversification = {'kdf3' if kind == 'aes' else 'visa2'}\n")
        (self.folder / "keys").write_text(text)
        # The set that the card does not have, under the name of the one that it has.
        (self.folder / "wrong-keys").write_text(text.replace("[isd]", "[other]").replace("[wrong]", "[isd]"))
        self.search = Search(self.secrets)

    def key(self, name):
        self.secrets[name] = os.urandom(16)
        return self.secrets[name].hex().upper()

    @staticmethod
    def key_set(name, kind, version, keys):
        return f"[{name}]\ntype = {kind}\nversion = {version}\nenc = {keys[0]}\nmac = {keys[1]}\ndek = {keys[2]}\n"

    def environment(self):
        here = str(self.folder)
        return {"PATH": os.environ["PATH"], "CARDWRIGHT_SHARE": str(ROOT), "HOME": here, "TMPDIR": here,
                "XDG_CACHE_HOME": here, "XDG_STATE_HOME": here}

    def command(self, flow, settings=(), form=(), keys="keys", card="card"):
        command = [str(self.cardwright), "run", flow, "--card", f"sim:{self.flavor}", "--card-state", card, "--keys",
                   keys, *form]
        for setting in settings:
            command += ["--set", setting]
        return command

    def run(self, name, command, status=None):
        """Runs it, and searches what it said and every file that is there then. `status`: wanted, or any failure."""
        done = subprocess.run(command, cwd=self.folder, env=self.environment(), stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=120)
        why = self.leaks({"standard output": done.stdout, "standard error": done.stderr})
        if why is None and (done.returncode != status if status is not None else done.returncode in (0, 70, 134, 139)):
            why = f"exit status {done.returncode}: {done.stderr.decode(errors='replace').strip()[-300:]}"
        self.say(name, why)
        return done

    def leaks(self, streams):
        for path in sorted(self.folder.rglob("*")):
            if path.is_file() and path.name not in OURS:
                streams[path.name] = path.name.encode() + b"\0" + path.read_bytes()
        found = [f"{stream} shows {', '.join(owners)}" for stream, content in streams.items()
                 if (owners := self.search.finds(content))]
        for name in ("trace", "recording"):
            (self.folder / name).unlink(missing_ok=True)
        return "; ".join(found) or None

    def say(self, name, why):
        name = f"{self.flavor}: {name}"
        self.passed += why is None
        self.failed += why is not None
        print(f"ok {name}" if why is None else f"not ok {name}: {why[:1000]}", flush=True)

    # The checks.

    def keys_of_the_isd(self):
        """From here on the card has nothing but planted keys."""
        settings = ["old=factory", "new=isd", f"domain={ISD[self.flavor]}"]
        self.run("the ISD gets planted keys", self.command("demo/rotate-keys", settings, ["--trace", "trace"]), 0)

    def flows(self):
        story = [
            ("demo/install", [WALLET, "holder=@holder", "pin=@pin"]),
            ("demo/inventory", []),
            ("demo/lock", [f"aid={APPLET}"]),
            ("demo/unlock", [f"aid={APPLET}"]),
            ("demo/rotate-keys", ["old=demo.sd", "new=demo.sd2"]),
            ("demo/remove", [WALLET]),
        ]
        start = (self.folder / "card").read_bytes()
        for form in FORMS:
            (self.folder / "card").write_bytes(start)
            for flow, settings in story:
                self.run(" ".join([flow, *form]), self.command(flow, settings, form), 0)
                if flow == "demo/install":
                    self.search_finds_what_is_there()
        (self.folder / "card").write_bytes(start)

    def search_finds_what_is_there(self):
        """The card has the keys and the holder: a search that does not find them there is worth nothing."""
        if hasattr(self, "control"):
            return
        self.control = self.search.finds((self.folder / "card").read_bytes())
        missing = [name for name in ("isd enc", "demo.sd dek", "holder", "pin")
                   if not any(found.startswith(name) for found in self.control)]
        self.say("the search finds them in the card", f"not {', '.join(missing)}" if missing else None)

    def failures(self):
        install = [WALLET, "holder=@holder", "pin=@pin"]
        for form in ([], ["--json", "--verbose"], ["--trace", "trace"], ["--record", "recording"]):
            how = " ".join(form)
            wrong = self.command("demo/install", install, form, keys="wrong-keys")
            done = self.run(f"a key that is wrong {how}", wrong)
            if b"cryptogram" not in done.stdout + done.stderr:
                self.say("a key that is wrong is named", "no word of the cryptogram")
            for flow in ([WALLET, "holder=@long"], [WALLET, "holder=@short", "pin=@short"], [WALLET, "holder=@holder",
                         "pin=@long"], [WALLET, "holder=@holder", "pni=@pin"], ["cap=holder", "holder=@holder"],
                         ["cap=keys", "holder=@holder"], [WALLET, "holder=@holder", "isd_keys=isc"]):
                text = " ".join(setting.split("/")[-1] for setting in flow)
                self.run(f"install {text} {how}", self.command("demo/install", flow, form))
        deny = ["--policy", f"{ROOT}/policies/deny_all.lua"]
        self.run("a policy that denies all", self.command("demo/install", install, deny))
        self.run("the key store given as --policy", self.command("demo/inventory", [], ["--policy", "keys"]))
        self.run("the key store given as --card-state", self.command("demo/inventory", card="keys"))
        self.run("a secret given as --card-state", self.command("demo/inventory", card="holder"))
        self.run("a secret given as --keys", self.command("demo/inventory", keys="holder"))

    def text_of_a_secret(self):
        """A user who writes a secret on the command line has shown it already; the program does not say it again."""
        holder = self.secrets["holder"].decode()
        self.run("a secret on the command line", self.command("demo/install", [WALLET, f"holder={holder}"]), 2)

    def broken_stores(self):
        key = self.key("broken")
        self.search = Search(self.secrets)
        good = f"[isd]\ntype = aes\nversion = 30\nenc = {TEST_KEY}\nmac = {TEST_KEY}\n"
        for name, line in {
            "a digit too few": f"dek = {key[:-1]}", "a byte too many": f"dek = {key}41", "no hex": f"dek = {key[:-1]}G",
            "in quotes": f'dek = "{key}"', "without a name": key, "turned round": f"{key} = dek",
            "as its field": f"{key} = {key}", "as a section": f"[{key}", "as the type": f"dek = {key}\ntype = {key}",
            "as the version": f"dek = {key}\nversion = {key}", "as diversification": f"diversification = {key}",
            "twice": f"dek = {key}\ndek = {key}", "with a colon": f"dek: {key}",
        }.items():
            (self.folder / "broken-keys").write_text(f"{good}{line}\n")
            self.run(f"a key store with a key {name}", self.command("demo/inventory", keys="broken-keys"))

    def hostile(self):
        (self.folder / "hostile.lua").write_bytes((HERE / "hostile.lua").read_bytes())
        start = (self.folder / "card").read_bytes()
        for form in FORMS:
            (self.folder / "card").write_bytes(start)
            command = self.command("hostile.lua", ["holder=@holder"], form)
            done = self.run(" ".join(["a hostile script", *form]), command, 0)
            if b" tries" not in done.stdout:
                self.say("the hostile script came to its end", "it did not")
        for name, (body, words) in ENDS.items():
            (self.folder / "flow.lua").write_text(FLOW.format(body=body))
            for form in ([], ["--json", "--verbose", "--trace", "-", "--record", "recording"]):
                (self.folder / "card").write_bytes(start)
                command = self.command("flow.lua", ["holder=@holder"], form)
                done = self.run(" ".join(["a script ends:", name, *form[:1]]), command)
                if words not in done.stderr.decode(errors="replace"):
                    self.say(f"a script ends: {name}: the error says so", done.stderr.decode(errors="replace")[-300:])
        (self.folder / "card").write_bytes(start)

    def kept(self):
        """Runs in a store, in a file and, for one flavor, on the PostgreSQL that CW_TEST_POSTGRES names."""
        install = [WALLET, "holder=@holder", "pin=@pin"]
        with tempfile.TemporaryDirectory() as folder:
            Kept(self, "in a file", Path(folder), f"{folder}/store.db").tell(FLOW, install)
        if self.flavor != "generic":
            return
        if "CW_TEST_POSTGRES" not in os.environ:
            self.say("on PostgreSQL", "no server; tools/postgres.sh starts one and sets CW_TEST_POSTGRES")
            return
        with tempfile.TemporaryDirectory() as folder:
            url = new_database(f"planted_{self.flavor}")
            Kept(self, "on PostgreSQL", Path(folder), url, url).tell(FLOW, install)

    def prompt(self):
        """The prompt shows values, and a key set is none."""
        lines = ["keys.info('isd')", "keys.put_key_data('demo.sd', 1)", "keys.put_key_answer('demo.sd', 1)",
                 "card:open_channel { keys = 'isd' }", "card:open_channel { keys = 'wrong' }", "keys.info('master')",
                 "require('json').encode(keys.info('isd'))", "error(keys)"]
        command = [str(self.cardwright), "repl", "--card", f"sim:{self.flavor}", "--card-state", "card",
                   "--keys", "keys", "--trace", "trace"]
        done = subprocess.run(command, cwd=self.folder, env=self.environment(), input="\n".join(lines).encode(),
                              capture_output=True, timeout=60)
        why = self.leaks({"standard output": done.stdout, "standard error": done.stderr})
        self.say("the prompt", why or (None if done.stdout else "it said nothing"))

    def process(self):
        """What other users of the machine see of a process: its command line; and its environment."""
        (self.folder / "flow.lua").write_text(FLOW.format(body="require('clock').sleep(0.5)"))
        nothing = subprocess.DEVNULL
        process = subprocess.Popen(self.command("flow.lua", ["holder=@holder"]), cwd=self.folder,
                                   env=self.environment(), stdin=nothing, stdout=nothing, stderr=nothing)
        time.sleep(0.3)
        shown = {name: Path(f"/proc/{process.pid}/{name}").read_bytes() for name in ("cmdline", "environ", "comm")}
        why = None if process.wait() == 0 and shown["cmdline"] else "the process did not live long enough to look at"
        self.say("command line and environment of the process", why or self.leaks(shown))

    def typed(self):
        """A secret that is typed is not echoed."""
        ours, theirs = pty.openpty()
        (self.folder / "flow.lua").write_text(FLOW.format(body="run:print('%s', secret)"))
        process = subprocess.Popen(self.command("flow.lua"), cwd=self.folder, env=self.environment(), stdin=theirs,
                                   stdout=theirs, stderr=theirs, start_new_session=True)
        os.close(theirs)
        screen = read_until(ours, b"holder", 10)
        asked = b"holder" in screen
        time.sleep(0.3)  # the prompt is there before echo is off
        os.write(ours, self.secrets["typed"] + b"\n")
        screen += read_until(ours, None, 10)
        process.wait(10)
        self.say("a secret that is typed", self.leaks({"screen": screen}) or (None if asked else "nobody asked for it"))


def read_until(terminal, mark, seconds):
    """What appears on a terminal until `mark` does, or until the other side is gone."""
    out = b""
    end = time.monotonic() + seconds
    while time.monotonic() < end and (mark is None or mark not in out):
        if select.select([terminal], [], [], 0.1)[0]:
            try:
                piece = os.read(terminal, 4096)
            except OSError:
                return out
            if not piece:
                return out
            out += piece
    return out


def main(arguments):
    if "--help" in arguments or "-h" in arguments or len(arguments) > 1:
        print(__doc__.strip())
        return 2 if len(arguments) > 1 else 0
    cardwright = Path(arguments[0] if arguments else ROOT / "build/release/cardwright").resolve()
    if not cardwright.exists():
        print(f"no program at {cardwright}; build it first", file=sys.stderr)
        return 2

    os.umask(0o077)
    passed = failed = 0
    for flavor in ISD:
        with tempfile.TemporaryDirectory() as folder:
            planted = Planted(cardwright, flavor, Path(folder))
            planted.keys_of_the_isd()
            planted.flows()
            planted.failures()
            planted.text_of_a_secret()
            planted.broken_stores()
            planted.hostile()
            planted.kept()
            planted.prompt()
            planted.process()
            planted.typed()
            passed += planted.passed
            failed += planted.failed
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
