"""Tables for batches, what became of their rows, and waiting for it."""

import csv
import time
from pathlib import Path

CAP = f"cap={Path(__file__).resolve().parents[3]}/tests/caps/wallet-1.0.cap"


def write(name, rows):
    with open(name, "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)


def read(name):
    with open(name, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def results(data):
    return read(f"{data}.results.csv")


def done_rows(data):
    path = Path(f"{data}.results.csv")
    return path.read_bytes().count(b",done,") if path.exists() else 0


def wait_for(condition):
    end = time.monotonic() + 60
    while not condition() and time.monotonic() < end:
        time.sleep(0.002)
