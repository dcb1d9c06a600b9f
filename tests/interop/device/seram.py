"""GP SERAM: the agent against a remote agent made from gpseram.yaml."""

import json
import time
from pathlib import Path

from bench import certificates, says, status_is
from schema import problems
from server import LOST, DeviceServer, answer

SELECT = "00A4040000"
CPLC = "80CA9F7F00"
NOTHING = "80CA00FF00"  # GET DATA of what is not there
START = {"ramCommandType": "ramStartCommand"}
STOP = answer({"ramCommands": [{"ramCommandType": "ramStopCommand"}]})
QUICK = ("--patience", "20")


def order(*lists, start=False, delay=0, **more):
    commands = [START] if start else []
    commands += [{"ramCommandType": "seRamCommand", "listOfCAPDU": list(one)} for one in lists]
    return answer({"delay": delay, "ramCommands": commands, **more})


def valid(server):
    """Every body that the agent sent is what the document describes."""
    found = []
    for one in server.requests:
        schema = "ramHandshakeCommand" if one.path.endswith("/handshake") else "remoteManagementReport"
        found += problems(json.loads(one.body), schema)
    return found


def status_of(report):
    return report["localAgentStatus"]["localAgentStatusEnum"], report["localAgentStatus"]["executedSeRamCommands"]


def answers(report):
    return [one["listOfRAPDU"] for one in report.get("ramResponses", [])]


def a_session(bench, server):
    server.begin(answer({"delay": 0}), order([SELECT, CPLC], start=True), order([NOTHING, CPLC], [CPLC]),
                 answer({"ramCommands": [{"ramCommandType": "notificationCommand",
                                          "deviceAppNotification": "step1/action2/OK"}]}), STOP)
    run = bench.agent(server.url("/gp/seram"), "--session", "0f96af97-f879-45a2-a011-ee7439df3804", "--se-type", "eSE",
                      "--se-id", "89001012012341234012345678901224")
    reports = server.reports()
    bench.check("every message of the agent is one of the document", valid(server))
    bench.check("a session ends when the server says stop", status_is(run, 0), run.err,
                "ended the session" not in run.out and run.out)
    first = server.requests[0]
    offered = json.loads(first.body)
    bench.check("the handshake names the secure element and what the agent speaks",
                first.path != "/gp/seram/handshake" and first.path,
                offered["secureElements"] != [{"seType": "eSE", "seId": "89001012012341234012345678901224"}] and offered,
                offered["supportedVersions"] != ["2.0.0"] and offered)
    bench.check("every request names the session",
                any(one.query != {"sessionId": ["0f96af97-f879-45a2-a011-ee7439df3804"]} for one in server.requests))
    bench.check("the agent polls first, and after an order without commands",
                [status_of(one) for one in reports[:2]] != [("POLLING", 0)] * 2 and reports[:2])
    select, cplc = answers(reports[2])[0]
    bench.check("each answer is the card's own", status_of(reports[2]) != ("PROCESSED", 1) and reports[2],
                not (select.startswith("6F") and select.endswith("9000")) and select,
                not (cplc.startswith("9F7F2A") and cplc.endswith("9000") and len(cplc) == 2 * 47) and cplc)
    bench.check("a command that fails does not keep the next from being sent",
                status_of(reports[3]) != ("PROCESSED", 2) and reports[3],
                answers(reports[3]) != [["6A88", cplc], [cplc]] and reports[3])
    bench.check("a notification is told, and needs no answer", "step1/action2/OK" not in run.out and run.out,
                status_of(reports[4]) != ("PROCESSED", 0) and reports[4])
    bench.check("no data of commands or answers is shown", any(
        text in run.out + run.err for text in (CPLC, cplc[:12], "6A88", "9F7F")) and run.out)


def both_spellings(bench, server):
    server.begin(answer({"ramCommands": [{"ramCommandType": "startCommand"}]}),
                 answer({"ramCommands": [{"ramCommandType": "stopCommand"}]}),
                 handshake=answer({"chosenTransportProtocol": "HTTPS", "chosenDataProtocol": "application/json",
                                   "chosenVersion": "2.0.0"}))
    run = bench.agent(server.url("/gp/seram"))
    bench.check("the names of the document's examples are understood too", status_is(run, 0), run.err)
    bench.check("a session that is not named is a random one", len(server.requests[0].query["sessionId"][0]) != 36)
    server.begin(STOP)
    bench.agent(server.url())
    bench.check("a server without a path has the document's", server.requests[0].path != "/gp/seram/handshake")


