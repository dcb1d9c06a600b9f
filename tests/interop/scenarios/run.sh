#!/usr/bin/env bash
# Scenarios as a test engineer plays them. See usage().
set -uo pipefail
cd "$(dirname "$0")/../../.." || exit 2
. tools/say.sh
. tools/pcscd.sh

usage() {
  cat <<'TEXT'
usage: tests/interop/scenarios/run.sh [CARDWRIGHT]

Plays tests/scenarios with the program (default build/release/cardwright): on simulated cards, and on the same cards in
the virtual readers of a real pcscd that is started for it. Then uses `cardwright test` as its users do: reports, filters,
mistakes, signals. The last line is "N passed, M failed"; what is skipped does not count.
TEXT
}

. tests/interop/checks.sh
take_program "$@"
export CARDWRIGHT_STORE=none  # nobody's own cards are counted

here=$(mktemp -d)
trap 'stop_pcscd 2>/dev/null; rm -rf "$here"' EXIT

# play NAME ARGUMENT...: plays scenarios and adds their counts.
play() {
  local name=$1 counts
  shift
  echo "# $name"
  "$cardwright" test --format summary "$@" </dev/null 2>&1 | tee "$here/out"
  counts=$(tail -n 1 "$here/out" | sed -nE 's/^([0-9]+) passed, ([0-9]+) failed, [0-9]+ skipped$/\1 \2/p')
  if [ -z "$counts" ] || [ "${counts% *}" -eq 0 ]; then
    not_ok "$name" "no scenario was played"
    return
  fi
  passed=$((passed + ${counts% *}))
  failed=$((failed + ${counts#* }))
}

# story NAME TEXT: writes a scenario file.
story() {
  printf '%s\n' "$2" >"$here/$1.lua"
}

play "on simulated cards, two at once" tests/scenarios --jobs 2

start_pcscd "$here/pcscd" 36210 4
play "in virtual readers of pcscd, two at once" tests/scenarios --card vpcd:@localhost:36210 --jobs 2
cw test tests/scenarios/b03_lock_and_unlock.lua --card vpcd:jcop4@localhost:36210 --format summary
expect "a flavor by name, in a virtual reader" 0 '^1 passed, 0 failed, 0 skipped$'
story slow 'return { summary = "Slow", run = function(t)
  for _ = 1, 100 do t:fault(require("cw.fault").delay(200)) t:send("\0\xA4\4\0\0") end
end }'
"$cardwright" test "$here/slow.lua" --card vpcd:generic@localhost:36210 >"$here/out" 2>"$here/err" </dev/null &
pid=$!
for _ in $(seq 100); do
  if grep -q TAP "$here/out"; then break; else sleep 0.1; fi
done
kill -INT "$pid"
status=0
wait "$pid" || status=$?
expect "Ctrl-C with a card in a reader ends between commands" 130 'Bail out'
cw test tests/scenarios/a01_answers.lua --card vpcd:generic@localhost:1
expect "no vpcd there" 5 'vpcd'
cw test tests/scenarios/a01_answers.lua --card pcsc:nosuch
expect "no such reader" 2 'nosuch'
cw test tests/scenarios/a01_answers.lua --card 'pcsc:nosuch*'
expect "no reader of that pattern" 5 'nosuch'
cw test tests/scenarios/a01_answers.lua --card pcsc:0
expect "a reader without a card is a failed case" 1 'no card'
stop_pcscd
cw test tests/scenarios/a01_answers.lua --card pcsc:0
expect "no pcscd" 5 'pcscd'

story holds 'local hex = require "hex"
return { summary = "Holds", tags = { "good" }, run = function(t) t:send(hex"00A4040000") end }'
story fails 'local hex = require "hex"
return { summary = "Fails", tags = { "bad" }, run = function(t)
  t:send(hex"00A4040000")
  t:send(hex"00A4040005F000000000")
end }'
story asks 'return { summary = "Wants", needs = { keys = { "nobody.has.these" } }, run = function() end }'
story typo 'return { summary = "Typo", tag = { "x" }, run = function() end }'
story loops 'return { summary = "Loops", run = function() while true do end end }'
story waits 'return { summary = "Waits", seconds = 60, run = function(t)
  for _ = 1, 1000 do t:fault(require("cw.fault").delay(200)) t:run("_tools/card-info") end
end }'

cw test "$here/holds.lua"
expect "TAP goes into a pipe" 0 '^TAP version 13$' '^ok 1 - holds' '^1\.\.1$'
cw test "$here/holds.lua" "$here/fails.lua" "$here/asks.lua"
expect "a failure is told with line, both values, cause and trace" 1 '^not ok 2 - fails' 'fails\.lua:4' '6A82' 'expected: .?9000' \
  '^ok 3 - asks.*# SKIP needs the key set' '> +.*SELECT F000000000'
if prove -e cat "$here/out" >"$here/prove" 2>&1; then
  not_ok "prove sees the failure" "it says all is well"
elif grep -q 'Failed test:  2' "$here/prove"; then
  ok "prove sees the failure"
else
  not_ok "prove sees the failure" "$(tail -n 3 "$here/prove" | tr '\n' ' ')"
fi
cw test "$here/holds.lua" "$here/fails.lua" --format summary
expect "a summary is for people" 1 '^1 passed, 1 failed, 0 skipped$' 'expected' 'actual' 'Likely: 6A82 file or application not found'
cw test "$here/holds.lua" "$here/fails.lua" --junit "$here/report.xml" --html "$here/report.html"
expect "reports are written" 1
if xmllint --noout "$here/report.xml" && [ "$(xmllint --xpath 'count(//testcase/failure)' "$here/report.xml")" = 1 ]; then
  ok "the JUnit file has the failure"
else
  not_ok "the JUnit file has the failure" "$(head -c 300 "$here/report.xml")"
fi
cw test "$here/holds.lua" --html /nonexistent/report.html
expect "a report that cannot be written is said before anything is played" 2 '/nonexistent/report.html'
mkfifo "$here/fifo"
cat "$here/fifo" >"$here/from_fifo" &
cw test "$here/holds.lua" --junit "$here/fifo"
expect "a report goes into a pipe" 0
wait $!
if [ -p "$here/fifo" ] && xmllint --noout "$here/from_fifo"; then ok "and the pipe stays one"; else not_ok "and the pipe stays one" "it is a file now"; fi
ln -s behind.xml "$here/link.xml"
cw test "$here/holds.lua" --junit "$here/link.xml"
if [ -L "$here/link.xml" ] && [ -s "$here/behind.xml" ]; then ok "a link stays a link"; else not_ok "a link stays a link" "$(ls -l "$here/link.xml")"; fi
ln -s /dev/full "$here/full"
cw test "$here/holds.lua" --junit "$here/full" --format summary
expect "a report that finds no room costs no summary" 2 '^1 passed, 0 failed, 0 skipped$' 'cannot write .*/full'
cw test "$here/typo.lua"
expect "a scenario with a typo" 1 "typo\.lua:1: ?.*unknown field 'tag'; did you mean 'tags'|unknown field 'tag'; did you mean 'tags'"
cw test "$here/loops.lua"
expect "a scenario that loops" 1 'instructions'
mkdir "$here/links"
cp "$here/holds.lua" "$here/links/a b'\"ü.lua"
ln -s self.lua "$here/links/self.lua"
ln -s . "$here/links/loop"
cw test "$here/links"
expect "links that lead around are passed by" 0 '^ok 1 - a b' '^1\.\.1$'
cw test "$here/holds.lua" "$here/typo.lua" --list
expect "a list names what cannot be read" 0 '^holds ' 'typo, which cannot be read'
cw test "$here" --tag good --list
expect "a filter by tag, listed" 0 '^holds \[generic\] Holds$'
if grep -q fails "$here/out"; then not_ok "the filter leaves others out" "it lists fails"; else ok "the filter leaves others out"; fi
cw test "$here" --name 'f*' --format summary
expect "a filter by name" 1 '^0 passed, 1 failed, 0 skipped$'
cw test "$here/holds.lua" --tag nobody
expect "a filter that leaves nothing" 2 'leaves none'
cw test "$here/nosuch.lua"
expect "no such file" 2 'no such file or folder'
cw test
expect "no path" 2 'name a scenario'
cw test --help
expect "help" 0 'Examples:' '--junit' '--tear'
cw test "$here/holds.lua" --card sim:jcop5
expect "no such flavor" 2 'jcop5'
cw test "$here/holds.lua" --card nonsense
expect "no such kind of card" 2 "cannot open card 'nonsense'"
cw test "$here/holds.lua" --jobs 0
expect "no jobs" 2 'jobs'
cw test "$here/holds.lua" --flavor jcop5
expect "a filter with a mistyped flavor" 2 'jcop5.*did you mean'
cw test "$here/holds.lua" --seed 99999999999999999999
expect "a seed that is no number of 64 bits" 2 'seed'
cw test "$here/holds.lua" --slowest -1
expect "how many are slowest?" 2 'slowest'
cw test "$here/holds.lua" --set x=1
expect "--set without --tear" 2 'go with --tear'

printf 'Ada Lovelace' >"$here/holder.txt"
chmod 600 "$here/holder.txt"
cw test --tear all demo/install --card sim:jcop4 --set cap=tests/caps/wallet-1.0.cap --set "holder=@$here/holder.txt"
expect "a flow torn everywhere: the last line counts, in a pipe too" 0 '^([0-9]{3}) tear points, \1 converged$'
[ "$(tail -n 1 "$here/out")" = "132 tear points, 132 converged" ] || not_ok "it is the last line" "$(tail -n 1 "$here/out")"
cw test --tear all demo/install --card sim:jcop4 --set cap=tests/caps/wallet-1.0.cap --set "holder=@$here/holder.txt" \
  --format tap
expect "a flow torn everywhere, for machines" 0 '^# [0-9]{3} tear points, [0-9]{3} converged$'
cw test --tear all demo/inventory --card 'sim:*' --format summary
expect "a flow torn everywhere, for people, on every flavor" 0 'demo/inventory on yubikey' \
  '^ +n +before +inside +after +command$' '^([0-9]+) tear points, \1 converged$'
story forgetful 'local apdu, gp = require "apdu", require "cw.gp"
return { name = "forgetful", summary = "Stores another IIN each time", needs = { keys = { "isd" } }, run = function(run)
  local isd = gp.open(run.card, { keys = "isd", flavor = run.flavor })
  local old = isd.channel:send(apdu.command { ins = 0xCA, p2 = 0x42, le = 256 })
  local new = old.sw == 0x9000 and old.data:find("12345", 1, true) and "67890" or "12345"
  isd.channel:expect(apdu.command { ins = 0xE2, p1 = 0x90, data = "\x42\5" .. new })
end }'
cw test --tear all "$here/forgetful.lua" --junit "$here/report.xml" --format tap
expect "a flow that does not converge is told with the first point and why" 1 '^# 15 tear points, 14 converged$' \
  '1 of 15 tear points do not converge; the first: torn after command 5, STORE DATA: the card differs'
cw test --tear all demo/nosuch --card sim
expect "no such flow to tear" 2 'no flow'
cw test --tear all demo/install --card sim
expect "a flow to tear without its arguments" 2 'cap'
cw test --tear all demo/inventory --card sim:jcop4 --flavor generic
expect "a flavor that the card does not have, torn" 2 'generic is not what --card sim:jcop4 is'
cw test --tear all demo/inventory --tag x
expect "a filter for scenarios, of a flow" 2 'are for scenarios'
cw test --tear some demo/inventory
expect "tear what?" 2 'all'

# A recording of a flow alone answers the flows of a scenario, whatever keys that names; nothing answers for itself.
"$cardwright" run demo/inventory --card sim --seed 1 --record "$here/flow.rec" >/dev/null 2>&1 </dev/null
cw test --from "$here/flow.rec"
expect "a recording as a scenario" 0 't:run\("demo/inventory"' 'keys = \{ "isd" \}'
cp "$here/out" "$here/from.lua"
cw test "$here/from.lua" --card sim
expect "it holds on a simulated card" 0 '^ok 1 - from'
cw test "$here/from.lua" --card "recorded:$here/flow.rec"
expect "and on the recording, which has the flow and not the scenario" 0 '^ok 1 - from'
story own 'local hex = require "hex"
return { summary = "Asks itself", needs = { keys = { "isd" } }, run = function(t) t:send(hex"00A4040000") end }'
cw test "$here/own.lua" --card "recorded:$here/flow.rec"
expect "a command of the scenario itself finds no answer there" 1 'cardwright test --record FILE'

# Ctrl-C: what is not begun is not played, and says so.
"$cardwright" test "$here/waits.lua" "$here/holds.lua" >"$here/out" 2>"$here/err" </dev/null &
pid=$!
sleep 1
kill -INT "$pid"
status=0
wait "$pid" || status=$?
expect "Ctrl-C ends the scenario and begins no other" 130 'Bail out'
if grep -q 'ok 2' "$here/out"; then not_ok "Ctrl-C begins no other" "it played holds"; else ok "Ctrl-C begins no other"; fi

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
