// string.find, match, gmatch, and gsub with a text to put in; gsub with a function or a table is written in Lua over
// gsub_step.
#include <algorithm>
#include <cstring>
#include <string>

#include "impl_private.h"
#include "lua/stack.h"
#include "pattern_private.h"
#include "sandbox_private.h"
#include "stack_private.h"
#include "strings_private.h"

namespace cw::lua {
namespace {

constexpr size_t kLongestPattern = 8192;
constexpr std::string_view kSpecials = "^$*+?.([%-";

std::string_view pattern_argument(lua_State* L, int argument) {
  std::string_view pattern = string_argument(L, argument);
  if (pattern.size() > kLongestPattern) throw Error(ErrorKind::usage, "pattern longer than 8 KiB");
  return pattern;
}

struct Found {
  size_t begin = 0;
  size_t end = 0;
};

/// The first match at or after `from`; raises the kill when the budget is used up on the way.
std::optional<Found> search(lua_State* L, Matcher& matcher, size_t from, size_t subject_size, bool anchored) {
  for (size_t at = from; at <= subject_size; ++at) {
    std::optional<size_t> end = matcher.match(at);
    if (matcher.stopped()) stop(L);
    if (end) return Found{at, *end};
    if (anchored) break;
  }
  return {};
}

void push_capture(lua_State* L, const Matcher& matcher, std::string_view subject, int index) {
  const Matcher::Capture& capture = matcher.capture(index);
  if (capture.length == Matcher::kOpen) throw Error(ErrorKind::usage, "malformed pattern: unfinished capture");
  if (capture.length == Matcher::kPosition) {
    lua_pushnumber(L, static_cast<lua_Number>(capture.begin + 1));
  } else {
    push(L, subject.substr(capture.begin, static_cast<size_t>(capture.length)));
  }
}

/// The captures; if there are none and `whole_if_none`, the match itself.
int push_captures(lua_State* L, const Matcher& matcher, std::string_view subject, Found found, bool whole_if_none,
                  int most = Matcher::kMostCaptures) {
  luaL_checkstack(L, Matcher::kMostCaptures + 2, "captures");
  if (matcher.captures() == 0 && whole_if_none) {
    push(L, subject.substr(found.begin, found.end - found.begin));
    return 1;
  }
  int count = std::min(matcher.captures(), most);
  for (int i = 0; i < count; ++i) push_capture(L, matcher, subject, i);
  return count;
}

/// Where a search begins: from the end when negative, cut to the string.
size_t start_argument(lua_State* L, int argument, size_t size) {
  int64_t at = position_argument(L, argument, 1);
  if (at < 0) at += static_cast<int64_t>(size) + 1;
  return static_cast<size_t>(std::clamp<int64_t>(at - 1, 0, static_cast<int64_t>(size)));
}

bool strip_anchor(std::string_view& pattern) {
  bool anchored = pattern.starts_with('^');
  if (anchored) pattern.remove_prefix(1);
  return anchored;
}

int find_plain(lua_State* L, std::string_view subject, std::string_view text, size_t from) {
  charge(L, 1 + (subject.size() - from + text.size()) / kBytesPerInstruction);
  // memmem takes linear time whatever it looks for; std::string_view::find does not.
  const void* hit = text.empty() ? subject.data() + from
                                 : memmem(subject.data() + from, subject.size() - from, text.data(), text.size());
  if (hit == nullptr) {
    lua_pushnil(L);
    return 1;
  }
  auto begin = static_cast<size_t>(static_cast<const char*>(hit) - subject.data());
  lua_pushnumber(L, static_cast<lua_Number>(begin + 1));
  lua_pushnumber(L, static_cast<lua_Number>(begin + text.size()));
  return 2;
}

int find(lua_State* L) {
  std::string_view subject = string_argument(L, 1);
  size_t from = start_argument(L, 3, subject.size());
  std::string_view pattern = string_argument(L, 2);
  bool plain = lua_toboolean(L, 4) != 0 || pattern.find_first_of(kSpecials) == std::string_view::npos;
  if (plain) return find_plain(L, subject, pattern, from);
  pattern = pattern_argument(L, 2);
  bool anchored = strip_anchor(pattern);
  Matcher matcher(subject, pattern, impl_of(L).meter);
  std::optional<Found> found = search(L, matcher, from, subject.size(), anchored);
  if (!found) {
    lua_pushnil(L);
    return 1;
  }
  lua_pushnumber(L, static_cast<lua_Number>(found->begin + 1));
  lua_pushnumber(L, static_cast<lua_Number>(found->end));
  return 2 + push_captures(L, matcher, subject, *found, false);
}

int match(lua_State* L) {
  std::string_view subject = string_argument(L, 1);
  std::string_view pattern = pattern_argument(L, 2);
  size_t from = start_argument(L, 3, subject.size());
  bool anchored = strip_anchor(pattern);
  Matcher matcher(subject, pattern, impl_of(L).meter);
  std::optional<Found> found = search(L, matcher, from, subject.size(), anchored);
  if (found) return push_captures(L, matcher, subject, *found, true);
  lua_pushnil(L);
  return 1;
}

/// The iterator of gmatch: upvalues subject, pattern, where to go on. As in Lua 5.1, '^' is no anchor here.
int gmatch_step(lua_State* L) {
  std::string_view subject = string_argument(L, lua_upvalueindex(1));
  std::string_view pattern = string_argument(L, lua_upvalueindex(2));
  auto from = static_cast<size_t>(lua_tonumber(L, lua_upvalueindex(3)));
  Matcher matcher(subject, pattern, impl_of(L).meter);
  std::optional<Found> found = search(L, matcher, from, subject.size(), false);
  if (!found) return 0;
  size_t next = found->end == found->begin ? found->end + 1 : found->end;
  lua_pushnumber(L, static_cast<lua_Number>(next));
  lua_replace(L, lua_upvalueindex(3));
  return push_captures(L, matcher, subject, *found, true);
}

int gmatch(lua_State* L) {
  string_argument(L, 1);
  pattern_argument(L, 2);
  lua_settop(L, 2);
  lua_pushnumber(L, 0);
  lua_pushcclosure(L, guard<gmatch_step>, 3);
  return 1;
}

/// Appends the text of gsub with %0 to %9 filled in.
void append_replacement(lua_State* L, std::string& out, const Matcher& matcher, std::string_view subject, Found found,
                        std::string_view replacement) {
  for (size_t i = 0; i < replacement.size(); ++i) {
    char c = replacement[i];
    if (c != '%' || i + 1 == replacement.size()) {
      out.push_back(c);
      continue;
    }
    c = replacement[++i];
    if (c < '0' || c > '9') {
      out.push_back(c);
      continue;
    }
    int index = c - '1';
    if (c == '0' || (c == '1' && matcher.captures() == 0)) {
      out += subject.substr(found.begin, found.end - found.begin);
    } else if (index >= matcher.captures()) {
      throw Error(ErrorKind::usage, "gsub: capture %" + std::string(1, c) + " is not in the pattern");
    } else {
      push_capture(L, matcher, subject, index);
      out += string_argument(L, -1);
      lua_pop(L, 1);
    }
    check_length("gsub", out.size());
  }
}

double limit_argument(lua_State* L, int argument, size_t subject_size) {
  return static_cast<double>(position_argument(L, argument, static_cast<int64_t>(subject_size) + 1));
}

/// gsub(subject, pattern, text, limit).
int gsub_text(lua_State* L) {
  std::string_view subject = string_argument(L, 1);
  std::string_view pattern = pattern_argument(L, 2);
  if (lua_isstring(L, 3) == 0) {
    wrong_argument(L, 3, expected(L, 3, "a string, a table or a function"));
  }
  std::string_view replacement = string_argument(L, 3);
  double limit = limit_argument(L, 4, subject.size());
  bool anchored = strip_anchor(pattern);
  Matcher matcher(subject, pattern, impl_of(L).meter);
  std::string out;
  size_t at = 0;
  double count = 0;
  while (count < limit) {
    std::optional<Found> found = search(L, matcher, at, subject.size(), anchored);
    if (!found) break;
    ++count;
    charge(L, 1 + replacement.size() / kBytesPerInstruction);
    out += subject.substr(at, found->begin - at);
    append_replacement(L, out, matcher, subject, *found, replacement);
    check_length("gsub", out.size());
    at = found->end;
    if (found->end == found->begin) {
      if (at >= subject.size()) break;
      out.push_back(subject[at++]);
    }
    if (anchored) break;
  }
  if (at < subject.size()) out += subject.substr(at);
  check_length("gsub", out.size());
  push(L, std::string_view(out));
  lua_pushnumber(L, count);
  return 2;
}

/// gsub_check(subject, pattern, limit): the three, as text, text and number.
int gsub_check(lua_State* L) {
  lua_settop(L, 3);
  std::string_view subject = string_argument(L, 1);
  pattern_argument(L, 2);
  lua_pushnumber(L, limit_argument(L, 3, subject.size()));
  lua_replace(L, 3);
  return 3;
}

/// gsub_step(subject, pattern, at, is_table): first and last of the next match, and its captures; a table is asked for
/// the first one only.
int gsub_step(lua_State* L) {
  std::string_view subject = string_argument(L, 1);
  std::string_view pattern = string_argument(L, 2);
  auto from = static_cast<size_t>(lua_tonumber(L, 3)) - 1;
  bool anchored = strip_anchor(pattern);
  Matcher matcher(subject, pattern, impl_of(L).meter);
  std::optional<Found> found = search(L, matcher, from, subject.size(), anchored);
  if (!found) return 0;
  lua_pushnumber(L, static_cast<lua_Number>(found->begin + 1));
  lua_pushnumber(L, static_cast<lua_Number>(found->end));
  int most = lua_toboolean(L, 4) != 0 ? 1 : Matcher::kMostCaptures;
  return 2 + push_captures(L, matcher, subject, *found, true, most);
}

}  // namespace

void add_searches(lua_State* L) {
  const luaL_Reg functions[] = {{"find", guard<find>},
                                {"match", guard<match>},
                                {"gmatch", guard<gmatch>},
                                {"gsub_text", guard<gsub_text>},
                                {"gsub_check", guard<gsub_check>},
                                {"gsub_step", guard<gsub_step>},
                                {nullptr, nullptr}};
  luaL_register(L, nullptr, functions);
}

}  // namespace cw::lua