def lost_and_late(bench, server):
    server.begin(LOST, order([CPLC], start=True), LOST, LOST, STOP)
    run = bench.agent(server.url(), *QUICK)
    bodies = [one.body for one in server.requests[1:]]
    bench.check("a report goes out again until its answer is there, the same to the byte", status_is(run, 0),
                len(bodies) != 5 and f"{len(bodies)} requests", len(set(bodies[2:])) != 1 and "reports differ",
                run.out.count("carried out") != 1 and run.out)
    server.begin(answer(status=503), order([CPLC], start=True), answer(status=429), STOP)
    run = bench.agent(server.url(), *QUICK)
    bench.check("a server that is busy is asked again", status_is(run, 0), len(server.reports()) != 4)
    server.begin(order([CPLC], start=True), order([CPLC]), order([CPLC]), STOP)
    run = bench.agent(server.url())
    bench.check("an order that the server gives again is carried out again: that is its to know", status_is(run, 0),
                run.out.count("carried out") != 3 and run.out)
    server.begin(answer({"delay": 700, "ramCommands": [START]}), answer({"delay": 0}), STOP)
    run = bench.agent(server.url())
    times = [one.time for one in server.requests[1:]]
    bench.check("the agent waits as long as it is told", status_is(run, 0), times[1] - times[0] < 0.7 and times)
    server.begin(answer(status=500))
    run = bench.agent(server.url(), "--patience", "1")
    bench.check("the agent gives up when its patience is over", status_is(run, 1), says(run, "500", "gives up"),
                len(server.reports()) < 2)


def lies(bench, server):
    for what, lie in (("no JSON", answer(b"<html>")), ("a list", answer([])), ("bad types", answer({"delay": -1})),
                      ("a command that is none", answer({"ramCommands": [{"ramCommandType": "format"}]})),
                      ("a list that is none", answer({"ramCommands": [{"ramCommandType": "seRamCommand"}]})),
                      ("a bomb of brackets", answer(b'{"ramCommands":' + b"[" * 200000)),
                      ("too much", answer(b" " * (5 << 20)))):
        server.begin(lie)
        run = bench.agent(server.url(), "--patience", "0")
        bench.check(f"{what}: the agent ends with one clear line", status_is(run, 1), says(run))
    server.begin(order([CPLC, "80CA9F7"], [CPLC], start=True), STOP)
    run = bench.agent(server.url())
    report = server.reports()[1]
    bench.check("what is no command APDU is not sent, nor what follows it", status_is(run, 0), valid(server),
                status_of(report) != ("UNKNOWN_FAILURE", 0) and report,
                [[len(one) > 4 for one in listed] for listed in answers(report)] != [[True, False]] and report,
                "errorMsg" not in report["localAgentStatus"] and report)
    server.begin(order([CPLC], start=True, chosenSecureElement={"seType": "eSE", "seId": "another"}), STOP)
    run = bench.agent(server.url())
    bench.check("commands for another secure element are not sent", status_is(run, 0), valid(server),
                status_of(server.reports()[1]) != ("UNAVAILABLE_SE", 0) and server.reports()[1],
                answers(server.reports()[1]) and "there are answers")
    for status in (400, 403, 404, 406):
        server.begin(STOP, handshake=answer(status=status))
        run = bench.agent(server.url())
        bench.check(f"a server that answers {status} ends the session", status_is(run, 1), says(run, str(status)))
    server.begin(STOP, handshake=answer({"chosenTransportProtocol": "HTTPS", "chosenDataFormat": "application/cbor",
                                         "chosenVersion": "2.0.0"}))
    run = bench.agent(server.url())
    bench.check("a choice that was not offered ends the session", status_is(run, 1), says(run, "not offered"))


