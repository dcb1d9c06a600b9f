#!/usr/bin/env bash
# The program as a user has it: arguments, output, exit status, signals. See usage().
set -uo pipefail
cd "$(dirname "$0")/../../.." || exit 2

usage() {
  cat <<'TEXT'
usage: tests/interop/cli/run.sh [CARDWRIGHT]

Runs the program (default build/release/cardwright) on the simulated card and checks what it prints, writes and returns.
Prints "ok NAME" or "not ok NAME: why" for each check; the last line is "N passed, M failed".
TEXT
}

. tests/interop/checks.sh
take_program "$@"

here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT

# has_not PATTERN FILE...
has_not() { ! grep -Eiq -- "$@"; }

# The fixtures: a key store and a holder that no output may show.
holder='Zebulon Quartermain'
key_isd=404142434445464748494A4B4C4D4E4F
key_sd=(5152535455565758595A5B5C5D5E5F60 6162636465666768696A6B6C6D6E6F70 7172737475767778797A7B7C7D7E7F80)
umask 077
{
  printf '[isd]\ntype = aes\nversion = 00\nenc = %s\nmac = %s\ndek = %s\n' "$key_isd" "$key_isd" "$key_isd"
  printf '[demo.sd]\ntype = aes\nversion = 30\nenc = %s\nmac = %s\ndek = %s\n' "${key_sd[@]}"
} >"$here/keys"
printf '%s' "$holder" >"$here/holder"
cap=tests/caps/transit-2.1.cap
install=(run demo/install --card sim --keys "$here/keys" --set "cap=$cap" --set "holder=@$here/holder")

# Help and wrong arguments.

cw --help
expect 'help lists commands and exit status' 0 'Exit status:' '130 ' 'Examples:' '  run '
cw --version
expect 'version' 0 '^cardwright [0-9]+\.[0-9]+'
for command in run flows 'flow info' check 'cap info' 'card info' send selftest repl; do
  # shellcheck disable=SC2086 # two words are two arguments
  cw $command --help
  expect "help of $command has an example" 0 "cardwright $command"
done
for command in run batch send repl test; do
  cw $command --help
  expect "help of $command says where its store is" 0 '--store WHERE' '--store-key FILE'
done
for command in send repl test; do
  cw $command --help
  expect "help of $command says what the store keeps of it" 0 'No run is kept'
done
cw batch --help
expect 'help of batch says that its runs are kept' 0 'The runs of rows are kept in the store'
cw test tests/scenarios/a01_answers.lua --store "$here/store.db"
expect 'a store for a scenario on simulated cards' 2 'of simulated cards nothing is kept'
one_line 'which is one line'
check 'and makes none' [ ! -e "$here/store.db" ]
cw
expect 'no command' 2 'cardwright: '
cw instal
expect 'unknown command, nothing near' 2 "unknown command 'instal'"
one_line 'unknown command is one line'
cw flos
expect 'unknown command names the nearest' 2 "did you mean 'flows'"
cw cap inf x
expect 'unknown subcommand names the nearest' 2 "did you mean 'info'"
cw run demo/inventory --crad sim
expect 'unknown option names the nearest' 2 "did you mean '--card'"
one_line 'unknown option is one line'
cw run demo/inventory
expect 'a missing option is named' 2 '--card'
cw run demo/inventry --card sim
expect 'unknown flow names the nearest' 2 "did you mean 'demo/inventory'"
one_line 'unknown flow is one line'
cw run demo/inventory --card sim --set colour=red
expect 'unknown argument of a flow' 2 'colour'
cw run demo/install --card sim
expect 'missing argument of a flow' 2 'cap'
cw run demo/install --card sim --set "cap=$cap" --set "holder=$holder"
expect 'a secret is not taken from the command line' 2 'holder'
cw run demo/inventory --card usb:1
expect 'a card of no kind' 2 "cannot open card 'usb:1'.*pcsc:READER"
cw run demo/inventory --card sim:jcop4 --flavor uicc
expect 'two flavors for one card' 2 'sim:jcop4 and --flavor uicc name different products'
cw card info --card sim --flavor jcop4
expect 'a flavor by its option' 0 '3BD518FF8191FE1FC38073C821100A'

