#!/usr/bin/env bash
# shellcheck disable=SC2154 # passed and failed are of checks.sh
# The commands over the store, as their users have them. See usage().
set -uo pipefail
cd "$(dirname "$0")/../../.." || exit 2

usage() {
  cat <<'TEXT'
usage: tests/interop/store/run.sh [CARDWRIGHT [SAMPLES]]

Runs store, audit and budget of the program (default build/release/cardwright) on stores that SAMPLES (default
build/release/tests/unit/store/store_samples) makes, in files and on the PostgreSQL that CW_TEST_POSTGRES names, and on
what is no store, or one that was changed from outside. Prints "ok NAME" or "not ok NAME: why" for each check; the last
line is "N passed, M failed".
TEXT
}

. tests/interop/checks.sh
take_program "$@"
samples=$(realpath "${2:-build/release/tests/unit/store/store_samples}")
[ -x "$samples" ] || { echo "no program at $samples; build it first" >&2 && exit 2; }
sql=$PWD/tests/interop/store/sql.py

here=$(mktemp -d)
trap 'chmod -R u+w "$here"; rm -rf "$here"' EXIT
export HOME=$here/home
mkdir "$HOME"

# has_not PATTERN FILE...
has_not() { ! grep -q -- "$@"; }

umask 077
key=$here/store.key
printf '%064d\n' 7 >"$key"
printf '%064d\n' 8 >"$here/other.key"

# database NAME: an empty database on the server, as a URL in $where.
database() {
  psql -q "$CW_TEST_POSTGRES" -c "CREATE DATABASE $1" >/dev/null && where=${CW_TEST_POSTGRES/\/postgres\?/\/$1\?}
}

# sample NAME: a store with something of each kind in it, in a file, at $where, and its key beside it.
sample() {
  where=$here/$1.db
  cp "$key" "$where.key"
  "$samples" "$where" "$key"
}

