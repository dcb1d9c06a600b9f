#include "app/budget_json.h"

#include "app/moment.h"
#include "base/hex.h"

namespace cw::app {

std::string domain_text(const std::string& domain) {
  const size_t slash = domain.find('/');
  std::string aid = domain.substr(0, slash);
  if (aid.empty() || aid == "ISD") aid = kIsd;
  return slash == std::string::npos ? aid : aid + " of " + domain.substr(slash + 1);
}

std::string version_text(int64_t version) { return version == 0 ? "any" : to_hex(static_cast<uint8_t>(version)); }
std::string charge_text(store::Charge charge) {
  return charge == store::Charge::authentication ? "authentication" : "content";
}

nlohmann::ordered_json json_of(const store::BudgetRow& row) {
  return {{"card", row.account.card},
          {"domain", domain_text(row.account.domain)},
          {"version", version_text(row.account.version)},
          {"kind", charge_text(row.charge)},
          {"refused", row.spent.refused},
          {"lost", row.spent.lost},
          {"changed", row.changed},
          {"utc", utc_text(row.changed)}};
}

}  // namespace cw::app
