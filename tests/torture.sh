#!/usr/bin/env bash
# Kills runs everywhere and sees that other processes finish them. See usage().
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/say.sh
. tools/build.sh
. tools/postgres.sh

usage() {
  cat <<'TEXT'
usage: tests/torture.sh [--minutes N [--seed N]] [--engine sqlite|postgres] [--flavor NAME] [--flow NAME]

Kills a process that carries out a shipped flow with a journal (kill -9), at each exchange with the card and at each
point around it; another process takes the run up and is killed as well; a third one finishes. The card must end as
after a run that nobody killed, no wrapped command may reach it twice, nothing may reach it that the journal did not
hold before, and the journal must replay. On SQLite and PostgreSQL, on cards of several flavors (docs/RELIABILITY.md).

  --minutes N  random schedules for so long instead: kills, tears, power cuts, two nodes
  --seed N     of the first schedule (default 1); a schedule that fails prints its own
  --engine E   one engine alone; postgres is started for it
  --flavor F   cards of one flavor alone
  --flow F     install, inventory, lock, unlock, rotate-keys or remove alone
  --help       this text

Prints a line for each flow and one for each failure; the last line is "N points, M failed". All points take about a
quarter of an hour. The exit status is 0 if nothing failed, 1 if something did, 2 for a wrong argument.
TEXT
}

for argument in "$@"; do
  case $argument in
    --help | -h) usage && exit 0 ;;
  esac
done

build_preset release -DCW_TESTS=ON -- journal_torture
if [[ " $* " != *" sqlite "* ]]; then
  trap stop_postgres EXIT
  start_postgres build/test/torture-postgres
fi
status=0
build/release/tests/unit/journal/journal_torture "$@" || status=$?
if [ "$status" -eq 2 ]; then usage >&2; fi
exit "$status"