# Readers; with a real pcscd they are in tests/interop/pcsc.
(
  export PCSCLITE_CSOCK_NAME=$here/nobody
  status=0
  "$cardwright" readers >"$here/out" 2>"$here/err" </dev/null || status=$?
  exit "$status"
)
status=$?
expect 'readers without a pcscd' 5 'pcscd does not answer, it is not running; start it'
one_line 'readers without a pcscd is one line'
cw readers --help
expect 'help of readers' 0 'cardwright readers --watch'
cw run demo/inventory --card sim:genric
expect 'unknown flavor names the nearest' 2 "generic"
cw run demo/inventory --card sim --keys /nowhere
expect 'missing key file' 2 '/nowhere'
cp "$here/keys" "$here/open-keys" && chmod 644 "$here/open-keys"
cw run demo/inventory --card sim --keys "$here/open-keys"
expect 'a key file that others can read' 2 'chmod 600'
cw run demo/inventory --card sim --policy /nowhere
expect 'missing policy' 2 '/nowhere'
cw run demo/inventory --card sim --policy policies/deny_all.lua
expect 'a policy that denies all' 3 'policy'
echo 'not a card' >"$here/no-card"
cw run demo/inventory --card sim --card-state "$here/no-card"
expect 'a state file that is none is named' 2 'no-card'
check 'and it is left as it was' grep -q 'not a card' "$here/no-card"

printf 'return { name = "x", api = 9 }' >"$here/policy-api.lua"
printf 'return {' >"$here/policy-syntax.lua"
for broken in api syntax; do
  cw run demo/inventory --card sim --policy "$here/policy-$broken.lua"
  expect "a policy file that is broken has refused nothing ($broken)" 1 "policy-$broken.lua"
done
cw run demo/inventory --card sim --seed -1
expect 'a seed below 0' 2 'seed'
cw run --card
expect 'the program is named once' 2 '^cardwright: run: '
cw flow --help
check 'help of a group has its own example' has_not 'cardwright run' "$here/out"

# Flows.

cw flows
expect 'flows lists what there is' 0 '^demo/install  ' '^demo/inventory  '
cw flow info demo/install
expect 'flow info' 0 'arguments' 'cap .*required' 'holder .*secret' 'needs' 'cardwright run demo/install'
cw check
expect 'check of every flow' 0 '^ok demo/install'
printf 'return {\n  name = "broken",\n  sumary = "x",\n  run = function() end,\n}\n' >"$here/broken.lua"
printf 'return {\n  name = ,\n}\n' >"$here/syntax.lua"
cw check demo/install "$here/broken.lua" "$here/syntax.lua"
expect 'check names each broken flow' 1 '^ok demo/install' 'broken.lua.*summary' 'syntax.lua:2'
check 'in one line each' [ "$(wc -l <"$here/err")" -eq 2 ]
printf 'return {\n  name = "bad",\n  summary = "fails",\n  run = function(run)\n    local x = nil\n    return x.y\n  end,\n}\n' \
  >"$here/bad.lua"
cw run "$here/bad.lua" --card sim
expect 'a flow that fails is one line with its place' 1 'bad.lua:6'
one_line 'and nothing but that line on standard error'
printf 'return { name = "late", summary = "x", run = function(run) run.card:select("") run:print("%%d", "x") end }\n' \
  >"$here/late.lua"
cw run "$here/late.lua" --card sim
expect 'what a flow does wrong is no wrong argument of the program' 1 'late.lua:1'
printf 'return { name = "loop", summary = "x", run = function() while true do end end }\n' >"$here/loop.lua"
cw run "$here/loop.lua" --card sim
expect 'a flow without end uses up its budget' 4 'loop.lua:1'

# CAP files and the card.