# stories ENGINE: what each command does with a good store at $where.
stories() {
  local on=$1 at=(--store "$where" --store-key "$key")
  cw store check "${at[@]}"
  expect "$on: check says what is there" 0 'format +6' 'runs +2: 1 done, 1 running' 'frames +3' 'files +1' 'audit records +3'
  cw store check "${at[@]}" --json
  json "$on: check for a program" 'it["states"] == {"done": 1, "running": 1} and it["broken"] == [] and it["audit_records"] == 3'
  cw store migrate "${at[@]}"
  expect "$on: the newest format needs nothing" 0 'format 6, the newest: nothing to do'
  cw store migrate "${at[@]}" --json
  json "$on: migrate for a program" 'it == {"from": 6, "to": 6}'

  cw audit list "${at[@]}"
  expect "$on: the audit, a line for each record" 0 '^1  2.*Z  ada@desk  run begun  [0-9a-z]{20}  flow: demo/install$'
  cw audit list "${at[@]}" --from 3 --json
  json "$on: the audit from a record on, for a program" 'it["number"] == 3 and it["action"] == "run begun"'
  cw audit list "${at[@]}" --from 99
  expect "$on: nothing behind the last record" 0
  cw audit verify "${at[@]}"
  expect "$on: the audit is whole, and a cut tail would not be seen" 0 'whole: 3 records$' 'cut tail would not be seen; give one with --root'
  cw audit root "${at[@]}" --append "$here/roots.$on"
  expect "$on: a root" 0 '^cardwright audit root 1 3 [0-9]+ [0-9A-F]{64}$'
  check "$on: and the same in a file" cmp -s "$here/out" "$here/roots.$on"
  cw audit verify "${at[@]}" --root "$here/roots.$on" --root "$(cat "$here/out")"
  expect "$on: the audit is as the roots say" 0 'whole: 3 records, as 2 roots from outside say'
  cw audit prove 2 "${at[@]}"
  expect "$on: a proof" 0 '"cardwright audit proof 1"'
  cp "$here/out" "$here/proof"
  cw audit verify-proof "$here/proof" --root "$here/roots.$on"
  expect "$on: the proof holds, without a store" 0 '^2 .* run ended ' 'with the root that was given'
  cw audit verify-proof "$here/proof"
  expect "$on: the proof holds, for the root it names" 0 'with this root' 'Compare it'
  sed 's/run ended/run goned/' "$here/proof" >"$here/forged"
  cw audit verify-proof "$here/forged"
  expect "$on: a proof that was changed does not hold" 1 'does not lead to the root'
  cw audit prove 99 "${at[@]}"
  expect "$on: no proof of what is not there" 2 'no record 99'

  cw budget list "${at[@]}"
  expect "$on: budgets" 0 'CA4D01 +isd +30 +authentication +1 +0' 'CA4D01 +A000000151000001 +31 +content +0 +1'
  cw budget list CA4D02 "${at[@]}"
  expect "$on: a card that nothing counts against" 2 "did you mean 'CA4D01'"
  cw budget reset CA4D01 "${at[@]}"
  expect "$on: no reset without a reason" 2 '--reason'
  cw budget reset CA4D01 "${at[@]}" --reason ' '
  expect "$on: no reset with an empty reason" 2 'no reason is given'
  cw budget reset CA4D01 "${at[@]}" --domain isd --version 31 --reason 'reader replaced'
  expect "$on: no reset of what does not count" 2 'nothing counts against that domain'
  cw budget reset CA4D01 "${at[@]}" --domain isd --version 30 --reason 'reader replaced'
  expect "$on: a reset of one domain says what it was" 0 'reset: card CA4D01, domain isd, key version 30, authentication: 1 refused'
  cw budget list CA4D01 "${at[@]}" --json
  json "$on: the other domain still counts" 'len(it) == 1 and it[0]["domain"] == "A000000151000001"'
  cw budget reset CA4D01 "${at[@]}" --reason 'card exchanged' --json
  json "$on: a reset of the card, for a program" 'it["charges"] == 1 and len(it["reset"]) == 1'
  cw audit list "${at[@]}" --from 4
  expect "$on: resets are in the audit, with who and why" 0 "  $(id -un)@.*  budget reset  CA4D01  reason: reader replaced, domain: , key version: 30, charges: 1"

  cw store forget "${at[@]}" --older-than 90d
  expect "$on: nothing is that old" 0 '^0 runs, 0 delivered parcels, 0 charges and 0 decided rotations that were over before'
  cw store forget "${at[@]}" --older-than 0m --dry-run
  expect "$on: what would be forgotten" 0 '^1 run, 0 delivered parcels, 2 charges and 0 decided rotations that were over before .* would be forgotten'
  cw store forget "${at[@]}" --older-than 0m --json
  json "$on: what was forgotten" 'it["runs"] == 1 and it["charges"] == 2 and it["off_disk"] and it["dry_run"] is False'
  cw store check "${at[@]}"
  expect "$on: a run that goes on stays, and the audit" 0 'runs +1: 1 running' 'audit records +7'
  cw audit verify "${at[@]}" --root "$here/roots.$on"
  expect "$on: the audit is whole after all this" 0 'whole: 7 records' '^0 journals are as their runs left it, 1 forgotten'
  expect "$on: and says how far they reach" 0 'is over the first [0-9]+ of them'
  cw audit list "${at[@]}" --from 6
  expect "$on: the audit says what was forgotten" 0 'run forgotten  [0-9a-z]{20}  older than: 0m$' 'ledgers forgotten  older than: 0m, parcels: 0, charges: 2, rotations: 0'
}

# moves FROM TO: the store at $where goes to a new place $target, and its copy is as good.
moves() {
  local name="$1 to $2" at=(--store "$where" --store-key "$key") to=(--store "$target" --store-key "$key") copy=$here/copy.$1
  cw store export "$copy" "${at[@]}"
  expect "$name: export" 0 '1 runs, 1 frames, 1 files|2 runs, 3 frames, 1 files' 'key file .*store.key' 'Processes were at 1 run'
  check "$name: the export is for its owner alone" [ "$(stat -c %a "$copy")" = 600 ]
  cw store import "$copy" --store "$target" --store-key "$here/other.key"
  expect "$name: not with another key" 2 'under another key'
  one_line "$name: which is said in one line"
  cw store import "$copy" "${to[@]}"
  expect "$name: import" 0 ' runs, .* audit records'
  cw store import "$copy" "${to[@]}"
  expect "$name: not into a store with something in it" 2 'it is not empty'
  cw store check "${to[@]}"
  expect "$name: the copy is whole" 0 'running'
  cw audit root "${at[@]}" --append "$here/roots.moved.$1"
  cw audit verify "${to[@]}" --root "$here/roots.moved.$1"
  expect "$name: the audit is as a root of the first store says" 0 'as 1 root from outside'
  cw audit list "${to[@]}"
  expect "$name: both are in the audit" 0 'store exported' 'store imported'
}

