#!/usr/bin/env bash
# shellcheck disable=SC2154 # passed and failed are of checks.sh
# Runs that outlive their process, as their users have them. See usage().
set -uo pipefail
cd "$(dirname "$0")/../../.." || exit 2

usage() {
  cat <<'TEXT'
usage: tests/interop/runs/run.sh [CARDWRIGHT]

Runs `cardwright run --store` and `cardwright runs` (default build/release/cardwright) on the simulated card: processes
that are killed, interrupted, asked to stop; runs that are resumed, replayed, judged by another policy, held against keys,
carried to another store. Prints "ok NAME" or "not ok NAME: why" for each check; the last line is "N passed, M failed".
TEXT
}

. tests/interop/checks.sh
take_program "$@"

here=$(mktemp -d)
backend=
trap 'if [ -n "$backend" ]; then kill "$backend"; fi; chmod -R u+w "$here"; rm -rf "$here"' EXIT
export HOME=$here/home
mkdir "$HOME"
umask 077

# has_not PATTERN FILE...
has_not() { ! grep -Eq -- "$@"; }

sha256() { sha256sum <"$1"; }

store=$here/store.db
at=(--store "$store")

. tests/interop/runs/kept.sh

# state NAME WANTED: the state of run $id.
state() {
  local is
  is=$("$cardwright" runs list "${at[@]}" --all --json | sed -n "s/^{\"id\":\"$id\",\"state\":\"\([a-z]*\)\".*/\1/p")
  if [ "$is" = "$2" ]; then ok "$1"; else not_ok "$1" "it is '$is', not '$2'"; fi
}

tests/interop/runs/backend.py "$here/port" "$here/calls" &
backend=$!
for _ in $(seq 100); do
  if [ -s "$here/port" ]; then break; fi
  sleep 0.05
done
port=$(cat "$here/port")
steps=tests/interop/runs/steps.lua
sed "s/PORT/$port/g" tests/interop/runs/ask.lua >"$here/ask.lua"
sed "s/PORT/$port/g" tests/interop/runs/policy.lua >"$here/next.lua"
sed "s/PORT/$port/g; s/attempts = 5/attempts = 1/" tests/interop/runs/policy.lua >"$here/once.lua"
printf 'Ada Lovelace' >"$here/holder"
install=(demo/install --card sim --set "cap=$PWD/tests/caps/transit-2.1.cap" --set "holder=@$here/holder")

# Where runs are kept.

cw run demo/inventory --card sim
expect 'a run on a simulated card is kept nowhere' 0 '^done'
check 'and makes no store' [ ! -e "$HOME/.local" ]
cw run demo/inventory --card sim --store none
expect 'nor with --store none' 0 '^done'
for command in list 'show x' 'stop x' 'resume x' 'replay x' "export x $here/x"; do
  # shellcheck disable=SC2086 # several words are several arguments
  cw runs $command "${at[@]}"
  expect "runs ${command%% *} without a store" 2 "there is no store $store; a run with --store makes one"
  one_line "runs ${command%% *} without a store is one line"
  # shellcheck disable=SC2086
  cw runs $command --store none
  expect "runs ${command%% *} with the store switched off" 2 "switched off by 'none'"
done
check 'and none was made' [ ! -e "$store" ]
CARDWRIGHT_STORE=$here/named.db cw run demo/inventory --card sim
CARDWRIGHT_STORE=$here/named.db cw runs list
expect 'the store that the variable names' 0 ' done +demo/inventory +sim:generic +1 '
CARDWRIGHT_STORE=$here/named.db cw run demo/inventory --card sim --store none
CARDWRIGHT_STORE=$here/named.db cw runs list --json
check 'is not used where --store says otherwise' [ "$(wc -l <"$here/out")" -eq 1 ]
CARDWRIGHT_STORE=none cw run demo/inventory --card sim
expect 'a store that the variable switches off' 0 '^done'
cw run demo/inventory --card sim --store "$here/nowhere/store.db"
expect 'a store in no folder' 6 'nowhere'
one_line 'is one line'
cw run demo/inventory --card sim --store "$here/holder"
expect 'a store that is another file' 6 'no SQLite database'
check 'which stays as it is' [ "$(cat "$here/holder")" = 'Ada Lovelace' ]

