"""The life of an owner that is a provider: registered, reviewed, approved, suspended while its runs are under way, over
when its period is, deregistered. `checks` of run.py has the store, the cards and the service."""

import json
import re
import subprocess
import time

from service import PATIENCE, environment

UNMANAGED = "nothing of provider nova is managed"
# Two steps, and time enough between them to be suspended.
SLOW = """local clock = require "clock"
return { name = "%s", summary = "two steps", run = function(run)
  local one, two = false, false
  run:step("one", { done = function() return one end, run = function()
    run.card:select("")
    clock.sleep(%s)
    one = true
  end })
  run:step("two", { done = function() return two end, run = function() run.card:select("") two = true end })
end }
"""
# Ends a domain, as far as the run is concerned.
ENDING = """return { name = "ending", summary = "ends a domain",
  args = { domain = { type = "aid" }, consent = { type = "string", optional = true } },
  needs = { consent = { domain = "$domain", of = "$consent" } },
  run = function(run) run.card:select("") end }
"""


def until(what):
    """Its first answer that is one."""
    end = time.monotonic() + PATIENCE
    while not (found := what()) and time.monotonic() < end:
        time.sleep(0.05)
    return found


def begun(checks, *words):
    """The program, at work in the background."""
    return subprocess.Popen([checks.cardwright, *map(str, words)], env=environment(checks.folder), cwd=checks.folder,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def under_way(checks, flow):
    return next((row for row in checks.rows("--owner", "nova") if row["flow"] == flow and row["state"] in
                 ("running", "waiting")), None)


def nova(checks, verb, *words):
    return checks.at("owner", verb, "nova", *words)


def at_desk(checks):
    registering(checks)
    suspending(checks)
    what_it_has(checks)
    times(checks)


def registering(checks):
    expect = checks.expect
    expect("a provider is registered", nova(checks, "register", "--organisation", "Nova Pay", "--contact",
                                            "Grace, +49 30 1234"), 0, "nothing of it is managed until")
    expect("once", nova(checks, "register"), 2, "there is an owner nova already; it is registered")
    expect("it does not run", checks.run_flow("nova", "second"), 3, UNMANAGED + ": it is registered and not approved yet")
    expect("nor is it approved before it is reviewed", nova(checks, "approve", "--until", "1d"), 2,
           "cardwright owner review nova --accept comes first")
    expect("a review has an outcome", nova(checks, "review"), 2, "--accept, or --refuse")
    expect("it is refused", nova(checks, "review", "--refuse", "--reason", "no licence"), 0, "nothing of it is managed")
    expect("with a reason that is said", checks.run_flow("nova", "second"), 3, "it was refused on .*: no licence; ")
    expect("and accepted", nova(checks, "review", "--accept", "--reason", "licence came"), 0, "is accepted")
    expect("an end is a time", nova(checks, "approve", "--until", "soon"), 2, "'soon' is no age")
    expect("and to come", nova(checks, "approve", "--until", "2020-01-01"), 2, "over before it begins")
    expect("approved, for a day", nova(checks, "approve", "--until", "1d", "--reason", "contract 7"), 0, "is approved")
    expect("it runs", checks.run_flow("nova", "second"), 0)
    expect("it is listed", checks.at("owner", "list"), 0, "nova +0 +0 +approved +yes +20", "acme .*approved +yes +no end")
    expect("and shown", nova(checks, "show"), 0, "Nova Pay", "Grace, \\+49 30 1234", "refused \\(no licence\\)",
           "approved from 20.* until 20.* \\(contract 7\\)")
    expect("what is known of it changes", nova(checks, "update", "--contact", "Hedy"), 0, "is updated")
    shown = json.loads(nova(checks, "show", "--json").stdout)
    checks.check("that alone", (shown["contact"], shown["organisation"]) != ("Hedy", "Nova Pay") and shown)
    audit = checks.at("audit", "list", "--owner", "nova").stdout
    checks.check("the audit has it all", *[action not in audit and f"no {action}" for action in
                                           ("owner registered", "owner refused", "owner accepted", "owner approved", "owner updated")])
    checks.check("but for the contact", "Grace" in audit or "Hedy" in audit)


def suspending(checks):
    expect = checks.expect
    (checks.folder / "slow.lua").write_text(SLOW % ("slow", 3))
    words = ("run", "slow.lua", "--owner", "nova", "--card", "sim", "--card-state", "second.json", "--keys", "keys",
             "--store", checks.store)
    slow = begun(checks, *words)
    row = until(lambda: under_way(checks, "slow"))
    checks.check("a run is in its first step", not row)
    expect("while it is suspended", nova(checks, "suspend", "--reason", "unpaid"), 0, "nova is suspended")
    said = slow.communicate(timeout=PATIENCE)[0]
    checks.check("it ends before the second", slow.returncode != 3 and f"{slow.returncode}: {said}",
                 "can be resumed: " + UNMANAGED + ": it is suspended since" not in said and said,
                 re.search(r"ok +two", said) and said)
    expect("and is not taken up", checks.at("runs", "resume", row["id"]), 3, UNMANAGED)
    expect("nor does one begin", checks.run_flow("nova", "second"), 3, UNMANAGED + ".*: unpaid; cardwright owner resume nova")
    (checks.folder / "one.csv").write_text("id\nx\n")
    expect("nor a batch", checks.at("batch", "demo/inventory", "--owner", "nova", "--cards", "sim:generic", "--data", "one.csv",
                                    "--key", "id", "--keys", "keys"), 3, UNMANAGED)
    checks.bundle_of("nova-1", {"scripts/nova/hello.lua": SLOW % ("nova/hello", 0)})
    (checks.folder / "nova.lua").write_text('return { name = "nova", api = 1 }')
    for what, *words in (("a policy", "policy", "load", "nova.lua"), ("a use", "policy", "use", "deny_all"),
                         ("a bundle", "bundle", "load", "nova-1.bundle"), ("a ticket", "ticket", "demo/inventory")):
        expect(f"nor {what}", checks.at(*words, "--owner", "nova"), 3, UNMANAGED)
    expect("nor is a card given", checks.at("card", "give", checks.cards["second"], "nova"), 3, UNMANAGED)
    expect("the operator looks at it", checks.at("runs", "list", "--owner", "nova"), 0, "slow")
    expect("others go on", checks.run_flow("zenith", "second"), 0)
    expect("it is resumed", nova(checks, "resume", "--reason", "paid"), 0, "nova is resumed")
    expect("and the run goes on", checks.at("runs", "resume", row["id"], "--keys", "keys"), 0, "two")
    expect("the journals are whole", checks.at("audit", "verify"), 0)


def what_it_has(checks):
    """A suspension is of what a provider has, whoever touches it."""
    expect = checks.expect
    expect("acme is suspended", checks.at("owner", "suspend", "acme", "--reason", "unpaid"), 0)
    expect("the operator's own run ends on its card", checks.run_flow("", "first"), 3,
           "nothing of provider acme is managed: it is suspended.*the card is acme's, and cardwright card take")
    expect("and goes on on others", checks.run_flow("", "second"), 0)
    expect("what is taken back is the operator's", checks.at("card", "take", checks.cards["first"]), 0)
    expect("to work on", checks.run_flow("", "first"), 0)
    expect("acme is resumed", checks.at("owner", "resume", "acme"), 0, "acme is resumed: runs that stopped go on")
    checks.at("card", "give", checks.cards["first"], "acme")


def times(checks):
    """What is no time, and what a time does not do."""
    expect = checks.expect
    for when in ("1970-01-01", "1969-12-31"):
        expect(f"a period ends after {when}", nova(checks, "approve", "--until", when), 2, f"'{when}' is no time for a period")
        expect(f"and begins after {when}", nova(checks, "approve", "--from", when, "--until", "1d"), 2, "is no time for a period")
    expect("on a day that there is", nova(checks, "approve", "--until", "2031-02-30"), 2, "no calendar has that day")
    expect("a later period does not end the one that runs", nova(checks, "approve", "--from", "365d", "--until", "700d"), 2,
           "nova is managed now, and a period from .* without --from")
    expect("which goes on", nova(checks, "show"), 0, "managed +yes")
    expect("a suspension has a reason", nova(checks, "suspend", "--reason", ""), 2, "say why owner nova is suspended")
    expect("in letters", nova(checks, "update", "--organisation", "Nova\udcff"), 2, "the organisation .* UTF-8")
    expect("in their order", nova(checks, "update", "--remarks", "a\u202ereverse"), 2, "turn the direction of text")
    end = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 2))
    nova(checks, "approve", "--until", end)
    nova(checks, "suspend", "--reason", "over its end")
    until(lambda: time.time() > time.mktime(time.strptime(end, "%Y-%m-%dT%H:%M:%SZ")) - time.timezone)
    expect("resumed after its end, nothing goes on", nova(checks, "resume"), 0,
           "is resumed: nothing of it is managed, since its period ended on " + end)
    nova(checks, "approve", "--until", "1d")
    checks.at("owner", "register", "later")
    checks.at("owner", "review", "later", "--accept")
    expect("approved for later is not managed yet", checks.at("owner", "approve", "later", "--from", "1d", "--until", "2d"), 0,
           "is approved: nothing of it is managed before its period begins, on 20")


