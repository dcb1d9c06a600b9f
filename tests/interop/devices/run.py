#!/usr/bin/python3
"""Devices that call a service: tickets, both protocols, policies that are swapped meanwhile, workers that are killed, a
service that is begun anew. In the end every card is in its wanted state.

usage: tests/interop/devices/run.py [CARDWRIGHT]

The program is build/release/cardwright if none is named. Prints "ok NAME" or "not ok NAME: why" for each check; the last
line is "N passed, M failed".
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

for folder in ("serve", "device"):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / folder))
from schema import problems  # noqa: E402
from service import PATIENCE, ROOT, Service, curl, environment, until  # noqa: E402

DEVICES = 8  # at once, under swaps and kills
HOLDER = "planted-4711-holder"  # a secret argument: no output and no file but its own shows it
POLICY = "return {{ name = '{name}', api = 1, limits = {{ attempts = 50 }} }}\n"


class Checks:
    def __init__(self, cardwright, folder):
        self.cardwright, self.folder = str(cardwright), Path(folder)
        self.passed = self.failed = 0
        self.service = None
        self.starts = 0
        (self.folder / "holder").write_text(HOLDER)
        (self.folder / "holder").chmod(0o600)
        shutil.copy(ROOT / "tests/keys/demo.keys", self.folder / "keys")
        (self.folder / "keys").chmod(0o600)

    def check(self, name, *problems):
        """`problems`: each is what is wrong, or falsy."""
        wrong = [str(problem) for problem in problems if problem]
        self.passed += not wrong
        self.failed += bool(wrong)
        print(f"not ok {name}: {'; '.join(wrong)[:700]}" if wrong else f"ok {name}", flush=True)

    @property
    def demo(self):
        return self.folder / "demo"

    @property
    def certificates(self):
        return self.demo / "certificates"

    def start(self):
        self.demo.mkdir(exist_ok=True)
        self.starts += 1
        self.service = Service(self.cardwright, self.demo, "--demo", str(self.demo), name=f"service{self.starts}")
        return self.service.ready()

    def words(self, *arguments):
        return [self.cardwright, *map(str, arguments)]

    def cw(self, *arguments):
        return subprocess.run(self.words(*arguments), env=environment(self.folder), check=False, timeout=4 * PATIENCE,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=self.folder)

    def ticket(self, flow="demo/install", *more):
        arguments = ["--set", f"cap={ROOT}/tests/caps/transit-2.1.cap", "--set", "holder=@holder"] \
            if flow == "demo/install" else []
        ran = self.cw("ticket", flow, "--store", self.demo / "store.db", *arguments, *more)
        return ran.stdout.strip()

    def agent_words(self, ticket, card, protocol="seram", certificate="device"):
        base = f"https://{self.service.address('device')}"
        server = base if protocol == "seram" else f"{base}/gp/ram/{ticket}"
        return self.words("agent", "--server", server, "--session", ticket, "--protocol", protocol, "--card", "sim",
                          "--card-state", card, "--ca", self.certificates / "authority.pem", "--cert",
                          self.certificates / f"{certificate}.pem", "--key", self.certificates / f"{certificate}.key")

    def agent_with_shared_key(self, ticket, card, key):
        url = f"https://{self.service.address('device-psk')}/gp/ram/{ticket}"
        return subprocess.run(self.words("agent", "--server", url, "--session", ticket, "--protocol", "ram-http", "--card",
                                         "sim", "--card-state", card, "--psk", key, "--psk-identity", "device",
                                         "--patience", "1"), env=environment(self.folder), check=False, text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=4 * PATIENCE, cwd=self.folder)

    def agent(self, *arguments, **more):
        return subprocess.run(self.agent_words(*arguments, **more), env=environment(self.folder), check=False,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=4 * PATIENCE,
                              cwd=self.folder)

    def memory(self, card):
        """Registry, keys, code, personal data. How often a channel was opened may differ, and each has a CPLC of its own."""
        memory = json.loads(Path(card).read_text())
        memory.pop("random_state", None)
        for application in memory["applications"]:
            application.get("sd", {}).pop("counters", None)
            application.get("sd", {}).get("objects", {}).pop("9F7F", None)
        return memory

    def runs(self):
        ran = self.cw("runs", "list", "--store", self.demo / "store.db", "--json", "--all")
        return [json.loads(line) for line in ran.stdout.splitlines()]

    # The stories.

    def one_device(self, protocol):
        ticket, card = self.ticket(), self.folder / f"{protocol}.card"
        ran = self.agent(ticket, card, protocol=protocol)
        self.check(f"{protocol}: a device calls with a ticket", ran.returncode and ran.stdout + ran.stderr)
        run = self.runs()[0]
        self.check(f"{protocol}: its run came to its end", run["state"] != "done" and run, run["card"] != "device" and run)
        wanted = self.folder / "wanted.card"
        if not wanted.exists():
            local = self.cw("run", "demo/install", "--card", "sim", "--card-state", wanted, "--keys", "keys", "--set",
                            f"cap={ROOT}/tests/caps/transit-2.1.cap", "--set", "holder=@holder", "--store", "none")
            self.check("the same flow on a card here", local.returncode and local.stderr)
        self.check(f"{protocol}: both cards are alike", self.memory(card) != self.memory(wanted) and "they differ")
        again = self.agent(ticket, card, protocol=protocol)
        self.check(f"{protocol}: the ticket is used up", "carried out" in again.stdout and again.stdout,
                   len([each for each in self.runs() if each["id"] == run["id"]]) != 1 and self.runs())

    def shared_key(self):
        card, other = self.folder / "psk.card", self.folder / "other.key"
        ran = self.agent_with_shared_key(self.ticket(), card, self.demo / "shared-keys" / "device")
        self.check("a device calls with a key that it shares", ran.returncode and ran.stdout + ran.stderr)
        self.check("its card is in its wanted state",
                   self.memory(card) != self.memory(self.folder / "wanted.card") and "it is not")
        other.write_text("00" * 32)
        other.chmod(0o600)
        begun = len(self.runs())
        ran = self.agent_with_shared_key(self.ticket(), self.folder / "psk2.card", other)
        self.check("one with another key is not let in", ran.returncode == 0 and ran.stdout, len(self.runs()) != begun)

    def afterwards(self):
        """What there is of a run on a device: told, played again, held against custody."""
        run, store = self.runs()[0]["id"], ("--store", self.demo / "store.db")
        shown = self.cw("runs", "show", run, *store)
        self.check("its story is told", shown.returncode, "INSTALL [for load]" not in shown.stdout and shown.stdout)
        played = self.cw("runs", "replay", run, "--verify-wire", "--keys", "keys", *store)
        self.check("it is played again, and what travelled is what the keys make of it", played.returncode and
                   played.stderr, "travelled as the keys in custody give them" not in played.stdout and played.stdout)
        resumed = self.cw("runs", "resume", run, *store)
        self.check("who would resume it is told that it is over", resumed.returncode != 2, "is over" not in resumed.stderr
                   and resumed.stderr)

    def strangers(self):
        url = f"https://{self.service.address('device')}/gp/seram/remoteManagement?sessionId="
        poll = '{"localAgentStatus":{"localAgentStatusEnum":"POLLING"}}'
        own = ["--cacert", str(self.certificates / "authority.pem"), "--cert", str(self.certificates / "device.pem"),
               "--key", str(self.certificates / "device.key")]
        self.check("nobody gets in without a certificate",
                   curl("--cacert", str(self.certificates / "authority.pem"), url + "x", data=poll).status != 0)
        self.check("a forged ticket is not found", curl(*own, url + "00" * 80, data=poll).status != 404)
        expired = self.ticket("demo/inventory", "--expires", "0m")
        time.sleep(0.01)
        self.check("nor one that expired", not expired and "no ticket",
                   curl(*own, url + expired, data=poll).status != 404)
        good = self.ticket("demo/inventory")
        self.check("what is no JSON is refused", curl(*own, url + good, data="{").status != 400)
        self.check("and a body without an end", curl(*own, url + good, data=b"x" * (2 << 20)).status != 413)
        unreadable, holder = self.ticket(), self.folder / "holder"
        holder.rename(self.folder / "elsewhere")
        answer = curl(*own, url + unreadable, data=poll)
        (self.folder / "elsewhere").rename(holder)
        self.check("what is wrong with the service's files is its operator's to know", answer.status != 404,
                   "holder" in answer.body and answer.body, str(holder) not in self.service.log() and "not in the log")
        nobody = self.cw("agent", "--server", f"https://127.0.0.1:1/gp/ram/{good}", "--session", good, "--protocol",
                         "ram-http", "--card", "sim", "--patience", "0")
        self.check("an agent that is not answered shows no ticket", nobody.returncode != 1 and nobody.stderr,
                   good in nobody.stdout + nobody.stderr and nobody.stderr)
        self.check("none of them began a run", any(run["flow"] == "demo/inventory" for run in self.runs()) and "one did")

    def document(self):
        """What a device is told, held against the document of GP SERAM: a run whose card is never there."""
        own = ["--cacert", str(self.certificates / "authority.pem"), "--cert", str(self.certificates / "device.pem"),
               "--key", str(self.certificates / "device.key")]
        url = f"https://{self.service.address('device')}/gp/seram/"
        ticket = self.ticket("demo/inventory")
        hello = curl(*own, f"{url}handshake?sessionId={ticket}",
                     data='{"secureElements":[{"seType":"eSE","seId":"8900"}]}')
        self.check("a handshake is answered as the document has it", *problems(hello.json, "ramHandshakeResponse"))
        status, kinds, said, wrong = "POLLING", [], [], []
        for _ in range(40):
            answer = curl(*own, f"{url}remoteManagement?sessionId={ticket}", data=json.dumps(
                {"localAgentStatus": {"localAgentStatusEnum": status, "executedSeRamCommands": 0}}))
            wrong += problems(answer.json, "remoteManagementOrder")
            commands = answer.json.get("ramCommands", [])
            kinds = [command["ramCommandType"] for command in commands]
            said += [command.get("deviceAppNotification") for command in commands if "notification" in
                     command["ramCommandType"]]
            status = "UNAVAILABLE_SE" if "seRamCommand" in kinds else "POLLING"
            if "ramStopCommand" in kinds:
                break
        self.check("and so is each request after it", *wrong)
        run = next(run["id"] for run in self.runs() if run["flow"] == "demo/inventory")
        self.check("the last answer tells the application how it ended, and stops",
                   kinds != ["notificationCommand", "ramStopCommand"] and kinds, said != [f"run/{run}/failed"] and said)

    def figures(self):
        from prometheus_client.parser import text_string_to_metric_families
        text = self.service.watch("/metrics").body
        families = {family.name: family for family in text_string_to_metric_families(text)
                    if family.name.startswith("cardwright_device_")}
        value = {(sample.name.removeprefix("cardwright_device_"), *sorted(set(sample.labels.values()) - {"device-0"})):
                 sample.value for family in families.values() for sample in family.samples}
        self.check("figures of devices are there, with what they are and mean", len(families) < 12 and sorted(families),
                   [name for name, family in families.items() if family.type == "unknown" or not family.documentation])
        for protocol in ("seram", "ram-http"):
            orders, reports = value["orders_total", protocol], value["reports_total", protocol]
            self.check(f"{protocol}: orders and reports are counted", orders < 3 and orders, reports < 3 and reports,
                       orders < reports and (orders, reports), value["sessions", protocol] < 1 and "no session")
            self.check(f"{protocol}: and the bytes of both", value["command_bytes_total", protocol] < 1000,
                       value["answer_bytes_total", protocol] < 100)
            every = value["answer_seconds_count", protocol]
            self.check(f"{protocol}: each answer has its time", every <= reports and (every, reports),
                       value["answer_seconds_bucket", *sorted(("+Inf", protocol))] != every and "+Inf is not all",
                       value["answer_seconds_sum", protocol] <= 0 and "no time")
        runs = self.runs()
        self.check("runs are counted as they begin and end", value["runs_opened_total", "begun"] != len(runs) and value,
                   value["runs_ended_total", "done"] != sum(run["state"] == "done" for run in runs) and value,
                   value["runs_ended_total", "failed"] != 1 and value["runs_ended_total", "failed"])
        self.check("what was refused is counted by its reason", value["tickets_refused_total", "usage"] < 2,
                   value["reports_refused_total", *sorted(("seram", "unreadable"))] != 1)

    def under_fire(self):
        """Many devices at once, while policies are swapped, the device worker is killed, and the service begins anew."""
        for name in ("one", "two"):
            (self.folder / f"{name}.lua").write_text(POLICY.format(name=name))
            loaded = self.cw("policy", "load", f"{name}.lua", "--store", self.demo / "store.db")
            self.check(f"policy {name} is loaded", loaded.returncode and loaded.stderr)
        begun = len(self.runs())
        devices = []
        for number in range(DEVICES):
            card, ticket = self.folder / f"device{number}.card", self.ticket()
            protocol = "seram" if number % 2 == 0 else "ram-http"
            devices.append((card, ticket, protocol, subprocess.Popen(
                self.agent_words(ticket, card, protocol=protocol) + ["--patience", "120"], env=environment(self.folder),
                cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)))
        swaps = kills = 0
        anew = False
        end = time.monotonic() + 4 * PATIENCE
        while any(each[3].poll() is None for each in devices) and time.monotonic() < end:
            used = self.cw("policy", "use", ("one", "two")[swaps % 2], "--store", self.demo / "store.db")
            swaps += used.returncode == 0
            if kills < 2:
                workers = self.service.ask("GET", "/v1/health").json["workers"]
                pid = next((each["pid"] for each in workers if each["name"].startswith("device")), 0)
                if pid:
                    os.kill(pid, signal.SIGKILL)
                    kills += 1
                    until(lambda: next(each for each in self.service.ask("GET", "/v1/health").json["workers"]
                                       if each["name"].startswith("device"))["state"] == "ready")
            elif not anew:
                anew = True
                address = self.service.address("device")
                self.service.end(signal.SIGTERM)
                self.fix_port(address)
                self.start()
            time.sleep(0.2)
        self.check("policies were swapped meanwhile", swaps < 3 and swaps)
        self.check("a worker was killed twice and the service begun anew", kills != 2 and kills, not anew and "not anew")
        wanted = self.memory(self.folder / "wanted.card")
        for card, _, protocol, process in devices:
            output = process.communicate(timeout=PATIENCE)[0]
            self.check(f"{card.stem} ({protocol}) ends in its wanted state", process.returncode and output[-300:],
                       self.memory(card) != wanted and "another memory")
        runs = self.runs()[:len(self.runs()) - begun]
        self.check("each device has one run, and it is done", len(runs) != DEVICES and len(runs),
                   [run for run in runs if run["state"] != "done"])
        self.check("in one attempt, whichever process had it", [run for run in runs if run["attempts"] != 1])
        audit = self.cw("audit", "verify", "--store", self.demo / "store.db")
        self.check("the audit holds", audit.returncode and audit.stdout + audit.stderr)
        checked = self.cw("store", "check", "--store", self.demo / "store.db")
        self.check("and the store", checked.returncode and checked.stdout + checked.stderr)

    def fix_port(self, address):
        """The service begins anew where it was: a device knows one address."""
        file = self.demo / "serve.json"
        text = file.read_text()
        place = text.index('"device"')
        file.write_text(text[:place] + text[place:].replace("127.0.0.1:0", address, 1))

    def secrets(self):
        shown = [path.name for path in self.folder.rglob("*") if path.is_file() and path.suffix != ".card" and
                 path.name != "holder" and HOLDER.encode() in path.read_bytes()]
        self.check("the holder's name is in no file of the service", shown)

    def run(self):
        self.check("a demo has a door for devices", not self.start() and self.service.log()[-500:])
        for protocol in ("seram", "ram-http"):
            self.one_device(protocol)
        self.shared_key()
        self.afterwards()
        self.strangers()
        self.document()
        self.figures()
        self.under_fire()
        self.check("the service ends", self.service.end(signal.SIGTERM) != 0 and "badly")
        self.secrets()


def main(arguments):
    if len(arguments) > 1 or (arguments and arguments[0].startswith("-")):
        print(__doc__.strip(), file=sys.stderr)
        return 2
    cardwright = Path(arguments[0] if arguments else ROOT / "build/release/cardwright").resolve()
    with tempfile.TemporaryDirectory(prefix="cardwright-devices-") as folder:
        checks = Checks(cardwright, folder)
        try:
            checks.run()
        finally:
            if checks.service:
                checks.service.end(signal.SIGKILL)
        print(f"{checks.passed} passed, {checks.failed} failed")
        return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
