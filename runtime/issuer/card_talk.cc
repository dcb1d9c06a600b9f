#include "issuer/card_talk.h"

#include "base/error.h"
#include "base/hex.h"
#include "crypto/digest.h"
#include "gp/commands.h"
#include "gp/diversification.h"
#include "gp/put_key.h"

namespace cw::issuer {

namespace {

constexpr uint8_t kSixteenBytes = 0x01;        // of i, SCP03
constexpr uint8_t kResponseMac = 0x20;         // of i, SCP02 and SCP03
constexpr uint8_t kResponseEncryption = 0x40;  // of i, SCP03

bool is_plain(Purpose purpose) {
  return purpose == Purpose::select_issuer || purpose == Purpose::select_domain ||
         purpose == Purpose::initialize_update;
}

/// The highest that the options let.
uint8_t level_of(gp::Scp scp, uint8_t i) {
  unsigned level = gp::kCmac | gp::kCenc;
  if ((i & kResponseMac) != 0) level |= gp::kRmac;
  if (scp == gp::Scp::scp03 && (i & kResponseEncryption) != 0) level |= gp::kRenc;
  return static_cast<uint8_t>(level);
}

}  // namespace

uint8_t CardTalk::issuer_key_version() const { return keys_.find(card_.keys).version; }

crypto::KeySet CardTalk::domain_keys(std::string_view se_id, ByteView aid, const ScpConfig& scp) const {
  const auto named = card_.domain_keys.find(scp.scp);
  if (named == card_.domain_keys.end()) {
    throw Error(ErrorKind::usage, "cards." + card_.name + ".ssd_keys names no keys of SCP0" + std::to_string(scp.scp) +
                                      " any more, which SSD " + to_hex(aid) + " has");
  }
  const crypto::KeySet set = keys_.find(named->second);
  Bytes data = crypto::digest(crypto::Hash::sha256, concat({view(se_id), view("|"), aid}));
  data.resize(10);
  return gp::card_keys(set, data);
}

std::vector<Ordered> CardTalk::opening(ByteView aid, uint8_t key_version) const {
  const bool sixteen = card_.scp && card_.scp->scp == 3 && (card_.scp->i & kSixteenBytes) != 0;
  const Bytes challenge = crypto::random_bytes(sixteen ? 16 : 8);
  return {{equal(aid, card_.isd_aid) ? Purpose::select_issuer : Purpose::select_domain, gp::select(aid).encode()},
          {Purpose::initialize_update, gp::initialize_update(key_version, 0, challenge).encode()}};
}

Ordered CardTalk::put_keys(const Task& task) const {
  const crypto::KeySet set = domain_keys(task.se_id, task.sd_aid, *task.scp);
  const std::vector<gp::KeyItem> items = {gp::SecretKeyItem{set.enc}, gp::SecretKeyItem{set.mac},
                                          gp::SecretKeyItem{set.dek}};
  return {Purpose::put_keys, gp::put_key(*rebuild(task), 0x00, 1, set.version, items).encode()};
}

std::unique_ptr<gp::Channel> CardTalk::rebuild(const Task& task) const {
  const Opening& opening = task.opening;
  const auto answer = gp::InitializeUpdateAnswer::parse(opening.answer, opening.host_challenge.size());
  const crypto::KeySet keys = opening.with_domain_keys
                                  ? domain_keys(task.se_id, task.sd_aid, *task.scp)
                                  : gp::card_keys(keys_.find(card_.keys), answer.diversification_data);
  const uint8_t expected = opening.with_domain_keys ? task.scp->i : card_.scp->i;
  gp::ChannelOptions options{.aid = opening.aid, .encrypt_empty_data = card_.encrypt_empty_data};
  if (answer.scp != gp::Scp::scp03) options.i = expected;
  auto channel = gp::Channel::open(keys, opening.host_challenge, answer,
                                   level_of(answer.scp, answer.i.value_or(expected)), options);
  if (opening.mark) channel->take_up(*opening.mark);
  return channel;
}

void CardTalk::order(Task& task, std::vector<Ordered> list) const {
  std::unique_ptr<gp::Channel> channel;
  task.apdus.clear();
  for (const Ordered& one : list) {
    if (is_plain(one.purpose)) {
      task.apdus.push_back(to_hex(one.plain));
      continue;
    }
    if (!channel) channel = rebuild(task);
    const card::Apdu travels = one.purpose == Purpose::authenticate ? channel->external_authenticate()
                                                                    : channel->wrap(card::Apdu::parse(one.plain));
    task.apdus.push_back(to_hex(travels.encode()));
  }
  task.ordered = std::move(list);
  ++task.rounds;
}

std::vector<Came> CardTalk::take(Task& task, const std::vector<Bytes>& answers) const {
  std::vector<Came> out;
  std::unique_ptr<gp::Channel> channel;
  for (size_t at = 0; at < answers.size(); ++at) {
    const Ordered& ordered = task.ordered[at];
    const card::Response raw = card::Response::parse(answers[at]);
    Came came;
    came.purpose = ordered.purpose;
    came.response = raw;
    if (ordered.purpose != Purpose::authenticate) came.command = card::Apdu::parse(ordered.plain);
    if (!is_plain(ordered.purpose)) {
      if (!channel) channel = rebuild(task);
      if (ordered.purpose == Purpose::authenticate) {
        came.command = channel->external_authenticate();
      } else {
        channel->wrap(came.command);
        came.response = channel->unwrap(raw);
      }
    }
    out.push_back(std::move(came));
  }
  if (channel) task.opening.mark = channel->mark();
  return out;
}

gp::InitializeUpdateAnswer CardTalk::parse(const Came& update) {
  return gp::InitializeUpdateAnswer::parse(update.response.data, update.command.data.size());
}

std::optional<Keys> CardTalk::shake_hands(Task& task, const Came& update, ByteView selected,
                                          const std::vector<Keys>& whose) const {
  for (const Keys keys : whose) {
    task.opening = {keys == Keys::domain, to_bytes(selected), update.command.data, update.response.data, {}};
    try {
      rebuild(task);
      return keys;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::channel) throw;
    }
  }
  task.opening = {};
  return {};
}

}  // namespace cw::issuer
