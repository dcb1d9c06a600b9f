#include "store/audit_export.h"

#include <algorithm>

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/files.h"

namespace cw::store {

namespace {

[[noreturn]] void fail(const std::filesystem::path& file, int error) {
  throw Error(ErrorKind::usage, "cannot write a root of the audit to " + file.string() + ": " + ::strerror(error));
}

/// Whether a longer line could be a root: each word but the last is whole, and the last is the beginning of one.
bool is_cut(std::string_view line) {
  static constexpr std::string_view kStart = "cardwright audit root 1 ";
  if (kStart.starts_with(line)) return true;
  if (!line.starts_with(kStart)) return false;
  // Filled up: what is there must fit, whatever was to follow.
  static constexpr std::string_view kRest[] = {" 1 ", " "};
  const auto spaces = static_cast<size_t>(std::count(line.begin() + kStart.size(), line.end(), ' '));
  std::string whole(line);
  if (whole.back() == ' ' && spaces < 2) whole += "1";
  if (spaces < 2) whole += kRest[spaces];
  const size_t digits = whole.size() - whole.rfind(' ') - 1;
  if (digits >= 64) return false;
  whole.append(64 - digits, '0');
  try {
    parse_root(whole);
    return true;
  } catch (const Error&) {
    return false;
  }
}

std::vector<AuditRoot> parse_roots(const std::filesystem::path& file, std::string_view text) {
  std::vector<AuditRoot> roots;
  size_t number = 0;
  while (!text.empty()) {
    ++number;
    const size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    if (is_cut(line)) continue;
    try {
      roots.push_back(parse_root(line));
    } catch (const Error& error) {
      throw error.within(file.string() + ": line " + std::to_string(number));
    }
  }
  return roots;
}

void refuse_to_go_back(const std::filesystem::path& file, const AuditRoot& last, const AuditRoot& root) {
  const std::string doing = "exporting a root of the audit to " + file.string() + ": ";
  if (root.size < last.size) {
    throw Error(ErrorKind::store, doing + "the audit has gone backwards: a root over " + std::to_string(last.size) +
                                      " records was exported, and " + std::to_string(root.size) +
                                      " are there; the store was put back or its tail cut, or this is the file of "
                                      "another store; run cardwright audit verify with this file");
  }
  if (root.size == last.size && root.hash != last.hash) {
    throw Error(ErrorKind::store, doing + "another root over the same " + std::to_string(last.size) +
                                      " records was exported: records were changed, or this is the file of another "
                                      "store; run cardwright audit verify with this file");
  }
}

void write_all(int fd, std::string_view text, const std::filesystem::path& file) {
  while (!text.empty()) {
    const ssize_t wrote = ::write(fd, text.data(), text.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) fail(file, errno);
    text.remove_prefix(static_cast<size_t>(wrote));
  }
}

/// The file's name, too, outlives a power cut.
void sync_folder(const std::filesystem::path& file) {
  const std::filesystem::path folder = file.parent_path().empty() ? "." : file.parent_path();
  const Fd fd{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (fd.get() < 0 || ::fsync(fd.get()) != 0) fail(file, errno);
}

}  // namespace

bool root_is_due(const std::optional<AuditRoot>& last, int64_t records, int64_t now, const ExportSchedule& schedule) {
  if (!last) return records > 0;
  if (records <= last->size) return false;
  return records - last->size >= schedule.records || now < last->time || now - last->time >= schedule.milliseconds;
}

std::vector<AuditRoot> read_roots(const std::filesystem::path& file) {
  std::error_code none;
  if (!std::filesystem::exists(file, none)) return {};
  const Bytes text = read_file(file);
  return parse_roots(file, text_view(text));
}

void append_root(const std::filesystem::path& file, const NextRoot& next) {
  const Fd fd{::open(file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644)};
  if (fd.get() < 0 || ::flock(fd.get(), LOCK_EX) != 0) fail(file, errno);
  const Bytes text = read_file(file);
  const std::vector<AuditRoot> roots = parse_roots(file, text_view(text));
  const std::optional<AuditRoot> last = roots.empty() ? std::nullopt : std::optional(roots.back());
  const std::optional<AuditRoot> root = next(last);
  if (!root) return;
  if (last) {
    refuse_to_go_back(file, *last, *root);
    if (last->size == root->size) return;
  }
  // A line that was cut stays, as the beginning of what it was to be, and the next one begins behind it.
  const bool cut = !text.empty() && text.back() != '\n';
  write_all(fd.get(), (cut ? "\n" : "") + root_text(*root) + "\n", file);
  if (::fsync(fd.get()) != 0) fail(file, errno);
  sync_folder(file);
}

}  // namespace cw::store