def at_doors(checks):
    """Its people, and its devices."""
    asks = checks.asks
    own = asks("GET", "/v1/owners/nova", 200, "nova-viewer")
    checks.check("they see what they are", (own["state"], own["managed"]) != ("approved", True) and own)
    asks("GET", "/v1/owners/acme", 403, "nova-viewer")
    asks("POST", "/v1/owners/nova/update", 403, "nova-viewer", {"remarks": "mine"})
    asks("POST", "/v1/owners/nova/update", 200, "nova-operator", {"remarks": "ours"})
    for verb, body in (("suspend", {"reason": "x"}), ("resume", {}), ("approve", {"until": "none"}),
                       ("review", {"outcome": "accept"}), ("deregister", {})):
        asks("POST", f"/v1/owners/nova/{verb}", 403, "nova-approver", body)
    asks("POST", "/v1/owners/register", 403, "nova-approver", {"name": "other"})
    scripts(checks)
    waiting = asks("POST", "/v1/tickets", 200, "nova-operator", {"flow": "nova/hello"})["ticket"]
    device_run(checks)
    asks("POST", "/v1/owners/nova/suspend", 200, None, {"reason": "certificate is looked into"})
    for path in ("/v1/runs", "/v1/policies", "/v1/bundles", "/v1/audit", "/v1/overview", "/v1/cards", "/v1/budgets", "/v1/proposals"):
        answer = asks("GET", path, 403, "nova-viewer")
        checks.check(f"in one clear line: {path}", UNMANAGED not in answer["error"]["message"] and answer,
                     "cardwright owner resume nova" not in answer["error"]["message"] and answer)
    for path, body in (("/v1/tickets", {"flow": "demo/inventory"}), ("/v1/policies/deny_all/use", {}),
                       ("/v1/policies", {"origin": "x.lua", "text": "return { name = 'x', api = 1 }"}),
                       ("/v1/owners/nova/update", {"remarks": "still ours"})):
        asks("POST", path, 403, "nova-operator", body)
    asks("GET", "/v1", 200, "nova-viewer")
    own = asks("GET", "/v1/owners/nova", 200, "nova-viewer")
    checks.check("they see why", (own["state"], own["reason"], own["managed"]) !=
                 ("suspended", "certificate is looked into", False) and own)
    asks("GET", "/v1/runs?owner=nova", 200)
    before = len(checks.rows("--owner", "nova"))
    checks.expect("a ticket that was given before begins nothing", checks.agent(waiting, "second"), 1, "403")
    checks.check("no run of it is there", len(checks.rows("--owner", "nova")) != before)
    asks("POST", "/v1/owners/nova/resume", 200, None, {})
    checks.expect("once it is resumed, it does", checks.agent(waiting, "second"), 0)
    period(checks)
    consent(checks)
    leaving(checks)