sample first && stories sqlite
sqlite=$where
if [ -n "${CW_TEST_POSTGRES-}" ] && database first; then
  "$samples" "$where" "$key" && stories postgres
  postgres=$where
  sample second && database second_copy && target=$where && where=$here/second.db && moves sqlite postgres
  where=$target target=$here/third.db && moves postgres sqlite
  cw store check --store "$postgres" --store-key "$here/other.key"
  expect 'postgres: under another key' 6 'sealed under another key'
  cw store check --store "$postgres"
  expect 'postgres: without a key file' 2 'needs a key file.*--store-key'
  reading=$postgres'&options=-cdefault_transaction_read_only%3Don'
  for command in 'store check' 'audit verify' 'audit list' 'audit root' 'runs list'; do
    # shellcheck disable=SC2086 # two words are two arguments
    cw $command --store "$reading" --store-key "$key"
    expect "postgres: $command on a server that takes no writes" 0
  done
  cw store forget --older-than 0m --store "$reading" --store-key "$key"
  expect 'postgres: and nothing is written' 6 'takes no writes'
  database nothing && cw store check --store "$where" --store-key "$key"
  expect 'postgres: an empty database' 6 'no tables yet'
else
  not_ok 'postgres' 'no server; tools/postgres.sh starts one and sets CW_TEST_POSTGRES'
fi
where=$sqlite

# What is no store.
cw store check
expect 'no store in the default place' 2 "there is no store $HOME/.local/state/cardwright/store.db"
one_line 'which is said in one line'
check 'and none is made by looking' [ ! -e "$HOME/.local" ]
CARDWRIGHT_STORE_KEY=$here/other.key cw store check --store "$where"
expect 'the key file that the variable names' 6 'sealed under another key than the one in .*other.key'
XDG_STATE_HOME=$here/state cw store check
expect 'the folder for state' 2 "there is no store $here/state/cardwright/store.db"
CARDWRIGHT_STORE=$here/named.db cw audit list
expect 'the store that the variable names' 2 "there is no store $here/named.db"
CARDWRIGHT_STORE=none cw budget list
expect 'switched off' 2 "switched off by 'none'"
cw store check --store "$where" --store-key "$here/other.key"
expect 'under another key' 6 'sealed under another key'
chmod 644 "$here/other.key"
cw store check --store "$where" --store-key "$here/other.key"
expect 'a key file that others can read' 2 'chmod 600'
chmod 600 "$here/other.key"
for url in 'postgres://ada:hunter2@/x@y' 'postgres://ada:hunter2@[::1/cards' 'postgres://ada:hunter2@h/d?colour=red'; do
  cw store check --store "$url" --store-key "$key"
  expect "no URL: $url" 2 'is no URL of PostgreSQL'
  check "without its password: $url" has_not hunter2 "$here/out" "$here/err"
done
cw store check "postgres://ada:hunter2@h/d"
expect 'a URL where none is expected' 2 "did not expect 'postgres://...'"
check 'without its password' has_not hunter2 "$here/out" "$here/err"
cw store check --store 'postgres://ada:hunter2@127.0.0.1:1/cards' --store-key "$key"
expect 'a server that is away' 6 'look whether the server runs'
check 'without its password either' has_not hunter2 "$here/out" "$here/err"
one_line 'in one line'
printf 'not a database, but long enough to be looked at as one' >"$here/text"
cp "$key" "$here/text.key"
cw store check --store "$here/text"
expect 'another kind of file' 6 'no SQLite database'
one_line 'another kind of file is one line'
sample newer && "$sql" "$where" "UPDATE meta SET number = 99 WHERE name = 'format'"
for command in 'store check' 'store migrate' 'audit list' 'budget list'; do
  # shellcheck disable=SC2086 # two words are two arguments
  cw $command --store "$where"
  expect "$command: a newer format" 6 'format 99, written by a newer cardwright'
done

# Where nothing can be written. Root may write to anything, so a user who may not is needed; the program is copied to
# where that one can run it.
reader=$cardwright
if [ "$(id -u)" -eq 0 ]; then
  install -m 755 "$cardwright" "$here/program" && chown nobody "$here"
  reader=$here/program
