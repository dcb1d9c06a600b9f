// Arguments of a run: typed and checked against the flow before anything runs. Secrets are kept apart, by name.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "base/secret.h"
#include "engine/flow.h"
#include "gp/cap_file.h"
#include "host/command.h"

namespace cw::engine {

/// One `--set name=value`. Secrets come from a file or a prompt, never as text.
struct Setting {
  struct FromFile {
    std::filesystem::path path{};
  };
  std::string name{};
  std::variant<std::string, FromFile, Secret> value{};

  /// "name=value", or "name=@file". Raises usage: no '='.
  static Setting parse(std::string_view text);
};

struct CapArgument {
  std::shared_ptr<const host::File> load_file{};  // what LOAD carries
  std::shared_ptr<const gp::CapFile> cap{};
  std::shared_ptr<const Bytes> file{};  // as it was read

  /// `name` is for people. Raises cap: no CAP file.
  static CapArgument of(Bytes file, const std::string& name);
};
struct SecretArgument {
  uint32_t size = 0;
};

/// string, key: text. bytes, aid: Bytes.
using ArgumentValue = std::variant<std::string, Bytes, int64_t, bool, CapArgument, SecretArgument>;

struct Arguments {
  std::map<std::string, ArgumentValue> values{};
  std::map<std::string, Secret> secrets{};  // argument name -> bytes

  /// Raises usage: an argument the flow does not have (names the nearest), one set twice, one that is missing, a value
  /// of the wrong type or size; a secret given as text. Raises cap: a file that is no CAP.
  static Arguments check(const Flow& flow, std::vector<Setting> settings);

  /// Names of required secret arguments that `settings` leaves out: what a terminal asks for.
  static std::vector<const ArgumentSpec*> missing_secrets(const Flow& flow, const std::vector<Setting>& settings);
};

}  // namespace cw::engine
