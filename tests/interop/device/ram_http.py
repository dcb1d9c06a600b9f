"""RAM over HTTP: the agent against an administration server made from GlobalPlatform Amendment B and ETSI TS 102 226."""

import time

from bench import says, status_is
from server import LOST, DeviceServer, answer

TYPE = "application/vnd.globalplatform.card-content-mgt;version=1.0"
ANSWER_TYPE = "application/vnd.globalplatform.card-content-mgt-response;version=1.0"
CPLC = "80CA9F7F00"
NOTHING = "80CA00FF00"
END = answer(status=204)


def length(size):
    return bytes([size]) if size < 0x80 else bytes([0x81, size]) if size < 0x100 else b"\x82" + size.to_bytes(2, "big")


def tlv(tag, value):
    return bytes([tag]) + length(len(value)) + value


def indefinite(*commands):
    return b"\xae\x80" + b"".join(tlv(0x22, bytes.fromhex(one)) for one in commands) + b"\0\0"


def definite(*commands):
    return tlv(0xAA, b"".join(tlv(0x22, bytes.fromhex(one)) for one in commands))


def script(body, following="/ram?step=1", **more):
    headers = {"X-Admin-Protocol": "globalplatform-remote-admin/1.0", "Content-Type": TYPE, **more}
    if following:
        headers["X-Admin-Next-URI"] = following
    return answer(body, headers=headers)


def objects(content):
    """(tag, value) of each object in the content of a template."""
    out, at = [], 0
    while at < len(content):
        tag, size, at = content[at], content[at + 1], at + 2
        if size > 0x80:
            count = size - 0x80
            size, at = int.from_bytes(content[at:at + count], "big"), at + count
        out.append((tag, content[at:at + size].hex().upper()))
        at += size
    return out


def told(request):
    """What a response script holds; an AF must end with 0000."""
    body = request.body
    if body[:2] == b"\xaf\x80" and body[-2:] == b"\0\0":
        return objects(body[2:-2])
    [(tag, value)] = objects(body)
    assert tag == 0xAB, body.hex()
    return objects(bytes.fromhex(value))


def agent(bench, server, *arguments, **named):
    return bench.agent(server.url("/ram"), "--protocol", "ram-http", "--session", "s1", "--se-id", "42", *arguments,
                       **named)


def a_session(bench, server):
    server.begin(answer(status=204, headers={"X-Admin-Next-URI": "/ram?step=0", "Retry-After": "0"}),
                 script(indefinite("00A4040000", CPLC)), script(definite(CPLC, NOTHING, CPLC), "?step=2"),
                 script(indefinite(*[CPLC] * 3), server.url("/ram?step=3")), END)
    run = agent(bench, server)
    first, poll, one, two, three = server.requests
    bench.check("a session ends when the server names no next URI", status_is(run, 0), run.err)
    bench.check("every request has the headers of Amendment B", any(
        request.headers["X-Admin-Protocol"] != "globalplatform-remote-admin/1.0" or
        request.headers["X-Admin-From"] != "//se-id/CUD/42;//aa-id/session/s1" for request in server.requests))
    bench.check("the first request and a poll report nothing", any(
        "X-Admin-Script-Status" in request.headers or request.body for request in (first, poll)))
    bench.check("the agent follows the next URI: a path, a query, a whole one",
                [request.query.get("step", [""])[0] for request in server.requests] != ["", "0", "1", "2", "3"] and
                [request.path for request in server.requests])
    bench.check("a report has its type and its status", any(
        request.headers["X-Admin-Script-Status"] != "ok" or request.headers["Content-Type"] != ANSWER_TYPE
        for request in (one, two, three)))
    (tag, select), (_, cplc) = told(one)
    bench.check("AE is answered with AF and an R-APDU for each command", tag != 0x23, not select.endswith("9000"),
                not (cplc.startswith("9F7F2A") and cplc.endswith("9000")) and cplc)
    bench.check("AA is answered with AB, and a script stops at the command that fails",
                told(two) != [(0x80, "02"), (0x23, cplc), (0x23, "6A88")] and told(two))
    bench.check("long response scripts have long lengths", told(three) != [(0x23, cplc)] * 3 and told(three))
    bench.check("no data of commands or answers is shown", CPLC in run.out or cplc[:8] in run.out)


