#include "scenario/fault.h"

#include <algorithm>
#include <array>
#include <set>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/hex.h"
#include "base/suggest.h"
#include "card/status.h"

namespace cw::scenario {

namespace {

using Kind = Fault::Kind;

constexpr std::array<std::pair<std::string_view, Kind>, 14> kKinds = {{
    {"tear before", Kind::tear_before},
    {"tear inside", Kind::tear_inside},
    {"tear after", Kind::tear_after},
    {"drop", Kind::drop},
    {"corrupt", Kind::corrupt},
    {"truncate", Kind::truncate},
    {"duplicate", Kind::duplicate},
    {"delay", Kind::delay},
    {"wrong mac", Kind::wrong_mac},
    {"status", Kind::status},
    {"card removed", Kind::card_removed},
    {"reader gone", Kind::reader_gone},
    {"nvm full", Kind::nvm_full},
    {"lock keys", Kind::lock_keys},
}};

/// Every name that card::command_name can give, and the family names ("INSTALL").
std::vector<std::string> command_names() {
  std::set<std::string> names;
  for (unsigned ins = 0; ins <= 0xFF; ++ins) {
    for (unsigned p1 = 0; p1 <= 0xFF; ++p1) {
      for (const uint8_t cla : {uint8_t{0x00}, uint8_t{0x80}}) {
        const std::string name = card::command_name(cla, static_cast<uint8_t>(ins), static_cast<uint8_t>(p1));
        if (name.starts_with("INS ")) continue;
        names.insert(name);
        names.insert(name.substr(0, name.find(" [")));
      }
    }
  }
  return {names.begin(), names.end()};
}

uint32_t number_at(const nlohmann::json& data, const char* name, uint32_t min, uint32_t max, uint32_t absent) {
  const auto found = data.find(name);
  if (found == data.end()) return absent;
  if (!found->is_number_integer() || found->get<int64_t>() < min || found->get<int64_t>() > max) {
    throw Error(ErrorKind::usage, std::string("fault: ") + name + " is a whole number from " + std::to_string(min) +
                                      " to " + std::to_string(max));
  }
  return found->get<uint32_t>();
}

void check_name(const std::string& on) {
  static const std::vector<std::string> known = command_names();
  const bool unnamed = on.size() == 6 && on.starts_with("INS ");
  if (on.empty() || unnamed || std::binary_search(known.begin(), known.end(), on)) return;
  throw Error(ErrorKind::usage, "fault: no command is named '" + on + "'" + did_you_mean(on, known) +
                                    "; names are those of traces, or INS XX");
}

bool has_place(Kind kind) { return kind != Kind::nvm_full && kind != Kind::lock_keys && kind != Kind::reader_gone; }

}  // namespace

std::vector<std::string> fault_names() {
  std::vector<std::string> out;
  for (const auto& row : kKinds) out.emplace_back(row.first);
  return out;
}

std::string_view name_of(Kind kind) {
  for (const auto& [name, value] : kKinds) {
    if (value == kind) return name;
  }
  return "?";
}

bool needs_chip(Kind kind) { return kind == Kind::tear_inside || kind == Kind::nvm_full; }

std::string Fault::text() const {
  std::string out(name_of(kind));
  if (kind == Kind::status) out += " " + to_hex16(sw);
  if (kind == Kind::delay) out += " of " + std::to_string(amount) + " ms";
  if (kind == Kind::nvm_full) out += " at " + std::to_string(amount) + " bytes";
  if (!has_place(kind)) return out;
  const bool to = kind == Kind::status;
  if (number != 0) return out + (to ? " to command " : ", command ") + std::to_string(number);
  if (on.empty()) return out + (always ? ", every command" : ", next command");
  out += (to ? " to " : ", ") + on;
  if (nth > 1) out += " number " + std::to_string(nth);
  return always ? out + ", from then on" : out;
}

Fault Fault::parse(const nlohmann::json& data) {
  if (!data.is_object() || !data.contains("kind") || !data.at("kind").is_string()) {
    throw Error(ErrorKind::usage, "fault: expected what cw.fault makes, as fault.tear_before(\"LOAD\")");
  }
  static const std::vector<std::string> kFields = {"kind", "number", "on", "nth", "always", "sw", "amount"};
  for (const auto& [field, value] : data.items()) {
    if (std::find(kFields.begin(), kFields.end(), field) == kFields.end()) {
      throw Error(ErrorKind::usage, "fault: unknown field '" + field + "'" + did_you_mean(field, kFields));
    }
  }
  const auto kind = data.at("kind").get<std::string>();
  const auto* found = std::find_if(kKinds.begin(), kKinds.end(), [&](const auto& row) { return row.first == kind; });
  if (found == kKinds.end()) {
    throw Error(ErrorKind::usage, "there is no fault '" + kind + "'" + did_you_mean(kind, fault_names()));
  }
  Fault fault;
  fault.kind = found->second;
  fault.number = number_at(data, "number", 1, 100'000, 0);
  fault.nth = number_at(data, "nth", 1, 100'000, 1);
  fault.sw = static_cast<uint16_t>(number_at(data, "sw", 0x6100, 0x9FFF, 0x6F00));
  fault.amount = number_at(data, "amount", 0, fault.kind == Kind::delay ? 60'000 : 1u << 30, 0);
  if (data.contains("on")) {
    if (!data.at("on").is_string()) throw Error(ErrorKind::usage, "fault: on is the name of a command");
    fault.on = data.at("on").get<std::string>();
    check_name(fault.on);
  }
  if (data.contains("always")) {
    if (!data.at("always").is_boolean()) throw Error(ErrorKind::usage, "fault: always is true or false");
    fault.always = data.at("always").get<bool>();
  }
  const bool measured = fault.kind == Kind::delay || fault.kind == Kind::nvm_full;
  if (measured && !data.contains("amount")) {
    throw Error(ErrorKind::usage,
                "fault '" + kind + "': say how many " + (fault.kind == Kind::delay ? "milliseconds" : "bytes"));
  }
  if (fault.kind == Kind::status && !data.contains("sw")) {
    throw Error(ErrorKind::usage, "fault 'status': say which status word, as 0x6A84");
  }
  return fault;
}

}  // namespace cw::scenario
