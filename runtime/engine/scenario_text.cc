#include "engine/scenario_text.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "base/hex.h"
#include "card/status.h"
#include "engine/replay.h"

namespace cw::engine {

namespace {

using Kind = RecordedLine::Kind;

constexpr const char* kRawCommands = "_tools/send";

std::string lua_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c >= ' ' && c <= '~') {
      out += c;
    } else {
      const std::string number = std::to_string(static_cast<unsigned char>(c));
      out += "\\" + std::string(3 - number.size(), '0') + number;
    }
  }
  return out + "\"";
}

std::string lua_bytes(ByteView bytes) { return "hex\"" + to_hex(bytes) + "\""; }

bool is_name(const std::string& text) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  return !text.empty() && letter(text[0]) &&
         std::all_of(text.begin(), text.end(), [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

std::string lua_list(const std::set<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) out += (out.empty() ? "" : ", ") + lua_text(text);
  return "{ " + out + " }";
}

std::string value_text(const RecordedArgument& argument) {
  using Type = RecordedArgument::Type;
  switch (argument.type) {
    case Type::string:
    case Type::key:
      return lua_text(argument.text);
    case Type::bytes:
      return lua_bytes(argument.bytes);
    case Type::integer:
      return std::to_string(argument.number);
    case Type::boolean:
      return argument.number ? "true" : "false";
    case Type::secret:
      return "{ secret = (\"x\"):rep(" + std::to_string(argument.number) + ") }";
    case Type::cap:
      return "{ file = " + lua_text(argument.text) + " }";
  }
  return "nil";
}

std::string arguments_text(const RecordingHead& head) {
  std::string out = "{\n";
  for (const RecordedArgument& argument : head.arguments) {
    const std::string name = is_name(argument.name) ? argument.name : "[" + lua_text(argument.name) + "]";
    out += "      " + name + " = " + value_text(argument) + ",\n";
  }
  return head.arguments.empty() ? "{}" : out + "    }";
}

/// "INSTALL [for load]", of a line that begins with channel and header.
std::string command_name(const RecordedLine& line) {
  const Bytes header = from_hex(std::string_view(line.request).substr(line.request.find(' ') + 1, 8));
  return card::command_name(header[0], header[1], header[2]);
}

std::string with_status(const std::string& name, uint16_t sw) { return name + " " + to_hex16(sw); }

/// What was sent, as far as it is known from the recording; nothing where an answer was lost on the way.
std::optional<std::vector<std::string>> commands_of(const RecordedRun& run) {
  const std::string openers[] = {card::command_name(0x80, 0x50, 0), card::command_name(0x84, 0x82, 0)};
  std::vector<std::string> out;
  for (const RecordedLine& line : run.lines) {
    if (line.kind == Kind::failed) return {};
    if (line.kind == Kind::open) {
      const std::vector<uint16_t> status = handshake(line.reply);
      if (status.empty()) return {};
      for (size_t i = 0; i < status.size(); ++i) out.push_back(with_status(openers[i], status[i]));
    }
    if (line.kind != Kind::command && line.kind != Kind::more) continue;
    if (std::holds_alternative<Error>(line.reply)) return {};
    if (const auto* answer = std::get_if<RecordedAnswer>(&line.reply)) {
      out.push_back(with_status(command_name(line), answer->sw));
    }
  }
  return out;
}

const Error* failure_of(const RecordedRun& run) {
  return run.lines.empty() ? nullptr : std::get_if<Error>(&run.lines.back().reply);
}

std::string steps_text(const RecordedRun& run) {
  std::map<std::string, std::string> last;  // an attempt that follows another skips what that one did
  std::vector<std::string> order;
  for (const RecordedLine& line : run.lines) {
    if (line.kind != Kind::step) continue;
    const bool done = line.request.ends_with(" done");
    const size_t from = line.request.find('"') + 1;
    const std::string name = line.request.substr(from, line.request.rfind('"') - from);
    if (name.find('\\') != std::string::npos) continue;
    if (!last.contains(name)) order.push_back(name);
    last[name] = done ? "end" : "skip";
  }
  std::string out;
  for (const std::string& name : order) {
    out += "    t:step(done, " + lua_text(name) + ", " + lua_text(last[name]) + ")\n";
  }
  return out;
}

/// A flow, and what is expected of it.
std::string flow_text(const RecordedRun& run) {
  const std::string call = lua_text(run.head.flow) + ", " + arguments_text(run.head);
  const auto commands = commands_of(run);
  const std::string steps = steps_text(run);
  const bool looked_at = commands || !steps.empty();
  std::string out = looked_at ? "    done = " : "    ";
  if (const Error* error = failure_of(run)) {
    out += "t:fails(" + call + ", { kind = " + lua_text(name_of(error->kind()));
    if (error->sw()) out += ", sw = 0x" + to_hex16(*error->sw());
    out += " })\n";
  } else {
    out += "t:run(" + call + ")\n";
  }
  out += steps;
  if (!commands) {
    return out +
           "    -- Not all that was sent is in the recording, since an answer was lost: its commands are not "
           "compared.\n";
  }
  out += "    t:commands(done, {\n";
  for (const std::string& command : *commands) out += "      " + lua_text(command) + ",\n";
  return out + "    })\n";
}

/// `_tools/send`: the commands themselves, as they were given.
std::string send_text(const RecordedRun& run) {
  std::string rest;
  for (const RecordedArgument& argument : run.head.arguments) rest += argument.name == "commands" ? argument.text : "";
  std::string out;
  for (const RecordedLine& line : run.lines) {
    const auto* answer = std::get_if<RecordedAnswer>(&line.reply);
    if (line.kind != Kind::command || answer == nullptr) continue;
    const size_t end = rest.find('\n');
    const std::string command = "hex" + lua_text(rest.substr(0, end));
    rest.erase(0, end == std::string::npos ? rest.size() : end + 1);
    const std::string call = "t:send(" + command + ", 0x" + to_hex16(answer->sw) + ")";
    const auto* data = std::get_if<Bytes>(&answer->data);
    out += "    ";
    out += data != nullptr && !data->empty() ? "t:equal(" + call + ", " + lua_bytes(*data) + ")\n" : call + "\n";
  }
  return out;
}

std::set<std::string> keys_of(const Recording& recording) {
  std::set<std::string> out;
  for (const RecordedRun& run : recording.runs) {
    for (const RecordedArgument& argument : run.head.arguments) {
      if (argument.type == RecordedArgument::Type::key) out.insert(argument.text);
    }
    for (const RecordedLine& line : run.lines) {
      if (line.kind != Kind::open && line.kind != Kind::keys) continue;
      if (line.request.find('\\') != std::string::npos) continue;
      // One name, or two that a channel may open with.
      for (size_t at = line.request.find('"'); at != std::string::npos;) {
        const size_t end = line.request.find('"', at + 1);
        if (end == std::string::npos) break;  // no name: the rest of a request is compared as it stands, and not read
        const std::string name = line.request.substr(at + 1, end - at - 1);
        if (!name.starts_with(host::kUnwrapped)) out.insert(name);
        at = line.request.find('"', end + 1);
      }
    }
  }
  return out;
}

std::string summary_of(const Recording& recording) {
  const std::string file = std::filesystem::path(recording.name).filename().string();
  if (recording.runs.empty()) return "Nothing, as recorded in " + file;
  std::string flows;
  for (size_t i = 0; i < recording.runs.size() && i < 3; ++i) {
    flows += (flows.empty() ? "" : ", ") + recording.runs[i].head.flow;
  }
  return flows + (recording.runs.size() > 3 ? " and more" : "") + " as recorded on " + recording.runs[0].head.card;
}

}  // namespace

