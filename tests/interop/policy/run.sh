#!/usr/bin/env bash
# shellcheck disable=SC2154 # passed and failed are of checks.sh
# Policies that operators swap, as they do it. See usage().
set -uo pipefail
cd "$(dirname "$0")/../../.." || exit 2

usage() {
  cat <<'TEXT'
usage: tests/interop/policy/run.sh [CARDWRIGHT]

Runs `cardwright policy` (default build/release/cardwright) over a store, and runs that begin under the version in use,
some while it is swapped. Prints "ok NAME" or "not ok NAME: why" for each check; the last line is "N passed, M failed".
TEXT
}

. tests/interop/checks.sh
take_program "$@"

here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
export HOME=$here/home
mkdir "$HOME"
umask 077

at=(--store "$here/store.db")
strict=tests/interop/policy/strict.lua
careful=tests/interop/policy/careful.lua

# Without a store.

cw policy check "$strict" policies/default.lua
expect 'policies are checked without a store' 0 'policy strict [0-9A-F]{12}: ' 'policy default '
check 'and none is made' [ ! -e "$HOME/.local" ]
cw policy diff policies/default.lua "$strict"
expect 'two files are compared' 0 '^--- policy default' '^\+\+\+ policy strict' '^- limits.attempts = 5' '^\+ limits.attempts = 3' \
  '^\+ rule deny DELETE: nothing is deleted' '^\+ allow.channel.scp = 03'
cw policy diff "$strict" "$strict"
expect 'a policy is like itself' 0 'they say the same'
cw policy diff policies/default.lua "$strict" --json
json 'for a program' '{"is": "added", "line": "limits.attempts = 3"} in it["changes"] and it["before"] != it["after"]'
cw policy explain policies/default.lua --command 80E400000A4F08A000000151000000
expect 'a command is explained, and denied' 3 'rules\[1\] denies: the ISD stays' 'denied by policy default'
cw policy explain policies/default.lua --command 80E40000094F07F0636172647701
expect 'another one is allowed by what no rule says' 0 'rules\[1\] does not apply' 'rules\[2\] is about other commands' \
  'otherwise allows' 'allowed by policy default'
cw policy explain policies/default.lua --command 80F0807F --flow card-lock
expect 'the flow counts' 0 'rules\[3\] allows'
cw policy explain policies/default.lua --command 80F0807F --json
json 'explained for a program' 'it["is"] == "denied" and it["rules"][-1]["rule"] == "rules[4]"'
cw policy explain policies/default.lua --command 8
expect 'no command' 2
one_line 'is said in one line'
cw policy explain policies/default.lua --command 80500000080102030405060708
expect 'what no policy can allow is denied' 3 'the gate denies: INITIALIZE UPDATE cannot be sent' 'denied by policy default'
cw policy explain "$strict" --command 80F24000024F00 --level mac
expect 'so is a channel below the least level' 3 'allow.channel denies'
cw policy explain "$strict" --command 80F24000024F00 --flow acme/install
expect 'and a flow that may not run' 3 'allow.flows denies'
cw policy explain policies/default.lua
expect 'nothing to explain' 2 'what is to be explained'
cw policy explain policies/default.lua --command 80F0807F --level most
expect 'no level' 2 "security level 'most'|most"

# Broken ones.

for broken in 'return {' 'return 7' 'return { name = "x" }' 'return { name = "x", api = 1, rulez = {} }' \
  'while true do end' 'local t = {} for i = 1, 1e9 do t[i] = ("x"):rep(1000) end' 'return { name = os.getenv("HOME"), api = 1 }' \
  'return { name = "x", api = 1, rules = { function() end } }' \
  'local p = require "cw.policy" return { name = "x", api = 1, examples = { p.example { command = "80E40000 00", expect = "deny" } } }'; do
  printf '%s\n' "$broken" >"$here/broken.lua"
  cw policy load "$strict" "$here/broken.lua" "${at[@]}"
  check "refused: $broken" [ "$status" -ne 0 ]
  one_line "refused in one line: $broken"
  check "with its place: $broken" grep -q 'broken.lua' "$here/err"
done
check 'what is refused leaves nothing behind' [ ! -e "$here/store.db" ]

# Loading and swapping.

cw policy list "${at[@]}"
expect 'no store, no policies' 2 'there is no store'
cw policy load "$strict" "$careful" "${at[@]}"
expect 'two are loaded' 0 'policy strict .* is loaded' 'policy careful .* is loaded'
cw policy load "$strict" "${at[@]}"
expect 'one is there already' 0 'was there already'
cw policy list "${at[@]}"
expect 'none is in use' 0 '^ready +strict' '^ready +careful' 'none is in use'
cw run demo/inventory --card sim "${at[@]}"
expect 'so runs begin under the default' 0 '^done'
check 'which is named' [ "$(of_newest_run policy)" = default ]
inventory=$(of_newest_run id)
cw policy shadow strict "${at[@]}"
expect 'a policy is tried on the runs that have been' 0 '^1 +demo/inventory +GET STATUS +denied .*packages are not listed' \
  'under policy strict: 1 of 1 run of the last 7d would have gone another way'
