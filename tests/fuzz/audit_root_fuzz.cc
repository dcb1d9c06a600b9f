// A line that says it is a root of an audit. One that is read is the line that would be written, but for the case of
// its digits.
#include <cstdlib>

#include "base/error.h"
#include "store/audit.h"

using namespace cw;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const std::string_view line = text_view({bytes, size});
  try {
    const store::AuditRoot root = store::parse_root(line);
    const std::string text = store::root_text(root);
    if (text.size() != line.size() || root.hash.size() != 32 || root.size < 0) std::abort();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::usage) std::abort();
  }
  return 0;
}