cw cap info "$cap"
expect 'cap info' 0 'package ' 'SHA-256 ' 'Header' 'imports'
cw cap info "$cap" --json
check 'cap info --json is JSON' python3 -c 'import json,sys; assert json.load(open(sys.argv[1]))["applets"]' "$here/out"
head -c 100 "$cap" >"$here/cut.cap"
cw cap info "$here/cut.cap"
expect 'a cut CAP file' 1 'cut.cap'
one_line 'a cut CAP file is one line'
cw card info --card sim
expect 'card info' 0 'ATR' 'CPLC' 'keys'
cw card info --card sim --json
check 'card info --json is JSON' python3 -c 'import json,sys; assert json.load(open(sys.argv[1]))["cplc"]' "$here/out"
cw card info --card sim --trace "$here/info.trace"
check 'card info tries no key' has_not 'INITIALIZE|AUTHENTICATE' "$here/info.trace"
cw send --card sim 00A4040000 80CA9F7F00
expect 'send decodes both directions' 0 'SELECT' 'GET DATA 9F7F' '  < 9000'
cw send --card sim 80CA7F7F00
expect 'send says when the card refused' 1 '  < 6A88 .*not found' '^cardwright: the card refused 1 of 1 '
printf 'return { name = "x", api = 1, rules = { { verdict = "deny", on = { "SELECT" }, because = "no" } } }' \
  >"$here/no-select.lua"
cw send --card sim 00A4040000 --policy "$here/no-select.lua"
expect 'send says why nothing was sent' 3 '^cardwright: SELECT is not allowed'
one_line 'once'
check 'and not on standard output' has_not 'not allowed' "$here/out"
cw send --card sim -
expect 'send without a command' 2 'no command'
cw send --card sim 00A404
expect 'send refuses half a command' 2 'APDU 1'
printf '# comment\n00 A4 04 00 00\n' | "$cardwright" send --card sim - >"$here/out" 2>"$here/err"
status=$?
expect 'send reads standard input' 0 '^#1 SELECT'

# Nobody's home: a service, a container. A simulated card has no store, and what only looks makes none.

for command in 'run demo/inventory' 'card info' 'send 00A40400'; do
  # shellcheck disable=SC2086 # several words are several arguments
  (unset HOME XDG_STATE_HOME && cw $command --card sim && exit "$status")
  check "$command without a home" [ $? -eq 0 ]
done

# A run in a pipe, as JSON, traced.

cw "${install[@]}" --card-state "$here/card" --trace "$here/trace"
expect 'install' 0 '^done: '
no_control() { ! LC_ALL=C grep -q "$(printf '[\001-\010\013-\037\177]')" "$1"; }
check 'output in a pipe has no control characters' no_control "$here/out"
check 'nor has the trace' no_control "$here/trace"
check 'the memory of the card is for its owner alone' [ "$(stat -c %a "$here/card")" = 600 ]
check 'the trace is decoded' grep -Eq '^#[0-9]+ .*INSTALL \[for load\]' "$here/trace"
check 'the trace names the holder, and no more' grep -q '<secret holder ' "$here/trace"
cp "$here/card" "$here/card.before"
cw "${install[@]}" --card-state "$here/card"
expect 'a second install finds everything done' 0 'done: 0 steps done'
cw "${install[@]}" --json --verbose --trace "$here/trace2"
every_line_is_an_event() {
  python3 -c '
import json, sys
events = [json.loads(line) for line in open(sys.argv[1])]
assert all(isinstance(event["event"], str) for event in events)
assert events[0]["event"] == "run" and events[-1]["event"] == "end" and events[-1]["ok"]
assert any(event["event"] == "command" for event in events)
' "$1"
}
check '--json gives events and nothing else' every_line_is_an_event "$here/out"
cp "$here/out" "$here/events"
ends_with_an_error() { tail -n 1 "$here/out" | grep -q '^{"event":"end","ok":false,.*"error":{"kind":"'"$1"; }
cw run demo/inventory --card sim --policy policies/deny_all.lua --json
check '--json: a refused run has its end' ends_with_an_error policy
cw run demo/inventry --card sim --json
check '--json: so has one that did not begin' ends_with_an_error usage
umask 022
cw run demo/inventory --card sim --trace "$here/trace3"
umask 077
check 'the trace is for its owner alone' [ "$(stat -c %a "$here/trace3")" = 600 ]
cw run demo/inventory --card sim --trace /dev/full
expect 'a trace that is lost is an error' 1 '/dev/full'
cw run demo/inventory --card sim --card-state "$here/card" --keys "$here/keys"
expect 'inventory' 0 'registry'
cp "$here/out" "$here/inventory"

