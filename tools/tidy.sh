#!/usr/bin/env bash
# clang-tidy with the checks of .clang-tidy, over the files named or all of runtime/. Slow: not part of test.sh.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/say.sh
. tools/packages.sh
. tools/build.sh

install_packages tests
cmake --preset clang >/dev/null

files=("$@")
[ $# -gt 0 ] || mapfile -t files < <(find runtime -name '*.cc' | sort)
printf '%s\0' "${files[@]}" | xargs -0 -n 1 -P "$(nproc)" clang-tidy-14 -p build/clang --quiet
say "clang-tidy: ${#files[@]} files clean"