def several_and_stopped(bench, server):
    server.begin(order([CPLC], start=True), order([CPLC]), STOP)
    run = bench.agent(server.url(), "--card", "sim", "--card", "sim:uicc", "--session", "a", "--session", "b", card=None)
    sessions = {one.query["sessionId"][0] for one in server.requests}
    bench.check("each card has a session of its own", status_is(run, 0), sessions != {"a", "b"} and sessions,
                "[1] " not in run.out and run.out, "[2] " not in run.out and run.out)
    server.begin(answer({"delay": 60000}))
    process = bench.start(server.url())
    while not server.reports():
        time.sleep(0.02)
    run = bench.interrupt(process)
    bench.check("Ctrl-C ends an agent that waits", status_is(run, 130))
    server.begin(answer({}, hold=60))
    process = bench.start(server.url())
    while not server.reports():
        time.sleep(0.02)
    run = bench.interrupt(process)
    bench.check("Ctrl-C ends an agent that waits for the server", status_is(run, 130))
    server.let_go.set()
    server.begin(order([CPLC, "00A404000"], start=True), STOP)
    run = bench.agent(server.url(), "--trace", "trace.txt")
    trace = Path("trace.txt")
    bench.check("a trace shows what travels, to its owner alone", CPLC not in trace.read_text() and "no command",
                trace.stat().st_mode & 0o077 and "others may read it", CPLC in run.out and run.out)
    server.begin(order([SELECT], start=True), STOP)
    bench.agent(server.url(), "--card-state", "card.json")
    bench.check("a simulated card's memory is kept", not Path("card.json").exists() and "no file")


def arguments(bench, server):
    for what, wrong, words in (
            ("a session with a slash", ("--session", "a/b"), ("letters, digits",)),
            ("two sessions for one card", ("--session", "a", "--session", "b"), ("2 sessions for 1 cards",)),
            ("a certificate without its key", ("--cert", "device.pem"), ("--key",)),
            ("a shared key without its identity", ("--psk", "psk"), ("--psk-identity",)),
            ("a shared key beside certificates", ("--psk", "psk", "--psk-identity", "a", "--ca", "ca.pem"), ("instead",)),
            ("a shared key over plain HTTP", ("--psk", "psk", "--psk-identity", "a"), ("https://",)),
            ("an unknown protocol", ("--protocol", "telnet"), ("telnet",)),
            ("a recording", ("--card", "recorded:x.rec"), ("x.rec",))):
        run = bench.agent(server.url(), *wrong, card=None)
        bench.check(f"{what} is refused", status_is(run, 2), says(run, *words))


def over_tls(bench):
    certificates(bench.folder)
    tls = DeviceServer(("server.pem", "server.key", "ca.pem"))
    tls.begin(order([CPLC], start=True), STOP)
    ours = ("--ca", "ca.pem", "--cert", "device.pem", "--key", "device.key", "--patience", "0")
    run = bench.agent(tls.url(), *ours)
    bench.check("a device shows its certificate", status_is(run, 0),
                {one.subject for one in tls.requests} != {"device"} and "no certificate was seen")
    for what, wrong in (("a server that nobody vouches for", ("--ca", "stranger.pem", *ours[2:])),
                        ("a device without a certificate", (*ours[:2], *ours[6:])),
                        ("a device that nobody vouches for", (*ours[:2], "--cert", "stranger.pem", "--key",
                                                              "stranger.key", *ours[6:]))):
        tls.begin(STOP)
        run = bench.agent(tls.url(), *wrong)
        bench.check(f"{what}: no session", status_is(run, 1), says(run), tls.requests and "requests came through")
    run = bench.agent(tls.url(), *ours[:4], "--key", "stranger.key", "--patience", "0")
    bench.check("a key that is another certificate's is refused", status_is(run, 2), says(run, "device.pem"))
    Path("device.key").chmod(0o644)
    run = bench.agent(tls.url(), *ours)
    bench.check("a key that others can read is refused", status_is(run, 2), says(run, "device.key"))
    tls.close()


def run_all(bench):
    server = DeviceServer()
    for story in (a_session, both_spellings, lost_and_late, lies, several_and_stopped, arguments):
        story(bench, server)
    server.close()
    over_tls(bench)
