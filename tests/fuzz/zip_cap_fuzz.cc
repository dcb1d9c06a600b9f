// CAP files from outside the house: archives, joined components, and single components.
#include <cstdlib>

#include "base/error.h"
#include "gp/cap_file.h"
#include "gp/cap_file_components.h"
#include "gp/zip.h"

using namespace cw;

namespace {

/// Runs what may refuse; anything but cw::Error of kind cap is a find.
template <typename Call>
void attempt(Call call) {
  try {
    call();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::cap || error.message().find('\n') != std::string::npos) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const ByteView data(bytes, size);
  attempt([&] { gp::read_zip(data, "fuzz"); });
  attempt([&] {
    const gp::CapFile cap = gp::CapFile::parse(data, "fuzz");
    const Bytes block = cap.load_file_data_block(true);
    if (gp::CapFile::parse(block, "again").load_file_data_block(true) != block) std::abort();
  });
  attempt([&] { gp::parse_cap_header(data); });
  attempt([&] { gp::parse_cap_import(data); });
  attempt([&] { gp::parse_cap_applet(data, size % 2 != 0); });
  attempt([&] { gp::parse_cap_directory(data, {.format_minor = 3, .extended = size % 2 != 0}); });
  return 0;
}
