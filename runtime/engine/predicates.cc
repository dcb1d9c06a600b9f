#include <algorithm>
#include <cmath>
#include <map>

#include "base/error.h"
#include "base/hex.h"
#include "base/pattern.h"
#include "base/suggest.h"
#include "policy_begin_private.h"
#include "predicates_private.h"

namespace cw::engine {

namespace {

using Compiler = Predicate (*)(const Plain&, const std::string& place);

[[noreturn]] void fail(const std::string& place, const std::string& what) {
  throw Error(ErrorKind::policy, place + ": " + what);
}

Truth truth(bool value) { return value ? Truth::yes : Truth::no; }

Truth negate(Truth value) { return value == Truth::unknown ? value : truth(value == Truth::no); }

std::string text(const Plain& plain, const char* field, const std::string& place) {
  const Plain* value = plain.get(field);
  const auto* out = value ? value->as<std::string>() : nullptr;
  if (out == nullptr) fail(place, std::string("the field '") + field + "' must be a string");
  return *out;
}

uint8_t byte(const Plain& plain, const char* field, const std::string& place) {
  const Plain* value = plain.get(field);
  const auto* out = value ? value->as<double>() : nullptr;
  if (out == nullptr || *out < 0 || *out > 255 || *out != std::floor(*out)) {
    fail(place, std::string("the field '") + field + "' must be a number 0..255");
  }
  return static_cast<uint8_t>(*out);
}

std::vector<Predicate> several(const Plain& plain, const std::string& place) {
  const Plain* of = plain.get("of");
  const auto* list = of ? of->as<Plain::List>() : nullptr;
  std::vector<Predicate> out;
  if (of != nullptr && of->as<Plain::Map>() != nullptr && of->as<Plain::Map>()->empty()) return out;
  if (list == nullptr) fail(place, "needs a list of predicates");
  for (size_t i = 0; i < list->size(); ++i) {
    out.push_back(compile_predicate((*list)[i], place + "[" + std::to_string(i + 1) + "]"));
  }
  return out;
}

/// Whether an AID stands where the command has one.
template <Field<Bytes> Facts::*Where>
Predicate compile_aid(const Plain& plain, const std::string& place) {
  const std::string test = text(plain, "test", place);
  const std::string value = text(plain, "value", place);
  const bool isd = value == "isd";
  Bytes wanted;
  if (!isd) {
    try {
      wanted = from_hex(value);
    } catch (const Error&) {
      fail(place, "'" + value + "' is neither \"isd\" nor an AID in hex");
    }
  }
  if (test != "is" && test != "isnt" && test != "under") fail(place, "there is no test '" + test + "'");
  return Predicate([=](const Facts& facts) {
    const Field<Bytes>& field = facts.*Where;
    if (field.is_absent()) return Truth::no;
    if (field.is_hidden()) return Truth::unknown;
    const Bytes& aid = field.value();
    // Empty is the ISD, and so a rule that writes out the ISD's AID means it too.
    bool is = isd || (aid.empty() && facts.around.is_isd(wanted)) ? facts.around.is_isd(aid) : aid == wanted;
    if (test == "under" && !isd)
      is = std::equal(wanted.begin(), wanted.end(), aid.begin(),
                      aid.begin() + static_cast<std::ptrdiff_t>(std::min(aid.size(), wanted.size())));
    return truth(test == "isnt" ? !is : is);
  });
}

/// Who a domain belongs to, as far as it is known: the ISD is the issuer's, others are some provider's.
Predicate compile_owner(const Plain& plain, const std::string& place) {
  const std::string test = text(plain, "test", place);
  const std::string value = text(plain, "value", place);
  if (test != "is" && test != "isnt") fail(place, "there is no test '" + test + "'");
  return Predicate([=](const Facts& facts) {
    if (!facts.around.in_channel) return Truth::no;
    const bool issuer = facts.around.is_isd(facts.around.domain);
    Truth is = truth(value == (issuer ? "issuer" : "provider"));
    if (!issuer && value != "issuer" && value != "provider") is = Truth::unknown;
    return test == "isnt" ? negate(is) : is;
  });
}

Predicate compile_privilege(const Plain& plain, const std::string& place) {
  const uint8_t which = byte(plain, "byte", place);
  if (which < 1 || which > 3) fail(place, "the field 'byte' must be 1, 2 or 3");
  const uint32_t mask = static_cast<uint32_t>(byte(plain, "mask", place)) << (8 * (3 - which));
  return Predicate([=](const Facts& facts) {
    if (facts.privileges.is_absent()) return Truth::no;
    if (facts.privileges.is_hidden()) return Truth::unknown;
    return truth((facts.privileges.value() & mask) == mask);
  });
}

template <uint8_t Facts::*Which>
Predicate compile_byte(const Plain& plain, const std::string& place) {
  const uint8_t mask = byte(plain, "mask", place);
  const uint8_t value = byte(plain, "value", place);
  return Predicate([=](const Facts& facts) { return truth((facts.*Which & mask) == value); });
}

Predicate compile_key_version(const Plain& plain, const std::string& place) {
  const uint8_t min = byte(plain, "min", place);
  const uint8_t max = byte(plain, "max", place);
  return Predicate([=](const Facts& facts) {
    if (facts.key_version.is_absent()) return Truth::no;
    if (facts.key_version.is_hidden()) return Truth::unknown;
    return truth(facts.key_version.value() >= min && facts.key_version.value() <= max);
  });
}

Predicate compile_scp(const Plain& plain, const std::string& place) {
  const Plain* values = plain.get("values");
  const auto* list = values ? values->as<Plain::List>() : nullptr;
  if (list == nullptr) fail(place, "the field 'values' must be a list");
  std::vector<uint8_t> wanted;
  for (const Plain& value : *list) {
    const auto* number = value.as<double>();
    if (number == nullptr || (*number != 1 && *number != 2 && *number != 3)) fail(place, "an SCP is 1, 2 or 3");
    wanted.push_back(static_cast<uint8_t>(*number));
  }
  return Predicate([=](const Facts& facts) {
    return truth(facts.around.in_channel && std::find(wanted.begin(), wanted.end(), facts.around.scp) != wanted.end());
  });
}

Predicate compile_level(const Plain& plain, const std::string& place) {
  const uint8_t bits = level_by_name(text(plain, "value", place), place);
  return Predicate([=](const Facts& facts) { return truth((facts.around.level & bits) == bits); });
}

Predicate compile_flow(const Plain& plain, const std::string& place) {
  const Plain* patterns = plain.get("patterns");
  const auto* list = patterns ? patterns->as<Plain::List>() : nullptr;
  if (list == nullptr) fail(place, "the field 'patterns' must be a list");
  std::vector<std::string> wanted;
  for (const Plain& pattern : *list) {
    const auto* name = pattern.as<std::string>();
    if (name == nullptr) fail(place, "a pattern is a string");
    wanted.push_back(*name);
  }
  return Predicate([=](const Facts& facts) {
    return truth(std::any_of(wanted.begin(), wanted.end(),
                             [&](const std::string& pattern) { return matches_pattern(pattern, facts.around.flow); }));
  });
}

/// When the run began: all of its commands are judged alike.
Predicate compile_time(const Plain& plain, const std::string& place) {
  const TimeWindow window = read_window(place, plain, true);
  return Predicate([=](const Facts& facts) {
    return facts.around.begun == 0 ? Truth::unknown : truth(window.contains(facts.around.begun));
  });
}

/// A token, or one that custody makes with a key of this name.
Predicate compile_token(const Plain& plain, const std::string& place) {
  const Plain* field = plain.get("key");
  const auto* pattern = field ? field->as<std::string>() : nullptr;
  if (field != nullptr && pattern == nullptr) fail(place, "the field 'key' must be a name of a key, or a pattern");
  const std::optional<std::string> wanted = pattern ? std::optional<std::string>(*pattern) : std::nullopt;
  return Predicate([wanted](const Facts& facts) {
    if (facts.token.is_absent()) return Truth::no;
    if (facts.token.is_hidden()) return Truth::unknown;
    return truth(!wanted || (!facts.token.value().empty() && matches_pattern(*wanted, facts.token.value())));
  });
}

template <bool (*Test)(const Facts&)>
Predicate compile_flag(const Plain&, const std::string&) {
  return Predicate([](const Facts& facts) { return truth(Test(facts)); });
}

bool is_plain(const Facts& facts) { return !facts.around.in_channel; }
bool has_secret(const Facts& facts) { return facts.has_secret; }
bool has_key(const Facts& facts) { return facts.has_key; }
bool is_opaque(const Facts& facts) { return facts.opaque; }

Predicate compile_all(const Plain& plain, const std::string& place) {
  const std::vector<Predicate> of = several(plain, place);
  return Predicate([of](const Facts& facts) {
    Truth out = Truth::yes;
    for (const Predicate& one : of) {
      const Truth value = one(facts);
      if (value == Truth::no) return Truth::no;
      if (value == Truth::unknown) out = Truth::unknown;
    }
    return out;
  });
}

Predicate compile_any(const Plain& plain, const std::string& place) {
  const std::vector<Predicate> of = several(plain, place);
  return Predicate([of](const Facts& facts) {
    Truth out = Truth::no;
    for (const Predicate& one : of) {
      const Truth value = one(facts);
      if (value == Truth::yes) return Truth::yes;
      if (value == Truth::unknown) out = Truth::unknown;
    }
    return out;
  });
}

Predicate compile_none(const Plain& plain, const std::string& place) {
  const Predicate any = compile_any(plain, place);
  return Predicate([any](const Facts& facts) { return negate(any(facts)); });
}

const std::map<std::string, Compiler>& compilers() {
  static const std::map<std::string, Compiler> table = {
      {"aid", compile_aid<&Facts::aid>},
      {"domain", compile_aid<&Facts::domain>},
      {"owner", compile_owner},
      {"privilege", compile_privilege},
      {"cla", compile_byte<&Facts::cla>},
      {"ins", compile_byte<&Facts::ins>},
      {"p1", compile_byte<&Facts::p1>},
      {"p2", compile_byte<&Facts::p2>},
      {"key_version", compile_key_version},
      {"scp", compile_scp},
      {"level", compile_level},
      {"flow", compile_flow},
      {"time", compile_time},
      {"plain", compile_flag<is_plain>},
      {"secret", compile_flag<has_secret>},
      {"key", compile_flag<has_key>},
      {"opaque", compile_flag<is_opaque>},
      {"token", compile_token},
      {"all", compile_all},
      {"any", compile_any},
      {"none", compile_none},
  };
  return table;
}

}  // namespace

uint8_t level_by_name(const std::string& name, const std::string& place) {
  static const std::map<std::string, uint8_t> kLevels = {{"none", 0x00},         {"mac", 0x01},
                                                         {"mac+enc", 0x03},      {"mac+rmac", 0x11},
                                                         {"mac+enc+rmac", 0x13}, {"mac+enc+rmac+renc", 0x33}};
  const auto found = kLevels.find(name);
  if (found != kLevels.end()) return found->second;
  std::vector<std::string> names;
  for (const auto& [known, bits] : kLevels) names.push_back(known);
  fail(place, "there is no security level '" + name + "'" + did_you_mean(name, names));
}

Predicate compile_predicate(const Plain& plain, const std::string& place) {
  const Plain* op = plain.get("op");
  const auto* name = op ? op->as<std::string>() : nullptr;
  if (name == nullptr) fail(place, "a predicate is made with the functions of cw.policy");
  const auto found = compilers().find(*name);
  if (found == compilers().end()) fail(place, "this runtime has no predicate '" + *name + "'");
  return found->second(plain, place + "." + *name);
}

}  // namespace cw::engine
