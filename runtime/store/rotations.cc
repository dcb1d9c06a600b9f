#include "store/rotations.h"

#include "base/error.h"
#include "budget_text_private.h"
#include "store/ledgers.h"

namespace cw::store {

namespace {

constexpr const char* kColumns =
    "card, domain, before_set, before_version, after_set, after_version, run, begun, decided";

Rotation rotation_in(const Row& row) {
  return {text(row.at(0)),
          text(row.at(1)),
          {text(row.at(2)), number(row.at(3))},
          {text(row.at(4)), number(row.at(5))},
          text(row.at(6)),
          number(row.at(7)),
          text(row.at(8))};
}

bool same(const KeyCandidate& a, const KeyCandidate& b) { return a.set == b.set && a.version == b.version; }

/// Version 0 may be any.
bool may_be(const KeyCandidate& candidate, const KeyCandidate& keys) {
  return candidate.set == keys.set &&
         (candidate.version == keys.version || candidate.version == 0 || keys.version == 0);
}

std::string shown(const KeyCandidate& candidate) {
  if (candidate.set.empty()) return "no keys";
  return "key set " + candidate.set + ", version " + version_text(candidate.version);
}

class RotationsOnDatabase : public Rotations {
 public:
  explicit RotationsOnDatabase(Database& database) : database_(database) {}

  void begin(const Rotation& rotation) override {
    std::optional<Rotation> there;
    // An index lets one open rotation of a domain in, whoever comes first; that one may be decided before it is seen.
    while (!there) {
      database_.run(
          {"INSERT INTO rotations (card, domain, before_set, before_version, after_set, after_version, run, "
           "begun, decided) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '') ON CONFLICT DO NOTHING",
           {rotation.card, rotation.domain, rotation.before.set, rotation.before.version, rotation.after.set,
            rotation.after.version, rotation.run, rotation.begun}});
      there = open(rotation.card, rotation.domain);
    }
    if (same(there->before, rotation.before) && same(there->after, rotation.after)) return;
    throw Error(ErrorKind::usage, "rotating keys of card " + rotation.card + ", " +
                                      (rotation.domain.empty() ? "the ISD" : "domain " + rotation.domain) +
                                      ": another rotation is open, of run " + there->run + ", from " +
                                      shown(there->before) + " to " + shown(there->after) +
                                      "; open a channel with either first, which shows what the card holds");
  }

  std::optional<Rotation> open(const std::string& card, const std::string& domain) override {
    const Result found = database_.run(
        {std::string("SELECT ") + kColumns + " FROM rotations WHERE card = $1 AND domain = $2 AND decided = ''",
         {card, domain}});
    if (found.rows.empty()) return {};
    return rotation_in(found.rows[0]);
  }

  void opened_with(const std::string& card, const std::string& domain, const KeyCandidate& keys) override {
    const std::optional<Rotation> there = open(card, domain);
    if (!there) return;
    const bool before = may_be(there->before, keys);
    const bool after = may_be(there->after, keys);
    if (before == after) return;
    database_.run(
        {"UPDATE rotations SET decided = $3 WHERE card = $1 AND domain = $2 AND decided = '' AND begun = $4 AND "
         "run = $5",
         {card, domain, std::string(after ? "after" : "before"), there->begun, there->run}});
  }

  std::vector<Rotation> list(bool all) override {
    const Result found = database_.run({std::string("SELECT ") + kColumns + " FROM rotations" +
                                            (all ? "" : " WHERE decided = ''") + " ORDER BY begun, card, domain",
                                        {}});
    std::vector<Rotation> rotations;
    for (const Row& row : found.rows) rotations.push_back(rotation_in(row));
    return rotations;
  }

  bool names(const std::string& set) override {
    return !database_
                .run({"SELECT card FROM rotations WHERE decided = '' AND (before_set = $1 OR after_set = $1) LIMIT 1",
                      {set}})
                .rows.empty();
  }

 private:
  Database& database_;
};

}  // namespace

std::unique_ptr<Rotations> make_rotations(Database& database) {
  return std::make_unique<RotationsOnDatabase>(database);
}

}  // namespace cw::store
