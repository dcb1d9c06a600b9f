#!/usr/bin/env python3
"""Many devices on a service that is started here: installs per second and core, bytes, memory, times of answers, and
policies that are swapped meanwhile.

usage: tests/bench/devices.py [--smoke] BUILD [ROW...]

BUILD: a build folder, with cardwright and tests/bench/device_load in it. Rows of docs/PERFORMANCE.md go to standard output,
checks to standard error; ROW: installs, held, rests, left, swaps (default: all). --smoke: few devices, checks alone, and the last line
is "N passed, M failed". CW_BENCH_DEVICES: how many devices are held in the middle of their runs, 2,000 if it is not given.
CW_BENCH_LEFT: how many leave in the middle of them, 5,000 if it is not given.

No check looks at a clock. Each card is in its wanted state in the end, no run is dropped, and each began under the policy
that was in use just then.
"""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/interop/serve"))
from service import Service, environment  # noqa: E402

POLICY = "return {{ name = '{name}', api = 1, limits = {{ attempts = 50 }} }}\n"
TICK = os.sysconf("SC_CLK_TCK")


def row(what, measured, peer="", ratio="", reach=""):
    print(f"| {what} | {measured} | {peer} | {ratio} | {reach} |", flush=True)


def median(values):
    return sorted(values)[len(values) // 2]


class Socket(http.client.HTTPConnection):
    """A connection to the operator door that is kept."""

    def __init__(self, path):
        super().__init__("localhost")
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(self.path)


class Swaps(threading.Thread):
    """Puts one policy and the other to use, again and again, until it is told to end."""

    def __init__(self, path, wanted):
        super().__init__()
        self.path, self.wanted = path, wanted
        self.times, self.problems = [], []
        self.uses = [("one", 0, 0)]  # name, milliseconds since 1970 when it was asked for and when that returned
        self.ends = threading.Event()

    def run(self):
        door = Socket(self.path)
        while len(self.times) < self.wanted and not self.ends.is_set():
            name = ("two", "one")[len(self.times) % 2]
            began, asked = time.monotonic(), time.time() * 1e3
            door.request("POST", f"/v1/policies/{name}/use", "{}", {"Content-Type": "application/json"})
            answer = door.getresponse()
            body = answer.read()
            self.times.append(time.monotonic() - began)
            if answer.status != 200:
                self.problems.append(f"{answer.status} {body[:200]}")
                return
            self.uses.append((name, asked, time.time() * 1e3))
            self.ends.wait(0.02)


class Bench:
    def __init__(self, build, folder):
        self.cardwright = build / "cardwright"
        self.load_program = build / "tests/bench/device_load"
        self.folder = Path(folder)
        self.passed = self.failed = self.starts = 0
        self.service = None
        self.demo = None
        self.kept = self.folder / "holder"
        self.kept.write_text("Ada Lovelace")
        self.kept.chmod(0o600)
        self.settings = [f"cap={ROOT}/tests/caps/transit-2.1.cap", f"holder=@{self.kept}"]

    def check(self, name, *problems):
        wrong = [str(problem) for problem in problems if problem]
        self.passed += not wrong
        self.failed += bool(wrong)
        print(f"not ok {name}: {'; '.join(wrong)[:700]}" if wrong else f"ok {name}", file=sys.stderr, flush=True)

    def cw(self, *words):
        ran = subprocess.run([str(self.cardwright), *map(str, words)], env=environment(self.folder), check=False,
                             stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=self.folder)
        if ran.returncode:
            sys.exit(f"cardwright {words[0]}: {ran.stderr}")
        return ran.stdout

    def start(self, name, **device):
        """A service with a store of its own; `device`: more of its door's configuration."""
        self.demo = self.folder / name
        self.demo.mkdir()
        first = Service(self.cardwright, self.demo, "--demo", str(self.demo))
        first.ready()
        device["https"] = {"listen": first.address("device")}  # where devices find it again when it begins anew
        first.end(signal.SIGTERM)
        file = self.demo / "serve.json"
        text = "\n".join(line for line in file.read_text().splitlines() if not line.strip().startswith("//"))
        configuration = json.loads(text)
        door = configuration["doors"]["device"]
        device["https"] = {**door["https"], **device["https"]}
        door.update(device)
        file.write_text(json.dumps(configuration))
        self.begin_service()
        for policy in ("one", "two"):
            (self.folder / f"{policy}.lua").write_text(POLICY.format(name=policy))
            self.cw("policy", "load", f"{policy}.lua", "--store", self.store)
        self.cw("policy", "use", "one", "--store", self.store)

    def begin_service(self):
        self.starts += 1
        self.service = Service(self.cardwright, self.demo, str(self.demo / "serve.json"), name=f"load{self.starts}")
        if not self.service.ready():
            sys.exit(self.service.log())

    def stop(self):
        if self.service:
            self.check("the service ends", self.service.end(signal.SIGTERM) != 0 and "badly")
        self.service = None

    @property
    def store(self):
        return self.demo / "store.db"

    def words(self):
        out = [str(self.load_program), "--keys", str(self.demo / "demo.keys")]
        for setting in self.settings:
            out += ["--set", setting]
        return out

    def begin_load(self, devices, **more):
        tickets = self.folder / "tickets"
        settings = [word for setting in self.settings for word in ("--set", setting)]
        tickets.write_text(self.cw("ticket", "demo/install", "--store", self.store, "--count", devices, "--expires", "1d",
                                   *settings))
        certificates = self.demo / "certificates"
        words = self.words() + ["--server", self.service.address("device"), "--ca", str(certificates / "authority.pem"),
                                "--cert", str(certificates / "device.pem"), "--key", str(certificates / "device.key"),
                                "--tickets", str(tickets)]
        for name, value in more.items():
            words += ["--" + name.replace("_", "-"), str(value)]
        return subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment(self.folder))

    def end_load(self, load, devices, name):
        out = load.communicate()[0].splitlines()
        if load.returncode or not out:
            sys.exit(f"device_load ended with {load.returncode}")
        result = json.loads(out[-1])
        self.check(f"{name}: each of {devices} cards is in its wanted state",
                   result["in_wanted_state"] != devices and result["in_wanted_state"], result["failed"] and result["errors"])
        return result

    def worker_id(self):
        return next(each["pid"] for each in self.service.ask("GET", "/v1/health").json["workers"]
                    if each["name"].startswith("device"))

    def worker(self):
        """The device worker's process: seconds of processor time, bytes in memory, open files, threads."""
        pid = self.worker_id()
        stat = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
        status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
        return {"seconds": (int(stat[11]) + int(stat[12])) / TICK, "bytes": int(status["VmRSS"].split()[0]) * 1024,
                "threads": int(status["Threads"]), "files": len(os.listdir(f"/proc/{pid}/fd"))}

    def check_runs(self, devices, uses, name):
        """What the store says: nothing was dropped, and each run began under a policy that was in use just then: not under
        one whose successor's use had returned before the run was asked for."""
        runs = [json.loads(line) for line in self.cw("runs", "list", "--store", self.store, "--json", "--all").splitlines()]
        self.check(f"{name}: no run was dropped", len(runs) != devices and len(runs),
                   [run for run in runs if run["state"] != "done"][:3])
        begun, used = {}, 0
        for line in self.cw("audit", "list", "--store", self.store, "--json").splitlines():
            record = json.loads(line)
            used += record["action"] == "policy used"
            if record["action"] == "run begun":
                begun.setdefault(record["subject"], []).append((dict(record["details"])["policy_hash"], record["time"]))
        wrong = []
        for run in runs:
            told = begun.get(run["id"], [])
            if [hash_ for hash_, _ in told] != [run["policy_hash"]]:
                wrong.append((run, told))
                continue
            time_ = told[0][1]
            ends = [after[2] for after in uses[1:]] + [float("inf")]
            if not any(each[0] == run["policy"] and each[1] <= time_ + 1 and end + 1 >= run["created"]
                       for each, end in zip(uses, ends)):
                wrong.append((run, time_))
        self.check(f"{name}: each run saw one policy, and none began under one that another had replaced", wrong[:2])
        self.check(f"{name}: {len(uses) - 1} swaps are in the audit", used != len(uses) and used)
        if len(uses) > 100:
            self.check(f"{name}: both policies had their runs", len({run["policy_hash"] for run in runs}) != 2)

    # The rows.

    def installs(self, devices=200, turns=3):
        here, there, results = [], [], []
        for turn in range(turns):
            ran = subprocess.run([*self.words(), "--here", "20"], capture_output=True, text=True, check=True,
                                 env=environment(self.folder))
            here.append(json.loads(ran.stdout))
            before = self.worker()
            load = self.begin_load(devices, at_once=32)
            result = self.end_load(load, devices, f"installs, turn {turn + 1}")
            result["cpu"] = (self.worker()["seconds"] - before["seconds"]) / devices
            results.append(result)
            there.append(result["cpu"])
        self.check_runs(devices * turns, [("one", 0, 0)], "installs")
        bare, kept = median([each["seconds"] for each in here]), median([each["journal_seconds"] for each in here])
        card = median([each["card_seconds"] for each in here])
        one = results[-1]
        row("full install over the device door: TLS, journal; the service's processor time",
            f"{1e3 * median(there):.1f} ms, {1 / median(there):.0f} /s/core",
            f"the same flow in one process, no journal, no card {1e3 * (bare - card):.2f} ms",
            f"{median(there) / (bare - card):.1f}")
        row("the same", f"{1e3 * median(there):.1f} ms",
            f"in one process with a journal, no card {1e3 * (kept - card):.2f} ms", f"{median(there) / (kept - card):.1f}")
        row("installs at once, 32 requests under way, both sides on this machine",
            f"{devices / median([each['seconds'] for each in results]):.0f} /s")
        row("exchanges of a full install", f"{one['requests'] / devices:.1f}", f"commands {one['commands'] / devices:.0f}",
            f"{one['requests'] / one['commands']:.2f}")
        row("bytes of a full install that travelled, HTTP and TLS", f"{one['wire_bytes'] / devices:.0f}",
            f"APDUs {one['apdu_bytes'] / devices:.0f}", f"{one['wire_bytes'] / one['apdu_bytes']:.2f}")
        times = one["answers"]
        row("an answer, 32 requests under way", f"p50 {times['p50_ms']:.1f} ms, p99 {times['p99_ms']:.1f} ms")

    def held(self, devices):
        before = self.worker()
        load = self.begin_load(devices, at_once=32, hold=3)
        said = load.stdout.readline().split()
        during = self.worker()
        self.check(f"held: {devices} devices are in the middle of their runs at once",
                   said != ["held", str(devices)] and said)
        load.stdin.write("go on\n")
        load.stdin.flush()
        result = self.end_load(load, devices, "held")
        self.check_runs(devices, [("one", 0, 0)], "held")
        first, after = result["answers_before_hold"], result["answers"]
        row(f"{devices} devices in mid-run at once: memory of one, with its connection",
            f"{(during['bytes'] - before['bytes']) / devices / 1024:.0f} KiB", f"{during['files']} open files, "
            f"{during['threads']} threads")
        row("an answer while they come, 32 requests under way", f"p50 {first['p50_ms']:.1f} ms, p99 {first['p99_ms']:.1f} ms")
        row("an answer while they go on", f"p50 {after['p50_ms']:.1f} ms, p99 {after['p99_ms']:.1f} ms",
            f"refused and asked again {result['busy']:.0f}")

    def rests(self, devices):
        """All but a few runs wait for their reports in the store alone."""
        before = self.worker()
        load = self.begin_load(devices, at_once=32, hold=3)
        said = load.stdout.readline().split()
        during = self.worker()
        self.check(f"rests: {devices} devices are in the middle of their runs at once", said != ["held", str(devices)] and said)
        load.stdin.write("go on\n")
        load.stdin.flush()
        result = self.end_load(load, devices, "rests")
        self.check_runs(devices, [("one", 0, 0)], "rests")
        row(f"{devices} devices in mid-run at once, dropped from memory: memory of one, with its connection",
            f"{(during['bytes'] - before['bytes']) / devices / 1024:.0f} KiB")
        times = result["answers"]
        row("an answer while they go on, each taken up for it", f"p50 {times['p50_ms']:.1f} ms, p99 {times['p99_ms']:.1f} ms")

    def left(self, devices, at_a_time=5000):
        """Devices that come, carry their first order out and are heard of no more: their runs are rows of the store."""
        runs = {}
        for come in range(0, devices, at_a_time):
            load = self.begin_load(min(at_a_time, devices - come), at_once=32, hold=1, first_card=come + 1)
            said = load.stdout.readline().split()
            load.kill()
            load.communicate()
            runs[come + int(said[1])] = self.worker()["bytes"]
        first, all_ = min(runs), max(runs)
        self.check(f"left: {devices} runs are in the middle", all_ != devices and all_)
        waiting = [json.loads(line) for line in self.cw("runs", "list", "--store", self.store, "--json", "--all").splitlines()]
        self.check("left: none of them ended", len(waiting) != devices and len(waiting),
                   {run["state"] for run in waiting} & {"done", "failed", "stuck"})
        size = sum(path.stat().st_size for path in self.demo.glob("store.db*"))
        row(f"{devices} runs of devices that left in the middle: memory of the worker",
            f"{runs[all_] / 2**20:.0f} MiB", f"with {first} of them {runs[first] / 2**20:.0f} MiB",
            f"{runs[all_] / runs[first]:.2f}")
        row("the store, for each of them", f"{size / devices / 1024:.1f} KiB")

    def swaps(self, devices, wanted):
        swaps = Swaps(self.service.socket, wanted)
        load = self.begin_load(devices, at_once=32)
        swaps.start()
        result = self.end_load(load, devices, "swaps")
        swaps.ends.set()
        swaps.join()
        self.check("swaps: each was answered", swaps.problems)
        self.check_runs(devices, swaps.uses, "swaps")
        times = sorted(swaps.times)
        row(f"{len(times)} swaps of the policy during {devices} installs: runs dropped", "0")
        row("until `use` returned, and nothing begins under the one before",
            f"p50 {1e3 * times[len(times) // 2]:.1f} ms, p99 {1e3 * times[int(0.99 * (len(times) - 1))]:.1f} ms", "", "",
            "<= 50 ms")
        return result


    def killed(self, devices):
        """All are in the middle of their runs, policies are swapped, the worker is killed, the service begins anew, and the
        worker is killed once more while they go on."""
        swaps = Swaps(self.service.socket, 1_000_000)
        load = self.begin_load(devices, at_once=16, hold=2)
        swaps.start()
        said = load.stdout.readline().split()
        swaps.ends.set()
        swaps.join()
        os.kill(self.worker_id(), signal.SIGKILL)
        self.service.end(signal.SIGTERM)
        self.begin_service()
        load.stdin.write("go on\n")
        load.stdin.flush()
        os.kill(self.worker_id(), signal.SIGKILL)
        self.end_load(load, devices, "killed")
        self.check("killed: twice, and begun anew, with all in the middle of their runs", said != ["held", str(devices)] and said)
        self.check_runs(devices, swaps.uses, "killed")
        self.cw("audit", "verify", "--store", self.store)


