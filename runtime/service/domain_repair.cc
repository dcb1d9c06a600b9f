#include "service/domain_repair.h"

namespace cw::service {

namespace {

using nlohmann::ordered_json;
using store::DomainState;

ordered_json one(const char* flow, ordered_json arguments, const char* because) {
  return {{"flow", flow}, {"arguments", std::move(arguments)}, {"because", because}};
}

}  // namespace

ordered_json repair_of(const store::Domain& domain) {
  ordered_json out = ordered_json::array();
  const bool ours = domain.issuer.empty();
  ordered_json where = {{"domain", domain.aid}};
  if (!ours) where["issuer"] = domain.issuer;
  switch (domain.state) {
    case DomainState::asked:
      out.push_back(
          one(ours ? "sd/create" : "sei/create", where,
              "it is not known whether the domain came about: who asks again sees, and makes it no second time"));
      break;
    case DomainState::locked:
      if (ours) where = {{"aid", domain.aid}};
      out.push_back(one(ours ? "demo/unlock" : "sei/unlock", where, "a locked domain blocks what is in it"));
      break;
    case DomainState::reset: {
      ordered_json arguments = where;
      if (!domain.management.empty()) arguments["management"] = domain.management;
      if (ours && !domain.keys.empty()) arguments["sd_keys"] = domain.keys;
      out.push_back(one(ours ? "sd/create" : "sei/create", std::move(arguments),
                        "the chip was reset, and the domain is gone with all that was in it"));
      if (!domain.keys.empty() && !ours) {  // sd/create gives the domain its keys by itself
        out.push_back(one("demo/rotate-keys", {{"domain", domain.aid}, {"new", domain.keys}},
                          "the new domain has its first keys; these are the ones it had last"));
      }
      break;
    }
    case DomainState::present:
    case DomainState::deleted:
    case DomainState::moved:
      break;
  }
  return out;
}

}  // namespace cw::service
