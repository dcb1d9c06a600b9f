#!/usr/bin/env bash
# shellcheck disable=SC2154 # passed and failed are of checks.sh
# Runs whose store goes away or stands still, whose clock jumps, whose keys are lost. See usage().
set -uo pipefail
cd "$(dirname "$0")/../../.." || exit 2

usage() {
  cat <<'TEXT'
usage: tests/interop/runs/trouble.sh [CARDWRIGHT]

Runs `cardwright run --store` and `cardwright runs` (default build/release/cardwright) on a PostgreSQL of its own that is
halted, and one that stands still; with clocks that jump (libfaketime); with key files that lose a key. Prints "ok NAME"
or "not ok NAME: why" for each check; the last line is "N passed, M failed".
TEXT
}

. tests/interop/checks.sh
take_program "$@"

here=$(mktemp -d)
chmod 755 "$here" # the server is another user's
. tools/say.sh
. tools/postgres.sh
trap 'thaw_postgres 2>/dev/null; stop_postgres; rm -rf "$here"' EXIT
export HOME=$here/home
mkdir "$HOME"

. tests/interop/runs/kept.sh

# last_line NAME PATTERN: the last line on standard error is the program's, and has the pattern.
last_line() {
  if tail -n 1 "$here/err" | grep -Eq "^cardwright: .*$2"; then
    ok "$1"
  else
    not_ok "$1" "standard error ended with: $(tail -n 1 "$here/err" | head -c 300)"
  fi
}

# cw_at OFFSET ARGUMENT...: as cw, with a clock that is so far off; what counts leases goes on as it does. clock OFFSET:
# what runs a program so, in $clock.
faketime=$(find /usr/lib -name libfaketimeMT.so.1 2>/dev/null | head -n 1)
clock() { clock=(env FAKETIME_DONT_FAKE_MONOTONIC=1 "FAKETIME=$1" "LD_PRELOAD=$faketime"); }
cw_at() {
  clock "$1"
  shift
  status=0
  "${clock[@]}" "$cardwright" "$@" >"$here/out" 2>"$here/err" </dev/null || status=$?
}

steps=tests/interop/runs/steps.lua
(umask 077 && printf '%064d\n' 7 >"$here/store.key")

# A server that goes away, or stands still, between two commands of a run.

start_postgres "$here/postgres"
at=(--store "$CW_TEST_POSTGRES" --store-key "$here/store.key")
for way in 'halt_postgres resume_postgres away' 'freeze_postgres thaw_postgres still'; do
  read -r goes returns name <<<"$way"
  begin 'in step 2' "$steps" --card sim
  "$goes"
  end
  expect "$name: a run ends" 6 'cannot use the store postgres://|whether the store postgres://'
  # A warning that leases were not renewed may come at that very moment.
  check "$name: its last line says that it can be resumed" \
    eval 'grep -v "^warning: leases were not renewed" "$here/err" | tail -n 1 | grep -q "run $id stops here and can be resumed"'
  check "$name: and how" grep -q "^cardwright: the run is kept: cardwright runs resume $id" "$here/err"
  check "$name: nothing was sent after that" [ "$(grep -c '^in step' "$here/out")" -le 3 ]
  commands=('runs list' "runs resume $id" 'audit verify' 'run demo/inventory --card sim')
  if [ "$name" = away ]; then # those that stand still take 10 s each
    commands+=('runs show x' "runs stop $id" 'audit list' 'store check' 'store migrate' 'outbox deliver' 'outbox list'
      'budget list' "store export $here/copy" 'store forget --older-than 1d')
  fi
  for command in "${commands[@]}"; do
    # shellcheck disable=SC2086 # several words are several arguments
    cw $command "${at[@]}"
    expect "$name: $command" 6 'cannot use the store postgres://.*look whether'
    one_line "$name: $command says so in one line"
  done
  "$returns"
  cw runs resume "$id" "${at[@]}"
  expect "$name: when it is back the run goes on" 0 '^attempt 2, from the top' '^done: 6 steps'
  cw runs replay "$id" "${at[@]}"
  expect "$name: all of it is in the journal" 0 'in 2 attempts, as the journal has them$'
  cw store check "${at[@]}"
  expect "$name: the store is whole" 0 'done'
done
stop_postgres

# Clocks that jump.

at=(--store "$here/clocks.db")
if [ -z "$faketime" ]; then
  not_ok 'clocks' 'no libfaketime here; as root: apt-get install faketime'
