// A bundle from a stranger: it is refused, or it is the one file that its scripts and its signature have.
#include <cstdlib>

#include "base/error.h"
#include "engine/bundle_archive.h"

using namespace cw;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const ByteView file(data, size);
  try {
    const engine::BundleArchive archive = engine::BundleArchive::read(file, "fuzz");
    if (!equal(archive.write(), file)) std::abort();
    engine::BundleArchive unsigned_one = engine::BundleArchive::of(archive.bundle);
    if (unsigned_one.manifest != archive.manifest) std::abort();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::script) std::abort();
  }
  return 0;
}
