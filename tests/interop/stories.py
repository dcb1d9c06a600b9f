"""What plays the stories of a stage: a folder of its own, a bench, and the last line that is counted."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def play(doc, name, bench_of, stories, arguments):
    """Each story on one bench, `bench_of(cardwright, folder)`. The exit status: 0, 1 a check failed, 2 wrong arguments."""
    if len(arguments) > 1 or arguments[:1] == ["--help"]:
        print(doc.strip(), file=sys.stderr)
        return 2
    cardwright = Path(arguments[0] if arguments else ROOT / "build/release/cardwright").resolve()
    os.umask(0o077)
    with tempfile.TemporaryDirectory(prefix=f"cardwright-{name}-") as folder:
        bench = bench_of(cardwright, folder)
        try:
            for story in stories:
                story(bench)
        finally:
            bench.end()
        print(f"{bench.passed} passed, {bench.failed} failed")
    return 1 if bench.failed else 0


def ended_before(words, seconds, **more):
    """Whether a program ends within that time; it is killed where it does not."""
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    running = subprocess.Popen(list(map(str, words)), **quiet, **more)
    try:
        running.wait(seconds)
        return True
    except subprocess.TimeoutExpired:
        running.kill()
        running.wait()
        return False


def with_token(folder):
    """The environment of tools/softhsm.sh, unless it is there already."""
    if "CW_TEST_TOKEN" in os.environ:
        return
    script = f". tools/say.sh; . tools/softhsm.sh; start_softhsm '{folder}/softhsm'; " \
             "printf '%s\\n%s\\n' \"$SOFTHSM2_CONF\" \"$CW_TEST_TOKEN\""
    said = subprocess.run(["bash", "-c", script], cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    os.environ["SOFTHSM2_CONF"], os.environ["CW_TEST_TOKEN"] = said[-2:]
