#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

#include <signal.h>
#include <unistd.h>

#include "base/hex.h"
#include "crypto/digest.h"
#include "owner_private.h"

namespace cw::store {

namespace {

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

/// The fields of /proc/PID/stat from the third on (proc(5)): the second is a name that may hold anything.
std::vector<std::string> stat_of(const std::string& process) {
  const std::string line = first_line("/proc/" + process + "/stat");
  const size_t name = line.rfind(')');
  std::vector<std::string> fields;
  if (name == std::string::npos) return fields;
  std::istringstream rest(line.substr(name + 1));
  for (std::string field; rest >> field;) fields.push_back(field);
  return fields;
}

constexpr size_t kState = 0, kThreads = 17, kStarted = 19;  // fields 3, 20 and 22

std::string field(const std::vector<std::string>& fields, size_t index) {
  return index < fields.size() ? fields[index] : "";
}

bool runs(const Owner& owner) {
  if (::kill(static_cast<pid_t>(owner.pid), 0) != 0 && errno == ESRCH) return false;
  const std::vector<std::string> fields = stat_of(std::to_string(owner.pid));
  if (fields.empty()) return true;  // it is there, and we may not look at it
  if (field(fields, kStarted) != owner.started) return false;
  // Killed, and its parent has not looked yet.
  const bool ended = field(fields, kState) == "Z" || field(fields, kState) == "X";
  return !ended || (field(fields, kThreads) != "0" && field(fields, kThreads) != "1");
}

std::string or_dash(const std::string& text) { return text.empty() ? "-" : text; }

}  // namespace

Owner Owner::self(const std::string& node) {
  Owner owner;
  owner.pid = ::getpid();
  owner.started = or_dash(field(stat_of("self"), kStarted));
  owner.boot = or_dash(first_line("/proc/sys/kernel/random/boot_id"));
  std::error_code none;
  std::string space = std::filesystem::read_symlink("/proc/self/ns/pid", none).string();
  space.erase(std::remove(space.begin(), space.end(), ' '), space.end());
  owner.space = or_dash(space);
  owner.token = to_hex(crypto::random_bytes(8));
  owner.node = node;
  return owner;
}

std::string Owner::text() const {
  return std::to_string(pid) + " " + started + " " + boot + " " + space + " " + token + " " + node;
}

Owner Owner::parse(const std::string& text) {
  Owner owner;
  std::istringstream in(text);
  in >> owner.pid >> owner.started >> owner.boot >> owner.space >> owner.token;
  if (in.get() == ' ') std::getline(in, owner.node);
  return owner;
}

bool is_dead(const Owner& owner, const Owner& self) {
  if (owner.pid <= 0 || owner.boot == "-" || self.boot == "-") return false;
  if (owner.boot != self.boot) return owner.node == self.node;
  return owner.space == self.space && self.space != "-" && owner.started != "-" && !runs(owner);
}

}  // namespace cw::store
