#!/usr/bin/python3
"""Opens the HTML report in a headless Chromium and uses it as a reader does.

usage: tests/interop/report/run.py [REPORT_SAMPLES [FOLDER]]

REPORT_SAMPLES (default build/release/tests/unit/report/report_samples) writes reports of made-up runs: an ordinary day,
one whose every field holds hostile text, a run of nothing, and 2000 cases with 200,000 events. Pages and pictures are
left in FOLDER (default build/test/report). Python is Debian's, which has its python3-websocket.

Prints "ok NAME" or "not ok NAME: why" for each check; the last line is "N passed, M failed".
"""

import json
import subprocess
import sys
import time
from pathlib import Path

from browser import Browser
from looks import CONTRAST, OVERFLOW

ROOT = Path(__file__).resolve().parents[3]
WIDTHS = [1280, 800, 390]

SHOWN = "[...document.querySelectorAll('details.case')].filter(one => !one.hidden && one.offsetParent).length"
CASES = "document.querySelectorAll('details.case').length"


class Checks:
    def __init__(self):
        self.passed = self.failed = 0

    def check(self, name, wanted, found):
        good = wanted == found
        self.passed += good
        self.failed += not good
        print(f"ok {name}" if good else f"not ok {name}: {str(found)[:300]}, not {str(wanted)[:100]}", flush=True)


def choose(browser, name, label):
    browser.run(f"""(() => {{ const one = document.getElementById({json.dumps(name)});
        one.value = [...one.options].find(option => option.textContent === {json.dumps(label)}).value;
        one.dispatchEvent(new Event("change", {{bubbles: true}})); }})()""")


def find(browser, text, shown):
    """Types into the filter; whether `shown` cases are left."""
    browser.run("document.getElementById('find').value = ''")
    browser.click("#find")
    if text:
        browser.type(text)
    else:
        browser.run("document.getElementById('find').dispatchEvent(new Event('input'))")
    return browser.wait(f"{SHOWN} === {shown}", 5)


def quiet(browser, checks, name):
    checks.check(f"{name}: the console is silent", [], browser.complaints())
    checks.check(f"{name}: nothing is asked of the network", [], browser.requests())


