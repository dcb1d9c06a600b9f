// What a service has to say: one JSON object per line, or text for a person at a terminal. A line goes out in one
// piece, so those of several processes do not mix. Never a secret, never the body of a request or an answer.
//
// Owner: the service; each process has its copy. Thread rule: all functions from any thread, but for set_process().
#pragma once

#include <atomic>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "base/log.h"

namespace cw::service {

class ServiceLog {
 public:
  using Facts = nlohmann::ordered_json;  // an object: name, value

  /// Writes to `fd`, which is borrowed: standard error.
  ServiceLog(int fd, bool as_json, log::Level level) : fd_(fd), as_json_(as_json), level_(level) {}

  /// Who speaks, from now on: "supervisor", "operator-0".
  void set_process(std::string name) { process_ = std::move(name); }
  void set_level(log::Level level) { level_ = level; }
  bool shows(log::Level level) const { return level >= level_; }

  void say(log::Level level, std::string_view message, const Facts& facts = Facts::object()) const;
  void debug(std::string_view message, const Facts& facts = Facts::object()) const {
    say(log::Level::debug, message, facts);
  }
  void info(std::string_view message, const Facts& facts = Facts::object()) const {
    say(log::Level::info, message, facts);
  }
  void warn(std::string_view message, const Facts& facts = Facts::object()) const {
    say(log::Level::warn, message, facts);
  }
  void error(std::string_view message, const Facts& facts = Facts::object()) const {
    say(log::Level::error, message, facts);
  }

 private:
  const int fd_;
  const bool as_json_;
  std::atomic<log::Level> level_;
  std::string process_{};
};

}  // namespace cw::service