std::string scenario_of(const Recording& recording) {
  std::string body;
  std::set<std::string> flavors;
  bool uses_done = false;
  for (const RecordedRun& run : recording.runs) {
    const std::string text = run.head.flow == kRawCommands ? send_text(run) : flow_text(run);
    uses_done = uses_done || text.starts_with("    done = ");
    body += (body.empty() ? "" : "\n") + text;
    if (!run.head.flavor.empty()) flavors.insert(run.head.flavor);
  }
  const std::set<std::string> keys = keys_of(recording);
  std::string out =
      "--- Made from a recording. It begins with a card as the first recorded run found it: if that was not a new "
      "one,\n"
      "--- say what came before with `given`. Secrets are filler of the recorded size.\n";
  if (body.find("hex\"") != std::string::npos) out += "local hex = require \"hex\"\n";
  out += "\nreturn {\n  summary = " + lua_text(summary_of(recording)) + ",\n  tags = { \"recorded\" },\n";
  if (!flavors.empty()) out += "  flavors = " + lua_list(flavors) + ",\n";
  if (!keys.empty()) out += "  needs = { keys = " + lua_list(keys) + " },\n";
  out += "  run = function(t)\n";
  if (uses_done) out += "    local done\n";
  return out + body + "  end,\n}\n";
}

}  // namespace cw::engine
