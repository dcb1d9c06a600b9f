# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154
# Runs that a store keeps, for the scripts beside this. Sourced after checks.sh; wants $at, the options that name the
# store.

# newest: the id of the newest run, in $id.
newest() { id=$("$cardwright" runs list "${at[@]}" --limit 1 --json | sed -n 's/^{"id":"\([^"]*\)".*/\1/p'); }

# begin PATTERN ARGUMENT...: starts `cardwright run` in the background, and waits until it prints the pattern. $pid, $id.
# The words in $with, if there are any, stand before the program.
begin() {
  local pattern=$1
  shift
  "${with[@]}" "$cardwright" run "$@" "${at[@]}" >"$here/out" 2>"$here/err" </dev/null &
  pid=$!
  for _ in $(seq 400); do
    if grep -q "$pattern" "$here/out"; then break; fi
    sleep 0.05
  done
  newest
}
with=()

# end [SIGNAL]: waits for it, after that signal; its exit status in $status.
end() {
  if [ -n "${1-}" ]; then kill "-$1" "$pid" 2>/dev/null; fi
  status=0
  wait "$pid" 2>/dev/null || status=$?
}
