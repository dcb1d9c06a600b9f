#!/usr/bin/env bash
# Builds cardwright in every way it is built, and runs every test there is. See usage().
set -euo pipefail
cd "$(dirname "$0")"
. tools/say.sh
. tools/packages.sh
. tools/build.sh
. tools/postgres.sh
. tools/softhsm.sh

quick_stages=(release unit vectors selftest lua cli store runs policy bundle owners keys device serve page devices load sei keyserver ca ondemand taf issuers envelopes outbox scenarios batch repeat recordings secrets pcsc vpcd report luacheck lint)
all_stages=("${quick_stages[@]}" docs install clone asan fuzz tsan)

usage() {
  cat <<'TEXT'
usage: ./test.sh [--quick] [STAGE...]

Installs the Debian packages that are missing, builds, and runs every test; or the stages named. Stages use what
earlier ones built, in this order:

  release    build everything with g++; all below use this build unless they say otherwise
  unit       every GoogleTest case, through ctest
  vectors    every published test vector, through cardwright selftest
  selftest   the known answers built into the program
  lua        the specs of the Lua library, in the sandbox that flows run in
  cli        the program as a user has it: arguments, output, exit status, signals
  store      cardwright store, audit and budget on SQLite and a real PostgreSQL; stores that somebody changed
  runs       cardwright run --store and runs: killed, stopped, resumed, replayed, judged, carried to another store
  policy     policies that operators load, compare, try on the runs that have been, and swap
  device     cardwright agent against servers of both device protocols that lose answers, wait and lie
  bundle     scripts that operators build, sign, load and swap; openssl and tar read them, broken ones are refused
  devices    devices that call a service, while policies are swapped, workers are killed and the service begins anew
  load       many devices that tests/bench plays, under swaps, kills and a service that begins anew; each card looked at
  sei        cardwright sei over mutual TLS, by an SP-TSM made from the tables of T/TAF 096-2021: rounds, keys, faults
  keyserver  cardwright keyserver over mutual TLS: JSON and SOAP, bombs, keys that open a card, an audit that holds
  ca         cardwright ca, judged by openssl, curl and cryptography: certificates, lists, OCSP, doors, a key in SoftHSM2
  ondemand   on-demand keys between processes: the key server that a card names, a token, devices, tears, kills, lies
  taf        the flows of T/TAF 096-2021 between processes: cardwright run as SP-TSM, cardwright sei as the issuer's SEI-TSM
  issuers    keys and states that issuers tell `cardwright serve` of: from cardwright sei, and from a sender made from the tables
  envelopes  personal data that providers sign and encrypt with openssl, up to the card, and forgeries of it
  owners     two owners and an operator on one store: nothing of one is seen or used by another, at any door
  keys       cardwright keys: a sealed file through its whole life, and a SoftHSM2 that is taken away in a run
  serve      cardwright serve: operators, certificates, workers that are killed, signals; docs/api/operator.yaml
  page       the operators' page in a headless Chromium, used by an operator and a viewer; cardwright top in a terminal
  scenarios  tests/scenarios on simulated cards and through a real pcscd; cardwright test as its users have it
  batch      many rows onto many cards: killed, stopped and started again, bad files, secrets of a table
  repeat     each shipped flow many times in fresh processes: the same commands and answers to the byte
  recordings every recording in tests/recordings, replayed: the flows still send what they sent
  secrets    planted keys and secrets: no output and no file shows them
  outbox     results for a backend that fails, by a program that is killed: at least once, under one key
  pcsc       cards in the readers of a real pcscd, started for it: pulled, mute, slow, held by another program
  vpcd       the simulated card in a real pcscd, for opensc-tool, scriptor and what other tools send
  report     the HTML report in a headless Chromium: used, looked at, fed with hostile text
  luacheck   every Lua source
  lint       what tests/lint/README.md lists
  docs       every command shown in the guides, run as it is printed there
  install    cmake --install into an empty folder, and the demo flow from there
  clone      ./demo.sh twice in a fresh clone of the last commit
  asan       build everything with clang; unit and vectors under AddressSanitizer and UndefinedBehaviorSanitizer
  fuzz       each fuzzer of that build for a short, fixed number of inputs
  tsan       what uses threads (engine, batch, scenario, net, app, crypto, card, se) under ThreadSanitizer

  --quick    release to lint only
  --help     this text

A stage that fails does not stop the others. What a stage printed is in build/test/<stage>.log. The last line is
"N passed, M failed": test cases, vectors, specs, lint checks, commands in the guides and fuzzers count each, any other
stage counts as one. The exit status is 0 if nothing failed, 1 if something did, 2 for a wrong argument.
TEXT
}

logs=build/test
cardwright=build/release/cardwright

# Each stage runs in a subshell of its own with errexit on. Its output goes to a log. If the last line of that is
# "N passed, M failed", the stage counts as so many.

stage_release() {
  # The benchmarks are built too, so that they keep building; nothing runs them here.
  build_preset release -DCW_TESTS=ON -DCW_BENCH=ON
}