fi
as_reader() {
  status=0
  if [ "$(id -u)" -eq 0 ]; then
    setpriv --reuid nobody --clear-groups "$reader" "$@" >"$here/out" 2>"$here/err" </dev/null || status=$?
  else
    "$reader" "$@" >"$here/out" 2>"$here/err" </dev/null || status=$?
  fi
}
# reads NAME PROGRAM: what can be looked at all the same, and what cannot be done.
reads() {
  "$2" store check --store "$where"
  expect "$1: check" 0 'runs +2: 1 done, 1 running' 'audit records +3'
  "$2" audit verify --store "$where"
  expect "$1: the audit is whole" 0 'whole: 3 records'
  "$2" audit list --store "$where"
  expect "$1: the audit" 0 '^3  .*  run begun  '
  "$2" audit root --store "$where"
  expect "$1: a root" 0 '^cardwright audit root 1 3 '
  "$2" audit prove 2 --store "$where"
  expect "$1: a proof" 0 '"cardwright audit proof 1"'
  "$2" runs list --store "$where"
  expect "$1: runs" 0 ' done +demo/install'
  "$2" budget reset CA4D01 --store "$where" --reason x
  expect "$1: and nothing is written" 6 'read-only'
  one_line "$1: which is said in one line"
}
sample fixed && mkdir "$here/fixed" && mv "$where" "$where.key" "$here/fixed" && where=$here/fixed/fixed.db
if [ "$(id -u)" -eq 0 ]; then chown -R nobody "$here/fixed"; fi
chmod 500 "$here/fixed"
reads 'a folder that takes no files' as_reader
chmod 700 "$here/fixed" && chmod 400 "$where"
reads 'a file that cannot be written' as_reader
check 'looking leaves nothing beside it' [ "$(ls "$here/fixed")" = $'fixed.db\nfixed.db.key' ]
if [ "$(id -u)" -eq 0 ]; then chown root "$here" && chown -R root "$here/fixed"; fi
chmod 600 "$where"
mkdir "$here/bound"
if mount --bind "$here/fixed" "$here/bound" 2>/dev/null && mount -o remount,bind,ro "$here/bound"; then
  where=$here/bound/fixed.db
  reads 'a disk that is read-only' cw
fi
if mountpoint -q "$here/bound"; then umount "$here/bound"; fi

# A page in the middle of the file that is something else; how much of it can be read depends on the page.
sample torn
for page in $(seq 2 "$("$sql" "$where" 'PRAGMA page_count')"); do
  cp "$where" "$here/page.db" && cp "$key" "$here/page.db.key"
  head -c 4096 /dev/zero | tr '\0' '\377' | dd of="$here/page.db" bs=4096 seek=$((page - 1)) conv=notrunc status=none
  cw store check --store "$here/page.db"
  case $status in
    1 | 6) ;;
    *) not_ok "page $page is broken" "exit status $status: $(cat "$here/err")" ;;
  esac
  tail -n 1 "$here/err" | grep -q '^cardwright: ' || not_ok "page $page is broken" 'no last line that says so'
done
ok 'each page that is broken is found'

# Wrong arguments.
cw store chek
expect 'the nearest subcommand' 2 "did you mean 'check'"
cw audit verify --rot x
expect 'the nearest option' 2 "did you mean '--root'"
for age in 90 d -1d 1.5d 99999999999999999999d 90w; do
  cw store forget --store "$where" --older-than="$age"
  expect "no age: $age" 2 'is no age'
done
cw audit list --from 0
expect 'records begin at 1' 2 'a whole number from 1'
cw audit verify --store "$sqlite" --root "$here/nothing"
expect 'roots that are not there' 2 'neither a file with roots'
: >"$here/no-roots"
cw audit verify --store "$sqlite" --root "$here/no-roots"
expect 'a file without roots' 2 'there is no root'
cw audit verify --store "$sqlite" --root 'cardwright audit root 1 3 x'
expect 'a line that is no root' 2 'this is no root of an audit'
for text in '' '{' '[]' '{"format": "cardwright audit proof 1"}' '{"format": 1}'; do
  printf '%s' "$text" >"$here/bad-proof"
  cw audit verify-proof "$here/bad-proof"
  expect "no proof: '$text'" 2 'is no proof of an audit'
done
cw budget reset CA4D01 --store "$sqlite" --domain 12 --reason x
expect 'no AID' 2 'is no AID of a domain'
cw budget reset CA4D01 --store "$sqlite" --version 123 --reason x
expect 'no key version' 2 'is no key version'
cw budget reset CA4D01 --store "$sqlite" --reason $'two\nlines'
expect 'a reason of two lines' 2 'cannot be printed'
for command in 'store check' 'store migrate' 'store export' 'store import' 'store forget' 'audit list' 'audit verify' \
  'audit prove' 'audit verify-proof' 'audit root' 'budget list' 'budget reset'; do
  # shellcheck disable=SC2086 # two words are two arguments
  cw $command --help
  expect "help of $command has an example" 0 "cardwright $command"
