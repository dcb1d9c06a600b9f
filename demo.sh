#!/usr/bin/env bash
# Builds cardwright and puts an applet on the simulated card. See usage().
set -euo pipefail
cd "$(dirname "$0")"
. tools/say.sh
. tools/packages.sh
. tools/build.sh

usage() {
  cat <<'TEXT'
usage: ./demo.sh [--fresh]

Installs the Debian packages the build needs, builds build/release/cardwright, and runs two flows on the simulated card:
demo/install gives an applet its own security domain, loads it there and personalizes it; demo/inventory reads the
card back. The card's memory is kept in build/demo/card.json, so a second ./demo.sh finds everything done.

  --fresh   start with a new card
  --help    this text
TEXT
}

fresh=
case "${1-}" in
  '') ;;
  --fresh) fresh=yes ;;
  --help | -h) usage && exit 0 ;;
  *) usage >&2 && exit 2 ;;
esac
[ $# -le 1 ] || { usage >&2 && exit 2; }

trap 'say; say "Stopped. Start again with ./demo.sh; it goes on from what is there."; exit 130' INT TERM

cardwright=build/release/cardwright
demo=build/demo

build() {
  local options=() log=$demo/build.log
  # A first build is for the demo alone; one that test.sh configured keeps its tests.
  [ -f build/release/CMakeCache.txt ] || options=(-DCW_TESTS=OFF)
  if [ -t 1 ]; then
    build_preset release "${options[@]}" --log-level=WARNING -- cardwright
  else
    (build_preset release "${options[@]}" -- cardwright) >"$log" 2>&1 || { tail -n 30 "$log" >&2 && return 1; }
  fi
}

# cardwright refuses key files that others can read, and takes secrets from files, never from the command line.
write_secrets() {
  install -m 600 tests/keys/demo.keys "$demo/keys"
  (umask 077 && printf 'Ada Lovelace' >"$demo/holder.txt")
}

run_flow() {
  "$cardwright" run "$@" --card sim --card-state "$demo/card.json" --keys "$demo/keys"
}

mkdir -p "$demo"
install_packages build

say "Building $cardwright ..."
build || die "The build failed; the lines above say where."

[ -z "$fresh" ] || rm -f "$demo/card.json"
write_secrets

say
if [ -f "$demo/card.json" ]; then
  say "The card from last time, in $demo/card.json."
else
  say "A new card, in $demo/card.json."
fi
say "First flow, scripts/demo/install.lua: create a security domain, load the applet into it, personalize it."
run_flow demo/install --set cap=tests/caps/transit-2.1.cap --set "holder=@$demo/holder.txt"

say
say "Second flow, scripts/demo/inventory.lua: what is on the card now."
run_flow demo/inventory

say
say "Done. Run ./demo.sh again: the card remembers, and nothing is left to do. To write your own: docs/INTEGRATORS.md."
