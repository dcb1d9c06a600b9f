// Owners: issuers and service providers that things in the store belong to, under the operator who runs it. Runs,
// policies and bundles say whose they are; here is who there is, and whose each card is.
//
// Thread rule: any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cw::store {

struct Owner {
  std::string name{};
  int64_t since = 0;  // milliseconds since 1970
  std::string by{};   // who added it
  int64_t cards = 0;  // that were given to it
  int64_t runs = 0;   // of it that are not over
};

struct OwnedCard {
  std::string card{};   // chip_of() its identity
  std::string owner{};  // empty: nobody's, and it is known from runs
  int64_t since = 0;
  std::string by{};      // who gave it
  int64_t runs = 0;      // on it
  int64_t last_run = 0;  // when that began
};

/// 1 to 32 of a-z, 0-9, '-' and '_', beginning with a letter; not "operator", which is nobody's name.
bool is_owner_name(std::string_view name);

/// What of a card's identity stays whatever is put onto it: the CPLC, or CIN and IIN, without what its keys are
/// diversified with.
std::string chip_of(const std::string& identity);

/// Cards are known by their chips: whichever part of its identity a card gives, it is the same one.
class Owners {
 public:
  virtual ~Owners() = default;

  /// As an owner that is approved without an end (providers.h). Raises usage: not a name, or there is, or was, one of
  /// that name; store.
  virtual void add(const std::string& name, const std::string& by) = 0;
  /// By name.
  virtual std::vector<Owner> list() = 0;
  virtual bool has(const std::string& name) = 0;

  /// From now on the card and what is kept of its domains are the owner's, and no other owner's run works on it. False:
  /// it was already. Raises usage: no such owner, or another one has the card; policy: nothing of the owner is managed;
  /// store.
  virtual bool give(const std::string& card, const std::string& owner, const std::string& by) = 0;
  /// It is nobody's from now on, and the owner's runs on it that are under way are asked to stop. Raises usage: it is;
  /// store.
  virtual void take_back(const std::string& card, const std::string& by) = 0;
  /// Whose it is; empty: nobody's.
  virtual std::string owner_of(const std::string& card) = 0;
  /// By identity: those that were given away, and all that runs were on. `owner`: given to them, and of their runs.
  virtual std::vector<OwnedCard> cards(const std::optional<std::string>& owner) = 0;
};

}  // namespace cw::store
