#include "issuer/key_server_desk.h"

#include <algorithm>

#include "base/error.h"
#include "base/hex.h"
#include "base/log.h"
#include "crypto/key_wrap.h"
#include "gp/diversification.h"

namespace cw::issuer {

namespace {

/// What a secure channel needs is the keys 1, 2 and 3 of one version, all of this type and of one length: that length,
/// in bytes. Nothing: the card does not show them, or one of them twice.
std::optional<size_t> channel_key_size(const std::vector<gp::KeyInformation>& keys, uint8_t version,
                                       crypto::KeyType type) {
  std::optional<size_t> size;
  for (const int id : {1, 2, 3}) {
    const auto is = [&](const gp::KeyInformation& key) { return key.version == version && key.id == id; };
    const auto found = std::find_if(keys.begin(), keys.end(), is);
    if (found == keys.end() || std::count_if(keys.begin(), keys.end(), is) != 1) return {};
    if (found->components.size() != 1 || found->components[0].type != static_cast<uint8_t>(type)) return {};
    if (size && *size != found->components[0].length) return {};
    size = found->components[0].length;
  }
  return size;
}

/// Cards and files write the same URL with and without it.
std::string_view without_end_slash(std::string_view url) {
  while (url.ends_with('/')) url.remove_suffix(1);
  return url;
}

std::string versions_in(const std::vector<gp::KeyInformation>& keys) {
  std::string out;
  for (const gp::KeyInformation& key : keys) {
    const std::string version = to_hex(key.version);
    if (out.find(version) == std::string::npos) out += (out.empty() ? "" : ", ") + version;
    if (out.size() > 60) return out + " ...";
  }
  return out;
}

}  // namespace

const Tsm* KeyServerDesk::tsm(std::string_view subject, std::string_view issuer) const {
  const auto found = std::find_if(configuration_.tsms.begin(), configuration_.tsms.end(), [&](const Tsm& one) {
    return one.subject == subject && (one.issuer.empty() || one.issuer == issuer);
  });
  return found == configuration_.tsms.end() ? nullptr : &*found;
}

std::optional<Refused> KeyServerDesk::refuse(const Tsm& tsm, int64_t now) {
  const auto today = std::chrono::floor<std::chrono::days>(
      std::chrono::sys_time<std::chrono::milliseconds>(std::chrono::milliseconds(now)));
  if (today < tsm.from) return Refused{Refusal::not_accredited, "your accreditation has not begun"};
  if (today > tsm.until) return Refused{Refusal::not_accredited, "your accreditation is over"};
  return {};
}

KeyServerAnswer KeyServerDesk::answer(const Tsm& tsm, const DiversifiedKeysRequest& request) const {
  const auto allowed = [&](const Bytes& cards) { return begins_with(request.key_data, cards); };
  if (!request.url.empty() && !configuration_.url.empty() &&
      without_end_slash(request.url) != without_end_slash(configuration_.url)) {
    return Refused{Refusal::malformed, "the card names another key server in its url"};
  }
  if (std::none_of(tsm.cards.begin(), tsm.cards.end(), allowed)) {
    return Refused{Refusal::not_accredited, "you are not accredited for the card " + to_hex(request.key_data)};
  }
  const auto kek = tsm.keks.find(request.kek);
  if (kek == tsm.keks.end()) {
    return Refused{Refusal::unknown_kek, "no KEK of yours has the index " + std::to_string(request.kek)};
  }
  const Found found = master_for(request);
  if (found.master == nullptr) {
    return Refused{Refusal::unknown_card, "there are no master keys for the card " + to_hex(request.key_data) +
                                              " and the keys 1, 2, 3 of a version in its keyInformation: " +
                                              versions_in(request.key_information)};
  }
  try {
    return derive(*found.master, kek->second, request);
  } catch (const Error& error) {
    log::error("deriving keys from " + found.master->name + ": " + error.message());
    return Refused{Refusal::unavailable, "the keys cannot be derived now"};
  }
}

/// The first version in the card's order that we have master keys for; of these, the ones for the fewest cards.
KeyServerDesk::Found KeyServerDesk::master_for(const DiversifiedKeysRequest& request) const {
  for (const gp::KeyInformation& key : request.key_information) {
    const MasterKeys* best = nullptr;
    for (const MasterKeys& one : configuration_.masters) {
      if (one.version != key.version || !begins_with(request.key_data, one.cards)) continue;
      if (!channel_key_size(request.key_information, one.version, one.type())) continue;
      if (best == nullptr || one.cards.size() > best->cards.size()) best = &one;
    }
    if (best != nullptr) return {best, key.version};
  }
  return {};
}

KeyServerAnswer KeyServerDesk::derive(const MasterKeys& master, const Kek& kek,
                                      const DiversifiedKeysRequest& request) const {
  const crypto::KeySet keys = gp::diversify(keys_.find(master.keys), master.method, request.key_data);
  const size_t size = channel_key_size(request.key_information, master.version, master.type()).value_or(0);
  if (size != keys.enc->size()) {
    return Refused{Refusal::unknown_card, "the keys of version " + to_hex(master.version) + " on the card have " +
                                              std::to_string(size) + " bytes, the master keys for it give " +
                                              std::to_string(keys.enc->size())};
  }
  const auto wrapping = keys_.find_key(kek.key);
  DiversifiedKeys out;
  const std::shared_ptr<const crypto::Key> three[] = {keys.enc, keys.mac, keys.dek};
  for (size_t i = 0; i < 3; ++i) {
    out.wrapped[i] = crypto::wrap_key(*wrapping, kek.form, *three[i]);
    out.kcvs[i] = three[i]->kcv();
  }
  out.version = master.version;
  out.type = master.type();
  return out;
}

}  // namespace cw::issuer
