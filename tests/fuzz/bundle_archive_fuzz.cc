// A bundle from a stranger: it is refused, or it is the one file that its scripts and its signature have. Each input is
// read twice, the second time with right checksums in its headers, which no fuzzer guesses.
#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "base/error.h"
#include "engine/bundle_archive.h"

using namespace cw;

namespace {

constexpr size_t kBlock = 512;

void read(ByteView file) {
  try {
    const engine::BundleArchive archive = engine::BundleArchive::read(file, "fuzz");
    if (!equal(archive.write(), file)) std::abort();
    if (engine::BundleArchive::of(archive.bundle).manifest != archive.manifest) std::abort();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::script) std::abort();
  }
}

/// The sum over each header, as POSIX has it.
Bytes with_checksums(ByteView file) {
  Bytes out = to_bytes(file);
  for (size_t at = 0; at + kBlock <= out.size() && out[at] != 0;) {
    std::fill_n(out.begin() + static_cast<std::ptrdiff_t>(at) + 148, 8, uint8_t{' '});
    unsigned sum = 0;
    for (size_t i = at; i < at + kBlock; ++i) sum += out[i];
    std::snprintf(reinterpret_cast<char*>(&out[at + 148]), 7, "%06o", sum);
    size_t size = 0;
    for (size_t i = at + 124; i < at + 135; ++i) size = size << 3 | (out[i] & 7);
    if (size > out.size()) break;
    at += kBlock + (size + kBlock - 1) / kBlock * kBlock;
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  read({data, size});
  read(with_checksums({data, size}));
  return 0;
}
