# shellcheck shell=bash
# A pcscd for tests, apart from one that may already run on the machine. Sourced after tools/say.sh.
#
# The daemon keeps its socket and its PID in /run/pcscd, and no option changes that. So it gets a mount namespace in
# which /run is empty and /run/pcscd is a folder of the caller's. Clients find the socket through PCSCLITE_CSOCK_NAME,
# which libpcsclite reads; the daemon does not. The folder of drivers is empty there too: this pcscd touches no reader
# that is plugged in. Root may make such a namespace, and most kernels let any user.

pcscd_pid=

# start_pcscd DIR PORT [READERS]: starts a pcscd of its own with virtual readers of vsmartcard-vpcd, and comes back when
# it answers. Reader n waits for its card on TCP port PORT+n. READERS is 2 if left out, 0 for a pcscd without readers,
# 16 at most; vpcd makes them in pairs, so an odd number is rounded up. Their names are "Virtual PCD 00 00" and "00 01",
# then "Virtual PCD B 00 00", "B 00 01", and so on to H. DIR gets reader.conf.d/, run/ with the socket, and pcscd.log.
# Exports PCSCLITE_CSOCK_NAME. The daemon ends with stop_pcscd, or when this shell does.
start_pcscd() {
  local port=$2 readers=${3:-2} dir driver pair letters=("" " B" " C" " D" " E" " F" " G" " H")
  [ -z "$pcscd_pid" ] || die "start_pcscd: one is running already; stop_pcscd first"
  driver=$(find /usr/lib/pcsc/drivers/serial -name 'libifdvpcd.so' -print -quit 2>/dev/null)
  [ -n "$driver" ] || die "No vpcd here. As root: apt-get install pcscd vsmartcard-vpcd"

  rm -rf "$1/run" "$1/reader.conf.d" "$1/pcscd.log"
  mkdir -p "$1/run" "$1/reader.conf.d" "$1/empty"
  dir=$(cd "$1" && pwd)
  [[ $dir != /run/* ]] || die "start_pcscd: $dir is under /run, which the daemon does not see; take another folder"
  [ "${#dir}" -le 80 ] || die "start_pcscd: $dir is too long for the name of a socket; take a folder nearer to /"
  # The driver keeps two cards in variables of its own: each pair of readers gets a copy of it.
  for ((pair = 0; pair < readers; pair += 2)); do
    local letter=${letters[pair / 2]}
    cp "$driver" "$dir/libifdvpcd${letter# }.so"
    printf 'FRIENDLYNAME "Virtual PCD%s"\nDEVICENAME /dev/null:0x%04X\nLIBPATH %s\nCHANNELID 0x%04X\n\n' \
      "$letter" $((port + pair)) "$dir/libifdvpcd${letter# }.so" $((port + pair))
  done >"$dir/reader.conf.d/vpcd"

  local namespace=(unshare --mount --propagation private)
  if [ "$(id -u)" -ne 0 ]; then namespace+=(--map-root-user); fi
  : >"$dir/pcscd.log"
  # What runs in the namespace. pdeathsig: no shell, no daemon.
  # shellcheck disable=SC2016
  local inside='
    mount -t tmpfs tmpfs /run && mkdir /run/pcscd && mount --bind "$1/run" /run/pcscd &&
      mount --bind "$1/empty" /usr/lib/pcsc/drivers &&
      exec setpriv --pdeathsig TERM /usr/sbin/pcscd --foreground --info --config "$1/reader.conf.d"'
  "${namespace[@]}" sh -c "$inside" pcscd "$dir" >>"$dir/pcscd.log" 2>&1 </dev/null &
  pcscd_pid=$!

  local tries=0
  until grep -q 'daemon ready' "$dir/pcscd.log" && [ -S "$dir/run/pcscd.comm" ]; do
    tries=$((tries + 1))
    if ! kill -0 "$pcscd_pid" 2>/dev/null || [ "$tries" -gt 200 ]; then
      stop_pcscd
      tail -n 5 "$dir/pcscd.log" >&2
      die "pcscd did not start; the lines above, of $dir/pcscd.log, say why"
    fi
    sleep 0.05
  done
  if grep -q 'Could not initialize connection to virtual ICC' "$dir/pcscd.log"; then
    stop_pcscd
    die "pcscd cannot listen on the ports from $port on; is another vpcd there? $dir/pcscd.log says more"
  fi
  export PCSCLITE_CSOCK_NAME=$dir/run/pcscd.comm
}

# stop_pcscd: ends the daemon of start_pcscd and comes back when it is gone. Does nothing if there is none.
stop_pcscd() {
  [ -n "$pcscd_pid" ] || return 0
  kill "$pcscd_pid" 2>/dev/null || true
  local tries=0
  while kill -0 "$pcscd_pid" 2>/dev/null; do
    tries=$((tries + 1))
    # A daemon that waits for a card which does not answer ends no other way.
    if [ "$tries" -eq 60 ]; then kill -KILL "$pcscd_pid" 2>/dev/null || true; fi
    sleep 0.05
  done
  wait "$pcscd_pid" 2>/dev/null || true
  pcscd_pid=
  unset PCSCLITE_CSOCK_NAME
}
