# shellcheck shell=bash
# Configuring and building a preset of CMakePresets.json. Sourced by demo.sh and test.sh.

# Paths relative to the clone, so that ccache finds again what another clone of the project compiled.
export CCACHE_BASEDIR=$PWD
export CCACHE_NOHASHDIR=1
# As ccache wants it for precompiled headers.
export CCACHE_SLOPPINESS=pch_defines,time_macros

# build_preset PRESET [CMAKE OPTION...] [-- TARGET...]
build_preset() {
  local preset=$1 options=() targets=()
  shift
  while [ $# -gt 0 ] && [ "$1" != -- ]; do
    options+=("$1")
    shift
  done
  if [ $# -gt 1 ]; then targets=(--target "${@:2}"); fi

  cmake --preset "$preset" "${options[@]}" && cmake --build --preset "$preset" "${targets[@]}"
}
