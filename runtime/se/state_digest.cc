// The memory as text that two cards are compared by: what save() gives, without what counts, in a fixed order, and with
// hashes where a difference must be seen and the bytes must not: what was stored may be secret, whatever it is named.
#include <nlohmann/json.hpp>

#include "base/hex.h"
#include "crypto/digest.h"
#include "persistence_private.h"

namespace cw::se {
namespace {

using nlohmann::json;

constexpr size_t kShown = 16;  // bytes of a hash

void hide(json& hex) {
  Bytes hash = crypto::digest(crypto::Hash::sha256, from_hex(hex.get_ref<const std::string&>()));
  hash.resize(kShown);
  hex = "sha256:" + to_hex(hash);
}

void hide_all(json& values) {
  for (json& value : values) hide(value);
}

void sort_by_aid(json& list) {
  std::sort(list.begin(), list.end(), [](const json& a, const json& b) { return a.at("aid") < b.at("aid"); });
}

void settle_domain(json& domain) {
  domain.erase("counters");
  domain.erase("attempts");
  domain.erase("confirmations");
  hide_all(domain.at("objects"));
  if (domain.contains("certificates")) hide_all(domain.at("certificates"));
  json& keys = domain.at("keys");
  for (json& key : keys) {
    for (json& part : key.at("parts")) hide(part.at("value"));
  }
  const auto place = [](const json& key) { return std::pair(key.at("version").get<int>(), key.at("id").get<int>()); };
  std::sort(keys.begin(), keys.end(), [&](const json& a, const json& b) { return place(a) < place(b); });
}

void settle_contents(json& contents, bool rules) {
  contents.erase("pin_tries");
  contents.erase("refresh_tag");
  hide_all(contents.at("groups"));
  json& blocks = contents.at("blocks");
  if (rules) {
    std::sort(blocks.begin(), blocks.end());  // access rules have no order
    return;
  }
  hide_all(blocks);
}

}  // namespace

std::string digest_chip(const Chip& chip) {
  json state = json::parse(save_chip(chip));
  for (const char* counts : {"random_state", "failed_loads", "format", "version"}) state.erase(counts);
  for (json& application : state.at("applications")) {
    hide(application.at("parameters"));
    if (application.contains("sd")) settle_domain(application.at("sd"));
    if (application.contains("contents")) {
      settle_contents(application.at("contents"), application.at("kind") == Kind::access_rules);
    }
  }
  for (json& file : state.at("load_files")) {
    if (file.contains("code")) hide(file.at("code"));
  }
  sort_by_aid(state.at("applications"));
  sort_by_aid(state.at("load_files"));
  return state.dump(1);
}

}  // namespace cw::se