cw run demo/inventory --card sim
expect 'without --keys the test keys are used, and said' 0 'published test keys'
check 'once' [ "$(grep -c 'test keys' "$here/err")" -eq 1 ]

"$cardwright" flows 2>"$here/err" | head -n 1 >"$here/out"
check 'a reader that goes away ends the output quietly' [ ! -s "$here/err" ]

cw_to_full_disk() {
  status=0
  "$cardwright" flows >/dev/full 2>"$here/err" || status=$?
  : >"$here/out"
}
cw_to_full_disk
expect 'output that cannot be written is an error' 1 'standard output'

# On a terminal: ticks and colours, and a secret that is missing is asked for and not shown.

on_terminal() {
  python3 - "$here" "$holder" "$cardwright" run demo/install --card sim --keys "$here/keys" --set "cap=$cap" <<'PYTHON'
import os, pathlib, pty, sys

folder, holder, *command = sys.argv[1:]
pid, terminal = pty.fork()
if pid == 0:
    os.environ.update(TERM="xterm", LC_ALL="C.UTF-8")
    os.environ.pop("NO_COLOR", None)
    os.execv(command[0], command)
seen = b""
asked = False
while True:
    try:
        part = os.read(terminal, 4096)
    except OSError:
        break
    if not part:
        break
    seen += part
    if not asked and b"holder" in seen and seen.rstrip().endswith(b":"):
        asked = True
        os.write(terminal, holder.encode() + b"\n")
_, status = os.waitpid(pid, 0)
pathlib.Path(folder, "terminal").write_bytes(seen)
assert os.waitstatus_to_exitcode(status) == 0, seen
assert asked and "✓".encode() in seen and b"\x1b[32m" in seen, seen
PYTHON
}
check 'on a terminal: ticks, colours, and a prompt without echo' on_terminal

# Repeatable: the same seed gives the same commands.

cw "${install[@]}" --seed 7 --json --verbose
grep '"event":"command"' "$here/out" >"$here/first"
cw "${install[@]}" --seed 7 --json --verbose
grep '"event":"command"' "$here/out" >"$here/second"
check 'the same seed gives the same commands' cmp -s "$here/first" "$here/second"

# Ctrl-C in the middle: stopped before the next command, memory kept, and the next run goes on.

cat >"$here/slow.lua" <<'LUA'
local clock = require "clock"
return {
  name = "slow", summary = "one command each 50 ms",
  run = function(run)
    for i = 1, 200 do
      run:print("number %d", i)
      run.card:select("")
      clock.sleep(0.05)
    end
  end,
}
LUA
"$cardwright" run "$here/slow.lua" --card sim --card-state "$here/slow.card" >"$here/out" 2>"$here/err" &
pid=$!
for _ in $(seq 100); do
  grep -q 'number 2' "$here/out" && break
  sleep 0.05
done
kill -INT "$pid"
wait "$pid"
status=$?
expect 'Ctrl-C stops a run, and says so' 130 'stopping before the next command' 'was stopped' '^stopped'
check 'its card is kept' [ -s "$here/slow.card" ]

