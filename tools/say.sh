# shellcheck shell=bash
# Talking to whoever runs a script. Sourced by the others.

say() { printf '%s\n' "$*"; }

# The last line of a script that cannot go on.
die() {
  printf '%s\n' "$*" >&2
  exit 1
}
