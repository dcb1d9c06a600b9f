# shellcheck shell=bash
# A PostgreSQL for tests, apart from one that may already run on the machine. Sourced after tools/say.sh.
#
# The server refuses to run as root, so root runs it as the user postgres that its package makes. It listens on a socket
# in its own folder and on no port.

postgres_dir=

# start_postgres DIR: a new cluster in DIR, and a server that answers. Exports CW_TEST_POSTGRES, the URL of its database
# for a user who may do everything. The server ends with stop_postgres.
start_postgres() {
  local bin
  [ -z "$postgres_dir" ] || die "start_postgres: one is running already; stop_postgres first"
  bin=$(postgres_bin)
  [ -n "$bin" ] || die "No PostgreSQL here. As root: apt-get install postgresql-15"

  rm -rf "$1"
  mkdir -p "$1"
  postgres_dir=$(cd "$1" && pwd)
  if [ "${#postgres_dir}" -gt 80 ] || ! as_postgres test -x "$postgres_dir"; then
    # Too long for the name of a socket, or behind a folder that only root may enter.
    rmdir "$postgres_dir"
    postgres_dir=$(mktemp -d /tmp/cw-postgres.XXXXXX)
  fi
  if [ "$(id -u)" -eq 0 ]; then chown postgres "$postgres_dir"; fi
  as_postgres "$bin/initdb" --pgdata "$postgres_dir/data" --username cardwright --auth trust --encoding UTF8 \
    --locale C.UTF-8 >"$postgres_dir.log" 2>&1 || { tail -n 5 "$postgres_dir.log" >&2 && die "initdb failed"; }
  resume_postgres || { tail -n 5 "$postgres_dir.log" >&2 && die "PostgreSQL did not start; the lines above say why"; }
  export CW_TEST_POSTGRES="postgresql://cardwright@/postgres?host=${postgres_dir//\//%2F}"
}

# halt_postgres: ends the server as a power cut would, its cluster stays; resume_postgres: starts it again.
halt_postgres() {
  as_postgres "$(postgres_bin)/pg_ctl" --pgdata "$postgres_dir/data" --wait --silent --mode immediate stop
}
resume_postgres() {
  as_postgres "$(postgres_bin)/pg_ctl" --pgdata "$postgres_dir/data" --log "$postgres_dir/server.log" --wait --silent \
    --options "-c listen_addresses='' -c unix_socket_directories='$postgres_dir' -c max_connections=200" start \
    >>"$postgres_dir.log" 2>&1 </dev/null
}

# freeze_postgres: the server stands still with all its processes, as on a machine that hangs; freeze_postgres sessions:
# those of its clients alone, and it lets in new ones; thaw_postgres: it goes on.
freeze_postgres() {
  local first sessions
  first=$(head -n 1 "$postgres_dir/data/postmaster.pid")
  if [ "${1-}" != sessions ]; then as_postgres kill -STOP "$first"; fi
  mapfile -t sessions < <(pgrep -P "$first" -f 'postgres: cardwright')
  if [ "${#sessions[@]}" -gt 0 ]; then as_postgres kill -STOP "${sessions[@]}"; fi
}
thaw_postgres() {
  local first processes
  first=$(head -n 1 "$postgres_dir/data/postmaster.pid")
  mapfile -t processes < <(pgrep -P "$first")
  as_postgres kill -CONT "$first" "${processes[@]}"
}

# stop_postgres: ends the server of start_postgres and removes its cluster. Does nothing if there is none.
stop_postgres() {
  [ -n "$postgres_dir" ] || return 0
  halt_postgres || true
  rm -rf "$postgres_dir"
  postgres_dir=
  unset CW_TEST_POSTGRES
}

# The folder of its programs, the newest if there are several.
postgres_bin() {
  find /usr/lib/postgresql -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -n 1
}

as_postgres() {
  if [ "$(id -u)" -eq 0 ]; then
    (cd / && runuser -u postgres -- "$@")
  else
    "$@"
  fi
}
