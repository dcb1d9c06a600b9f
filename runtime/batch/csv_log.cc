#include "batch/csv_log.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/files.h"
#include "batch/csv.h"

namespace cw::batch {

namespace {

[[noreturn]] void fail(ErrorKind kind, const char* doing, const std::filesystem::path& path, const std::string& why) {
  throw Error(kind, std::string(doing) + " " + path.string() + ": " + why);
}

std::vector<std::string> texts_of(const CsvRecord& record) {
  std::vector<std::string> out;
  for (const CsvField& field : record.fields) out.push_back(to_string(field.text));
  return out;
}

void write_all(int fd, std::string_view text, const std::filesystem::path& path) {
  while (!text.empty()) {
    const ssize_t wrote = ::write(fd, text.data(), text.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) fail(ErrorKind::script, "cannot write", path, ::strerror(errno));
    text.remove_prefix(static_cast<size_t>(wrote));
  }
  if (::fsync(fd) != 0 && errno != EINVAL && errno != EROFS) {
    fail(ErrorKind::script, "cannot write", path, ::strerror(errno));
  }
}

/// Who shares a file holds it for a moment only; one who holds it longer has it for itself.
constexpr std::chrono::milliseconds kAtOnce{0};
constexpr std::chrono::milliseconds kPatience{2000};

bool locked(int fd, std::chrono::milliseconds patience) {
  constexpr std::chrono::milliseconds kNap{10};
  while (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (patience <= kNap) return false;
    std::this_thread::sleep_for(kNap);
    patience -= kNap;
  }
  return true;
}

/// What a person does about a file with that first line. One that an older version began lacks the last column; in
/// another file its records would be missing.
std::string advice_on(const std::vector<std::string>& fields, const std::vector<std::string>& header) {
  const bool older = fields.size() + 1 == header.size() && std::equal(fields.begin(), fields.end(), header.begin());
  if (!older) return "its first line is not that of such a file, so it is something else; give another name";
  return "it has no column " + header.back() + ", so an older version began it; finish it with that version, or put ," +
         header.back() + " behind its first line and a comma behind each other line";
}

/// Makes a new name in a folder last.
void sync_folder(const std::filesystem::path& file) {
  const std::filesystem::path folder = file.has_parent_path() ? file.parent_path() : ".";
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  ::fsync(fd);
  ::close(fd);
}

}  // namespace

CsvLog::CsvLog(std::filesystem::path path, const std::vector<std::string>& header, Sharing sharing)
    : path_(std::move(path)), sharing_(sharing) {
  fd_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd_ < 0) fail(ErrorKind::usage, "cannot write", path_, ::strerror(errno));
  try {
    if (!locked(fd_, sharing == Sharing::alone ? kAtOnce : kPatience)) {
      fail(ErrorKind::usage, "cannot use", path_,
           "another batch is writing it; wait for that to end, or give another file");
    }
    read(header);
    if (sharing == Sharing::shared) ::flock(fd_, LOCK_UN);
  } catch (const Error&) {
    ::close(fd_);
    throw;
  }
}

CsvLog::~CsvLog() {
  if (fd_ >= 0) ::close(fd_);
}

void CsvLog::read(const std::vector<std::string>& header) {
  Bytes text = read_file(path_);
  // A file system may leave zeros where a crash cut a write off.
  while (!text.empty() && text.back() == 0) text.pop_back();
  size_t whole = 0;
  CsvReader reader(text, path_.string());
  const auto is_last_line = [&] {
    const auto rest = ByteView(text).subspan(whole);
    return std::find(rest.begin(), rest.end(), '\n') == rest.end();
  };
  bool first = true;
  try {
    for (CsvRecord record; reader.next(record) && record.complete; whole = reader.offset()) {
      std::vector<std::string> fields = texts_of(record);
      if (first && fields != header) fail(ErrorKind::usage, "cannot use", path_, advice_on(fields, header));
      if (fields.size() != header.size()) {
        fail(ErrorKind::usage, "cannot use", path_,
             "line " + std::to_string(record.line) + " has " + std::to_string(fields.size()) + " fields, and needs " +
                 std::to_string(header.size()) + "; mend or remove that line");
      }
      if (!first) records_.push_back(std::move(fields));
      first = false;
    }
  } catch (const Error&) {
    // Half a record at the end is what a crash leaves; anything else is damage that somebody has to look at.
    if (first || whole == 0 || !is_last_line()) throw;
  }
  if (first && !text.empty() && !csv_line(header).starts_with(text_view(text))) {
    fail(ErrorKind::usage, "cannot use", path_, advice_on({}, header));
  }
  struct stat info {};
  const bool torn = ::fstat(fd_, &info) == 0 && S_ISREG(info.st_mode) && static_cast<size_t>(info.st_size) > whole;
  if (torn && ::ftruncate(fd_, static_cast<off_t>(whole)) != 0) {
    fail(ErrorKind::usage, "cannot write", path_, ::strerror(errno));
  }
  if (first) {
    write_all(fd_, csv_line(header), path_);
    sync_folder(path_);
  }
}

void CsvLog::append(const std::vector<std::string>& fields) {
  std::vector<std::string> plain = fields;
  for (std::string& field : plain) {
    std::replace_if(
        field.begin(), field.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, ' ');
  }
  // A shared file is locked for the moment, so that nobody who opens it takes half a record for a torn one.
  if (sharing_ == Sharing::shared) ::flock(fd_, LOCK_EX);
  write_all(fd_, csv_line(plain), path_);
  if (sharing_ == Sharing::shared) ::flock(fd_, LOCK_UN);
}

}  // namespace cw::batch