# A run that goes well.

cw run "${install[@]}" "${at[@]}" --json
expect 'an install that is kept' 0 '"event":"end","ok":true'
newest && installed=$id
check 'a program is told its id before the first attempt' \
  grep -q "^{\"event\":\"kept\",\"run\":\"$id\"}" <(sed -n '1,/"attempt"/p' "$here/out")
cw runs list "${at[@]}"
expect 'it is in the list' 0 "^$id +done +demo/install +sim:generic +1 +2[-0-9]*T"
cw runs list "${at[@]}" --json
json 'and for a program' 'it["state"] == "done" and it["attempts"] == 1 and it["error"] == "" and not it["held"]'
cw runs list "${at[@]}" --state stuck
expect 'none is stuck' 0 '^no run$'
cw runs list "${at[@]}" --flow 'demo/inv*'
expect 'none is of another flow' 0 '^no run$'
cw runs show "$id" "${at[@]}"
expect 'its story' 0 "^run $id" 'flow +demo/install' 'card +sim:generic, CPLC' 'done: the flow came to its end' \
  '^step load file' 'INSTALL \[for load\]' '<secret holder 12>' '<key demo.sd/0>'
cw runs show "${id:0:18}" "${at[@]}" --raw
expect 'its lines, by the beginning of its id' 0 '^attempt 1' '^end => done'
cw runs replay "$id" "${at[@]}"
expect 'it replays' 0 "^replayed run $id: [0-9]+ commands in 1 attempt, as the journal has them$"
mv "$store.key" "$here/away.key"
cw runs replay "$id" "${at[@]}"
expect 'a store without its key shows nothing' 2 'store.db.key'
mv "$here/away.key" "$store.key"

# Killed in the middle.

begin 'in step 3' "$steps" --card sim
cw runs show "$id" "${at[@]}"
expect 'a run that goes on can be looked at' 0 'a process works on it|waits until' '^step step 2'
begin_pid=$pid
cw runs stop nothing "${at[@]}"
pid=$begin_pid
end KILL
check 'a process is killed' [ "$status" -eq 137 ]
cw runs show "$id" "${at[@]}"
expect 'its story is told as far as it went' 0 '^step step 2'
check 'and does not say that it failed' has_not '^failed|ends here' "$here/out"
cw runs replay "$id" "${at[@]}"
expect 'it replays as far as it went' 0 'the journal ends before the run does'
cw runs export "$id" "$here/half" "${at[@]}"
cw runs import "$here/half" --store "$here/desk.db"
expect 'it is carried to a desk as far as it went' 0 "run $id is in the store"
cw runs replay "$id" --store "$here/desk.db"
expect 'and replays there' 0 'the journal ends before the run does'
cw runs show "$id" --store "$here/desk.db"
expect 'where nobody goes on with it' 0 'stopped: it was imported while it was not over'
cw runs resume "$id" --store "$here/desk.db"
expect 'nor can' 2 'is over \(stopped\)'
cw runs resume "$id" "${at[@]}"
expect 'it is resumed on a card that lost its power' 0 'powered down' '^attempt 2, from the top' '^done: 6 steps'
state 'and is done' 'done'
cw runs replay "$id" "${at[@]}"
expect 'both attempts replay' 0 'in 2 attempts, as the journal has them$'
cw runs resume "$id" "${at[@]}"
expect 'what is done is not resumed' 2 'is over \(done\)'
one_line 'which is said in one line'
cw runs stop "$id" "${at[@]}"
expect 'nor stopped' 0 "^$id is over: done"

begin 'asking' "$here/ask.lua" --card sim --policy "$here/next.lua"
for _ in $(seq 100); do
  if [ -s "$here/calls" ]; then break; fi
  sleep 0.05
