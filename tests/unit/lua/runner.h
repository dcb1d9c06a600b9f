// Runs a script in a fresh state, as the tests of this folder tell it.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lua/stack.h"
#include "lua/state.h"

namespace cw::lua::test {

struct Result {
  State::Outcome outcome = State::Outcome::finished;
  std::string text{};                // the script's first result, as text
  std::string error{};               // message, when failed
  std::string kind{};                // its kind
  std::string traceback{};           // of the failure
  std::chrono::milliseconds cpu{0};  // of this thread: a busy machine does not fail a test
  int waits = 0;
  int pauses = 0;
  State::Usage usage{};
};

struct Options {
  Limits limits{};
  std::map<std::string, std::string> modules{};          // bundle: name -> text
  const std::vector<NativeModule>* native = nullptr;     // besides "test"
  std::function<int(lua_State*, int)> answer = nullptr;  // ends the n-th wait; default: pushes n
  std::string name = "scripts/test.lua";
  std::optional<std::chrono::microseconds> slice{};  // of 0: a pause each 1000 instructions
  int most_pauses = 1'000'000;                       // from then on, no slices any more
};

/// The script is the body of a function; its result is turned into text. Waits are answered at once.
Result run(const std::string& script, const Options& options = {});

/// Limits small enough for a test of escapes: 200 ms, 20 million instructions, 16 MiB.
Options tight();

}  // namespace cw::lua::test
