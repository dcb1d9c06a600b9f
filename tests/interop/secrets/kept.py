"""Runs that a store keeps: neither its files nor what comes out of it shows a planted key or secret."""

import base64
import os
import re
import sqlite3
import subprocess
import time
from pathlib import Path
from urllib.parse import unquote

from writings import Search

# Files of a store are large, and these are the writings that a store could have made.
WRITINGS = ("raw", "raw, backwards", "hex", "hex, upper case", "hex, backwards", "base64", "base64url")
KILLED = """local channel = open('isd')
    channel:send(apdu.command { ins = 0xE2, p1 = 0x80, data = secret })
    run:print('sent')
    require('clock').sleep(1)
    run.card:select('')"""


class Kept:
    """The runs of one planted set, in one store. `folder`: of its files, apart from those that each run searches."""

    def __init__(self, planted, name, folder, where, database=None):
        self.planted, self.name, self.folder, self.database = planted, name, folder, database
        self.at = ["--store", where, "--store-key", str(folder / "store.key")]
        (folder / "store.key").write_bytes(os.urandom(32).hex().encode() + b"\n")
        self.search = Search(planted.secrets, WRITINGS)

    def tell(self, flow, install):
        """`flow`: text of one with a body; `install`: the settings of demo/install."""
        planted = self.planted
        start = (planted.folder / "card").read_bytes()
        planted.run(f"{self.name}: an install", planted.command("demo/install", install, self.at), 0)
        rotation = ["old=demo.sd", "new=demo.sd2"]
        planted.run(f"{self.name}: keys rotated", planted.command("demo/rotate-keys", rotation, [*self.at, "--json"]), 0)
        planted.run(f"{self.name}: wrong keys", planted.command("demo/install", install, self.at, keys="wrong-keys"))
        for name, body in {"ends with its text": "error('x' .. tostring(secret))", "ends with it": "error(secret)",
                           "sends it": "open('isd'):expect(apdu.command { ins = 0xDA, data = secret })"}.items():
            (planted.folder / "flow.lua").write_text(flow.format(body=body))
            planted.run(f"{self.name}: a script {name}", planted.command("flow.lua", ["holder=@holder"], self.at))
        hostile = planted.command("hostile.lua", ["holder=@holder"], self.at)
        planted.run(f"{self.name}: a hostile script", hostile, 0)
        self.batch()
        self.prompt()
        (planted.folder / "flow.lua").write_text(flow.format(body=KILLED))
        self.killed()
        self.files("after a kill", "-wal")
        newest = self.look("list --json", "runs", "list", "--json").stdout.splitlines()[0]
        self.look("resume", "runs", "resume", re.search(rb'"id":"(\w+)"', newest)[1].decode())
        self.what_comes_out()
        self.files("at the end")
        self.search_finds_what_is_there()
        (planted.folder / "card").write_bytes(start)

    def batch(self):
        """Secrets of a table: a row each, one that fails, and a process that is killed in the middle of rows."""
        planted = self.planted
        rows = [["number", "holder", "pin", "instance"]]
        for row in range(6):
            holder, pin = (planted.secrets[f"{column} of row {row}"].decode() for column in ("holder", "pin"))
            rows.append([str(row), holder, pin, planted.isd if row == 1 else ""])
        (planted.folder / "rows.csv").write_text("".join(",".join(row) + "\n" for row in rows))
        results = planted.folder / "rows.csv.results.csv"
        for old in planted.folder.glob("rows.csv.*"):
            old.unlink()
        command = [str(planted.cardwright), "batch", "demo/install", "--cards", f"sim:{planted.flavor}*2", "--keys", "keys",
                   "--data", "rows.csv", "--set", planted.wallet, "--set", "isd_keys=factory", *self.at]
        process = subprocess.Popen(command, cwd=planted.folder, env=planted.environment(), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        end = time.monotonic() + 60
        while time.monotonic() < end and not (results.exists() and b",done," in results.read_bytes()):
            time.sleep(0.01)
        process.kill()
        out, err = process.communicate()
        planted.say(f"{self.name}: a batch that is killed", planted.leaks({"standard output": out, "standard error": err}))
        self.files("after a batch was killed")
        planted.run(f"{self.name}: the same batch to its end", [*command, "--json", "--verbose"], 1)
        done = results.read_bytes().count(b",done,")
        planted.say(f"{self.name}: all rows but one are done", None if done == 5 else results.read_text())

    def prompt(self):
        """What is counted of a prompt, and stands in the audit."""
        planted = self.planted
        lines = ["card:select('')", "card:open_channel { keys = 'isd' }", "keys.put_key_data('demo.sd', 1)"]
        command = [str(planted.cardwright), "repl", "--card", f"sim:{planted.flavor}", "--card-state", "card", "--keys",
                   "keys", *self.at]
        done = subprocess.run(command, cwd=planted.folder, env=planted.environment(), input="\n".join(lines).encode(),
                              capture_output=True, timeout=60)
        why = planted.leaks({"standard output": done.stdout, "standard error": done.stderr})
        planted.say(f"{self.name}: the prompt", why or (None if done.stdout else "it said nothing"))

    def killed(self):
        planted = self.planted
        command = planted.command("flow.lua", ["holder=@holder"], self.at)
        process = subprocess.Popen(command, cwd=planted.folder, env=planted.environment(), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        line = process.stdout.readline()
        process.kill()
        out, err = process.communicate()
        why = planted.leaks({"standard output": line + out, "standard error": err})
        planted.say(f"{self.name}: a process that is killed", why or (None if line == b"sent\n" else f"it said {line}"))

    def look(self, what, *arguments):
        """The program over the store; what it prints is searched in every writing."""
        planted = self.planted
        done = subprocess.run([str(planted.cardwright), *arguments, *self.at], cwd=planted.folder,
                              env=planted.environment(), stdin=subprocess.DEVNULL, capture_output=True, timeout=120)
        why = planted.leaks({"standard output": done.stdout, "standard error": done.stderr})
        silent = not done.stdout + done.stderr and "--raw" not in arguments  # a run that was not begun has no lines
        if why is None and silent or done.returncode in (70, 134, 139):
            why = f"exit status {done.returncode}, and it said {done.stdout + done.stderr}"
        planted.say(f"{self.name}: {what}", why)
        return done

    def what_comes_out(self):
        listed = self.look("runs list", "runs", "list", "--all", "--json").stdout
        ids = re.findall(rb'^{"id":"(\w+)"', listed, re.MULTILINE)
        for number, run in enumerate(run.decode() for run in ids):
            for how in ([], ["--raw"]):
                self.look(" ".join(["show", *how]), "runs", "show", run, *how)
            for how in ([], ["--verify-wire"], ["--policy", str(self.planted.share / "policies/deny_all.lua")]):
                self.look(" ".join(["replay", *how[:1]]), "runs", "replay", run, *how)
            for how in ([], ["--answers"]):
                self.look(" ".join(["export", *how]), "runs", "export", run, str(self.folder / f"run{number}{len(how)}"),
                          *how)
        self.look("store export", "store", "export", str(self.folder / "copy"))
        self.look("audit root", "audit", "root", "--append", str(self.folder / "roots"))
        for command in ("audit list", "audit list --json", "audit prove 1", "budget list", "store check"):
            self.look(command, *command.split())

    def contents(self):
        """Name and bytes of each file: the key of the store too, since it is none of those that were planted."""
        paths = list(self.folder.iterdir())
        if self.database:
            subprocess.run(["psql", "-q", self.database, "-c", "CHECKPOINT"], check=True)
            data = Path(unquote(re.search(r"host=([^&]*)", self.database)[1])) / "data"
            paths += data.rglob("*")
        return {path.name: path.read_bytes() for path in paths if path.is_file()}

    def files(self, when, wanted=None):
        contents = self.contents()
        found = [f"{name} shows {', '.join(owners)}" for name, content in contents.items()
                 if (owners := self.search.finds(content))]
        if wanted and not self.database and not any(name.endswith(wanted) for name in contents):
            found.append(f"there is no *{wanted} to look into")
        self.planted.say(f"{self.name}: files of the store {when}", "; ".join(found) or None)

    def search_finds_what_is_there(self):
        """A search that does not find what somebody put into the store is worth nothing."""
        secret = self.planted.secrets["holder"]
        all_of_them = b" ".join([secret, secret[::-1], secret.hex().encode(), secret.hex().upper().encode(),
                                 secret.hex()[::-1].encode(), base64.b64encode(secret)])
        if self.database:
            subprocess.run(["psql", "-q", self.database, "-c",
                            f"INSERT INTO files VALUES ('planted', '\\x{all_of_them.hex()}'::bytea, 0)"], check=True)
        else:
            with sqlite3.connect(self.folder / "store.db") as store:
                store.execute("INSERT INTO files VALUES ('planted', ?, 0)", [all_of_them])
        found = {one for content in self.contents().values() for one in self.search.finds(content)}
        missing = [how for how in ("raw", "raw, backwards", "hex", "hex, upper case", "base64")
                   if f"holder ({how})" not in found]
        self.planted.say(f"{self.name}: the search finds what is put there", f"not {missing}" if missing else None)


def new_database(name):
    """An empty database on the server of CW_TEST_POSTGRES, as a URL."""
    server = os.environ["CW_TEST_POSTGRES"]
    subprocess.run(["psql", "-q", server, "-c", f"CREATE DATABASE {name}"], check=True)
    return server.replace("/postgres?", f"/{name}?")