stage_unit() {
  with_postgres
  unit_tests release
}

stage_vectors() {
  "$cardwright" selftest --vectors tests/vectors
}

stage_selftest() {
  "$cardwright" selftest
}

stage_lua() {
  "$cardwright" spec tests/lua/*_spec.lua
}

stage_cli() {
  tests/interop/cli/run.sh "$cardwright"
}

stage_store() {
  with_postgres
  tests/interop/store/run.sh "$cardwright"
}

stage_runs() {
  local script counts passed=0 failed=0
  for script in run.sh trouble.sh; do
    tests/interop/runs/$script "$cardwright" | tee "$logs/runs-$script.log" || true
    counts=$(tail -n 1 "$logs/runs-$script.log" | sed -nE 's/^([0-9]+) passed, ([0-9]+) failed$/\1 \2/p')
    [ -n "$counts" ] || die "tests/interop/runs/$script did not come to its end"
    passed=$((passed + ${counts% *})) failed=$((failed + ${counts#* }))
  done
  say "$passed passed, $failed failed"
  [ "$failed" -eq 0 ]
}

stage_policy() {
  tests/interop/policy/run.sh "$cardwright"
}

stage_device() {
  tests/interop/device/run.py "$cardwright"
}

stage_bundle() {
  tests/interop/bundle/run.sh "$cardwright"
}

stage_owners() {
  tests/interop/owners/run.py "$cardwright"
}

stage_keys() {
  start_softhsm "$logs/softhsm"
  tests/interop/keys/run.py "$cardwright"
}

stage_serve() {
  with_postgres
  tests/interop/serve/run.py "$cardwright"
}

stage_page() {
  tests/interop/page/run.py "$cardwright" "$logs/page"
}

stage_devices() {
  tests/interop/devices/run.py "$cardwright"
}

stage_load() {
  tests/bench/devices.py --smoke "$(dirname "$cardwright")"
}

stage_taf() {
  start_softhsm "$logs/taf-softhsm"
  tests/interop/taf/run.py "$cardwright"
}

stage_issuers() {
  start_softhsm "$logs/issuers-softhsm"
  tests/interop/issuers/run.py "$cardwright"
}

stage_envelopes() {
  tests/interop/envelopes/run.py "$cardwright"
}

stage_sei() {
  tests/interop/sei/run.py "$cardwright"
}

stage_keyserver() {
  tests/interop/keyserver/run.py "$cardwright"
}

stage_ca() {
  start_softhsm "$logs/ca-softhsm"
  tests/interop/ca/run.py "$cardwright"
}

stage_ondemand() {
  start_softhsm "$logs/ondemand-softhsm"
  tests/interop/ondemand/run.py "$cardwright"
}

stage_scenarios() {
  tests/interop/scenarios/run.sh "$cardwright"
}

stage_batch() {
  tests/interop/batch/run.py "$cardwright"
}

stage_repeat() {
  tests/interop/repeat/run.py "$cardwright"
}

stage_recordings() {
  tests/recordings/run.py "$cardwright"
}

stage_secrets() {
  with_postgres
  tests/interop/secrets/run.py "$cardwright"
}

stage_outbox() {
  tests/interop/outbox/run.py "$cardwright"
}

stage_pcsc() {
  tests/interop/pcsc/run.py "$cardwright"
}

stage_vpcd() {
  tests/interop/vpcd/run.py "$cardwright"
}

stage_report() {
  tests/interop/report/run.py build/release/tests/unit/report/report_samples "$logs/report"
}

stage_luacheck() {
  luacheck --no-color --quiet stdlib scripts policies tests
}

stage_lint() {
  tests/lint/run.py --cardwright "$cardwright"
}

stage_docs() {
  tests/guides/run.py --cardwright "$cardwright"
}

# The installed program must find everything it needs beside itself, from any folder.
stage_install() {
  local prefix=$PWD/$logs/prefix source=$PWD here=$logs/elsewhere
  rm -rf "$prefix" "$here"
  cmake --install build/release --prefix "$prefix"
  mkdir -p "$here"
  install -m 600 tests/keys/demo.keys "$here/keys"
  (umask 077 && printf 'Ada Lovelace' >"$here/holder.txt")
  cd "$here"
  "$prefix/bin/cardwright" --version
  "$prefix/bin/cardwright" flows
  "$prefix/bin/cardwright" run demo/install --card sim --keys keys \
    --set cap="$source/tests/caps/transit-2.1.cap" --set holder=@holder.txt
}

# A stranger's clone: what is committed, and nothing else, must be enough.
stage_clone() {
  local clone=$PWD/$logs/clone
  rm -rf "$clone"
  git clone -q . "$clone"
  cd "$clone"
  ./demo.sh
  ./demo.sh
}

stage_asan() {
  export ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1 UBSAN_OPTIONS=print_stacktrace=1 CW_TEST_SCHEDULES=500
  build_preset asan
  build/asan/cardwright selftest --vectors tests/vectors
  with_postgres
  unit_tests asan
}

stage_tsan() {
  export TSAN_OPTIONS=halt_on_error=1:die_after_fork=0 CW_TEST_SCHEDULES=200
  build_preset tsan -- cardwright engine_test batch_test scenario_test net_test app_test crypto_test card_test se_test
  # Not what keeps runs in a store: those of store and journal are not here, either.
  unit_tests tsan -R '^(engine|batch|scenario|net|app|crypto|card|se)[.]' -E '^app[.]Seram[.]'
}

stage_fuzz() {
  build_preset asan
  local fuzzer name corpus passed=0 failed=0 found=()
  for fuzzer in build/asan/tests/fuzz/*_fuzz; do
    name=$(basename "$fuzzer")
    # New finds go to the first folder, never to the sources.
    corpus=("$logs/corpus/$name")
    mkdir -p "${corpus[0]}"
    if [ -d "tests/fuzz/seeds/${name%_fuzz}" ]; then corpus+=("tests/fuzz/seeds/${name%_fuzz}"); fi
    if "$fuzzer" -seed=1 -runs=20000 -max_len=4096 -timeout=10 -rss_limit_mb=1024 -verbosity=0 -print_final_stats=1 \
      -artifact_prefix="$logs/$name-" "${corpus[@]}" 2>&1 | tee "$logs/$name.log"; then
      passed=$((passed + 1))
    else
      failed=$((failed + 1))
      found+=("$name")
    fi
  done
  # What they stumbled over, and the input that did it, at the end where it is looked for.
  for name in "${found[@]}"; do
    say "not ok $name"
    grep -aE '^(==.*ERROR|SUMMARY|ALARM|[a-z0-9_]+:[0-9]+:.*error|Base64|    #[0-9]+ )|runtime error' "$logs/$name.log" | head -n 30 || true
  done
  say "$passed passed, $failed failed"
  [ "$failed" -eq 0 ]
}

# A PostgreSQL for what follows in this stage, however that ends.
with_postgres() {
  trap stop_postgres EXIT
  start_postgres "$logs/postgres"
}

# unit_tests PRESET [CTEST OPTION...]: ctest, and its counts on the last line.
unit_tests() {
  local report=$PWD/$logs/$1-unit.xml status=0 cases bad skipped
  ctest --test-dir "build/$1" "${@:2}" -j "$(nproc)" --output-on-failure --no-tests=error --output-junit "$report" || status=$?
  cases=$(count_of tests "$report") bad=$(count_of failures "$report")
  skipped=$(($(count_of skipped "$report") + $(count_of disabled "$report")))
  say "$((cases - bad - skipped)) passed, $bad failed, $skipped skipped"
  return "$status"
}

# A count from the head of a JUnit report.
count_of() {
  sed -nE "/^[[:space:]]*$1=/{s/[^0-9]//gp;q}" "$2"
}

passed=0
failed=0
failed_stages=()

run_stage() {
  local name=$1 log=$logs/$1.log start=$SECONDS status=0 counts word
  # Not `if (...)`: bash would switch errexit off inside.
  set +e
  (
    set -e
    "stage_$name"
  ) >"$log" 2>&1 </dev/null
  status=$?
  set -e

  counts=$(tail -n 1 "$log" | sed -nE 's/^([0-9]+) passed, ([0-9]+) failed.*/\1 \2/p')
  local ok=${counts% *} bad=${counts#* }
  [ -n "$counts" ] || { ok=1 bad=0; }
  # A stage that ends badly has failed, whatever it counted.
  if [ "$status" -ne 0 ] && [ "$bad" -eq 0 ]; then
    bad=1
    [ -n "$counts" ] || ok=0
  fi
  passed=$((passed + ok))
  failed=$((failed + bad))

  word=ok
  [ "$bad" -eq 0 ] || word=FAILED
  printf '%-7s %-10s %5d passed %4d failed %5d s\n' "$word" "$name" "$ok" "$bad" $((SECONDS - start))
  if [ "$bad" -ne 0 ]; then
    failed_stages+=("$name")
    tail -n 40 "$log" | sed 's/^/    /'
  fi
}

stages=("${all_stages[@]}")
named=()
for argument in "$@"; do
  case $argument in
    --quick) stages=("${quick_stages[@]}") ;;
    --help | -h) usage && exit 0 ;;
    *)
      [[ " ${all_stages[*]} " == *" $argument "* ]] || { usage >&2 && exit 2; }
      named+=("$argument")
      ;;
  esac
done
[ "${#named[@]}" -eq 0 ] || stages=("${named[@]}")

trap 'say; say "Stopped."; exit 130' INT TERM

mkdir -p "$logs"
install_packages tests
for name in "${stages[@]}"; do run_stage "$name"; done

say
for name in "${failed_stages[@]}"; do say "failed: $name (build/test/$name.log)"; done
say "$((SECONDS / 60)) min $((SECONDS % 60)) s"
say "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