done

# An audit that somebody changed: each on a copy of its own, with a root from before.
change() {
  local name=$1 wanted=$2
  shift 2
  sample "changed$RANDOM" && cw audit root --store "$where" --append "$where.roots" && "$sql" "$where" "$@"
  cw audit verify --store "$where" --root "$where.roots"
  expect "$name" 1 "$wanted"
  one_line "$name: in one line"
  cw store check --store "$where"
  expect "$name: check sees it, too" 1 '^broken: audit: '
}
change 'a bit that was flipped' 'record 2 was changed' \
  "UPDATE audit SET entry = CAST(replace(CAST(entry AS TEXT), 'run ended', 'run endfd') AS BLOB) WHERE number = 2"
change 'a time that was changed' 'record 1 was changed' 'UPDATE audit SET time = time + 1 WHERE number = 1'
change 'a record that was removed' 'record 2 is missing' 'DELETE FROM audit WHERE number = 2'
change 'records that changed places' 'record [12] ' 'UPDATE audit SET number = -number WHERE number < 3' \
  'UPDATE audit SET number = 3 + number WHERE number < 0'
change 'a tail that was cut carelessly' 'the tail is cut: 3 records were written' 'DELETE FROM audit WHERE number = 3' \
  'DELETE FROM audit_roots'

# Runs that are not what the audit says of them.
other() {
  local name=$1 wanted=$2
  shift 2
  sample "other$RANDOM" && "$sql" "$where" "$@"
  cw audit verify --store "$where"
  expect "$name" 1 'the audit is whole: 3 records' "^broken: $wanted" '1 of them, on the lines above'
  cw audit verify --store "$where" --json
  json "$name: for a program" 'it["broken"] is None and len(it["journals"]["broken"]) == 1'
  cw store check --store "$where"
  expect "$name: check sees it, too" 1 "^broken: $wanted"
}
other 'a run that was removed' 'run [0-9a-z]{20} was ended by record 2 of the audit, and it is not in the store' \
  "DELETE FROM frames WHERE run = (SELECT id FROM runs WHERE state = 'done')" \
  "DELETE FROM run_files WHERE run = (SELECT id FROM runs WHERE state = 'done')" "DELETE FROM runs WHERE state = 'done'"
other 'a run whose row says another end' 'run [0-9a-z]{20} ended as done by record 2 of the audit' \
  "UPDATE runs SET state = 'failed' WHERE state = 'done'"

# A tail that was cut with care, as the store was one record ago: only a root from outside shows it.
sample cut
cp "$where" "$here/before.db" && cp "$where.key" "$here/before.db.key"
cw budget reset CA4D01 --store "$where" --reason 'to be hidden'
cw audit root --store "$where" --append "$here/roots.cut"
cw audit verify --store "$here/before.db"
expect 'a cut tail without a root is not seen, and that is said' 0 'whole: 3 records' 'a cut tail would not be seen'
cw audit verify --store "$here/before.db" --root "$here/roots.cut"
expect 'a cut tail with a root is seen' 1 'the tail is cut: a root over 4 records was exported, and 3 are there'
CARDWRIGHT_AUDIT_ROOTS=$here/roots.cut cw audit verify --store "$here/before.db"
expect 'also with the file that the variable names' 1 'the tail is cut'
CARDWRIGHT_AUDIT_ROOTS=$here/roots.cut cw budget reset CA4D01 --store "$here/before.db" --reason again
expect 'and nothing is written to it' 6 'the audit has gone backwards'

# Roots that go out by themselves.
sample scheduled
export CARDWRIGHT_AUDIT_ROOTS=$here/roots.scheduled
cw audit list --store "$where"
check 'looking exports no root' [ ! -e "$CARDWRIGHT_AUDIT_ROOTS" ]
cw budget reset CA4D01 --store "$where" --reason once
check 'a command that writes exports the first' grep -q '^cardwright audit root 1 3 ' "$CARDWRIGHT_AUDIT_ROOTS"
cw store forget --store "$where" --older-than 0m
check 'the next one only after an hour' [ "$(wc -l <"$CARDWRIGHT_AUDIT_ROOTS")" -eq 1 ]
sed -E 's/^(cardwright audit root 1 3) [0-9]+/\1 1000/' -i "$CARDWRIGHT_AUDIT_ROOTS"
cw store export "$here/scheduled.copy" --store "$where"
check 'which has passed' grep -q '^cardwright audit root 1 6 ' "$CARDWRIGHT_AUDIT_ROOTS"
unset CARDWRIGHT_AUDIT_ROOTS