# In the middle of an install: whatever the moment, the next run brings it to its end.
for delay in 0.01 0.02 0.04; do
  rm -f "$here/torn.card"
  "$cardwright" "${install[@]}" --card-state "$here/torn.card" >"$here/out" 2>"$here/err" &
  pid=$!
  sleep "$delay"
  kill -INT "$pid" 2>/dev/null
  wait "$pid" 2>/dev/null
  cw "${install[@]}" --card-state "$here/torn.card"
  expect "an install stopped after $delay s is finished by the next" 0 '^done: '
done

# A wrong key costs one attempt and is not tried again.

sed "s/^\(enc\|mac\) = $key_isd/\1 = 00000000000000000000000000000001/" "$here/keys" >"$here/wrong-keys"
cw run demo/inventory --card sim --keys "$here/wrong-keys" --json --verbose
expect 'a wrong key is one clear error' 1 'cryptogram'
check 'and says nothing of the key' has_not 0000000000000001 "$here/out" "$here/err"

# The prompt.

printf 'card:select("")\nmy.x = 20 + 1\nfor i = 1, 2 do\n  my.x = my.x + i\nend\nmy.x\nerror("oops")\nkeys.info("isd")\nfor' |
  "$cardwright" repl --card sim >"$here/out" 2>"$here/err"
status=$?
expect 'repl shows values, keeps my, takes several lines, survives errors' 1 'hex"6F' '^24 \(0x18\)' 'entry 5:1: oops' \
  'kcvs = \{hex"' 'was not complete'

# Specs of Lua code run in the sandbox.

printf 'return { passes = function() assert(true) end, fails = function() error("no") end }\n' >"$here/x_spec.lua"
cw spec "$here/x_spec.lua"
expect 'spec counts' 1 '^ok x_spec: passes' '^not ok x_spec: fails: .*no' '^1 passed, 1 failed'

cw selftest
expect 'selftest' 0 'passed, 0 failed'

# Recordings.

cw run demo/install --card sim --set "cap=$cap" --set "holder=@$here/holder" --record "$here/recording"
expect 'a run is recorded' 0
check 'a recording is for its owner' [ "$(stat -c %a "$here/recording")" = 600 ]
cw run demo/install --card "recorded:$here/recording" --set "cap=$cap" --record "$here/recording2"
expect 'a recording is a card' 0 '^done: 5 steps'
check 'a replay is recorded as the run was' cmp -s "$here/recording" "$here/recording2"
sed 's/^0+ 80CA0102 /0+ 80CA0103 /' "$here/recording" >"$here/recording3"
cw run demo/install --card "recorded:$here/recording3" --set "cap=$cap"
expect 'a difference ends the run' 1 "recording3:[0-9]+: recorded is '0\+ 80CA0103 le=256', and the flow did '0\+ 80CA0102"
cw run demo/inventory --card "recorded:$here/recording"
expect 'another flow is refused' 2 'is a recording of flow "demo/install", and this is "demo/inventory"'
cw run demo/install --card "recorded:$here/recording" --set "cap=$cap" --set number=1
expect 'other arguments are refused' 2 'argument number was string "4711"'
cw run demo/install --card "recorded:$here/recording" --set "cap=$cap" --policy policies/deny_all.lua
expect 'the policy judges a replay' 3 'is not allowed by policy deny_all'
cw run demo/inventory --card "recorded:$here/holder"
expect 'a file that is no recording' 2 'holder:1: not a recording'
cw run demo/inventory --card recorded:nosuch
expect 'a recording that is not there' 2 'cannot read nosuch'
cw run demo/inventory --card sim --record /dev/full
expect 'a recording that is lost is an error' 1 'cannot write the recording /dev/full'
cw run demo/inventory --card sim --record-answers
expect '--record-answers alone' 2 'requires --record'
touch "$here/open" && chmod 644 "$here/open"
cw send --card sim 00A4040000 --record "$here/open"
expect 'a recording goes into a file that is there' 0
check 'which is for its owner from then on' [ "$(stat -c %a "$here/open")" = 600 ]
cw run demo/instal --card sim --record "$here/open"
expect 'what is refused is not recorded' 2 'no flow'
check 'and leaves the recording that was there' grep -q '^end => done' "$here/open"
cp "$here/recording" "$here/recording4"
cw run demo/inventory --card "recorded:$here/recording4" --record "$here/../$(basename "$here")/recording4"
expect 'a recording is not recorded over while it is replayed' 2 'is the recording that is replayed; take another file'
cw test tests/scenarios/a01_answers.lua --card "recorded:$here/recording4" --record "$here/recording4"
expect 'nor by a scenario' 2 'is the recording that is replayed; take another file'
check 'it is still there' cmp -s "$here/recording" "$here/recording4"
sed '/^end /d' "$here/recording" >"$here/recording5"
cw run demo/install --card "recorded:$here/recording5" --set "cap=$cap"
expect 'a recording without its end says so' 0 'recording5: the recorded run has no end'
{ cat "$here/recording" && tail -n +2 "$here/recording"; } >"$here/recording6"
cw run demo/install --card "recorded:$here/recording6" --set "cap=$cap"
expect 'and so does one with another run' 0 'recording6:[0-9]+: another run is recorded from here on'
cw run demo/inventory --card sim --seed -1
expect 'a seed is a whole number' 2 'run: --seed: a whole number from 0 on, not -1; see'
cw repl --card "recorded:$here/recording"
expect 'a prompt has no use for a recording' 2 'answers the flow that was recorded'