def ordinary(browser, checks, folder):
    browser.open(folder / "rich.html")
    facts = "Object.fromEntries([...document.querySelectorAll('header dt')].map(one => [one.textContent, " \
            "one.nextElementSibling.textContent]))"
    seen = browser.run(facts)
    checks.check("counts in the head", ("40", "3", "5", "6", "399", "20260301"),
                 tuple(seen[name] for name in ("Passed", "Failed", "Skipped", "Flavors", "Commands", "Seed")))
    checks.check("the title says how it went", "3 of 48 cases failed - cardwright 0.2.0", browser.run("document.title"))
    checks.check("every case is in the list", 48, browser.run(SHOWN))
    checks.check("what failed stands first and is open", [True, True, True, False], browser.run(
        "[...document.querySelectorAll('details.case')].slice(0, 4).map(one => one.open)"))
    checks.check("the point that failed is marked, with what was sent", True, browser.run(
        "document.querySelector('#c21 .ev.at').textContent.includes('80F0408008F063617264770101')"))

    # Filters, with mouse and keyboard.
    browser.click("button[data-state=failed]")
    checks.check("a click shows failed cases", 3, browser.run(SHOWN))
    checks.check("and says how many", "3 of 48 shown", browser.run("document.getElementById('shown').textContent"))
    browser.click("button[data-state='']")
    checks.check("text finds names", True, find(browser, "C02_rot", 6))
    checks.check("text finds what is in a trace", True, find(browser, "not enough memory", 1))
    checks.check("a status word finds who got it", True, find(browser, "6a82", 5))
    checks.check("text that is nowhere finds nothing", True, find(browser, "nowhere at all", 0))
    checks.check("and the page says so", True, browser.run("document.getElementById('none').checkVisibility()"))
    checks.check("an empty filter shows all again", True, find(browser, "", 48))
    choose(browser, "flavor", "uicc")
    checks.check("one flavor", 8, browser.run(SHOWN))
    choose(browser, "tag", "content")
    checks.check("one flavor and one tag", 3, browser.run(SHOWN))
    choose(browser, "flavor", "all")
    choose(browser, "tag", "all")
    first = "document.querySelector('details.case .name').textContent"
    choose(browser, "order", "as run")
    checks.check("in the order of the run", "a01_select", browser.run(first))
    choose(browser, "order", "slowest first")
    checks.check("the slowest first", "583 ms", browser.run("document.querySelector('details.case .time').textContent"))
    choose(browser, "order", "failed first")

    # Details.
    browser.click("#c13 > summary")
    checks.check("a click opens a case", True, browser.wait("document.querySelectorAll('#c13 .ev').length === 8"))
    browser.click("#c13 details.ev > summary")
    checks.check("a click opens a command", True, browser.wait(
        "document.querySelector('#c13 details.ev dd')?.textContent === '00A4040000'"))
    browser.run("document.querySelector('#c14 > summary').focus()")
    browser.press("Enter", "Enter", 13, "\r")
    checks.check("Enter opens a case", True, browser.wait("document.getElementById('c14').open"))
    browser.press("/", "Slash", 191, "/")
    checks.check("'/' goes to the filter", "find", browser.run("document.activeElement.id"))
    browser.run("location.hash = '#c15'")
    checks.check("a link opens its case", True, browser.wait("document.getElementById('c15').open"))

    # Faults, timing, coverage.
    checks.check("tear points", True, browser.run(
        "document.querySelector('#faults .lead').textContent.startsWith('765 tear points, 763 converged.')"))
    checks.check("a flow and flavor each", 15, browser.run("document.querySelectorAll('details.matrix').length"))
    browser.click("details.matrix.failed > summary")
    checks.check("what did not converge, in words and signs", [30, 2, 2], browser.run(
        "(one => [one.tBodies[0].rows.length, one.querySelectorAll('td.n').length, one.querySelectorAll('.why').length])"
        "(document.querySelector('details.matrix.failed table'))"))
    checks.check("a chart per command", [12, 12], browser.run(
        "[document.querySelectorAll('.timing tbody tr').length, document.querySelectorAll('.timing circle').length]"))
    row = "[...[...document.querySelectorAll('#coverage-table tbody tr')].find(one => " \
          "one.cells[0].textContent === 'LOAD').cells].map(one => one.textContent)"
    checks.check("coverage of all flavors", ["LOAD", "72", "·", "·", "·", "·", "·", "·", "1", "·", "·", "·"],
                 browser.run(row))
    choose(browser, "covered", "yubikey")
    checks.check("coverage of one that loads nothing", ["LOAD"] + ["·"] * 11, browser.run(row))
    choose(browser, "covered", "secora")
    checks.check("coverage of one that refused", "1", browser.run(row)[8])
    quiet(browser, checks, "an ordinary page")


def looks(browser, checks, folder):
    for width in WIDTHS:
        for name in ("rich", "hostile", "empty"):
            browser.open(folder / f"{name}.html", width)
            checks.check(f"{name} fits {width} px", "", browser.run(OVERFLOW))
            browser.run("[...document.querySelectorAll('details.case, details.matrix')].slice(0, 60)"
                        ".forEach(one => one.open = true)")
            browser.wait("[...document.querySelectorAll('details.case[open] .trace')].every(one => one.dataset.made)")
            browser.run("document.querySelectorAll('details.ev').forEach(one => one.open = true)")
            checks.check(f"{name} fits {width} px with all open", "", browser.run(OVERFLOW))
        browser.open(folder / "rich.html", width)
        browser.picture(folder / f"rich-{width}.png", whole=True)
    for dark in (False, True):
        browser.open(folder / "rich.html", dark=dark)
        browser.run("document.querySelectorAll('details.matrix').forEach(one => one.open = true)")
        checks.check(f"text is readable on {'dark' if dark else 'light'} ground", "", browser.run(CONTRAST))
        browser.picture(folder / f"rich-{'dark' if dark else 'light'}.png")


def hostile(browser, checks, folder):
    browser.open(folder / "hostile.html")
    checks.check("hostile: every case is there", 54, browser.run(CASES))
    browser.run("document.querySelectorAll('details').forEach(one => one.open = true)")
    made = "[...document.querySelectorAll('details.case .trace')].every(one => one.dataset.made)"
    checks.check("hostile: all traces open", True, browser.wait(made, 30))
    browser.run("document.querySelectorAll('details.ev').forEach(one => one.open = true)")
    checks.check("hostile: no script of theirs ran", "undefined", browser.run("typeof window.hit"))
    checks.check("hostile: no element of theirs is there", 0, browser.run(
        "document.querySelectorAll('img, body script:not(#data):not(:last-of-type), [onmouseover], [onerror]').length"))
    checks.check("hostile: their text is shown as text", "<script>window.hit = 1</script>", browser.run(
        "document.querySelector('#c1 .name').textContent"))
    checks.check("hostile: in a trace too", "</script><script>window.hit = 2</script>", browser.run(
        "document.querySelector('#c4 .ev .t').textContent"))
    checks.check("hostile: control characters are spelled out", True, browser.run(
        "document.querySelector('#c28 .name').textContent.startsWith('nul\\\\x00 bell\\\\x07 escape\\\\x1B[31m')"))
    checks.check("hostile: it can be found", True, find(browser, "</script><script>", 3))
    quiet(browser, checks, "hostile")


