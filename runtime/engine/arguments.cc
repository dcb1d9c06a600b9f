#include "engine/arguments.h"

#include <algorithm>
#include <charconv>

#include "base/files.h"
#include "base/hex.h"
#include "base/suggest.h"
#include "modules/modules.h"

namespace cw::engine {

namespace {

constexpr size_t kSecretLimit = 32u << 10;

[[noreturn]] void fail(const ArgumentSpec& spec, const std::string& what) {
  throw Error(ErrorKind::usage,
              "argument " + spec.name + ": " + what + (spec.help.empty() ? "" : " (" + spec.help + ")"));
}

/// A file's content without the line end that an editor left.
Bytes read_line_file(const std::filesystem::path& path) {
  Bytes content = read_file(path, kSecretLimit);
  if (!content.empty() && content.back() == '\n') content.pop_back();
  if (!content.empty() && content.back() == '\r') content.pop_back();
  return content;
}

void check_size(const ArgumentSpec& spec, size_t size, const char* unit) {
  if (spec.min && size < static_cast<uint64_t>(std::max<int64_t>(0, *spec.min))) {
    fail(spec, "is " + std::to_string(size) + " " + unit + ", and must be at least " + std::to_string(*spec.min));
  }
  if (spec.max && size > static_cast<uint64_t>(std::max<int64_t>(0, *spec.max))) {
    fail(spec, "is " + std::to_string(size) + " " + unit + ", and must be at most " + std::to_string(*spec.max));
  }
}

int64_t read_integer(const ArgumentSpec& spec, const std::string& text) {
  int64_t value = 0;
  const bool hex = text.starts_with("0x") || text.starts_with("0X");
  const char* begin = text.data() + (hex ? 2 : 0);
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(begin, end, value, hex ? 16 : 10);
  if (begin == end || result.ec != std::errc() || result.ptr != end) fail(spec, "'" + text + "' is not a whole number");
  if (spec.min && value < *spec.min) fail(spec, text + " is below " + std::to_string(*spec.min));
  if (spec.max && value > *spec.max) fail(spec, text + " is above " + std::to_string(*spec.max));
  return value;
}

Bytes read_hex(const ArgumentSpec& spec, const std::string& text) {
  try {
    return from_hex(text);
  } catch (const Error& error) {
    fail(spec, error.message());
  }
}

CapArgument read_cap(const ArgumentSpec& spec, const std::filesystem::path& path) {
  try {
    return CapArgument::of(read_file(path, 16u << 20), path.string());
  } catch (const Error& error) {
    throw error.within("argument " + spec.name);
  }
}

Secret read_secret(const ArgumentSpec& spec, Setting& setting) {
  Secret secret;
  if (Secret* given = std::get_if<Secret>(&setting.value)) {
    secret = std::move(*given);
  } else if (const auto* from = std::get_if<Setting::FromFile>(&setting.value)) {
    secret = Secret::take(read_line_file(from->path));
  } else {
    fail(spec, "is secret, and what stands on a command line can be seen by others; put it into a file and write " +
                   spec.name + "=@FILE, or leave it out and type it when asked");
  }
  check_size(spec, secret.size(), "bytes");
  if (secret.empty()) fail(spec, "is empty");
  return secret;
}

ArgumentValue read_value(const ArgumentSpec& spec, const std::string& text) {
  switch (spec.type) {
    case ArgumentType::string: {
      if (!spec.values.empty() && std::find(spec.values.begin(), spec.values.end(), text) == spec.values.end()) {
        std::string all;
        for (const std::string& value : spec.values) all += (all.empty() ? "" : ", ") + value;
        fail(spec, "'" + text + "' is none of " + all);
      }
      check_size(spec, text.size(), "bytes");
      return text;
    }
    case ArgumentType::key:
      if (text.empty()) fail(spec, "is empty; it is the name of a key set");
      return text;
    case ArgumentType::integer:
      return read_integer(spec, text);
    case ArgumentType::boolean:
      if (text == "true" || text == "yes" || text == "1") return true;
      if (text == "false" || text == "no" || text == "0") return false;
      fail(spec, "'" + text + "' is neither true nor false");
    case ArgumentType::bytes: {
      Bytes value = read_hex(spec, text);
      check_size(spec, value.size(), "bytes");
      return value;
    }
    case ArgumentType::aid: {
      Bytes value = read_hex(spec, text);
      if (value.size() < 5 || value.size() > 16) {
        fail(spec, "an AID is 5 to 16 bytes, and this is " + std::to_string(value.size()));
      }
      return value;
    }
    case ArgumentType::secret:
    case ArgumentType::cap:
      break;
  }
  throw Error(ErrorKind::internal, "argument type without a reader");
}

}  // namespace

CapArgument CapArgument::of(Bytes file, const std::string& name) {
  const auto cap = std::make_shared<const gp::CapFile>(gp::CapFile::parse(file, name));
  const std::string base = std::filesystem::path(name).filename().string();
  return {modules::load_file_of(*cap, base), cap, std::make_shared<const Bytes>(std::move(file))};
}

Setting Setting::parse(std::string_view text) {
  const size_t equals = text.find('=');
  if (equals == 0 || equals == std::string_view::npos) {
    throw Error(ErrorKind::usage, "--set takes name=value or name=@file, and got '" +
                                      std::string(equals == 0 ? std::string_view("=...") : text) + "'");
  }
  Setting setting;
  setting.name = text.substr(0, equals);
  const std::string_view value = text.substr(equals + 1);
  if (value.starts_with('@')) {
    setting.value = FromFile{std::string(value.substr(1))};
  } else {
    setting.value = std::string(value);
  }
  return setting;
}

std::vector<const ArgumentSpec*> Arguments::missing_secrets(const Flow& flow, const std::vector<Setting>& settings) {
  std::vector<const ArgumentSpec*> out;
  for (const ArgumentSpec& spec : flow.args) {
    if (spec.type != ArgumentType::secret || spec.optional) continue;
    if (std::none_of(settings.begin(), settings.end(), [&](const Setting& s) { return s.name == spec.name; })) {
      out.push_back(&spec);
    }
  }
  return out;
}

Arguments Arguments::check(const Flow& flow, std::vector<Setting> settings) {
  Arguments out;
  std::vector<std::string> names;
  for (const ArgumentSpec& spec : flow.args) names.push_back(spec.name);

  for (Setting& setting : settings) {
    const auto spec =
        std::find_if(flow.args.begin(), flow.args.end(), [&](const ArgumentSpec& s) { return s.name == setting.name; });
    if (spec == flow.args.end()) {
      throw Error(ErrorKind::usage, "flow " + flow.name + " has no argument '" + setting.name + "'" +
                                        did_you_mean(setting.name, names) + "; see them with: cardwright flow info " +
                                        flow.name);
    }
    if (out.values.contains(spec->name)) fail(*spec, "is set twice");
    if (spec->type == ArgumentType::secret) {
      Secret secret = read_secret(*spec, setting);
      out.values[spec->name] = SecretArgument{static_cast<uint32_t>(secret.size())};
      out.secrets[spec->name] = std::move(secret);
    } else if (spec->type == ArgumentType::cap) {
      const auto* from = std::get_if<Setting::FromFile>(&setting.value);
      const auto* text = std::get_if<std::string>(&setting.value);
      out.values[spec->name] = read_cap(*spec, from ? from->path : std::filesystem::path(text ? *text : ""));
    } else if (const auto* from = std::get_if<Setting::FromFile>(&setting.value)) {
      out.values[spec->name] = read_value(*spec, to_string(read_line_file(from->path)));
    } else {
      out.values[spec->name] = read_value(*spec, std::get<std::string>(setting.value));
    }
  }

  for (const ArgumentSpec& spec : flow.args) {
    if (out.values.contains(spec.name)) continue;
    if (spec.preset) {
      out.values[spec.name] = read_value(spec, *spec.preset);
    } else if (!spec.optional) {
      fail(spec, "is missing; give it with --set " + spec.name +
                     (spec.type == ArgumentType::secret ? "=@FILE"
                      : spec.type == ArgumentType::cap  ? "=FILE"
                                                        : "=VALUE"));
    }
  }
  return out;
}

}  // namespace cw::engine
