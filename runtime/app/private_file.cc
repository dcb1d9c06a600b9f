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
  if (*out_) return;
  throw Error(ErrorKind::usage, "cannot write the " + what_ + " " + file_.string() + ": " + std::strerror(error));
}

void PrivateFile::check() const {
  if (out_->flush()) return;
  throw Error(ErrorKind::script, "cannot write the " + what_ + " " + file_.string() +
                                     ": a part of it is lost; is the disk full? What the run did is done");
}

}  // namespace cw::app