def lost(bench, server):
    server.begin(LOST, script(indefinite(CPLC)), LOST, LOST, END)
    run = agent(bench, server, "--patience", "20")
    resumed = [request.headers.get("X-Admin-Resume") for request in server.requests]
    bodies = [request.body for request in server.requests[2:]]
    bench.check("a request whose answer is lost is sent again, as a resumed one", status_is(run, 0),
                resumed != [None, "true", None, "true", "true"] and resumed, len(set(bodies)) != 1,
                run.out.count("carried out") != 1 and run.out)


def targets(bench, server):
    known = {"X-Admin-Targeted-Application": "//aid/A000000151/000000"}
    server.begin(script(indefinite(CPLC), **known),
                 script(indefinite(CPLC), "/ram?step=2", **{"X-Admin-Targeted-Application": "//aid/A000000999/01"}),
                 script(indefinite(CPLC), "/ram?step=3", **{"X-Admin-Targeted-Application": "nonsense"}), END)
    run = agent(bench, server)
    statuses = [request.headers.get("X-Admin-Script-Status") for request in server.requests[1:]]
    bench.check("a targeted application is selected, and one that is not there is reported", status_is(run, 0),
                statuses != ["ok", "unknown-application", "unknown-application"] and statuses,
                told(server.requests[2]) and "commands were sent all the same")


def lies(bench, server):
    for what, body, wanted in (("an unknown tag", b"\xae\x80\x24\x01\x00\x00\x00", "01"),
                               ("a length beyond the end", b"\xaa\x09\x22\x10\x80\xca\x9f\x7f\x00\x00\x00", "02"),
                               ("no end", b"\xae\x80" + tlv(0x22, bytes.fromhex(CPLC)), "03"),
                               ("nothing at all", b"", "01"),
                               ("bytes behind it", definite(CPLC) + b"\0", "02")):
        server.begin(script(body), END)
        run = agent(bench, server)
        bench.check(f"a script with {what} is of bad format, and nothing of it is sent", status_is(run, 0),
                    told(server.requests[1])[-1] != (0x90, wanted) and told(server.requests[1]),
                    any(tag == 0x23 for tag, _ in told(server.requests[1])))
    server.begin(script(indefinite(CPLC, "80CA"), "/ram?step=1"), END)
    run = agent(bench, server)
    bench.check("what is no command APDU ends the script", status_is(run, 0),
                server.requests[1].headers["X-Admin-Script-Status"] != "script-format-error",
                len(told(server.requests[1])) != 1 and told(server.requests[1]))
    for what, lie in (("another server", script(indefinite(CPLC), "http://192.0.2.1/ram")),
                      ("another scheme", script(indefinite(CPLC), "//192.0.2.1/ram")),
                      ("another type", answer(b"<html>", headers={"Content-Type": "text/html"})),
                      ("403", answer(status=403)), ("a redirect", answer(status=302, headers={"Location": "/x"}))):
        server.begin(lie)
        run = agent(bench, server)
        bench.check(f"{what}: the agent ends with one clear line", status_is(run, 1), says(run))
        bench.check(f"{what}: no command went to the card", "carried out" in run.out and run.out)
    server.begin(script(indefinite(CPLC), following=""))
    run = agent(bench, server)
    bench.check("a script without a next URI is carried out, and not reported", status_is(run, 0),
                len(server.requests) != 1, "1 of 1 command carried out" not in run.out and run.out)


def stopped(bench, server):
    server.begin(answer(status=204, headers={"X-Admin-Next-URI": "/ram?step=0", "Retry-After": "200"}))
    process = bench.start(server.url("/ram"), "--protocol", "ram-http")
    while not server.requests:
        time.sleep(0.02)
    bench.check("Ctrl-C ends an agent that waits", status_is(bench.interrupt(process), 130))


def run_all(bench):
    server = DeviceServer()
    for story in (a_session, lost, targets, lies, stopped):
        story(bench, server)
    server.close()