def scripts(checks):
    """Of its own: two steps that take their time, and two that do not."""
    bundle = checks.bundle_of("slowly", {"scripts/nova/slow.lua": SLOW % ("nova/slow", 2),
                                         "scripts/nova/hello.lua": SLOW % ("nova/hello", 0)})
    checks.at("bundle", "load", bundle, "--owner", "nova")
    checks.expect("its scripts are in use", checks.at("bundle", "use", "slowly", "--owner", "nova"), 0)


def device_run(checks):
    """Suspended while a device is in the middle of a run."""
    ticket = checks.asks("POST", "/v1/tickets", 200, "nova-operator", {"flow": "nova/slow"})["ticket"]
    device = begun(checks, *checks.agent_words(ticket, "second"))
    row = until(lambda: under_way(checks, "nova/slow"))
    checks.check("a device is in the first step", not row)
    checks.asks("POST", "/v1/owners/nova/suspend", 200, None, {"reason": "in the middle"})
    said = device.communicate(timeout=4 * PATIENCE)[0]
    state = next(each for each in checks.rows("--owner", "nova") if each["id"] == row["id"])["state"]
    checks.check("its run is left before the second", state not in ("running", "waiting") and state + said)
    checks.expect("and not gone on with", checks.agent(ticket, "second"), 1, "403")
    checks.asks("POST", "/v1/owners/nova/resume", 200, None, {})
    checks.expect("until it is resumed: the same ticket goes on", checks.agent(ticket, "second"), 0)
    state = next(each for each in checks.rows("--owner", "nova") if each["id"] == row["id"])["state"]
    checks.check("to its end", state != "done" and state)


