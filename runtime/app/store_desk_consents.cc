// What providers are asked at an operator's desk: whether a domain with something of theirs may go.
#include "app/store_desk.h"
#include "base/error.h"

namespace cw::app {

namespace {

StoreDesk::Json json_of(const store::Consent& it) {
  return {{"id", it.id},           {"provider", it.provider},     {"card", it.card},         {"domain", it.domain},
          {"run", it.run},         {"asked", it.asked},           {"asked_by", it.asked_by}, {"expires", it.expires},
          {"decided", it.decided}, {"decided_by", it.decided_by}, {"outcome", it.outcome},   {"reason", it.why}};
}

}  // namespace

StoreDesk::Json StoreDesk::consent_list(const Command& command) {
  Json all = Json::array();
  for (const store::Consent& each : open_(Wants::read)->consents().list(false, whose(command))) {
    all.push_back(json_of(each));
  }
  return {{"consents", all}};
}

/// By the provider's people, or by the operator for them.
StoreDesk::Json StoreDesk::consent_decide(const Command& command, const std::string& who) {
  const auto store = open_(Wants::change);
  store::Consent it;
  with_cause(service::kNotThere, [&] { it = store->consents().find(command.word("consent"), whose(command)); });
  const bool give = command.ask == service::Ask::consent_give;
  with_cause(service::kConflict, [&] { it = store->consents().decide(it.id, give, command.word("reason"), who); });
  return json_of(it);
}

}  // namespace cw::app
