#include "app/private_file.h"

#include <cerrno>
#include <cstring>

#include <sys/stat.h>

#include "base/error.h"

namespace cw::app {

PrivateFile::PrivateFile(const std::filesystem::path& file, std::string what) : file_(file), what_(std::move(what)) {
  const mode_t before = ::umask(077);
  out_ = std::make_unique<std::ofstream>(file_);
  const int error = errno;
  ::umask(before);
  if (!*out_) {
    throw Error(ErrorKind::usage, "cannot write the " + what_ + " " + file_.string() + ": " + std::strerror(error));
  }
  // A file that was there before keeps its mode. A device or a pipe is nobody's secret.
  struct stat info {};
  if (::stat(file_.c_str(), &info) != 0 || !S_ISREG(info.st_mode) || (info.st_mode & 077) == 0) return;
  if (::chmod(file_.c_str(), 0600) != 0) {
    throw Error(ErrorKind::usage, "others can read the " + what_ + " " + file_.string() +
                                      ", and its mode cannot be changed: " + std::strerror(errno) +
                                      "; take another file");
  }
}

void PrivateFile::check() const {
  if (out_->flush()) return;
  throw Error(ErrorKind::script, "cannot write the " + what_ + " " + file_.string() +
                                     ": a part of it is lost; is the disk full? What the run did is done");
}

}  // namespace cw::app
