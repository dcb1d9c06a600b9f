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
#include "holder_private.h"

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

bool runs(const Holder& holder) {
  if (::kill(static_cast<pid_t>(holder.pid), 0) != 0 && errno == ESRCH) return false;
  const std::vector<std::string> fields = stat_of(std::to_string(holder.pid));
  if (fields.empty()) return true;  // it is there, and we may not look at it
  if (field(fields, kStarted) != holder.started) return false;
  // Killed, and its parent has not looked yet.
  const bool ended = field(fields, kState) == "Z" || field(fields, kState) == "X";
  return !ended || (field(fields, kThreads) != "0" && field(fields, kThreads) != "1");
}

std::string or_dash(const std::string& text) { return text.empty() ? "-" : text; }

}  // namespace

Holder Holder::self(const std::string& node) {
  Holder holder;
  holder.pid = ::getpid();
  holder.started = or_dash(field(stat_of("self"), kStarted));
  holder.boot = or_dash(first_line("/proc/sys/kernel/random/boot_id"));
  std::error_code none;
  std::string space = std::filesystem::read_symlink("/proc/self/ns/pid", none).string();
  space.erase(std::remove(space.begin(), space.end(), ' '), space.end());
  holder.space = or_dash(space);
  holder.token = to_hex(crypto::random_bytes(8));
  holder.node = node;
  return holder;
}

std::string Holder::text() const {
  return std::to_string(pid) + " " + started + " " + boot + " " + space + " " + token + " " + node;
}

Holder Holder::parse(const std::string& text) {
  Holder holder;
  std::istringstream in(text);
  in >> holder.pid >> holder.started >> holder.boot >> holder.space >> holder.token;
  if (in.get() == ' ') std::getline(in, holder.node);
  return holder;
}

bool is_dead(const Holder& holder, const Holder& self) {
  if (holder.pid <= 0 || holder.boot == "-" || self.boot == "-") return false;
  if (holder.boot != self.boot) return holder.node == self.node;
  return holder.space == self.space && self.space != "-" && holder.started != "-" && !runs(holder);
}

}  // namespace cw::store