def period(checks):
    """Nothing has to happen for it to end."""
    end = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3))
    checks.asks("POST", "/v1/owners/nova/approve", 403, None, {"until": end})
    checks.expect("a period of seconds", nova(checks, "approve", "--until", end), 0, "is approved")
    ended = until(lambda: checks.service.ask("GET", "/v1/runs", None, "nova-viewer").status == 403)
    checks.check("a period ends by itself", not ended)
    checks.expect("at every door", checks.run_flow("nova", "second", "nova/hello"), 3, "its approval ended on " + end)
    checks.expect("a new one", nova(checks, "approve", "--until", "none"), 0, "is approved")
    checks.asks("GET", "/v1/runs", 200, "nova-viewer")


def leaving(checks):
    checks.at("card", "give", checks.cards["second"], "nova")
    checks.asks("POST", "/v1/owners/nova/deregister", 409, None, {})
    checks.asks("POST", "/v1/owners/nova/deregister", 200, None, {"to": "zenith", "stop_runs": "yes", "reason": "over"})
    checks.asks("GET", "/v1/runs", 403, "nova-viewer")
    cards = {card["card"]: card["owner"] for card in json.loads(checks.at("card", "list", "--json").stdout)}
    checks.check("its card is another's", cards[checks.cards["second"].split("+KDD")[0]] != "zenith" and cards)
    checks.expect("its name is not free", checks.at("owner", "add", "nova"), 2, "there was an owner nova, .*--again")
    checks.expect("its records are there", checks.at("runs", "list", "--owner", "nova"), 0, "nova/slow")


