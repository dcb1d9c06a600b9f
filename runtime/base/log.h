// The program's own log: one line per event to standard error, levels as spdlog has them. Results go to standard
// output, never through here. Nothing secret can be passed: it takes text, and a Secret has none.
#pragma once

#include <string_view>

namespace cw::log {

enum class Level { debug, info, warn, error, off };

void set_level(Level level);
void debug(std::string_view message);
void info(std::string_view message);
void warn(std::string_view message);
void error(std::string_view message);

}  // namespace cw::log
