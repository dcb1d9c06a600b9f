#include <algorithm>
#include <set>

#include "app/budget_json.h"
#include "app/failure.h"
#include "app/moment.h"
#include "app/policy_source.h"
#include "app/store_desk.h"
#include "base/error.h"
#include "base/hex.h"
#include "base/suggest.h"
#include "store/run_counts.h"

namespace cw::app {

using service::kNotThere;

namespace {

using Json = StoreDesk::Json;

/// `wanted`: empty is the ISD.
bool is_of(const std::string& domain, const std::string& wanted) {
  const std::string aid = domain.substr(0, domain.find('/'));
  return (aid == "ISD" ? "" : aid) == wanted;
}

/// As the store has it: upper case, the ISD without a name. Nothing: of all domains.
std::optional<std::string> domain_in(const std::string& text) {
  if (text.empty()) return {};
  if (text == kIsd) return "";
  const Bytes aid = from_hex(text);
  if (aid.size() < 5 || aid.size() > 16) {
    throw Error(ErrorKind::usage, "'" + text +
                                      "' is no AID of a domain: it has 5 to 16 bytes in hexadecimal digits, "
                                      "or is isd");
  }
  return to_hex(aid);
}

std::optional<int64_t> version_in(const std::string& text) {
  if (text.empty()) return {};
  if (text == "any") return 0;
  if (text.size() > 2 || text.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos) {
    throw Error(ErrorKind::usage, "'" + text + "' is no key version: it is two hexadecimal digits, or any");
  }
  return from_hex(text.size() == 1 ? "0" + text : text)[0];
}

Json json_of_all(const std::vector<store::BudgetRow>& rows) {
  Json all = Json::array();
  for (const store::BudgetRow& row : rows) all.push_back(json_of(row));
  return all;
}

/// Of the owner's cards alone.
std::vector<store::BudgetRow> theirs(store::Store& store, std::vector<store::BudgetRow> rows,
                                     const std::string& owner) {
  if (owner.empty()) return rows;
  std::set<std::string> cards;
  for (const store::OwnedCard& each : store.owners().cards(owner)) {
    if (each.owner == owner) cards.insert(each.card);
  }
  std::erase_if(rows, [&](const store::BudgetRow& row) { return cards.count(store::chip_of(row.account.card)) == 0; });
  return rows;
}

/// One more of the same and it is at its limit, or it is there.
bool is_near_its_end(const store::BudgetRow& row, const engine::PolicyLimits& limits) {
  const bool content = row.charge == store::Charge::content;
  const int64_t refused = content ? limits.failed_loads : limits.auth_attempts;
  const int64_t lost = content ? 2 * limits.failed_loads : limits.auth_lost;
  return row.spent.refused + 1 >= refused || row.spent.lost + 1 >= lost;
}

Json in_use(store::Versions& versions) {
  const std::optional<store::Use> use = versions.in_use();
  if (!use) return nullptr;
  return {{"name", versions.find(use->hash).name},
          {"hash", use->hash},
          {"since", use->since},
          {"by", use->by},
          {"reason", use->reason}};
}

[[noreturn]] void nothing_counts(const std::string& card, const std::vector<std::string>& known) {
  throw Error(ErrorKind::usage,
              "nothing counts against a card '" + card + "'" + did_you_mean(card, known) +
                  "; cardwright budget list shows those that something counts against",
              {}, kNotThere);
}

}  // namespace

Json StoreDesk::budget_list(const Command& command) {
  const auto store = open_(Wants::read);
  return {{"budgets", json_of_all(theirs(*store, store->budgets().list(command.word("card")), command.owner()))}};
}

Json StoreDesk::budget_reset(const Command& command, const std::string& who) {
  const std::string card = command.word("card");
  const std::optional<std::string> domain = domain_in(command.word("domain"));
  const std::optional<int64_t> version = version_in(command.word("version"));
  const auto store = open_(Wants::change);
  std::vector<store::BudgetRow> rows = store->budgets().list(card);
  if (rows.empty()) {
    std::vector<std::string> known;
    for (const store::BudgetRow& row : store->budgets().list("")) known.push_back(row.account.card);
    nothing_counts(card, known);
  }
  std::erase_if(rows, [&](const store::BudgetRow& row) {
    return (domain && !is_of(row.account.domain, *domain)) || (version && row.account.version != *version);
  });
  if (rows.empty()) {
    throw Error(ErrorKind::usage,
                "nothing counts against that domain and key version of card " + card +
                    "; see what does with: cardwright budget list " + card,
                {}, kNotThere);
  }
  const int64_t freed = store->budgets().reset(card, domain, version, who, command.word("reason"));
  return {{"card", card}, {"charges", freed}, {"reset", json_of_all(rows)}};
}

/// Those of the policy in use, read once for each; where there is none, or this program cannot read it, the defaults.
engine::PolicyLimits StoreDesk::limits_in_use(store::Store& store) {
  const std::optional<store::Use> use = store.policies().in_use();
  const std::string hash = use ? use->hash : "";
  if (hash == limits_of_) return limits_;
  limits_of_ = hash;
  limits_ = {};
  if (use) failure_of([&] { limits_ = stored_policy(store, hash, bundle())->limits(); });
  return limits_;
}

/// What somebody who looks once a second wants to see, without reading a run.
Json StoreDesk::overview(const Command& command) {
  const auto store = open_(Wants::read);
  Json runs = Json::object();
  int64_t begun = 0;
  for (const auto& [state, count] : store::run_counts(store->database(), whose(command))) {
    runs[std::string(store::name_of(state))] = count;
    begun += count;
  }
  const engine::PolicyLimits limits = limits_in_use(*store);
  std::vector<store::BudgetRow> near = theirs(*store, store->budgets().list(""), command.owner());
  std::erase_if(near, [&](const store::BudgetRow& row) { return !is_near_its_end(row, limits); });
  return {{"now", now_ms()},
          {"runs", runs},
          {"begun", begun},
          {"policy", in_use(store->policies(command.owner()))},
          {"bundle", in_use(store->bundles(command.owner()))},
          {"near_end", json_of_all(near)}};
}

}  // namespace cw::app
