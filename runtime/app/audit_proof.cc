#include "app/audit_proof.h"

#include <filesystem>

#include "app/moment.h"
#include "base/error.h"
#include "base/hex.h"
#include "store/audit_export.h"

namespace cw::app {

namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr const char* kFormat = "cardwright audit proof 1";
constexpr size_t kHash = 32;
constexpr size_t kLongest = 64;  // hashes: a tree of 2^63 records

Bytes hash_in(const json& value) {
  const Bytes hash = from_hex(value.get<std::string>());
  if (hash.size() != kHash) throw Error(ErrorKind::usage, "a hash does not have 64 digits");
  return hash;
}

store::AuditRecord record_in(const json& value) {
  store::AuditRecord record;
  record.number = value.at("number").get<int64_t>();
  record.time = value.at("time").get<int64_t>();
  record.entry.actor = value.at("actor").get<std::string>();
  record.entry.action = value.at("action").get<std::string>();
  record.entry.subject = value.at("subject").get<std::string>();
  for (const json& detail : value.at("details")) {
    record.entry.details.emplace_back(detail.at(0).get<std::string>(), detail.at(1).get<std::string>());
  }
  record.previous = hash_in(value.at("previous"));
  record.hash = hash_in(value.at("hash"));
  return record;
}

}  // namespace

ordered_json json_of(const store::AuditRecord& record) {
  ordered_json details = ordered_json::array();
  for (const auto& [name, value] : record.entry.details) details.push_back({name, value});
  return {{"number", record.number},
          {"time", record.time},
          {"utc", utc_text(record.time)},
          {"actor", record.entry.actor},
          {"action", record.entry.action},
          {"subject", record.entry.subject},
          {"details", details},
          {"previous", to_hex(record.previous)},
          {"hash", to_hex(record.hash)}};
}

std::string proof_text(const store::AuditProof& proof) {
  ordered_json path = ordered_json::array();
  for (const Bytes& hash : proof.path) path.push_back(to_hex(hash));
  const ordered_json out = {
      {"format", kFormat}, {"record", json_of(proof.record)}, {"path", path}, {"root", store::root_text(proof.root)}};
  try {
    return out.dump(2);
  } catch (const json::exception&) {
    throw Error(ErrorKind::script, "proving record " + std::to_string(proof.record.number) +
                                       " of the audit: a text in it is no UTF-8, so JSON cannot have it as it is; look "
                                       "at it with cardwright audit list");
  }
}

store::AuditProof parse_proof(std::string_view text, const std::string& source) {
  const auto refuse = [&](const std::string& why) {
    return Error(ErrorKind::usage, source + " is no proof of an audit: " + why + "; cardwright audit prove writes one");
  };
  store::AuditProof proof;
  try {
    const json value = json::parse(text);
    if (value.at("format").get<std::string>() != kFormat) throw Error(ErrorKind::usage, "its format is another");
    proof.record = record_in(value.at("record"));
    proof.root = store::parse_root(value.at("root").get<std::string>());
    for (const json& hash : value.at("path")) proof.path.push_back(hash_in(hash));
    if (proof.path.size() > kLongest) throw Error(ErrorKind::usage, "its path is too long");
  } catch (const json::exception&) {
    throw refuse("it is no JSON, or something in it is missing or of another type");
  } catch (const Error& error) {
    throw refuse(error.message());
  }
  return proof;
}

std::vector<store::AuditRoot> roots_from(const std::vector<std::string>& given) {
  std::vector<store::AuditRoot> roots;
  for (const std::string& each : given) {
    std::error_code none;
    if (each.starts_with("cardwright audit root ")) {
      roots.push_back(store::parse_root(each));
    } else if (std::filesystem::exists(each, none)) {
      const std::vector<store::AuditRoot> some = store::read_roots(each);
      if (some.empty()) throw Error(ErrorKind::usage, "there is no root of an audit in " + each);
      roots.insert(roots.end(), some.begin(), some.end());
    } else {
      throw Error(ErrorKind::usage, "'" + each +
                                        "' is neither a file with roots of an audit nor a root: one is a line "
                                        "'cardwright audit root 1 SIZE TIME HASH'");
    }
  }
  return roots;
}

}  // namespace cw::app
