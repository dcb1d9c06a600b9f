"""The agent on cards in the readers of a real pcscd, started for it: simulated cards in virtual readers."""

import subprocess
import sys
import threading
import time
from pathlib import Path

from bench import status_is
from seram import CPLC, SELECT, STOP, answers, order, status_of, valid
from server import DeviceServer

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from pcscd import Pcscd  # noqa: E402

READERS = 2


def card_in(bench, pcscd, number, flavor):
    """A simulated card in a reader; to be killed to pull it out."""
    process = subprocess.Popen([str(bench.cardwright), "card", "serve", "--vpcd", f"127.0.0.1:{pcscd.port + number}",
                                "--flavor", flavor], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    process.stdout.readline()  # "inserted ..."
    return process


def readers_as_devices(bench, server, pcscd):
    cards = [card_in(bench, pcscd, 0, "generic"), card_in(bench, pcscd, 1, "jcop4")]
    server.begin(order([SELECT, CPLC], start=True), order([CPLC]), STOP)
    run = bench.agent(server.url(), "--card", "pcsc:00 00", "--session", "r", card=None)
    reports = server.reports()
    bench.check("a card in a reader is a remote device", status_is(run, 0), valid(server),
                len(reports) != 3 and reports, any(text[-4:] != "9000" for text in answers(reports[1])[0]) and reports[1])
    server.begin(*[order([CPLC], start=True)] * 2, STOP)
    run = bench.agent(server.url(), "--card", "pcsc:0", "--card", "pcsc:1", card=None)
    seen = {one.query["sessionId"][0] for one in server.requests}
    bench.check("a bench of readers is as many devices", status_is(run, 0), len(seen) != 2 and seen, valid(server))

    pulled = order([CPLC, CPLC], start=True)._replace(hold=1.0)
    server.begin(pulled, STOP)
    process = bench.start(server.url(), card="pcsc:0")
    while len(server.requests) < 2:
        time.sleep(0.02)
    threading.Timer(0.1, cards[0].kill).start()  # while the server holds its answer
    run = bench.end(process)
    report = server.reports()[-1]
    bench.check("a card that is pulled out is reported, with an empty answer for each command", status_is(run, 0),
                valid(server), status_of(report) != ("UNAVAILABLE_SE", 0) and report, answers(report) != [["", ""]] and report,
                not report["localAgentStatus"].get("errorMsg") and report)
    for card in cards:
        card.kill()
        card.wait()
    run = bench.agent(server.url(), card="pcsc:nobody")
    bench.check("a reader that is not there is refused before the server is asked", status_is(run, 2))


def run_all(bench):
    pcscd = Pcscd(bench.folder, READERS)
    server = DeviceServer()
    bench.environment["PCSCLITE_CSOCK_NAME"] = pcscd.socket
    try:
        readers_as_devices(bench, server, pcscd)
    finally:
        server.close()
        pcscd.stop()
