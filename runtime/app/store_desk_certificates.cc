#include <algorithm>

#include "app/moment.h"
#include "app/store_desk.h"
#include "base/error.h"
#include "base/suggest.h"
#include "crypto/certificate_issue.h"
#include "store/ledgers.h"

namespace cw::app {

using service::kNotThere;

namespace {

using Json = StoreDesk::Json;

Json json_of(const store::Certificate& one, int64_t now) {
  return {{"serial", one.serial},
          {"authority", one.authority},
          {"profile", one.profile},
          {"subject", one.subject},
          {"owner", one.owner},
          {"card", one.chip},
          {"domain", one.domain},
          {"key_id", one.key_id},
          {"key_version", one.key_version},
          {"not_before", one.not_before},
          {"not_after", one.not_after},
          {"issued", one.issued},
          {"issued_by", one.issued_by},
          {"state", one.state(now)},
          {"revoked", one.revoked},
          {"reason", one.reason},
          {"replaced_by", one.replaced_by}};
}

std::unique_ptr<store::Certificates> certificates_in(store::Store& store) {
  return store::make_certificates(store.database(), store.audit());
}

/// Raises usage: no certificate ever has this state.
void want_state(const std::string& state) {
  const auto& all = store::kCertificateStates;
  if (state.empty() || std::find(all.begin(), all.end(), state) != all.end()) return;
  throw Error(ErrorKind::usage, "no certificate is '" + state.substr(0, 40) + "'" +
                                    did_you_mean(state, {all.begin(), all.end()}) +
                                    "; they are valid, replaced, revoked, expired or 'not yet valid'");
}

/// Also by the name of an authority.
store::Certificate certificate_named(store::Certificates& all, const std::string& named,
                                     const std::optional<std::string>& owner) {
  for (const store::CertificateAuthority& authority : all.authorities()) {
    if (!owner && authority.name == named) return all.find(authority.serial, owner);
  }
  return all.find(named, owner);
}

}  // namespace

Json StoreDesk::certificate_list(const Command& command) {
  store::CertificateQuery query;
  query.owner = whose(command);
  query.authority = command.word("authority");
  query.subject = command.word("subject");
  query.profile = command.word("profile");
  query.state = command.word("state");
  query.chip = command.word("card");
  query.domain = command.word("domain");
  query.now = now_ms();
  if (!query.profile.empty()) crypto::certificate_profile(query.profile);
  want_state(query.state);
  if (const int64_t ends_by = command.number("ends_by", 0); ends_by != 0) query.ends_by = ends_by;
  Json all = Json::array();
  const std::shared_ptr<store::Store> store = open_(Wants::read);
  const auto certificates = certificates_in(*store);
  if (!query.authority.empty()) certificates->authority(query.authority);
  for (const store::Certificate& one : certificates->list(query)) {
    all.push_back(json_of(one, query.now));
  }
  return {{"certificates", all}};
}

Json StoreDesk::certificate_show(const Command& command) {
  const std::shared_ptr<store::Store> store = open_(Wants::read);
  store::Certificate found;
  with_cause(kNotThere,
             [&] { found = certificate_named(*certificates_in(*store), command.word("serial"), whose(command)); });
  const crypto::CertificateFacts facts = crypto::read_certificate(found.der);
  return {{"certificate", json_of(found, now_ms())},
          {"names", facts.names},
          {"key", facts.key},
          {"sha256", facts.sha256},
          {"pem", crypto::certificate_pem(found.der)}};
}

}  // namespace cw::app
