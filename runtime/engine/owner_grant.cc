#include "engine/owner_grant.h"

#include <algorithm>

#include "base/pattern.h"
#include "plain_fields_private.h"
#include "policy_begin_private.h"

namespace cw::engine {

namespace {

bool is_flag(const std::string& place, const Plain& plain) {
  const auto* flag = plain.as<bool>();
  if (flag == nullptr) fields::fail(place, std::string("must be true or false, and is ") + plain.type());
  return *flag;
}

}  // namespace

bool OwnerGrant::lends(const std::string& key_set) const {
  return std::any_of(keys.begin(), keys.end(),
                     [&](const std::string& pattern) { return matches_pattern(pattern, key_set); });
}

bool OwnerGrant::may_call(const std::string& url) const {
  return std::any_of(backends.begin(), backends.end(),
                     [&](const std::string& prefix) { return url.starts_with(prefix); });
}

OwnerGrants read_owners(const std::string& place, const Plain& plain) {
  const auto* map = plain.as<Plain::Map>();
  if (map == nullptr) fields::fail(place, "must be a table of owner = {keys = {...}, unowned_cards = true}");
  OwnerGrants out;
  for (const auto& [name, grant] : *map) {
    const std::string here = place + "['" + name + "']";
    fields::known(here, grant, {"keys", "backends", "unowned_cards", "quotas"});
    OwnerGrant& one = out[name];
    if (const Plain* keys = grant.get("keys")) one.keys = fields::texts(here + ".keys", *keys);
    if (const Plain* backends = grant.get("backends")) one.backends = fields::texts(here + ".backends", *backends);
    if (const Plain* cards = grant.get("unowned_cards")) one.unowned_cards = is_flag(here + ".unowned_cards", *cards);
    if (const Plain* quotas = grant.get("quotas")) one.quotas = read_quotas(here + ".quotas", *quotas);
  }
  return out;
}

std::vector<std::string> owner_lines(const OwnerGrants& owners) {
  std::vector<std::string> out;
  for (const auto& [name, grant] : owners) {
    std::string line;
    const auto add = [&](const std::string& what) { line += (line.empty() ? "" : ", ") + what; };
    std::vector<std::string> keys = grant.keys;
    std::sort(keys.begin(), keys.end());
    for (const std::string& key : keys) add("keys " + key);
    std::vector<std::string> backends = grant.backends;
    std::sort(backends.begin(), backends.end());
    for (const std::string& backend : backends) add("backend " + backend);
    if (grant.unowned_cards) add("cards of nobody");
    for (const Quota& quota : grant.quotas) add(quota.text());
    out.push_back("owners." + name + " = " + (line.empty() ? "nothing" : line));
  }
  return out;
}

}  // namespace cw::engine