cw policy shadow careful "${at[@]}" --json
json 'another one changes nothing' 'it["runs"] == 1 and it["changed"] == 0 and it["changes"] == [] and it["not_tried"] == []'
cw policy explain --run "$inventory" "${at[@]}"
expect 'a run is explained by its own policy' 0 '^allowed +flow demo/inventory' 'otherwise allows' 'under policy default'
cw policy explain strict --run "$inventory" "${at[@]}"
expect 'and by another one' 3 '^denied .*80F220' 'packages are not listed' '^not reached'

cw policy use strict "${at[@]}" --reason 'audit of May'
expect 'one is used' 0 'policy strict .* is in use'
cw policy list "${at[@]}"
expect 'and listed so' 0 '^in use +strict' 'runs begin under .*, by .*: audit of May'
cw policy use strict "${at[@]}"
expect 'twice changes nothing' 2 'is in use already'
cw run demo/inventory --card sim "${at[@]}"
expect 'a run begins under it' 3 'policy strict' 'packages are not listed'
check 'which the run names' [ "$(of_newest_run policy)" = strict ]
cw run demo/inventory --card sim "${at[@]}" --policy policies/default.lua
expect 'a run that names its policy begins under that' 0 '^done'
cw policy explain "${at[@]}" --command 80E40000094F07F0636172647701
expect 'the one in use explains' 3 'nothing is deleted' 'denied by policy strict'
cw policy shadow "$careful" "${at[@]}"
expect 'what was refused and would be allowed is found' 0 '^1 +demo/inventory +GET STATUS +allowed'
cw policy use careful "${at[@]}"
expect 'another one is used' 0
cw run demo/inventory --card sim "${at[@]}"
expect 'and runs begin under that' 0 '^done'
cw policy discard careful "${at[@]}"
expect 'the one in use stays' 2 'use another one first'
cw policy rollback "${at[@]}" --reason 'careful was too careless'
expect 'back to the one before' 0 'policy strict .* is in use again'
cw run demo/inventory --card sim "${at[@]}"
expect 'which counts again' 3
cw policy show strict "${at[@]}"
expect 'a version is shown' 0 '^strict, in use' '^used .*audit of May' '^used .*careful was too careless' 'rule deny DELETE'
cw policy show strict --text "${at[@]}"
check 'its file is the one that was loaded' cmp -s "$here/out" "$strict"
cw policy discard careful "${at[@]}"
expect 'one that is not in use goes' 0 'is discarded'
cw policy use careful "${at[@]}"
expect 'and cannot be used' 2 'was discarded; load its file again'

# A swap while a run is under way.

"$cardwright" policy use deny_all "${at[@]}" --reason 'stop everything' >/dev/null
cw run demo/inventory --card sim "${at[@]}"
expect 'after deny_all no run begins' 3 'deny_all'
cw policy shadow policies/default.lua --since 1h "${at[@]}"
expect 'a run whose flow was refused would begin' 0 '^1 +demo/inventory +flow demo/inventory +allowed'
CARDWRIGHT_STORE=$here/store.db cw send --card sim 00A40400
expect 'nor does send' 3 'deny_all'
CARDWRIGHT_STORE=$here/store.db cw card info --card sim
expect 'nor card info' 3 'deny_all'
cw policy rollback "${at[@]}"
expect 'and it is taken back' 0 'policy strict'

cat >"$here/slow.lua" <<'LUA'
local clock = require "clock"
return {
  name = "slow", summary = "Waits, then looks",
  run = function(run)
    clock.sleep(2)
    run.card:select("")
  end,
}
LUA
cw policy load policies/default.lua "${at[@]}"
cw policy use default "${at[@]}"
"$cardwright" run "$here/slow.lua" --card sim "${at[@]}" >"$here/slow.out" 2>&1 &
slow=$!
for _ in $(seq 100); do
  if [ "$("$cardwright" runs list "${at[@]}" --limit 1 --json | grep -c '"flow":"slow"')" -eq 1 ]; then break; fi
  sleep 0.05
done
cw policy use deny_all "${at[@]}"
cw policy list "${at[@]}"
expect 'the one before drains while a run holds it' 0 '^draining +default .* 1$' '^in use +deny_all'
cw policy list "${at[@]}" --json
json 'and the run is named' 'len([it for it in it if it["state"] == "draining"][0]["runs"]) == 1'
wait "$slow"
check 'a run keeps its version to its end' grep -q '^done' "$here/slow.out"
cw policy list "${at[@]}"
expect 'then nothing holds it' 0 '^ready +default'

