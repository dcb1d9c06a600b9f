#include <algorithm>
#include <cmath>

#include "policy_begin_private.h"
#include "policy_lines_private.h"

namespace cw::engine {

namespace {

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

/// On one line, fields in the order of their names.
std::string compact(const Plain& plain) {
  if (const auto* flag = plain.as<bool>()) return *flag ? "true" : "false";
  if (const auto* number = plain.as<double>()) return std::to_string(static_cast<int64_t>(std::llround(*number)));
  if (const auto* text = plain.as<std::string>()) return quoted(*text);
  std::string out;
  if (const auto* list = plain.as<Plain::List>()) {
    for (const Plain& item : *list) out += (out.empty() ? "" : ", ") + compact(item);
  } else if (const auto* map = plain.as<Plain::Map>()) {
    for (const auto& [name, value] : *map) out += (out.empty() ? "" : ", ") + name + " = " + compact(value);
  }
  return "{" + out + "}";
}

/// Names in a list whose order says nothing.
std::string names(const Plain* list, const std::string& otherwise) {
  if (list == nullptr) return otherwise;
  std::vector<std::string> all;
  if (const auto* items = list->as<Plain::List>()) {
    for (const Plain& item : *items) {
      const auto* text = item.as<std::string>();
      if (text != nullptr) all.push_back(text->find_first_of(",\"") == std::string::npos ? *text : quoted(*text));
    }
  }
  std::sort(all.begin(), all.end());
  std::string out;
  for (const std::string& each : all) out += (out.empty() ? "" : ", ") + each;
  return out.empty() ? "none" : out;
}

std::string text_of(const Plain* plain) {
  const auto* text = plain ? plain->as<std::string>() : nullptr;
  return text ? *text : "";
}

void add_allow(const Plain& root, std::vector<std::string>& out) {
  const Plain nothing{Plain::Map{}};
  const Plain* given = root.get("allow");
  const Plain& allow = given ? *given : nothing;
  out.push_back("allow.flows = " + names(allow.get("flows"), "*"));
  if (const Plain* times = allow.get("times")) {
    out.push_back("allow.times = " + text_of(read_windows("allow.times", *times)) + " UTC");
  }
  const Plain* channel = allow.get("channel");
  out.push_back("allow.channel.scp = " + names(channel ? channel->get("scp") : nullptr, "any"));
  const std::string level = text_of(channel ? channel->get("level") : nullptr);
  out.push_back("allow.channel.level = " + (level.empty() ? "none" : level));
  const Plain* backends = allow.get("backends");
  const auto* map = backends ? backends->as<Plain::Map>() : nullptr;
  if (map == nullptr) return;
  for (const auto& [url, options] : *map) {
    const Plain* opaque = options.get("opaque");
    const Plain* keks = options.get("keks");
    out.push_back("allow.backends " + url + (opaque ? ", opaque = " + names(opaque, "") : "") +
                  (keks ? ", keks = " + names(keks, "") : ""));
  }
}

std::string rule_line(const Plain& rule) {
  std::string out = "rule " + text_of(rule.get("verdict"));
  const Plain* on = rule.get("on");
  out += " " + names(on, "every command");
  if (const Plain* when = rule.get("when")) out += " when " + compact(*when);
  const std::string because = text_of(rule.get("because"));
  return because.empty() ? out : out + ": " + because;
}

}  // namespace

std::vector<std::string> policy_lines(const Plain& root, const PolicyLimits& limits) {
  std::vector<std::string> out;
  out.push_back("name = " + text_of(root.get("name")));
  if (const Plain* summary = root.get("summary")) out.push_back("summary = " + text_of(summary));
  add_allow(root, out);
  for (const auto& [name, value] : {std::pair{"awake_s", limits.awake_s},
                                    {"expires_s", limits.expires_s},
                                    {"instructions", limits.instructions},
                                    {"memory_mib", limits.memory_mib},
                                    {"commands", limits.commands},
                                    {"attempts", limits.attempts},
                                    {"auth_attempts", limits.auth_attempts},
                                    {"auth_lost", limits.auth_lost},
                                    {"failed_loads", limits.failed_loads}}) {
    out.push_back(std::string("limits.") + name + " = " + std::to_string(value));
  }
  const Plain* given = root.get("limits");
  if (const Plain* quotas = given ? given->get("quotas") : nullptr) {
    for (const Quota& quota : read_quotas("limits.quotas", *quotas)) out.push_back("limits.quota = " + quota.text());
  }
  if (const Plain* approval = root.get("approval")) out.push_back("approval = " + names(approval, ""));
  if (const Plain* owners = root.get("owners")) {
    for (std::string& line : owner_lines(read_owners("owners", *owners))) out.push_back(std::move(line));
  }
  const Plain* rules = root.get("rules");
  const auto* list = rules ? rules->as<Plain::List>() : nullptr;
  if (list != nullptr) {
    for (const Plain& rule : *list) out.push_back(rule_line(rule));
  }
  const std::string otherwise = text_of(root.get("otherwise"));
  out.push_back("otherwise = " + (otherwise.empty() ? "allow" : otherwise));
  return out;
}

}  // namespace cw::engine