done
end KILL
cw runs show "$id" "${at[@]}"
expect 'a call to a backend without an answer is in doubt' 0 "in doubt, since no answer is known: http \"GET\" \"https://127.0.0.1:$port/cards\""
cw runs resume "$id" "${at[@]}"
expect 'and is made again by another attempt' 1 '^attempt 2, from the top' '^asking' "GET https://127.0.0.1:$port"
check 'once' [ "$(wc -l <"$here/calls")" -eq 2 ]
cw runs replay "$id" "${at[@]}"
expect 'a replay has what came of it' 0 'in 2 attempts, as the journal has them$'
check 'and calls nobody' [ "$(wc -l <"$here/calls")" -eq 2 ]

# At moments that nobody chose.
for delay in 0.02 0.05 0.1 0.2; do
  newest && before=$id
  "$cardwright" run "${install[@]}" "${at[@]}" >"$here/out" 2>"$here/err" </dev/null &
  pid=$!
  sleep "$delay"
  end KILL
  newest
  if [ "$id" = "$before" ]; then
    ok "killed after $delay s: before the run was there"
    continue
  fi
  cw runs resume "$id" "${at[@]}"
  case $status in
    0) expect "killed after $delay s: resumed" 0 '^done' ;;
    *) expect "killed after $delay s: it was done already" 2 'is over \(done\)' ;;
  esac
  cw runs replay "$id" "${at[@]}"
  expect "killed after $delay s: replays" 0 'as the journal has them$'
done

# Ctrl-C.

begin 'in step 2' "$steps" --card sim --card-state "$here/card"
end INT
expect 'Ctrl-C says how to go on' 130 "cardwright runs resume $id goes on with it" 'stopping before the next command'
check 'the card is kept' [ -s "$here/card" ]
cw runs resume "$id" "${at[@]}"
expect 'and so it goes on' 0 '^done: '
begin 'in step 2' "$steps" --card sim
kill -STOP "$pid"
cw runs stop "$id" "${at[@]}"
expect 'a process that is stopped still holds its run' 0 'a process works on it'
kill -CONT "$pid"
end
expect 'and stops when it goes on' 1 'was stopped before its next command'

# Stopped by an operator.

begin 'in step 2' "$steps" --card sim
cw runs list "${at[@]}" --limit 1
expect 'a run that goes on' 0 "^$id +(running|waiting) +steps"
"$cardwright" runs stop "$id" "${at[@]}" >"$here/said"
check 'a run that a process works on is asked to stop' grep -q "$id stops before its next step" "$here/said"
end
expect 'it stops, and the process says why' 1 'was stopped before its next command; the audit says by whom'
check 'but not how to go on' has_not 'runs resume' "$here/err"
check 'a step that had begun was brought to its end' \
  [ "$(grep -c '^in step' "$here/out")" -le $(($(grep -c '^ok' "$here/out") + 1)) ]
check 'the steps behind were not begun' has_not 'in step 6' "$here/out"
state 'it is stopped' stopped
cw runs show "$id" "${at[@]}"
expect 'its story ends there' 0 'state +stopped: stopped; the audit says by whom'
check 'and not with an error' has_not '^failed' "$here/out"
cw runs list "${at[@]}" --limit 1
expect 'it was ended by an operator' 0 "^$id +stopped +steps .* an operator"
cw runs replay "$id" "${at[@]}"
expect 'it replays' 0 'replayed run'
cw runs resume "$id" "${at[@]}"
expect 'it is not resumed' 2 'is over \(stopped\)'
cw runs stop "$id" "${at[@]}"
expect 'nor stopped again' 0 'is over: stopped'

begin 'in step 2' "$steps" --card sim
end KILL
cw runs stop "$id" "${at[@]}"
expect 'a run that nobody holds is stopped at once' 0 "^$id is stopped$"
state 'so it is' stopped
cw audit list "${at[@]}"
expect 'the audit says who took part' 0 "$(id -un)@.*  run begun  $id  flow: steps" "run ended  $id  state: stopped"

# Two processes.