# Exports that are damaged, and places that take none.
sample exported && cw store export "$here/good.copy" --store "$where"
head -c 1000 "$here/good.copy" >"$here/cut.copy"
cp "$here/good.copy" "$here/flipped.copy" && printf 'X' | dd of="$here/flipped.copy" bs=1 seek=900 conv=notrunc status=none
sed '1s/export 1/export 2/' "$here/good.copy" >"$here/newer.copy"
cp "$key" "$here/import.db.key"
cw store import "$here/cut.copy" --store "$here/import.db"
expect 'an export that is cut short' 2 'cut short or damaged'
cw store import "$here/flipped.copy" --store "$here/import.db"
expect 'an export with another byte' 2 'damaged'
cw store import "$here/newer.copy" --store "$here/import.db"
expect 'an export of a newer cardwright' 2 'a newer cardwright wrote it'
cw store import "$here/text" --store "$here/import.db"
expect 'another file' 2 'it is no export of a store'
cw store import "$here/none.copy" --store "$here/import.db"
expect 'no export there' 2 'cannot read the export'
check 'nothing was made of any' [ ! -e "$here/import.db" ]
cw store import "$here/good.copy" --store "$here/keyless.db"
expect 'an import without the key file' 2 'there is no .*keyless.db.key; copy it there'
cw store export "$here/nowhere/copy" --store "$where"
expect 'an export into no folder' 2 'cannot write the export'
cw store export "$here" --store "$where"
expect 'an export over a folder' 2 'it is there, and no file'
before=$(sha256sum <"$where")
cw store export "$where" --store "$where"
expect 'an export over the store itself' 2 'it is there, and no export'
cw store export "$where.key" --store "$where"
expect 'an export over the key' 2 'it is there, and no export'
check 'the store is as it was' [ "$before" = "$(sha256sum <"$where")" ]
ln -s /dev/null "$here/device"
cw store export "$here/device" --store "$where"
expect 'an export over a device' 2 'it is there, and no file'
# A signal in the middle of an export, which is long enough to be met there.
sample stopped && "$sql" "$where" "INSERT INTO files VALUES ('large', zeroblob(200000000), 0)"
mkdir "$here/full"
if mount -t tmpfs -o size=64k tmpfs "$here/full" 2>/dev/null; then
  cw store export "$here/full/copy" --store "$where"
  expect 'an export onto a full disk' 2 'is the disk full'
  check 'leaves nothing that looks like one' [ -z "$(ls "$here/full")" ]
  umount "$here/full"
fi
mkdir "$here/slow"
(trap - INT; exec "$cardwright" store export "$here/slow/copy" --store "$where" 2>"$here/err" >"$here/out" </dev/null) &
export_pid=$!
while [ -z "$(ls "$here/slow")" ] && kill -0 "$export_pid" 2>/dev/null; do sleep 0.01; done
kill -TERM "$export_pid"
wait "$export_pid"
status=$?
expect 'an export that is stopped' 130 'stopped by a signal; no file was written'
check 'an export that is stopped leaves no file' [ -z "$(ls "$here/slow")" ]

# Output into a pipe whose reader leaves.
("$cardwright" audit list --store "$where"; echo $? >"$here/piped") 2>"$here/err" | head -n 1 >/dev/null
check 'a reader that leaves is no error' [ "$(cat "$here/piped")" = 0 ]

# Completion.
complete_line() {
  PATH=$(dirname "$cardwright"):$PATH bash -c '. completions/cardwright.bash
    COMP_LINE=$1 COMP_POINT=${#1}
    _cardwright
    echo "${COMPREPLY[*]}"' bash "$1" 2>/dev/null
}
check 'completion of a subcommand' [ "$(complete_line 'cardwright store mig')" = migrate ]
check 'completion of an option' [ "$(complete_line 'cardwright budget reset CA4D01 --rea')" = --reason ]
check 'completion of a file with roots' [ "$(complete_line "cardwright audit verify --root $here/roots.sq")" = "$here/roots.sqlite" ]

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
