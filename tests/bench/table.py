#!/usr/bin/env python3
"""Reads Google Benchmark's JSON from standard input and prints the table of docs/PERFORMANCE.md."""
import json
import sys

report = json.load(sys.stdin)
rows = {}
for row in report["benchmarks"]:
    if row.get("run_type") == "aggregate" and row.get("aggregate_name") != "median":
        continue
    name = row.get("run_name", row["name"]).split("/")[0]
    rows[name] = row

UNIT = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}


def ns(name):
    row = rows[name]
    if row.get("error_occurred"):
        sys.exit(f"{name}: {row.get('error_message')}")
    return row["cpu_time"] * UNIT[row["time_unit"]]


def line(what, measured, floor, ratio, reach):
    print(f"| {what} | {measured} | {floor} | {ratio} | {reach} |")


line("What", "Measured", "Floor or peer, same run", "Ratio", "Reach")
line("---", "---", "---", "---", "---")
wrap, floor = ns("scp03_wrap"), ns("floor_33_blocks")
line("wrap one command, C-MAC + C-ENC, 239 bytes", f"{wrap:.0f} ns", f"33 AES blocks {floor:.0f} ns", f"{wrap / floor:.2f}",
     "<= 1.3")
line("open a channel: 3 keys, 2 cryptograms", f"{ns('scp03_open') / 1e3:.2f} us", "", "", "<= 1.5 us")
loop = ns("lua_empty_loop") / 1000
for name, what in (("tlv_build", "tlv.build"), ("hex_decode", "hex.decode")):
    lua, cpp = ns("lua_" + name) / 1000 - loop, ns("cpp_" + name)
    line(f"{what} from Lua, over the C++ call", f"{lua:.0f} ns", f"C++ {cpp:.0f} ns", f"+{lua - cpp:.0f} ns", "<= +150 ns")
line("start a run: state, stdlib, flow", f"{ns('run_start') / 1e6:.3f} ms", "", "", "<= 0.3 ms")
line("a waiting run in memory", f"{rows['run_waiting_memory']['bytes_per_run'] / 1024:.0f} KiB", "", "", "<= 64 KiB")
line("full install, 30 KiB, simulated card, both sides", f"{1e9 / ns('full_install'):.0f} /s/core", "", "",
     ">= 1,000 /s/core")
line("start a scenario, to its first answer", f"{ns('scenario_start') / 1e6:.3f} ms",
     f"a run {ns('run_start') / 1e6:.3f} ms", f"{ns('scenario_start') / ns('run_start'):.1f}", "<= 2 ms")
line("1,000 scenarios: read, a channel and the registry each", f"{ns('scenarios_1000') / 1e9:.2f} s",
     f"1,000 runs {ns('run_start') / 1e6:.2f} s", f"{ns('scenarios_1000') / ns('run_start') / 1000:.1f}", "<= 30 s")
line("a token for an SP-TSM: message, rules, P-256", f"{1e9 / ns('token_request'):.0f} /s/core",
     f"bare signature {1e9 / ns('token_signature'):.0f} /s", f"{ns('token_request') / ns('token_signature'):.2f}", "<= 1.2")
