// How a list of commands becomes an apduList, and a respList its answers: secure channels through the rounds. The
// channel is built again for each round from what the task remembers, so that a round may come to another process.
//
// Owner: a request. Thread rule: one thread at a time.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "card/apdu.h"
#include "crypto/key_store.h"
#include "gp/channel.h"
#include "issuer/config.h"
#include "issuer/state.h"

namespace cw::issuer {

/// The answer to an ordered command, its protection checked and taken off.
struct Came {
  Purpose purpose = Purpose::select_issuer;
  card::Apdu command{};  // before any secure channel
  card::Response response{};
};

/// Whose keys a security domain may have: the ISD's, or, of an SSD, its own.
enum class Keys : uint8_t { issuer, domain };

class CardTalk {
 public:
  /// Both are borrowed.
  CardTalk(const CardProfile& card, const crypto::KeyStore& keys) : card_(card), keys_(keys) {}

  /// SELECT and INITIALIZE UPDATE with a new host challenge.
  std::vector<Ordered> opening(ByteView aid, uint8_t key_version) const;
  /// PUT KEY of the SSD's initial keys, under the task's channel.
  Ordered put_keys(const Task& task) const;

  /// The list as it travels, with what is remembered of it in `task`. What stands before a SELECT goes through the
  /// channel that is open, or that EXTERNAL AUTHENTICATE at its beginning opens.
  void order(Task& task, std::vector<Ordered> list) const;
  /// At most as many answers as were ordered. Moves the task's channel on. Raises channel: an R-MAC is missing or
  /// wrong.
  std::vector<Came> take(Task& task, const std::vector<Bytes>& answers) const;

  /// What the card says with `update`. Raises channel: a length or a protocol that cannot be.
  static gp::InitializeUpdateAnswer parse(const Came& update);
  /// The first of `whose` whose card cryptogram is right opens the task's channel; nothing: of none it is.
  std::optional<Keys> shake_hands(Task& task, const Came& update, ByteView selected,
                                  const std::vector<Keys>& whose) const;

  uint8_t issuer_key_version() const;
  /// The initial keys of an SSD: the set of its protocol, diversified as that set says, with a hash of chip and AID in
  /// place of a card's data.
  crypto::KeySet domain_keys(std::string_view se_id, ByteView aid, const ScpConfig& scp) const;

 private:
  std::unique_ptr<gp::Channel> rebuild(const Task& task) const;

  const CardProfile& card_;
  const crypto::KeyStore& keys_;
};

}  // namespace cw::issuer