# The first use of all, while a batch without any is under way.

printf 'holder,number\n' >"$here/rows.csv"
for i in $(seq 400); do printf 'Ada,%d\n' "$i"; done >>"$here/rows.csv"
"$cardwright" batch demo/install --cards 'sim:generic*2' --data "$here/rows.csv" --store "$here/batch.db" \
  --set cap=tests/caps/wallet-1.0.cap >"$here/batch.out" 2>&1 &
batch=$!
for _ in $(seq 200); do
  if [ "$("$cardwright" runs list --store "$here/batch.db" --json 2>/dev/null | wc -l)" -gt 4 ]; then break; fi
  sleep 0.05
done
cw policy use deny_all --store "$here/batch.db" --reason 'stop everything'
expect 'everything is stopped' 0
since=$("$cardwright" policy show deny_all --store "$here/batch.db" --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["uses"][0]["since"])')
wait "$batch"
check 'the batch ended' [ $? -ne 0 ]
late=$("$cardwright" runs list --store "$here/batch.db" --all --json | python3 -c '
import json, sys
runs = [json.loads(line) for line in sys.stdin]
print(sum(run["created"] > int(sys.argv[1]) and run["policy"] != "deny_all" for run in runs))' "$since")
check 'and no run began under another policy after that' [ "$late" = 0 ]

# A canary, which fails.

on=(--store "$here/canary.db")
cw policy load "$strict" policies/default.lua "${on[@]}"
cw policy use strict --canary 5% "${on[@]}"
expect 'there is no canary beside nothing' 2 'no policy is in use that policy strict'
cw policy use default "${on[@]}"
for share in 5 0% 101% 1e1% -5% 0.0001%; do
  cw policy use strict --canary=$share "${on[@]}"
  expect "no share: $share" 2 'no part of the runs; write 5%'
done
cw policy use strict --canary 0.5% --reason 'try it' "${on[@]}"
expect 'a small part of the runs goes first' 0 'policy strict .* is a canary: from now on 0.5% of the runs'
cw policy use strict --canary 50% "${on[@]}"
expect 'then a larger one' 0 '50% of the runs'
cw policy list "${on[@]}"
expect 'it is listed' 0 '^canary +strict' '^in use +default' '^canary [0-9A-F]{12} 50% of the runs since .*: try it; 0 of 0 runs failed'
cw policy discard strict "${on[@]}"
expect 'and stays' 2 'is a canary, and runs begin under it'
for _ in $(seq 300); do
  "$cardwright" run demo/inventory --card sim "${on[@]}" >/dev/null 2>&1
  if [ "$("$cardwright" policy list "${on[@]}" | grep -c '^canary  *strict')" -eq 0 ]; then break; fi
done
cw policy list "${on[@]}"
expect 'it goes back by itself' 0 '^ready +strict' '^in use +default' '^canary .* 5[0-9] of 5[0-9] runs failed, and 0 of [0-9]+ others; p = .*; rolled back '
cw policy show strict "${on[@]}" --json
json 'with the numbers' 'it["canaries"][0]["how"] == "rolled back" and it["canaries"][0]["failed"] >= 50 and it["canaries"][0]["others_failed"] == 0 and it["canaries"][0]["p"] < 0.01'
cw audit list "${on[@]}"
expect 'which the audit has' 0 'policy canary begun .*share: 500/100000' 'policy canary changed .*share: 50000/100000' \
  'policy canary rolled back .*failed: 5[0-9]/5[0-9], others failed: 0/[0-9]+, p: '
cw policy use strict --canary 99.999% "${on[@]}"
cw policy rollback "${on[@]}"
expect 'an operator ends one' 0 'policy strict .* is a canary no more'
cw policy use strict --canary 1% "${on[@]}"
cw policy use strict --canary 100% "${on[@]}"
expect 'or promotes it' 0 'policy strict .* is in use'
cw policy show strict "${on[@]}"
expect 'and all of it is shown' 0 '^canary  1% .*; promoted ' '^canary  99.999% .*; rolled back ' '^canary  50% .*; rolled back '

# When runs may begin, and how many.

cat >"$here/times.py" <<'PY'
import datetime, sys
now = datetime.datetime.now(datetime.timezone.utc)
day = (now + datetime.timedelta(days=3)).strftime("%a").lower()
allow = 'times = { { days = "%s", from = "08:00", to = "09:00" } }' % day if sys.argv[1] == "times" else ""
quotas = 'quotas = { { flows = { "demo/inventory" }, per_hour = 2 } }' if sys.argv[1] == "quotas" else ""
print('return { name = "%s", api = 1, allow = { %s }, limits = { %s } }' % (sys.argv[1], allow, quotas))
PY
on=(--store "$here/begin.db")
for which in times quotas; do python3 "$here/times.py" $which >"$here/$which.lua"; done
cw policy load "$here/times.lua" "$here/quotas.lua" "${on[@]}"
expect 'policies with times and quotas are loaded' 0
cw policy use times "${on[@]}"
cw run demo/inventory --card sim "${on[@]}"
expect 'outside its hours no run begins' 3 'allow.times is [a-z]{3} 08:00-09:00 UTC; from [A-Z][a-z]{2} 20[0-9-]+T08:00Z on it may begin'
cw run demo/inventory --card sim --policy "$here/times.lua"
expect 'nor one that no store keeps' 3 'allow.times'
cw policy explain times --command 80F24000024F00 --flow demo/inventory "${on[@]}"
expect 'which is explained' 3 'allow.times denies: it is '
cw policy shadow times --since 1h "${on[@]}"
expect 'and judged by the time of the run, in its replay' 0 'would have gone another way|under policy times'
cw policy use quotas "${on[@]}"
cw run demo/inventory --card sim "${on[@]}"
expect 'the runs of an hour are counted, refused ones, too' 0
cw run demo/inventory --card sim "${on[@]}"
expect 'and then no more begin' 3 'limits.quotas\[1\] allows 2 runs of demo/inventory per hour, and 2 began; from 20.*Z on the next may begin'
cw audit list "${on[@]}"
expect 'and is in the audit' 0 'refused .*what: the run, flow: demo/inventory, policy: quotas, because: '
cw policy diff "$here/times.lua" "$here/quotas.lua"
expect 'both are seen when policies are compared' 0 '^- allow.times = ' '^\+ limits.quota = 2 runs of demo/inventory per hour'

# Two persons.

cat >"$here/two.lua" <<'LUA'
return { name = "two", api = 1, approval = { "policy use", "policy rollback", "bundle use" } }
LUA
on=(--store "$here/two.db")
cw policy load "$here/two.lua" "$careful" "${on[@]}"
cw policy use careful "${on[@]}"
expect 'one person is enough until a policy asks for two' 0 'is in use'
cw policy use two "${on[@]}"
cw policy use careful --reason 'new cards' "${on[@]}"
expect 'then a use is a proposal' 0 'policy careful .* is proposed, and nothing is changed yet: .* cardwright policy approve [0-9a-z]{20}$'
proposal=$(sed 's/.* //' "$here/out")
cw policy list "${on[@]}"
expect 'and changes nothing' 0 '^in use +two'
cw policy use careful "${on[@]}"
expect 'once is enough' 2 'the same was proposed by .*, and is open'
cw policy proposals "${on[@]}"
expect 'it is listed' 0 "^open +$proposal +policy use .*new cards"
cw policy approve "$proposal" "${on[@]}"
expect 'nobody approves their own' 2 'is your own, and the policy in use asks for a second person'
# As if another person had proposed it: this script is one.
python3 -c 'import sqlite3, sys; db = sqlite3.connect(sys.argv[1]); db.execute("UPDATE proposals SET made_by = ?", ["ada@desk"]); db.commit()' "$here/two.db"
cw policy approve "$proposal" "${on[@]}"
expect 'another person does' 0 'policy careful .* is in use'
cw policy list "${on[@]}"
expect 'and it is done' 0 '^in use +careful' 'proposed by ada@desk: new cards'
cw policy use two "${on[@]}"
cw policy rollback "${on[@]}"
expect 'a rollback is proposed, too' 0 'policy careful .* is proposed'
proposal=$(sed 's/.* //' "$here/out")
cw policy reject "$proposal" "${on[@]}"
expect 'and taken back' 0 "proposal $proposal is rejected"
cw policy proposals --json "${on[@]}"
json 'which is known' '[one["outcome"] for one in it] == ["rejected", "approved"]'
cw policy use deny_all --reason 'stop everything' "${on[@]}"
expect 'deny_all waits for nobody' 0 'policy deny_all .* is in use'
cw policy use careful "${on[@]}"
expect 'and is no way around two persons' 0 'policy careful .* is proposed'
cw policy approve nothing "${on[@]}"
expect 'no proposal' 2 "there is no proposal 'nothing'"

# What is left of it.

cw audit list "${at[@]}"
expect 'the audit has it all' 0 'policy loaded .*name: strict' 'policy used .*reason: audit of May' 'policy rolled back' \
  'policy discarded .*name: careful' 'policy used .*name: deny_all, .*reason: stop everything'
cw audit verify "${at[@]}"
expect 'and is whole' 0 'whole'
cw policy use deny_all --store "$here/typo.db"
expect 'a store that is not there stops nothing, and is not made' 2 'there is no store'
check 'really' [ ! -e "$here/typo.db" ]
cw policy use deny_all --store none
expect 'without a store there is nothing to swap' 2 'switched off'

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
