// What is done on a card for a task: which commands come in the next list, and what the answers to the last one mean. A
// step looks first and acts only where its effect is missing.
//
//   CREATE_SSD   1  SELECT ISD, INITIALIZE UPDATE
//                2  EXTERNAL AUTHENTICATE, GET STATUS
//                3  INSTALL, SELECT SSD, INITIALIZE UPDATE
//                4  EXTERNAL AUTHENTICATE, PUT KEY (SET STATUS)
//   others       1  SELECT ISD, INITIALIZE UPDATE
//                2  EXTERNAL AUTHENTICATE, GET STATUS, SET STATUS or DELETE
//
// Owner: a request. Thread rule: one thread at a time.
#pragma once

#include <optional>
#include <vector>

#include "gp/registry.h"
#include "issuer/card_talk.h"

namespace cw::issuer {

class Work {
 public:
  /// All are borrowed.
  Work(const Tenant& tenant, const CardProfile& card, const crypto::KeyStore& keys, State& state, Task& task,
       int64_t now)
      : tenant_(tenant), card_(card), talk_(card, keys), state_(state), task_(task), now_(now) {}

  /// The first list. Raises policy: the tenant may not have that; keys of this card did not fit before.
  void begin();
  /// Takes answers and orders the next list; none: the work is done. Raises card: the card said no, or what it says
  /// does not go together; channel: keys or a MAC that do not fit; policy: as above.
  void go_on(const std::vector<Bytes>& answers);

  bool pushes_keys() const { return pushes_keys_; }

 private:
  void check_wanted() const;
  void refuse_known_mismatch(ByteView aid, uint8_t key_version) const;
  std::vector<Ordered> next(const std::vector<Came>& came);
  void judge(const Came& came);
  std::vector<Ordered> opened_issuer(const Came& update);
  std::vector<Ordered> opened_domain(const Came& update);
  std::vector<Ordered> looked();
  std::vector<Ordered> install();
  std::vector<Ordered> open_domain(uint8_t key_version);
  std::vector<Ordered> finished();
  std::optional<gp::RegistryEntry> entry() const;
  Bytes create_parameters() const;
  Domain& record();
  void forget();

  const Tenant& tenant_;
  const CardProfile& card_;
  const CardTalk talk_;
  State& state_;
  Task& task_;
  const int64_t now_;
  bool absent_ = false;  // GET STATUS: 6A88
  bool install_refused_ = false;
  bool pushes_keys_ = false;
};

}  // namespace cw::issuer