def main(arguments):
    smoke = arguments[:1] == ["--smoke"]
    build, *wanted = arguments[smoke:] or ["-"]
    if build.startswith("-"):
        print(__doc__.strip(), file=sys.stderr)
        return 2
    many = int(os.environ.get("CW_BENCH_DEVICES", "2000"))
    stories = {"installs": lambda bench: bench.installs(), "held": lambda bench: bench.held(many),
               "rests": lambda bench: bench.rests(many),
               "left": lambda bench: bench.left(int(os.environ.get("CW_BENCH_LEFT", "5000"))),
               "swaps": lambda bench: bench.swaps(1500, 1000)}
    if smoke:
        stories = {"held": lambda bench: bench.held(20), "rests": lambda bench: bench.rests(60),
                   "swaps": lambda bench: bench.swaps(50, 20),
                   "killed": lambda bench: bench.killed(100)}
    with tempfile.TemporaryDirectory(prefix="cardwright-load-") as folder:
        bench = Bench(Path(build).resolve(), folder)
        try:
            for name, story in stories.items():
                if smoke or not wanted or name in wanted:
                    bench.start(name, silence_seconds=36_000, awake=16 if name in ("rests", "left") else 20_000)
                    story(bench)
                    bench.stop()
        finally:
            if bench.service:
                bench.service.end(signal.SIGKILL)
        if smoke:
            print(f"{bench.passed} passed, {bench.failed} failed")
    return 1 if bench.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
