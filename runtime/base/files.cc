#include "base/files.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"

namespace cw {

namespace {

[[noreturn]] void fail(const char* doing, const std::filesystem::path& path, int error) {
  throw Error(ErrorKind::usage, std::string(doing) + " " + path.string() + ": " + ::strerror(error));
}

/// Makes room for `more` bytes; what it held may be secret, so the memory it leaves is wiped.
void make_room(Bytes& bytes, size_t more) {
  if (bytes.capacity() - bytes.size() >= more) return;
  Bytes larger;
  larger.reserve(2 * bytes.capacity() + more);
  append(larger, bytes);
  wipe(bytes);
  bytes.swap(larger);
}

Bytes read_open(int fd, const std::filesystem::path& path, size_t limit) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) fail("cannot read", path, errno);
  if (S_ISDIR(info.st_mode)) fail("cannot read", path, EISDIR);
  Bytes out;
  if (S_ISREG(info.st_mode)) out.reserve(std::min(static_cast<size_t>(info.st_size), limit) + 1);
  uint8_t buffer[16384];
  for (;;) {
    const ssize_t got = ::read(fd, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail("cannot read", path, errno);
    if (got == 0) break;
    if (out.size() + static_cast<size_t>(got) > limit) {
      wipe(buffer, sizeof buffer);
      wipe(out);
      throw Error(ErrorKind::usage,
                  "cannot read " + path.string() + ": larger than the limit of " + std::to_string(limit) + " bytes");
    }
    make_room(out, static_cast<size_t>(got));
    out.insert(out.end(), buffer, buffer + got);
  }
  wipe(buffer, sizeof buffer);
  return out;
}

/// A terminal, a pipe, /dev/null, or a descriptor of ours that leads to a file: there is nothing to be put in its
/// place.
bool is_no_file(const std::filesystem::path& path) {
  struct stat there {};
  if (::stat(path.c_str(), &there) != 0) return false;
  if (!S_ISREG(there.st_mode)) return true;
  constexpr int kLinks = 40;
  std::error_code none;
  std::filesystem::path at = std::filesystem::absolute(path);
  for (int i = 0; i < kLinks; ++i) {
    const std::string text = at.lexically_normal().string();
    if (text.starts_with("/dev/") || text.starts_with("/proc/")) return true;
    const std::filesystem::path next = std::filesystem::read_symlink(at, none);
    if (none) return false;
    at = next.is_absolute() ? next : at.parent_path() / next;
  }
  return true;
}

/// False: errno says why.
bool wrote_all(int fd, ByteView content) {
  while (!content.empty()) {
    const ssize_t wrote = ::write(fd, content.data(), content.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return false;
    content = content.subspan(static_cast<size_t>(wrote));
  }
  return true;
}

}  // namespace

Bytes read_file(const std::filesystem::path& path, size_t limit) {
  const Fd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (fd.get() < 0) fail("cannot read", path, errno);
  return read_open(fd.get(), path, limit);
}

Secret read_secret_file(const std::filesystem::path& path, size_t limit) {
  const Fd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (fd.get() < 0) fail("cannot read", path, errno);
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) fail("cannot read", path, errno);
  if (S_ISREG(info.st_mode) && (info.st_mode & 077) != 0) {
    throw Error(ErrorKind::usage, "refused to read " + path.string() +
                                      ": others can read it, and it holds secrets; run chmod 600 " + path.string());
  }
  return Secret::take(read_open(fd.get(), path, limit));
}

void write_file_atomically(const std::filesystem::path& path, ByteView content, bool owner_only) {
  if (is_no_file(path)) {
    const Fd fd{::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC)};
    if (fd.get() < 0 || !wrote_all(fd.get(), content)) fail("cannot write", path, errno);
    return;
  }
  std::error_code none;
  const std::filesystem::path behind = std::filesystem::canonical(path, none);
  const std::filesystem::path target = none ? path : behind;  // a link stays one
  std::string name = target.string() + ".XXXXXX";
  const Fd fd{::mkostemp(name.data(), O_CLOEXEC)};
  if (fd.get() < 0) fail("cannot write", path, errno);
  if (!wrote_all(fd.get(), content) || ::fchmod(fd.get(), owner_only ? 0600 : 0644) != 0 || ::fsync(fd.get()) != 0 ||
      ::rename(name.c_str(), target.c_str()) != 0) {
    const int error = errno;
    ::unlink(name.c_str());
    fail("cannot write", path, error);
  }
}

}  // namespace cw
