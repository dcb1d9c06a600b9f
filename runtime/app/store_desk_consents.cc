// What providers are asked at an operator's desk: whether a domain with something of theirs may go.
#include "app/store_desk.h"
#include "app/version_change.h"
#include "base/error.h"

namespace cw::app {

namespace {

/// Whose run asked is none of an owner's business.
StoreDesk::Json json_of(const store::Consent& it, bool of_owner) {
  StoreDesk::Json out = {{"id", it.id}, {"provider", it.provider}, {"card", it.card}, {"domain", it.domain}};
  if (!of_owner) out["run"] = it.run;
  out["asked"] = it.asked;
  if (!of_owner) out["asked_by"] = it.asked_by;
  out["expires"] = it.expires;
  out["decided"] = it.decided;
  out["decided_by"] = it.decided_by;
  out["outcome"] = it.outcome;
  out["reason"] = it.why;
  return out;
}

}  // namespace

StoreDesk::Json StoreDesk::consent_list(const Command& command) {
  Json all = Json::array();
  for (const store::Consent& each : open_(Wants::read)->consents().list(false, whose(command))) {
    all.push_back(json_of(each, command.of_owner));
  }
  return {{"consents", all}};
}

/// By the provider's people, or by the operator for them.
StoreDesk::Json StoreDesk::consent_decide(const Command& command, const std::string& who) {
  const auto store = open_(Wants::change);
  store::Consent it;
  with_cause(service::kNotThere, [&] { it = store->consents().find(command.word("consent"), whose(command)); });
  const bool give = command.ask == service::Ask::consent_give;
  const bool for_them = give && !command.of_owner;
  const bool second_person = for_them && wants_second_person(*store, kConsentGive, bundle());
  with_cause(service::kConflict,
             [&] { it = store->consents().decide(it.id, give, command.word("reason"), who, second_person); });
  return json_of(it, command.of_owner);
}

}  // namespace cw::app