def big(browser, checks, folder):
    begin = time.monotonic()
    browser.open(folder / "big.html")
    checks.check("big: 2000 cases are listed", 2000, browser.run(SHOWN))
    browser.click("#c1 > summary")
    checks.check("big: one opens", True, browser.wait("document.querySelectorAll('#c1 .ev').length === 100"))
    checks.check("big: a filter finds one event of 200,000", True, find(browser, "199999", 1))
    print(f"# big: {time.monotonic() - begin:.1f} s from opening to here")
    quiet(browser, checks, "big")


def long_trace(browser, checks, folder):
    browser.open(folder / "long.html")
    rows = "[...document.querySelectorAll('.ev .n')].map(one => parseInt(one.textContent))"
    ends = f"(all => [all[0], all.at(-1), all.length])({rows})"
    checks.check("long: some rows around the point", [2351, 2650, 300], browser.run(ends))
    checks.check("long: how many more there are", ["300 earlier of 2350", "300 later of 2350"], browser.run(
        "[...document.querySelectorAll('.more')].map(one => one.textContent)"))
    browser.click(".more")
    browser.run("[...document.querySelectorAll('.more')][1].focus()")
    browser.press("Enter", "Enter", 13, "\r")
    checks.check("long: more of them, in their order", [2051, 2950, 900], browser.run(ends))
    checks.check("long: none twice, none left out", True, browser.run(f"{rows}.every((n, i) => n === 2051 + i)"))
    quiet(browser, checks, "long")


def without_script(browser, checks, folder):
    browser.open(folder / "rich.html", script=False)
    # Asked of the protocol: the page may not run anything.
    root = browser.call("DOM.getDocument", depth=0)["root"]["nodeId"]

    def count(selector):
        return len(browser.call("DOM.querySelectorAll", nodeId=root, selector=selector)["nodeIds"])

    checks.check("without JavaScript: all cases", 48, count("details.case"))
    checks.check("without JavaScript: failures open, with trace", 3, count("details.case.failed[open] .trace > pre b:first-of-type"))
    checks.check("without JavaScript: no filter that does nothing", 1, count("#filters[hidden]"))
    browser.picture(folder / "rich-noscript.png")
    browser.open(folder / "empty.html")
    checks.check("a run of nothing is a page", "No cases were run", browser.run("document.querySelector('h1').textContent"))
    quiet(browser, checks, "a run of nothing")


def printed(browser, checks, folder):
    browser.open(folder / "rich.html")
    browser.run("dispatchEvent(new Event('beforeprint'))")
    browser.call("Emulation.setEmulatedMedia", media="print")
    checks.check("printed: no controls", False, browser.run("document.getElementById('filters').checkVisibility()"))
    checks.check("printed: failures are open", True, browser.run(
        "[...document.querySelectorAll('details.case.failed')].every(one => one.open)"))
    browser.picture(folder / "rich-print.png", whole=True)


def main(arguments):
    if "--help" in arguments or "-h" in arguments or len(arguments) > 2:
        print(__doc__.strip())
        return 2 if len(arguments) > 2 else 0
    samples = Path(arguments[0] if arguments else ROOT / "build/release/tests/unit/report/report_samples").resolve()
    if not samples.exists():
        print(f"no program at {samples}; build it first", file=sys.stderr)
        return 2
    folder = Path(arguments[1] if len(arguments) == 2 else ROOT / "build/test/report")
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run([samples, folder], check=True)

    checks = Checks()
    with Browser() as browser:
        for part in (ordinary, looks, hostile, big, long_trace, without_script, printed):
            part(browser, checks, folder)
    print(f"{checks.passed} passed, {checks.failed} failed")
    return 1 if checks.failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except RuntimeError as error:
        sys.exit(f"report: {error}")
