# shellcheck shell=bash
# Debian packages that building and testing need. Sourced by demo.sh and test.sh, after tools/say.sh.

# What the program is built with.
build_packages=(
  g++ cmake ninja-build ccache pkg-config
  libssl-dev zlib1g-dev libluajit-5.1-dev nlohmann-json3-dev libspdlog-dev libfmt-dev libcli11-dev
  libboost-dev libcpp-httplib-dev libbrotli-dev libpcsclite-dev libsqlite3-dev libpq-dev
  libp11-kit-dev  # its header of PKCS#11 alone
)

# What its tests need besides.
test_packages=(
  git libgtest-dev libbenchmark-dev python3
  softhsm2 python3-cryptography
  pcscd vsmartcard-vpcd util-linux procps openssl curl postgresql-15
  faketime  # clocks that jump
  python3-yaml python3-jsonschema python3-prometheus-client  # what a service says, held against its descriptions
  opensc pcsc-tools python3-pyscard python3-pycryptodome
  python3-zeep  # a SOAP client of others
  python3-jsonschema python3-yaml  # hold messages against their schemas
  clang-14 libclang-rt-14-dev clang-format-14 clang-tidy-14 lua-check shellcheck
  perl libxml2-utils  # read back what reports are written
  chromium python3-websocket fonts-dejavu-core  # look at the page
)

# Names of those packages that are not installed, one per line.
missing_packages() {
  local package
  for package in "$@"; do
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || printf '%s\n' "$package"
  done
}

# install_packages build|tests: installs what is missing to build, or to build and test; asks the network for nothing if
# all is there.
install_packages() {
  local wanted=("${build_packages[@]}")
  if [ "$1" = tests ]; then wanted+=("${test_packages[@]}"); fi

  if ! command -v dpkg-query >/dev/null; then
    say "This is no Debian. The build needs what these Debian packages hold: ${wanted[*]}"
    return 0
  fi

  local missing
  mapfile -t missing < <(missing_packages "${wanted[@]}")
  [ "${#missing[@]}" -gt 0 ] || return 0

  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null ||
      die "Missing packages, and neither root nor sudo here to install them. As root: apt-get install ${missing[*]}"
    as_root=(sudo)
    [ -t 0 ] || as_root=(sudo -n)  # nobody there to type a password
  fi

  say "Installing ${#missing[@]} Debian packages: ${missing[*]}"
  local log=build/packages.log
  mkdir -p build
  {
    "${as_root[@]}" apt-get update -q &&
      "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -q -y --no-install-recommends "${missing[@]}"
  } >"$log" 2>&1 </dev/null || {
    tail -n 15 "$log" >&2
    die "Could not install the packages; the lines above say why. By hand: apt-get install ${missing[*]}"
  }
}
