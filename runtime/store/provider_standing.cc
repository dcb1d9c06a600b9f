// Reading what an owner is, and saying why nothing of it is managed.
#include <array>

#include "base/error.h"
#include "base/printable.h"
#include "base/utc_text.h"
#include "clock_private.h"
#include "owners_private.h"
#include "providers_private.h"

namespace cw::store {

namespace {

constexpr std::array kNames = {"registered", "accepted", "refused", "approved", "suspended", "deregistered"};

/// Raises store: a row that was changed from outside.
ProviderState state_named(const std::string& name) {
  for (size_t i = 0; i < kNames.size(); ++i) {
    if (name == kNames.at(i)) return static_cast<ProviderState>(i);
  }
  throw Error(ErrorKind::store,
              "an owner is '" + name + "', which this cardwright does not know: the store was changed from outside", {},
              "corrupt");
}

std::string how(const Standing& it) {
  return utc_text(it.since) + " by " + it.by + (it.why.empty() ? "" : ": " + it.why);
}

/// What it is now, and what the operator may do.
std::string why_not(const Standing& it, int64_t now) {
  const std::string command = "cardwright owner ";
  switch (it.state) {
    case ProviderState::registered:
      return "it is registered and not approved yet; " + command + "review and " + command + "approve come first";
    case ProviderState::accepted:
      return "it was accepted and not approved yet; " + command + "approve " + it.owner + " gives it a period";
    case ProviderState::refused:
      return "it was refused on " + how(it) + "; " + command + "review " + it.owner + " looks into it again";
    case ProviderState::suspended:
      return "it is suspended since " + how(it) + "; " + command + "resume " + it.owner + " ends that";
    case ProviderState::deregistered:
      return "it was deregistered on " + how(it) + "; " + command + "register " + it.owner + " --again begins anew";
    case ProviderState::approved:
      break;
  }
  if (now < it.from) return "it is approved from " + utc_text(it.from) + " on";
  return "its approval ended on " + utc_text(it.until) + "; " + command + "approve " + it.owner +
         " gives it a new period";
}

}  // namespace

std::string_view name_of(ProviderState state) { return kNames.at(static_cast<size_t>(state)); }

Standing standing_of(const Row& row) {
  return {text(row.at(0)),   number(row.at(1)), state_named(text(row.at(2))),
          number(row.at(3)), text(row.at(4)),   text(row.at(5)),
          number(row.at(6)), number(row.at(7))};
}

Standing standing_of(Database& db, const std::string& name) {
  const Result found =
      db.run({std::string(kStandingColumns) + " WHERE owner = $1 ORDER BY number DESC LIMIT 1", {name}});
  if (!found.rows.empty()) return standing_of(found.rows[0]);
  want_owner(db, name);
  throw Error(ErrorKind::store, "what owner " + name + " is stands nowhere: the store was changed from outside", {},
              "corrupt");
}

void look_managed(Database& db, const std::string& name) {
  if (name.empty()) return;
  const Standing it = standing_of(db, name);
  const int64_t now = time_of_day();
  if (it.is_managed(now)) return;
  throw Error(ErrorKind::policy, "nothing of provider " + name + " is managed: " + why_not(it, now), {}, kNotManaged);
}

void want_managed(Database& db, const std::string& name) {
  if (name.empty()) return;
  db.run({"SELECT name FROM owners WHERE name = $1 @shared", {name}});
  look_managed(db, name);
}

void hold_standing(Database& db, const std::string& name) {
  db.run({"UPDATE owners SET since = since WHERE name = $1", {name}});
}

void put_standing(Database& db, const Standing& now) {
  db.run(
      {"INSERT INTO provider_states (owner, number, state, since, changed_by, why, valid_from, valid_until) "
       "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
       {now.owner, now.number, std::string(name_of(now.state)), now.since, now.by, now.why, now.from, now.until}});
}

void want_line(const std::string& what, const std::string& text) {
  constexpr size_t kLongest = 1000;
  if (text.size() <= kLongest && is_printable(text)) return;
  throw Error(ErrorKind::usage, what + " is one line of UTF-8 of at most " + std::to_string(kLongest) +
                                    " bytes, without control characters and those that turn the direction of text");
}

std::string person_of(const std::string& name) {
  return name.find('=') == std::string::npos ? name.substr(0, name.find('@')) : name;
}

}  // namespace cw::store