else
  clock +1d
  with=("${clock[@]}")
  begin 'in step 2' "$steps" --card sim
  with=()
  end KILL
  cw_at -1d runs resume "$id" "${at[@]}"
  expect 'a run that was begun tomorrow goes on yesterday' 0 '^attempt 2, from the top' '^done: 6 steps'
  cw runs replay "$id" "${at[@]}"
  expect 'it replays' 0 'in 2 attempts, as the journal has them$'
  cw audit list "${at[@]}"
  first=$(date -u -d '+1 day' +%Y-%m-%d)
  check 'the audit keeps the times that were told' grep -q "^.*$first.*run begun" "$here/out"
  check 'also where they go back' grep -q "$(date -u -d '-1 day' +%Y-%m-%d).*run ended" "$here/out"
  cw audit verify "${at[@]}"
  expect 'and is whole' 0
  cw store check "${at[@]}"
  expect 'so is the store' 0

  # What a clock that ran ahead would forget.
  at=(--store "$here/ahead.db")
  cw run demo/inventory --card sim "${at[@]}"
  begin 'in step 2' "$steps" --card sim
  running=$id
  cw_at +400d store forget --older-than 90d "${at[@]}"
  expect 'a clock ahead forgets what was over long ago' 0 '1 run'
  end
  expect 'and no run that goes on' 0 '^done: 6 steps'
  cw runs replay "$running" "${at[@]}"
  expect 'nor anything of it' 0 'as the journal has them$'
  cat >"$here/policy.lua" <<'LUA'
return {
  name = "here", api = 1, summary = "a backend that is not there",
  allow = { flows = { "*" }, backends = { ["https://127.0.0.1:1/"] = {} } },
}
LUA
  cw_at +1d run tests/interop/runs/deliver.lua --card sim --policy "$here/policy.lua" "${at[@]}"
  expect 'a result that waits since tomorrow' 0 '^done'
  newest
  cw_at +400d store forget --older-than 90d "${at[@]}"
  cw runs show "$id" "${at[@]}"
  expect 'keeps its run' 0 "^run $id"
  cw outbox deliver "${at[@]}"
  expect 'and is tried today, not tomorrow' 1 'https://127.0.0.1:1/results: no connection.*again in'
  cw_at -1d outbox deliver "${at[@]}"
  expect 'also when the clock goes back once more' 1 'https://127.0.0.1:1/results: no connection.*again in'
fi

# Keys that a run needs.

at=(--store "$here/keys.db")
key=404142434445464748494A4B4C4D4E4F
(
  umask 077
  printf '[isd]\ntype = aes\nversion = 30\nenc = %s\nmac = %s\ndek = %s\n' $key $key $key >"$here/all.keys"
  printf '[other]\ntype = aes\nversion = 31\nenc = %s\nmac = %s\ndek = %s\n' $key $key $key >"$here/fewer.keys"
  cp "$here/all.keys" "$here/keys"
)
cat >"$here/slow.lua" <<'LUA'
local clock, gp = require "clock", require "cw.gp"
return {
  name = "slow", summary = "Waits with a channel open", needs = { keys = { "isd" } },
  run = function(run)
    gp.open(run.card, { keys = "isd", level = "mac" })
    run:print("open")
    clock.sleep(1)
  end,
}
LUA
begin '^open' "$here/slow.lua" --card sim --keys "$here/keys"
end KILL
cw runs list "${at[@]}"
expect 'a run with its keys is listed as ever' 0 "^$id"
check 'and nothing is said of keys' sh -c "! grep -q 'key set' '$here/out'"
cp "$here/fewer.keys" "$here/keys"
cw runs list "${at[@]}"
expect 'the list names a key set that the key file has lost' 0 "run $id needs key set 'isd', version 30, which $here/keys has no more"
cw store check "${at[@]}"
expect 'so does the check of the store' 0 "^keys: run $id needs key set 'isd', version 30"
cw runs resume "$id" "${at[@]}"
expect 'the run is not taken up without it' 2 "run $id: it needs key set 'isd', version 30.*nothing was sent"
one_line 'which is said in one line'
rm "$here/keys"
cw runs list "${at[@]}"
expect 'a key file that is gone is named' 0 "run $id needs its keys: .*$here/keys"
cw runs resume "$id" "${at[@]}" --keys "$here/all.keys"
expect 'with the file that has it the run goes on' 0 '^done'
cw runs list "${at[@]}"
check 'a run that is over needs no keys' sh -c "! grep -q 'needs' '$here/out'"

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
