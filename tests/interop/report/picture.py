#!/usr/bin/python3
"""Takes a picture of a report, as a headless Chromium shows it.

usage: tests/interop/report/picture.py PAGE.html OUT.png [--width N] [--height N | --whole] [--dark] [--at ID]

The picture is 1280 wide and 1500 high, or of the width and height that are given. --whole: from top to bottom. --at:
scrolled to an element of the page: results, faults, timing, coverage, or a case (c12).
"""

import argparse
import sys
from pathlib import Path

from browser import Browser


def main():
    parser = argparse.ArgumentParser(description="Takes a picture of a report, as a headless Chromium shows it.")
    parser.add_argument("page", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--width", type=int, default=1280)
    parser.add_argument("--height", type=int, default=1500)
    parser.add_argument("--whole", action="store_true", help="from top to bottom")
    parser.add_argument("--dark", action="store_true", help="as a person sees it who likes dark pages")
    parser.add_argument("--at", default="", help="scroll to this element")
    parser.add_argument("--run", default="", help="JavaScript to run first")
    asked = parser.parse_args()
    if not asked.page.exists():
        print(f"picture.py: no page at {asked.page}", file=sys.stderr)
        return 2
    with Browser() as browser:
        browser.open(asked.page, asked.width, asked.height, asked.dark)
        if asked.run:
            browser.run(asked.run)
        if asked.at:
            browser.run(f"document.getElementById({asked.at!r})?.scrollIntoView()")
        browser.run("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        browser.picture(asked.out, asked.whole)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except RuntimeError as error:
        sys.exit(f"picture.py: {error}")
