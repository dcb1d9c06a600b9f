#!/usr/bin/env bash
# Builds the benchmarks and prints one table: each row with the floor or peer of the same run beside it. Options are for
# the first part, which Google Benchmark runs. CW_BENCH_RUNS: how many runs wait in the store of the last row of journals;
# CW_BENCH_DEVICES: how many devices are in the middle of their runs at once.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tools/say.sh
. tools/pcscd.sh
. tools/postgres.sh
. tools/softhsm.sh
cmake --preset bench >&2
cmake --build --preset bench --target cardwright_bench pcsc_bench journal_bench net_bench device_load owners_bench custody_bench cardwright >&2
run=(build/bench/tests/bench/cardwright_bench --benchmark_format=json --benchmark_repetitions=5
  --benchmark_enable_random_interleaving=true "$@")
if command -v taskset >/dev/null; then run=(taskset -c 1 "${run[@]}"); fi
"${run[@]}" | python3 tests/bench/table.py

# Through a real pcscd, on all cores: host, pcscd and card take turns, and a core for all of them would measure that.
folder=$(mktemp -d)
trap 'stop_pcscd; stop_postgres; rm -rf "$folder"' EXIT
start_pcscd "$folder" 39424
build/bench/tests/bench/pcsc_bench 39424
stop_pcscd

# With journals, also on all cores: what they wait for is the disk.
if [ -n "$(postgres_bin)" ]; then start_postgres "$folder/postgres"; fi
build/bench/tests/bench/journal_bench --runs "${CW_BENCH_RUNS:-5000}"

# Keys in a token beside what the token does bare.
start_softhsm "$folder/softhsm"
build/bench/tests/bench/custody_bench "$CW_TEST_TOKEN"

# The HTTP server beside bare sockets: its clients have a core of their own.
build/bench/tests/bench/net_bench

# Owners that share the threads of devices.
build/bench/tests/bench/owners_bench

# Devices that a program of their own plays, on a service with a store in a folder for temporary files.
tests/bench/devices.py build/bench
