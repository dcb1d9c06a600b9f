#include "issuer/key_server_audit.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <fstream>

#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/hex.h"
#include "base/log.h"
#include "crypto/digest.h"
#include "json_private.h"

namespace cw::issuer {

namespace {

constexpr size_t kLine = 4096;
constexpr std::string_view kHash = ",\"hash\":\"";

std::string time_text(int64_t milliseconds) {
  const auto seconds = static_cast<std::time_t>(milliseconds / 1000);
  std::tm parts{};
  std::array<char, 32> text{};
  if (::gmtime_r(&seconds, &parts) == nullptr) return std::to_string(milliseconds);
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  const std::string rest = std::to_string(1000 + milliseconds % 1000);
  return std::string(text.data()) + "." + rest.substr(1) + "Z";
}

std::string hash_of(std::string_view text) { return to_hex(crypto::digest(crypto::Hash::sha256, view(text))); }

[[noreturn]] void fail(const std::filesystem::path& file, const std::string& what) {
  throw Error(ErrorKind::store, "the audit " + file.string() + " " + what);
}

/// The line up to its hash: {"number":1,...,"previous":"..."
std::string beginning_of(const AuditedRequest& request, uint64_t number, const std::string& previous) {
  nlohmann::ordered_json out = {{"number", number},
                                {"time", time_text(request.time)},
                                {"tsm", shown(request.tsm)},
                                {"subject", shown(request.subject, 200)},
                                {"address", shown(request.address)},
                                {"form", request.form}};
  if (!request.key_data.empty()) out["keyData"] = to_hex(request.key_data);
  if (request.kek) out["kekIndex"] = *request.kek;
  if (request.version) out["keyVersion"] = to_hex(*request.version);
  out["outcome"] = request.outcome;
  if (!request.why.empty()) out["why"] = shown(request.why, 300);
  out["previous"] = previous;
  std::string text = out.dump();
  text.pop_back();
  return text;
}

}  // namespace

KeyServerAudit::KeyServerAudit(std::filesystem::path file) : file_(std::move(file)), last_(64, '0') {
  fd_ = Fd(::open(file_.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd_) {
    throw Error(ErrorKind::usage, "opening the audit " + file_.string() + ": " + std::strerror(errno));
  }
  struct stat seen {};
  if (::fstat(fd_.get(), &seen) != 0 || !S_ISREG(seen.st_mode)) {
    throw Error(ErrorKind::usage, "opening the audit " + file_.string() + ": it is no regular file");
  }
  if (::flock(fd_.get(), LOCK_EX | LOCK_NB) != 0) {
    throw Error(ErrorKind::usage,
                "another key server writes the audit " + file_.string() + "; wait for it to end, or name another file");
  }
  // The name of a new file is on the disk too before anything is answered.
  const std::filesystem::path folder = file_.has_parent_path() ? file_.parent_path() : ".";
  if (const Fd opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)); opened) ::fsync(opened.get());
  follow();
}

void KeyServerAudit::follow() {
  std::ifstream in(file_, std::ios::binary);
  std::string line;
  while (std::getline(in, line)) {
    if (in.eof()) break;  // without its end
    const std::string where = "is broken at line " + std::to_string(number_ + 1) + ": ";
    const size_t at = line.rfind(kHash);
    if (line.size() > kLine || at == std::string::npos || at + kHash.size() + 66 != line.size()) {
      fail(file_, where + "no line of an audit; keep the file for whoever looks into it, and begin another one");
    }
    const std::string beginning = line.substr(0, at);
    const std::string number = "{\"number\":" + std::to_string(number_ + 1) + ",";
    if (!beginning.ends_with(",\"previous\":\"" + last_ + "\"") || !beginning.starts_with(number)) {
      fail(file_, where + "it does not follow the line before; a line was changed, added or removed");
    }
    last_ = hash_of(beginning);
    if (line.substr(at) != std::string(kHash) + last_ + "\"}") fail(file_, where + "its hash is that of another line");
    ++number_;
    bytes_ += line.size() + 1;
  }
  if (!line.empty() && in.eof()) {
    log::warn("the audit " + file_.string() + " ended in a line that was cut off; it is removed");
    if (::ftruncate(fd_.get(), static_cast<off_t>(bytes_)) != 0) {
      fail(file_, std::string("cannot be cut to its last whole line: ") + std::strerror(errno));
    }
  }
}

void KeyServerAudit::add(const AuditedRequest& request) {
  const std::lock_guard lock(mutex_);
  if (broken_) fail(file_, "ends in half a line that cannot be removed; see to the disk and start again");
  const std::string beginning = beginning_of(request, number_ + 1, last_);
  const std::string hash = hash_of(beginning);
  append_line(beginning + std::string(kHash) + hash + "\"}\n");
  ++number_;
  last_ = hash;
}

void KeyServerAudit::append_line(const std::string& line) {
  std::string_view rest = line;
  while (!rest.empty()) {
    const ssize_t written = ::write(fd_.get(), rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) break;
    rest.remove_prefix(static_cast<size_t>(written));
  }
  if (rest.empty() && ::fdatasync(fd_.get()) == 0) {
    bytes_ += line.size();
    return;
  }
  const std::string why = std::strerror(errno);
  broken_ = ::ftruncate(fd_.get(), static_cast<off_t>(bytes_)) != 0;
  fail(file_, "cannot be written: " + why);
}

uint64_t KeyServerAudit::size() const {
  const std::lock_guard lock(mutex_);
  return number_;
}

}  // namespace cw::issuer