begin 'in step 2' "$steps" --card sim
status=0
timeout -s INT 1 "$cardwright" runs resume "$id" "${at[@]}" >"$here/resumed" 2>"$here/resumed.err" || status=$?
check 'a run that a process works on is not taken from it' grep -q 'another process holds the run' "$here/resumed.err"
check 'whoever waits for it may give up' [ "$status" -ne 0 ]
check 'and has done nothing' has_not 'attempt' "$here/resumed"
end
expect 'the process that holds it brings it to its end' 0 '^done: 6 steps'

# Attempts used up.

begin 'in step 2' "$steps" --card sim --policy "$here/once.lua"
end KILL
cw runs resume "$id" "${at[@]}"
expect 'the one attempt is used up' 5 'powered down'
state 'so the run is stuck' stuck
cw runs list "${at[@]}" --state stuck
expect 'and is found as such' 0 "^$id +stuck"
cw runs show "$id" "${at[@]}"
expect 'and says what it waits for' 0 "its attempts are used up, and it waits for an operator: cardwright runs resume $id"
cw runs replay "$id" "${at[@]}"
expect 'a stuck run replays' 0 'as the journal has them$'
cw runs export "$id" "$here/stuck" "${at[@]}"
cw runs import "$here/stuck" --store "$here/desk.db"
cw runs replay "$id" --store "$here/desk.db"
expect 'also on a desk' 0 'as the journal has them$'
cw runs resume "$id" "${at[@]}"
expect 'an operator gives it as many again' 0 '^attempt 2, from the top' '^done: 6 steps'
cw runs replay "$id" "${at[@]}"
expect 'all its attempts replay' 0 'in 2 attempts, as the journal has them$'

# What a policy refuses.
cw run "${install[@]}" "${at[@]}" --policy "$here/next.lua"
expect 'a policy that refuses a command' 3 'nothing new on this card'
cw audit list "${at[@]}"
expect 'is in the audit, with command, AID, flow and rule' 0 \
  'refused  [0-9a-z]{20}  what: INSTALL \[for install and make selectable\], aid: [0-9A-F]{10,32}, flow: demo/install, policy: next, because: rules\[1\]: nothing new on this card$'

# Another policy.

cw runs replay "$installed" "${at[@]}" --policy policies/default.lua
expect 'the policy of the run allows all of it' 0 'under policy default: [0-9]+ allowed$'
cw runs replay "$installed" "${at[@]}" --policy "$here/next.lua"
expect 'another policy denies one' 3 '^allowed +flow demo/install' '^DENIED +1> 80E60C00' 'nothing new on this card' \
  '^unreachable ' 'under policy next: [0-9]+ allowed, then one denied in attempt 1, [0-9]+ behind it not reached'
check 'one alone' [ "$(grep -c '^DENIED' "$here/out")" -eq 1 ]
check 'what comes before is allowed, what comes behind unreachable' \
  [ "$(sed 's/ .*//' "$here/out" | grep -E 'allowed|DENIED|unreachable' | uniq | tr '\n' ' ')" = 'allowed DENIED unreachable ' ]
cw runs replay "$installed" "${at[@]}" --policy policies/deny_all.lua
expect 'a policy that denies the flow' 3 '^DENIED +flow demo/install' 'under policy deny_all: 0 allowed, then one denied before the first attempt'
cw runs replay "$installed" "${at[@]}" --policy "$here/nowhere.lua"
expect 'no such policy' 2 'nowhere.lua'

# Other scripts.

mkdir "$here/scripts" && cp -r stdlib scripts policies "$here/scripts"
cw runs replay "$installed" "${at[@]}" --bundle "$here/scripts"
expect 'the same scripts from another folder do the same' 0 'as the journal has them$'
sed 's/run:steps(isd, {/run.card:select("")\n    &/' -i "$here/scripts/scripts/demo/install.lua"
cw runs replay "$installed" "${at[@]}" --bundle "$here/scripts"
expect 'changed scripts: the first difference is named' 1 "journal of run $installed:[0-9]+: .*the flow did '0> 00A40400 le=256'"
one_line 'in one line'
rm "$here/scripts/scripts/demo/install.lua"
cw runs replay "$installed" "${at[@]}" --bundle "$here/scripts"
expect 'scripts without the flow' 2 "demo/install"
cw runs replay "$installed" "${at[@]}" --bundle "$here/nowhere"
expect 'no such folder' 2 'nowhere'

