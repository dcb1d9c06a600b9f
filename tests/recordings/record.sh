#!/usr/bin/env bash
# Makes the recordings of this folder again. See usage().
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)

usage() {
  cat <<'TEXT'
usage: tests/recordings/record.sh [CARDWRIGHT]

Runs the shipped flows on a simulated card of each flavor, one after the other, and writes a recording of each to
tests/recordings/FLAVOR/NAME.rec. Two times with the same program give the same files. Look at what changed before you
commit it: git diff tests/recordings.
TEXT
}

case "${1-}" in
  --help | -h) usage && exit 0 ;;
esac
[ $# -le 1 ] || { usage >&2 && exit 2; }
cardwright=$(realpath "${1-$root/build/release/cardwright}")

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
umask 077
cp "$root/tests/caps/wallet-1.0.cap" "$work/"
cd "$work"
printf 'Ada Lovelace' >holder
printf '123456' >pin
domain=F063617264770001
applet=F063617264770101

# record FLAVOR NAME COMMAND...: on the card that the one before left.
record() {
  local flavor=$1 name=$2
  shift 2
  CARDWRIGHT_SHARE=$root "$cardwright" "$@" --card "sim:$flavor" --card-state card --seed 7 --record recording \
    >output 2>&1 || { cat output >&2 && return 1; }
  mkdir -p "$here/$flavor"
  install -m 644 recording "$here/$flavor/$name.rec"
}

for flavor in generic uicc jcop4 secora smartcafe yubikey; do
  rm -rf card "${here:?}/$flavor"
  record "$flavor" card-info card info
  record "$flavor" send send 00A4040000 80CA00E000
  record "$flavor" inventory-of-a-new-card run demo/inventory
  # A product without content management has only what can be read.
  [ "$flavor" != yubikey ] || continue
  record "$flavor" install run demo/install --set cap=wallet-1.0.cap --set holder=@holder --set pin=@pin
  record "$flavor" install-again run demo/install --set cap=wallet-1.0.cap --set holder=@holder --set pin=@pin
  record "$flavor" inventory run demo/inventory
  record "$flavor" lock run demo/lock --set "aid=$applet"
  record "$flavor" unlock run demo/unlock --set "aid=$applet"
  record "$flavor" lock-domain run demo/lock --set "aid=$domain" --set all=true
  record "$flavor" unlock-domain run demo/unlock --set "aid=$domain" --set all=true
  record "$flavor" rotate-keys run demo/rotate-keys --set old=demo.sd --set new=demo.sd2
  record "$flavor" remove run demo/remove --set cap=wallet-1.0.cap
done

# Delegated management, by the book: tokens by name, receipts, and what the keys said of them.
rm -f card
record generic delegated run demo/delegated --set cap=wallet-1.0.cap