# Completion, as bash calls it: with the line, and what it gives back stands behind the last = or : of it.

# complete_line LINE: what TAB at its end offers, on one line.
complete_line() {
  PATH=$(dirname "$cardwright"):$PATH bash -c '. completions/cardwright.bash
    COMP_LINE=$1 COMP_POINT=${#1}
    _cardwright
    echo "${COMPREPLY[*]}"' bash "$1" 2>/dev/null
}
check 'completion of a command' [ "$(complete_line 'cardwright sel')" = selftest ]
check 'completion of a flow' [ "$(complete_line 'cardwright run demo/rot')" = demo/rotate-keys ]
check 'completion of an argument, after an option' [ "$(complete_line 'cardwright run --json demo/install --set nu')" = number= ]
check 'completion of a file behind NAME=' \
  [ "$(complete_line 'cardwright run demo/install --set cap=tests/caps/tr')" = tests/caps/transit-2.1.cap ]
check 'completion of readers' [ "$(complete_line 'cardwright readers --w')" = --watch ]
check 'completion of --flavor' [ "$(complete_line 'cardwright run demo/install --flavor s')" = 'secora smartcafe' ]
check 'completion of a flavor' [ "$(complete_line 'cardwright run demo/install --card sim:j')" = jcop4 ]

# Planted secrets: no output that this test made shows a key or the holder, in any common writing. The memory of the card
# is not among them: it is the card.

python3 - "$here" "$holder" "$key_isd" "${key_sd[@]}" <<'PYTHON' >"$here/leaks"
import base64, pathlib, sys

folder, holder, *keys = sys.argv[1:]
secrets = [holder.encode()] + [bytes.fromhex(key) for key in keys]
own = {"keys", "open-keys", "wrong-keys", "holder", "card", "card.before", "slow.card", "torn.card", "leaks"}
files = [f for f in pathlib.Path(folder).iterdir() if f.is_file() and f.name not in own]
assert len(files) > 5
for file in files:
    content = file.read_bytes()
    for number, secret in enumerate(secrets):
        # Base64 has three alignments; the middle of each is the same whatever surrounds the secret.
        writings = [secret, secret.hex().encode(), secret.hex().upper().encode(), secret[::-1],
                    " ".join(f"{byte:02x}" for byte in secret).encode()]
        for shift in range(3):
            writings.append(base64.b64encode(b"\0" * shift + secret)[4:-4])
        if any(writing in content for writing in writings):
            print(f"{file.name} holds secret {number}")
PYTHON
check 'no output holds a key or the holder' [ ! -s "$here/leaks" ]
cat "$here/leaks"

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
