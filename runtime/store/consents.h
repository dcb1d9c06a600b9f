// What providers say to the end of a security domain that has something of theirs: they are asked before it is deleted
// (T/TAF 096-2021, 7.1), and what they said counts for a while.
//
// Thread rule: any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cw::store {

struct Consent {
  std::string id{};        // of store::new_run_id()
  std::string card{};      // chip_of() its identity
  std::string domain{};    // its AID, upper case hex digits
  std::string provider{};  // who is asked
  std::string run{};       // that asked
  int64_t asked = 0;       // milliseconds since 1970
  std::string asked_by{};
  int64_t expires = 0;  // until when it may be answered, and counts
  int64_t decided = 0;  // when; 0: nobody has answered
  std::string decided_by{};
  std::string outcome{};  // "given", "refused"
  std::string why{};
};

/// What a run is about to do.
struct ConsentWanted {
  std::string card{};  // its identity
  std::string domain{};
  std::string owner{};                   // whose run it is: nobody asks himself
  std::vector<std::string> providers{};  // who is to be asked beside the one whose domain it is
  std::string run{};
  std::string by{};
};

/// How long somebody may answer, and the answer counts.
inline constexpr int64_t kConsentTime = int64_t{30} * 24 * 3600 * 1000;
/// So many questions of one owner's runs may wait for one provider.
inline constexpr int64_t kOpenConsents = 20;
/// So many are listed at most.
inline constexpr int64_t kListedConsents = 1000;

class Consents {
 public:
  virtual ~Consents() = default;

  /// What each provider says that has to be asked: whose domain it is as the store has it (domains.h), whose the card
  /// is, and those that are named. Who was not asked is asked now, and that is written to the audit. What was asked
  /// before the domain was made anew, or before the provider was registered again, counts no more. One that is
  /// deregistered is not asked. Raises usage: there is no such owner; policy: more than kOpenConsents of the run's
  /// owner's wait for one of them; store.
  virtual std::vector<Consent> ask(const ConsentWanted& wanted) = 0;
  /// The newest first, at most kListedConsents. `open`: that alone which somebody may still answer. `provider`: absent:
  /// anybody's.
  virtual std::vector<Consent> list(bool open, const std::optional<std::string>& provider) = 0;
  /// By its id, or the beginning of it; of this provider as if there were no others. Raises usage: none, or several.
  virtual Consent find(const std::string& id, const std::optional<std::string>& provider) = 0;
  /// Given or refused, for `why`; who said one may say the other later. Written to the audit. Raises usage: it has
  /// expired, counts no more, or is so already; policy: whoever asked may not answer, where `second_person`; store.
  virtual Consent decide(const std::string& id, bool give, const std::string& why, const std::string& by,
                         bool second_person = false) = 0;
};

}  // namespace cw::store