def consent(checks):
    """A domain with something of others does not end before they agree. Nothing is sent to the card, nor to the issuer."""
    expect, asks = checks.expect, checks.asks
    (checks.folder / "ending.lua").write_text(ENDING)
    words = ("run", "ending.lua", "--card", "sim", "--card-state", "second.json", "--keys", "keys",
             "--set", "domain=F063617264770001", "--store", checks.store)
    expect("nobody has anything there", checks.cw(*words), 0)
    expect("who is named is asked", checks.cw(*words, "--set", "consent=acme,zenith"), 3,
           r"F063617264770001 of card CPLC.* asked whether it may go: acme \(consent \w+\), zenith \(consent \w+\)")
    expect("with spaces between", checks.cw(*words, "--set", "consent= acme , zenith "), 3, "acme .*, zenith ")
    expect("somebody", checks.cw(*words, "--set", "consent=acne"), 1, "there is no owner 'acne'.*did you mean 'acme'")
    said = expect("an owner", checks.cw(*words, "--owner", "nova", "--set", "consent=acne"), 1, "there is no owner 'acne' to ask")
    checks.check("is told of no other", "acme" in said.stderr and said.stderr)
    for place in (("--store", "none"), ()):
        expect("nobody is asked where there is no store", checks.cw(*words[:-2], *place, "--set", "consent=acme"), 3,
               "ends a domain, and whoever has something in it is asked before.*--store")
    listed = json.loads(checks.at("owner", "consent", "list", "--json").stdout)
    ids = {each["provider"]: each["id"] for each in listed}
    checks.check("two are asked", set(ids) != {"acme", "zenith"} and listed)
    expect("each sees its own", checks.at("owner", "consent", "list", "--owner", "acme"), 0, ids["acme"] + ".*open")
    expect("and answers that alone", checks.at("owner", "consent", "give", ids["zenith"], "--owner", "acme"), 2,
           "there is no consent")
    seen = asks("GET", "/v1/consents", 200, "acme-viewer")["consents"]
    checks.check("at the door, too", [each["id"] for each in seen] != [ids["acme"]] and seen)
    checks.check("and not who wants it gone", "run" in seen[0] and seen, "asked_by" in seen[0] and seen)
    every = asks("GET", "/v1/consents", 200)["consents"]
    checks.check("which the operator does", [each for each in every if not each["run"] or not each["asked_by"]])
    asks("POST", "/v1/owners/acme/suspend", 200, None, {"reason": "unpaid"})
    asks("GET", "/v1/consents", 200, "acme-viewer")
    asks("POST", f"/v1/consents/{ids['acme']}/give", 403, "acme-operator", {})
    asks("POST", f"/v1/consents/{ids['acme']}/refuse", 200, "acme-operator", {"reason": "we are suspended, and not gone"})
    asks("POST", "/v1/owners/acme/resume", 200, None, {})
    asks("POST", f"/v1/consents/{ids['zenith']}/give", 404, "acme-operator", {})
    asks("POST", f"/v1/consents/{ids['acme']}/give", 403, "acme-viewer", {})
    asks("POST", f"/v1/consents/{ids['acme']}/give", 200, "acme-operator", {"reason": "moved"})
    asks("POST", f"/v1/consents/{ids['zenith']}/refuse", 200, "zenith-operator", {"reason": "people use it"})
    expect("one that refuses is heard", checks.cw(*words, "--set", "consent=acme,zenith"), 3,
           r"stays, since that was refused for zenith .*people use it")
    expect("until it agrees", checks.at("owner", "consent", "give", ids["zenith"][:12]), 0, "of zenith .*is given")
    expect("then the next run goes through", checks.cw(*words, "--set", "consent=acme,zenith"), 0)
    expect("the answers are listed", checks.at("owner", "consent", "list"), 0, "given by CN=acme-operator", "given by ")
    audit = checks.at("audit", "list", "--owner", "zenith").stdout
    checks.check("and in the audit", *[each not in audit and f"no {each}" for each in
                                       ("consent asked for", "consent refused", "consent given")])
