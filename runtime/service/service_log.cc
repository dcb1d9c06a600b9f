#include "service/service_log.h"

#include <cerrno>
#include <chrono>
#include <ctime>

#include <unistd.h>

#include "base/hex.h"

namespace cw::service {

namespace {

using nlohmann::ordered_json;

std::string_view name_of(log::Level level) {
  switch (level) {
    case log::Level::debug:
      return "debug";
    case log::Level::info:
      return "info";
    case log::Level::warn:
      return "warn";
    default:
      return "error";
  }
}

/// RFC 3339, to the millisecond.
std::string time_text() {
  using std::chrono::milliseconds, std::chrono::system_clock;
  const auto now = std::chrono::duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
  const std::time_t seconds = now / 1000;
  struct tm utc {};
  ::gmtime_r(&seconds, &utc);
  char text[40] = "";
  const size_t size = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
  const std::string thousandths = std::to_string(1000 + now % 1000).substr(1);
  return std::string(text, size) + "." + thousandths + "Z";
}

std::string dumped(const ordered_json& value) {
  return value.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

/// What a terminal could take as an order to it is shown as digits.
std::string harmless(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool control = static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
    out += control ? "\\x" + to_hex(static_cast<uint8_t>(c)) : std::string(1, c);
  }
  return out;
}

void write_whole(int fd, std::string_view line) {
  while (!line.empty()) {
    const ssize_t written = ::write(fd, line.data(), line.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;  // nobody reads what we say: that is no reason to end
    line.remove_prefix(static_cast<size_t>(written));
  }
}

}  // namespace

void ServiceLog::say(log::Level level, std::string_view message, const Facts& facts) const {
  if (!shows(level)) return;
  if (as_json_) {
    ordered_json line = {{"time", time_text()}, {"level", name_of(level)}, {"process", process_}, {"message", message}};
    for (const auto& [name, value] : facts.items()) line[name] = value;
    return write_whole(fd_, dumped(line) + "\n");
  }
  std::string line = time_text() + " " + std::string(name_of(level)) + " " + process_ + ": " + harmless(message);
  for (const auto& [name, value] : facts.items()) {
    line += " " + name + "=" + harmless(value.is_string() ? value.get<std::string>() : dumped(value));
  }
  write_whole(fd_, line + "\n");
}

}  // namespace cw::service
