# shellcheck shell=bash
# shellcheck disable=SC2154
# Checks of the program as its users have it, for the scripts beside this. Sourced; wants $here, a folder for what is
# written, and take_program. Counts in $passed and $failed.

passed=0
failed=0

# take_program ARGUMENT...: what a script was called with. --help: prints its usage() and ends. Else the program, in
# $cardwright; what the caller's environment would tell it is gone.
take_program() {
  case ${1-} in
    --help | -h) usage && exit 0 ;;
  esac
  cardwright=$(realpath "${1:-build/release/cardwright}")
  [ -x "$cardwright" ] || { echo "no program at $cardwright; build it first" >&2 && exit 2; }
  unset CARDWRIGHT_STORE CARDWRIGHT_STORE_KEY CARDWRIGHT_AUDIT_ROOTS CARDWRIGHT_KEYS XDG_STATE_HOME
  export CARDWRIGHT_SHARE=$PWD # for a program in any build folder
}

ok() {
  passed=$((passed + 1))
  echo "ok $1"
}
not_ok() {
  failed=$((failed + 1))
  echo "not ok $1: $2"
}

# cw ARGUMENT...: runs the program; leaves its output in $here/out and $here/err, its exit status in $status.
cw() {
  status=0
  "$cardwright" "$@" >"$here/out" 2>"$here/err" </dev/null || status=$?
}

# of_newest_run FIELD: that field of the newest run in the store that "${at[@]}" names.
of_newest_run() {
  "$cardwright" runs list "${at[@]}" --limit 1 --json | python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"
}

# expect NAME STATUS [PATTERN...]: the last cw returned STATUS, and its output has each pattern (grep -E).
expect() {
  local name=$1 wanted=$2 pattern
  shift 2
  if [ "$status" -ne "$wanted" ]; then
    not_ok "$name" "exit status $status, not $wanted: $(head -c 300 "$here/err" | tr '\n' ' ')"
    return
  fi
  for pattern in "$@"; do
    if ! grep -Eq -- "$pattern" "$here/out" "$here/err"; then
      not_ok "$name" "no '$pattern' in: $(cat "$here/out" "$here/err" | head -c 300 | tr '\n' ' ')"
      return
    fi
  done
  ok "$name"
}

# one_line NAME: the last cw said one line on standard error, and it begins with the program's name.
one_line() {
  if [ "$(wc -l <"$here/err")" -eq 1 ] && grep -q '^cardwright: ' "$here/err"; then
    ok "$1"
  else
    not_ok "$1" "standard error was: $(head -c 300 "$here/err")"
  fi
}

# check NAME COMMAND...: the command succeeds.
check() {
  local name=$1
  shift
  if "$@"; then ok "$name"; else not_ok "$name" "failed: $*"; fi
}

# json NAME EXPRESSION: the last output is JSON of which the expression over `it` is true.
json() {
  if python3 -c 'import json, sys; it = json.load(open(sys.argv[1])); assert eval(sys.argv[2]), it' "$here/out" "$2" \
    2>"$here/why"; then
    ok "$1"
  else
    not_ok "$1" "$(tail -n 1 "$here/why")"
  fi
}
