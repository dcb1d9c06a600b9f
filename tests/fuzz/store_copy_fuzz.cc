// A file that is to be imported into a store: whatever is in it, it is read to its end or refused, and no store is made
// of one that nobody with the key wrote.
#include <cstdlib>

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "store/store_copy.h"

namespace {

/// A file in memory, with a name to open it by.
struct Memory {
  explicit Memory(cw::ByteView content) : fd(::memfd_create("fuzz", 0)) {
    if (fd < 0 || ::fchmod(fd, 0600) != 0 || ::write(fd, content.data(), content.size()) < 0) std::abort();
  }
  ~Memory() { ::close(fd); }
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  std::string path() const { return "/proc/self/fd/" + std::to_string(fd); }
  int fd;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string digits(64, '7');
  const Memory key(cw::view(digits));
  const Memory file({data, size});
  cw::store::StoreOptions into;
  into.where = "/proc/no-store-is-made-here";
  into.key = key.path();
  try {
    cw::store::import_store(into, file.path());
  } catch (const cw::Error& error) {
    if (error.kind() == cw::ErrorKind::usage) return 0;  // refused before a store was wanted
  }
  std::abort();
}