# What travelled.

key=404142434445464748494A4B4C4D4E4F
{
  printf '[isd]\ntype = aes\nversion = 30\nenc = %s\nmac = %s\ndek = %s\n' $key $key $key
  printf '[demo.sd]\ntype = aes\nversion = 30\nenc = %s\nmac = %s\ndek = %s\n' 5152535455565758595A5B5C5D5E5F60 \
    6162636465666768696A6B6C6D6E6F70 7172737475767778797A7B7C7D7E7F80
} >"$here/keys"
sed '/demo.sd/,$d' "$here/keys" >"$here/keys.isd"
sed 's/^\(enc\|mac\) = 4041/\1 = 5041/' "$here/keys" >"$here/keys.other"
cw run "${install[@]}" "${at[@]}" --keys "$here/keys"
expect 'a run with keys in a file' 0 '^done'
newest
cw runs replay "$id" "${at[@]}" --verify-wire
expect 'what travelled is as the keys give it' 0 'on the wire: [0-9]+ commands travelled as the keys in custody give them$'
cw runs replay "$id" "${at[@]}" --verify-wire --keys "$here/keys.isd"
expect 'a key set that is not in custody is named, with its version' 1 'could not be checked' \
  'not in custody any more: demo.sd, version 30'
cw runs replay "$id" "${at[@]}" --verify-wire --keys "$here/keys.other"
expect 'a key set that is another is named, with its version' 1 'not in custody any more: isd, version 30'
mv "$here/keys" "$here/keys.moved"
cw runs replay "$id" "${at[@]}" --verify-wire
expect 'a key file that has gone' 2 "$here/keys"
cw runs replay "$id" "${at[@]}" --verify-wire --keys "$here/keys.moved"
expect 'and is found elsewhere' 0 'travelled as the keys in custody give them$'
cw runs replay "$id" "${at[@]}"
expect 'a replay needs no keys' 0 'as the journal has them$'

# To a desk.

cw runs export "$installed" "$here/run.json" "${at[@]}"
expect 'an export' 0 'answers of applets are left out'
check 'is for its owner alone' [ "$(stat -c %a "$here/run.json")" = 600 ]
check 'and has neither the holder nor paths of this desk' has_not "Lovelace|416461204C6F|$HOME" "$here/run.json"
cw runs import "$here/run.json" --store "$here/desk.db"
expect 'an import' 0 "run $installed is in the store"
cw runs import "$here/run.json" --store "$here/desk.db"
expect 'twice' 2 "run $installed is in the store .* already"
one_line 'is one line'
cw runs import "$here/run.json" "${at[@]}"
expect 'where it came from' 2 'already'
cw runs replay "$installed" --store "$here/desk.db"
expect 'it replays there' 0 'as the journal has them$'
cw runs show "$installed" --store "$here/desk.db"
expect 'its story' 0 'done: the flow came to its end' 'INSTALL \[for load\]'
cw runs replay "$installed" --store "$here/desk.db" --policy "$here/next.lua"
expect 'it is judged there' 3 '^DENIED'
cw runs replay "$installed" --store "$here/desk.db" --verify-wire
expect 'it has no evidence of what travelled' 2 'no evidence of what travelled: it was imported'
cw audit list --store "$here/desk.db"
expect 'the import is in the audit' 0 "run imported  $installed"
cw runs export "$installed" "$here/again.json" --store "$here/desk.db"
cw runs import "$here/again.json" --store "$here/third.db"
cw runs replay "$installed" --store "$here/third.db"
expect 'and goes on from there to a third' 0 'as the journal has them$'
cw runs export "$installed" "$here/all.json" "${at[@]}" --answers
expect 'an export with all answers' 0 'with every answer: not safe to share'
cw runs import "$here/all.json" --store "$here/fourth.db"
cw runs replay "$installed" --store "$here/fourth.db"
expect 'replays, too' 0 'as the journal has them$'
cw runs show "$installed" --store "$here/fourth.db" --raw
cp "$here/out" "$here/raw.there"
cw runs show "$installed" "${at[@]}" --raw
check 'with the same lines to the byte' cmp -s "$here/out" "$here/raw.there"

