#!/usr/bin/python3
"""Takes the pictures of the operators' page that the documentation shows.

usage: tests/interop/page/picture.py [CARDWRIGHT [FOLDER]]

The program is build/release/cardwright if none is named, the folder docs/images. Runs a service to try out with some
runs, policies and bundles in it.
"""

import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

for neighbour in ("report", "serve"):
    sys.path.append(str(Path(__file__).resolve().parents[1] / neighbour))
from browser import Browser  # noqa: E402
from service import ROOT, until  # noqa: E402

from relay import Relay  # noqa: E402
from run import HERE, Checks  # noqa: E402

INSTALL = ("--set", f"cap={ROOT}/tests/caps/transit-2.1.cap", "--set", "holder=@holder")


def fill(checks):
    checks.service.ready()
    for name in ("strict", "careful"):
        text = (ROOT / f"tests/interop/policy/{name}.lua").read_text()
        checks.service.ask("POST", "/v1/policies", {"origin": f"policies/{name}.lua", "text": text})
    text = "return { name = 'acme', api = 1 }\n"
    checks.service.ask("POST", "/v1/policies", {"origin": "policies/acme.lua", "text": text})
    checks.service.ask("POST", "/v1/policies/acme/use", {"reason": "roll-out of June"})
    for number, flow, *more in ((1, "demo/install", *INSTALL), (2, "demo/install", *INSTALL), (1, "demo/inventory"),
                                (2, "demo/lock"), (3, "demo/install", *INSTALL), (3, "demo/inventory")):
        keys = "wrong.keys" if (number, flow) == (3, "demo/inventory") else "keys"
        checks.at_store("run", flow, "--card", "sim", "--card-state", f"{number}.card", "--seed", str(number), "--keys", keys,
                        *more)
    (checks.folder / "rotate.lua").write_text(
        (HERE / "slow.lua").read_text().replace('"slow"', '"acme/rotate-keys"').replace('"step " .. i', '"key set " .. i'))
    checks.begin("rotate.lua", "--card", "sim:yubikey")
    until(lambda: checks.runs()[0]["frames"] > 12)


def main():
    if len(sys.argv) > 1 and sys.argv[1] in ("-h", "--help"):
        print(__doc__)
        return 0
    cardwright = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "build/release/cardwright").resolve()
    out = Path(sys.argv[2] if len(sys.argv) > 2 else ROOT / "docs/images")
    with tempfile.TemporaryDirectory() as folder:
        checks = Checks(cardwright, folder, out)
        try:
            fill(checks)
            relay = Relay(checks.folder / "demo/certificates", "operator", checks.service.address("operator-tls"))
            with Browser("--ignore-certificate-errors") as checks.browser:
                run = next(one["id"] for one in checks.runs() if one["flow"] == "demo/install")
                checks.open(relay, f"runs/{run}", height=820)
                checks.browser.wait("document.querySelector('#run pre') !== null")
                time.sleep(12)  # until there is a rate
                checks.browser.picture(out / "page-runs.png")
                hash_ = next(one["hash"] for one in checks.listed("policy") if one["name"] == "strict")
                checks.open(relay, f"policies/{hash_}", height=640, dark=True)
                checks.browser.wait("document.querySelectorAll('#policy pre').length === 3")
                time.sleep(1)
                checks.choose("policies-table", "strict", "Use")
                checks.browser.wait("document.getElementById('ask').open")
                checks.browser.type("audit of May")
                checks.browser.picture(out / "page-swap.png")
        finally:
            checks.service.end(signal.SIGTERM)
            for child in checks.children:
                child.kill()
                child.wait()
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (RuntimeError, subprocess.SubprocessError) as error:
        sys.exit(f"picture.py: {error}")
