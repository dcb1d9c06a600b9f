# shellcheck shell=bash
# A token of SoftHSM2 for tests, in a folder of its own. Sourced after tools/say.sh.

softhsm_module=/usr/lib/softhsm/libsofthsm2.so

# start_softhsm DIR: a token labelled "cardwright" in DIR, empty. Exports SOFTHSM2_CONF, which the module reads, and
# CW_TEST_TOKEN, the pkcs11: URI of the token. Nothing runs: the module is loaded by who uses it.
start_softhsm() {
  [ -f "$softhsm_module" ] || die "No SoftHSM2 here. As root: apt-get install softhsm2"
  rm -rf "$1"
  mkdir -p "$1/tokens"
  local folder
  folder=$(cd "$1" && pwd)
  printf 'directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n' "$folder/tokens" >"$folder/softhsm2.conf"
  export SOFTHSM2_CONF=$folder/softhsm2.conf
  (umask 077 && printf '%s' 4711-0815 >"$folder/pin")
  softhsm2-util --module "$softhsm_module" --init-token --free --label cardwright --so-pin 0815-4711 --pin 4711-0815 \
    >"$folder/init.log" 2>&1 || { cat "$folder/init.log" >&2 && die "SoftHSM2 made no token"; }
  export CW_TEST_TOKEN="pkcs11:token=cardwright;?module-path=$softhsm_module&pin-source=file:$folder/pin"
}
