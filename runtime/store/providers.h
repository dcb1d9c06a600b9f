// Providers: owners with a life of their own, as T/TAF 096-2021, 7.4 wants it: registered, reviewed, approved for a
// period, suspended and resumed, deregistered. What an owner has is managed only while it is approved and its period
// runs. Whether it is, is computed each time that somebody asks: nothing has to wake up when a period ends.
//
// Thread rule: any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cw::store {

enum class ProviderState : uint8_t { registered, accepted, refused, approved, suspended, deregistered };
std::string_view name_of(ProviderState state);

/// What an owner is, since when and by whom.
struct Standing {
  std::string owner{};
  int64_t number = 0;  // of this change, from 1
  ProviderState state = ProviderState::registered;
  int64_t since = 0;  // milliseconds since 1970
  std::string by{};
  std::string why{};
  int64_t from = 0;   // when its period begins; 0: it was given none
  int64_t until = 0;  // when it ends; 0: it does not

  bool is_managed(int64_t now) const {
    return state == ProviderState::approved && from <= now && (until == 0 || now < until);
  }
};

/// What people are to know of it; each of at most 1,000 bytes, in one line.
struct ProviderContact {
  std::string organisation{};
  std::string contact{};  // whom to ask, and how to reach them
  std::string remarks{};
};
/// What changes of it; absent: as it was.
struct ContactChange {
  std::optional<std::string> organisation{};
  std::optional<std::string> contact{};
  std::optional<std::string> remarks{};
};

/// For how long, and whether whoever registered it may say so.
struct Approval {
  int64_t from = 0;            // milliseconds since 1970
  int64_t until = 0;           // 0: without an end
  bool second_person = false;  // whoever registered it is not the one who approves
};

/// What becomes of what one has that goes.
struct Leaving {
  std::optional<std::string> to{};  // whose its cards and domains are then; empty: nobody's; absent: it is to have none
  bool stop_runs = false;           // else there are to be none under way
};

/// Each change is written to the audit with who made it, and raises usage: there is no such owner, or its state does
/// not allow it; store. Contact data is never in the audit.
class Providers {
 public:
  virtual ~Providers() = default;

  /// Keeps a new one: nothing of it is managed until it is approved. `again`: of one that was deregistered, whose name
  /// stands in runs and records. Raises usage also: not a name, or it is taken.
  virtual void enter(const std::string& name, const ContactChange& contact, bool again, const std::string& by) = 0;
  /// What came of looking into one that is registered. One that was refused may be looked into again.
  virtual void review(const std::string& name, bool accept, const std::string& why, const std::string& by) = 0;
  /// Of one that was accepted, or a new period of one that is approved. Raises policy: it needs a second person; usage
  /// also: the period is over, or is to begin later while another one runs.
  virtual void approve(const std::string& name, const Approval& approval, const std::string& why,
                       const std::string& by) = 0;
  virtual void update(const std::string& name, const ContactChange& contact, const std::string& by) = 0;
  /// Its runs stop before their next step, and can be resumed once it is.
  virtual void suspend(const std::string& name, const std::string& why, const std::string& by) = 0;
  /// For what is left of its period.
  virtual void resume(const std::string& name, const std::string& why, const std::string& by) = 0;
  /// For good. Its name, runs and records stay. Raises usage also: it has cards, domains or runs, and `leaving` does
  /// not say what becomes of them.
  virtual void deregister(const std::string& name, const Leaving& leaving, const std::string& why,
                          const std::string& by) = 0;

  /// Raises usage: there is no such owner.
  virtual Standing standing(const std::string& name) = 0;
  /// Of all owners, by name.
  virtual std::vector<Standing> list() = 0;
  /// What it was, the newest first.
  virtual std::vector<Standing> history(const std::string& name) = 0;
  virtual ProviderContact contact(const std::string& name) = 0;

  /// For whoever is about to do something for an owner; the empty name is the operator's. Raises usage: there is no
  /// such owner; policy, with the cause "provider": nothing of it is managed now, why, and what to do.
  virtual void want_managed(const std::string& name) = 0;
};

/// The cause of that error.
inline constexpr const char* kNotManaged = "provider";

}  // namespace cw::store