# A run that fails with what an applet told it: the answer is left out, and so is the error's text.
cat >"$here/tells.lua" <<'LUA'
return {
  name = "tells", summary = "Says what the applet said",
  run = function(run)
    run.card:select(require("hex").decode "F063617264770301")
    local answer = run.card:send(require("apdu").command { ins = 0xCA, p1 = 0x01, p2 = 0x02, le = 256 })
    error("the applet has " .. answer.data)
  end,
}
LUA
cw run "${install[@]}" --card-state "$here/told.card"
cw run "$here/tells.lua" --card sim --card-state "$here/told.card" "${at[@]}"
expect 'a run that says what an applet said' 1 'the applet has 4711'
newest
cw runs replay "$id" "${at[@]}"
expect 'replays to its error' 0 'as the journal has them$'
cw runs export "$id" "$here/told.json" "${at[@]}"
python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["run"]["lines"])' "$here/told.json" >"$here/told"
check 'is exported without it' has_not '4711|34373131' "$here/told"
check 'which is said' grep -q 'left out, since an answer was' "$here/told"
cw runs import "$here/told.json" --store "$here/desk.db"
cw runs replay "$id" --store "$here/desk.db"
expect 'and replays on a desk' 0 'as the journal has them$'

head -c 3000 "$here/run.json" >"$here/cut.json"
sed 's/"attempts": 1/"attempts": 2/' "$here/run.json" >"$here/changed.json"
sed 's/"format": 1/"format": 2/' "$here/run.json" >"$here/newer.json"
: >"$here/empty.json"
for kind in 'cut:no file that' 'changed:changed or cut' 'newer:newer cardwright' 'empty:no file that' 'none:cannot read|No such'; do
  cw runs import "$here/${kind%%:*}.json" --store "$here/fifth.db"
  expect "an import of what is ${kind%%:*}" 2 "${kind#*:}"
  one_line "an import of what is ${kind%%:*} is one line"
done
cw runs list --store "$here/fifth.db"
check 'leaves no run' has_not 'demo/install' "$here/out"
cw runs export "$installed" "$here/nowhere/run.json" "${at[@]}"
expect 'an export into no folder' 2 'nowhere'
cw runs import "$here/run.json" --store none
expect 'an import into no store' 2 'store none'

# Ids and arguments.

for command in show stop resume replay; do
  cw runs $command 0 "${at[@]}"
  expect "$command: the beginning of several ids" 2 "several|more than one|ambiguous"
  one_line "$command: the beginning of several ids is one line"
  cw runs $command zzzz "${at[@]}"
  expect "$command: an id that there is not" 2 "no run.*zzzz|zzzz"
  cw runs $command "x' OR 1=1 --" "${at[@]}"
  expect "$command: no id" 2
  cw runs $command "${at[@]}"
  expect "$command: without an id" 2 'ID'
done
cw runs list "${at[@]}" --state dead
expect 'a state that there is not' 2 'running, waiting, stuck, done, failed, stopped'
for limit in 0 -1 x; do
  cw runs list "${at[@]}" --limit "$limit"
  expect "no limit: $limit" 2 '--limit'
done
cw runs list "${at[@]}" --limit 2 --json
check 'so many and no more' [ "$(wc -l <"$here/out")" -eq 2 ]
cw runs
expect 'runs alone' 2 'cardwright: '
cw runs lst
expect 'the nearest subcommand' 2 "did you mean 'list'"
cw runs replay "$installed" "${at[@]}" --polcy x
expect 'the nearest option' 2 "did you mean '--policy'"
cw runs replay "$installed" "${at[@]}" --policy policies/default.lua --verify-wire
expect 'two questions at once' 2 '--policy'
cw runs replay "$installed" "${at[@]}" --keys "$here/keys.moved"
expect 'keys without a question' 2 '--verify-wire'
for command in list show stop resume replay export import; do
  cw runs $command --help
  expect "help of runs $command" 0 '--store WHERE'
