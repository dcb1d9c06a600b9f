// Security domains on cards, as runs left them and as their issuers told of them since. The card's registry is the
// truth; this is what we know between two runs, and what says that a card has to be looked at again.
//
// Thread rule: any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cw::store {

enum class DomainState : uint8_t {
  asked,    // its issuer was asked for it, or it is being made; whether it is there is not known yet
  present,  // seen on the card
  locked,   // by its issuer, or by us
  deleted,  // it is gone, as we or its issuer wanted
  reset,    // gone with all that was in it, since the chip was reset, repaired or replaced
  moved,    // extradited: it is there, and no longer ours to manage
};

std::string_view name_of(DomainState state);
/// Nothing: there is no such state.
std::optional<DomainState> domain_state(std::string_view name);

struct Domain {
  std::string card{};        // chip_of() its identity
  std::string aid{};         // 10 to 32 hex digits, upper case
  std::string se_id{};       // as an SEI-TSM knows the chip, upper case hex digits; empty: none was needed
  std::string owner{};       // whose runs manage it; empty: the operator's
  std::string issuer{};      // URL of the SEI-TSM that made it; empty: it was made through the ISD
  std::string management{};  // "none", "delegated", "authorized"; empty: not known
  DomainState state = DomainState::present;
  std::string keys{};   // key set in custody that opens it; empty: none that we know
  int64_t version = 0;  // key version number of those; 0: the set's own
  int64_t since = 0;    // milliseconds since 1970: when it was first heard of, or made anew
  int64_t changed = 0;  // when it last became something else
  std::string run{};    // that wrote it last
  std::string told{};   // what its issuer last said: DELETED, RESETED, ...; empty: nothing
  int64_t told_at = 0;
};

/// Empty fields: any.
struct DomainFilter {
  std::string card{};
  std::string aid{};
  std::string se_id{};
  std::string issuer{};
  std::optional<std::string> owner{};
  int64_t limit = 0;  // at most so many; 0: all
};

/// What an issuer, or a device's maker, tells of a domain.
struct ToldState {
  std::string status{};  // as it was told
  DomainState becomes = DomainState::deleted;
  std::string by{};  // who told
};

/// What follows "it is acme's" where that one was not asked whether it may go.
inline constexpr const char* kNoConsent =
    ", who was not asked whether it may go; a flow that ends a domain says so in needs.consent, as sei/delete does";

class Domains {
 public:
  virtual ~Domains() = default;

  /// What a run saw or left: `since`, `told` and what is empty in `domain` but was known stay; of one that was gone,
  /// and is made anew, nothing does but what was told. That a domain is asked for says nothing of one that is there.
  /// Changes are written to the audit, and become durable with it. Raises usage: no card, an AID that is none, or the
  /// domain is managed by another owner, unless the operator says so, who changes nothing about that; store. `by`: who
  /// says so. `agreed`: whose it is has agreed to its end, so that another owner may say that it is deleted.
  virtual Domain put(const Domain& domain, const std::string& by, bool agreed = false) = 0;
  /// As put() would, of what a run is about to leave, and writes nothing. Raises policy also: nothing of whose it is is
  /// managed; it is another owner's and would be deleted, and that one has not agreed.
  virtual void expect(const Domain& domain, bool agreed) = 0;
  /// By card and AID.
  virtual std::vector<Domain> list(const DomainFilter& filter) = 0;

  /// The domain becomes what it was told. If it is gone, runs under way on its card by the same owner are asked to stop
  /// before their next step, since what they know of the card no longer holds. Told again, nothing changes; nor does
  /// one that is gone become anything by being told of. As it is now. Raises usage: there is no such domain; store.
  virtual Domain tell(const std::string& card, const std::string& aid, const ToldState& told) = 0;

  /// The keys of a domain that is there and has none are these from now on. False: it has some, or is not there.
  virtual bool keyed(const std::string& card, const std::string& aid, const std::string& keys, int64_t version,
                     const std::string& by) = 0;

  /// Whether this message of this sender was here before; from now on it was, until `until` (milliseconds since 1970).
  virtual bool seen(const std::string& sender, const std::string& nonce, int64_t now, int64_t until) = 0;
};

}  // namespace cw::store