done

# Pipes, and stores that take nothing.

("$cardwright" runs list "${at[@]}" --all; echo $? >"$here/piped") 2>"$here/err" | head -n 1 >/dev/null
check 'a reader that leaves is no error' [ "$(cat "$here/piped")" = 0 ]
("$cardwright" runs show "$installed" "${at[@]}"; echo $? >"$here/piped") 2>"$here/err" | head -n 1 >/dev/null
check 'nor one of a long story' [ "$(cat "$here/piped")" = 0 ]
check 'and nothing is said of it' [ ! -s "$here/err" ]

cp "$store" "$here/newer.db" && cp "$store.key" "$here/newer.db.key"
tests/interop/store/sql.py "$here/newer.db" "UPDATE meta SET number = 99 WHERE name = 'format'"
cw runs list --store "$here/newer.db"
expect 'a newer store is not read' 6 'format 99, written by a newer cardwright'
cw run demo/inventory --card sim --store "$here/newer.db"
expect 'nor is a run kept in it' 6 'format 99, written by a newer cardwright'
check 'nothing was sent' has_not 'registry|done' "$here/out"
one_line 'which is one line'

# As a user who may not write: root may write to anything.
mkdir "$here/fixed"
cp "$store" "$here/fixed/store.db" && cp "$store.key" "$here/fixed/store.db.key" && chmod 400 "$here/fixed/store.db"
as_reader() {
  status=0
  if [ "$(id -u)" -ne 0 ]; then
    "$cardwright" "$@" >"$here/out" 2>"$here/err" </dev/null || status=$?
  else
    setpriv --reuid nobody --clear-groups "$here/program" "$@" >"$here/out" 2>"$here/err" </dev/null || status=$?
  fi
}
if [ "$(id -u)" -eq 0 ]; then
  install -m 755 "$cardwright" "$here/program" && chown -R nobody "$here/fixed" && chown nobody "$here"
fi
as_reader run demo/inventory --card sim --store "$here/fixed/store.db"
expect 'a store that is read-only keeps no run' 6 'read-only'
check 'nothing was sent' has_not 'registry|done' "$here/out"
as_reader runs resume "$installed" --store "$here/fixed/store.db"
expect 'nor resumes one' 6 'read-only'
one_line 'in one line'
as_reader runs list --store "$here/fixed/store.db"
expect 'its runs can be looked at' 0 "^$installed +done +demo/install"
as_reader runs show "$installed" --store "$here/fixed/store.db"
expect 'and their stories' 0 'state +done' 'INSTALL'
as_reader audit verify --store "$here/fixed/store.db"
expect 'and the audit, with the journals' 0 'the audit is whole' '^[0-9]+ journals are as their runs left it, 0 forgotten'
if [ "$(id -u)" -eq 0 ]; then chown root "$here"; fi

# Completion.
complete_line() {
  PATH=$(dirname "$cardwright"):$PATH bash -c '. completions/cardwright.bash
    COMP_LINE=$1 COMP_POINT=${#1}
    _cardwright
    echo "${COMPREPLY[*]}"' bash "$1" 2>/dev/null
}
check 'completion of a subcommand' [ "$(complete_line 'cardwright runs rep')" = replay ]
check 'completion of an option' [ "$(complete_line 'cardwright runs replay x --ver')" = --verify-wire ]
check 'completion of a state' [ "$(complete_line 'cardwright runs list --state stu')" = stuck ]
check 'completion of a store for a run' [ "$(complete_line 'cardwright run demo/install --store-')" = --store-key ]
check 'completion of where the store is' [ "$(complete_line "cardwright runs list --store $here/fou")" = "$here/fourth.db $here/fourth.db.key" ]
check 'completion of the id of a run' \
  [ "$(complete_line "cardwright runs show --store $here/fourth.db ${installed:0:6}")" = "$installed" ]
check 'completion of a file behind an id' [ "$(complete_line "cardwright runs export $installed $here/hal")" = "$here/half" ]

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
