#include "store/consents.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "base/error.h"
#include "clock_private.h"
#include "owners_private.h"
#include "providers_private.h"
#include "run_row_private.h"
#include "store/ledgers.h"
#include "store/owners.h"
#include "store/runs.h"
#include "surely_private.h"

namespace cw::store {

namespace {

class ConsentsOnDatabase : public Consents {
 public:
  ConsentsOnDatabase(Database& database, Audit& audit) : db_(database), audit_(audit) {}

  std::vector<Consent> ask(const ConsentWanted& wanted) override {
    const std::string card = chip_of(wanted.card);
    std::vector<Consent> out;
    change([&] {
      out.clear();
      for (const std::string& provider : concerned(card, wanted)) {
        std::vector<Consent> there = select(" WHERE card = $1 AND domain = $2 AND provider = $3 AND expires > $4",
                                            {card, wanted.domain, provider, time_of_day()});
        if (there.empty()) there.push_back(put(card, provider, wanted));
        out.push_back(there[0]);
      }
    });
    return out;
  }

  std::vector<Consent> list(bool open, const std::optional<std::string>& provider) override {
    return theirs(open ? select(" WHERE outcome = '' AND expires > $1", {time_of_day()}) : select("", {}), provider);
  }

  Consent find(const std::string& id, const std::optional<std::string>& provider) override {
    if (id.empty() || !is_run_id(id)) raise_none(id);
    std::string after = id;  // the first text that does not begin with it
    after.back() = static_cast<char>(after.back() + 1);
    const std::vector<Consent> found = theirs(select(" WHERE id >= $1 AND id < $2", {id, after}), provider);
    if (found.empty()) raise_none(id);
    if (found.size() == 1) return found[0];
    throw Error(ErrorKind::usage,
                "the ids of several consents begin with " + id + "; write more of the one that is meant");
  }

  Consent decide(const std::string& id, bool give, const std::string& why, const std::string& by) override {
    const std::string outcome = give ? "given" : "refused";
    want_line("the reason for a decision", why);
    const int64_t now = time_of_day();
    Consent out;
    bool tried = false;
    change([&] {
      out = find(id, {});
      // Done by us just now: the server went away before it could say so.
      if (std::exchange(tried, true) && out.outcome == outcome && out.decided == now && out.decided_by == by) return;
      if (out.expires <= now) {
        throw Error(ErrorKind::usage, "consent " + out.id + " has expired; it is asked for again when the run is");
      }
      if (out.outcome == outcome) {
        throw Error(ErrorKind::usage, "consent " + out.id + " was " + outcome + " by " + out.decided_by + " already");
      }
      out.decided = now;
      out.decided_by = by;
      out.outcome = outcome;
      out.why = why;
      db_.run({"UPDATE consents SET decided = $2, decided_by = $3, outcome = $4, why = $5 WHERE id = $1",
               {out.id, now, by, outcome, why}});
      note(out, outcome, by);
    });
    return out;
  }

 private:
  void change(const std::function<void()>& work) {
    surely([&] {
      db_.transact([&] {
        db_.lock("consents");
        work();
      });
    });
  }

  /// Who has something in the domain, and is not whose run it is. Raises usage: no such owner.
  std::vector<std::string> concerned(const std::string& card, const ConsentWanted& wanted) {
    std::vector<std::string> out = wanted.providers;
    const Result known =
        db_.run({"SELECT owner FROM domains WHERE card = $1 AND aid = $2 AND owner <> '' AND state IN "
                 "('asked', 'present', 'locked')",
                 {card, wanted.domain}});
    for (const Row& row : known.rows) out.push_back(text(row.at(0)));
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    std::erase_if(out, [&](const std::string& name) {
      return name == wanted.owner || standing_of(db_, name).state == ProviderState::deregistered;
    });
    return out;
  }

  Consent put(const std::string& card, const std::string& provider, const ConsentWanted& wanted) {
    Consent made;
    made.id = new_run_id();
    made.card = card;
    made.domain = wanted.domain;
    made.provider = provider;
    made.run = wanted.run;
    made.asked = time_of_day();
    made.asked_by = wanted.by;
    made.expires = made.asked + kConsentTime;
    db_.run(
        {"INSERT INTO consents (id, card, domain, provider, run, asked, asked_by, expires, decided, decided_by, "
         "outcome, why) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, '', '', '')",
         {made.id, card, made.domain, provider, made.run, made.asked, made.asked_by, made.expires}});
    note(made, "asked for", wanted.by);
    return made;
  }

  void note(const Consent& of, const std::string& done, const std::string& by) {
    std::vector<std::pair<std::string, std::string>> details{
        {"consent", of.id}, {"domain", of.domain}, {"run", of.run}, {"owner", of.provider}};
    if (!of.why.empty()) details.emplace_back("reason", of.why);
    audit_.add({by, "consent " + done, of.card, std::move(details)});
  }

  [[noreturn]] static void raise_none(const std::string& id) {
    throw Error(ErrorKind::usage, "there is no consent '" + id + "'; cardwright owner consent list shows them");
  }

  static std::vector<Consent> theirs(std::vector<Consent> all, const std::optional<std::string>& provider) {
    if (provider) std::erase_if(all, [&](const Consent& each) { return each.provider != *provider; });
    return all;
  }

  std::vector<Consent> select(const std::string& condition, const std::vector<Value>& values) {
    const Result found =
        db_.run({"SELECT id, card, domain, provider, run, asked, asked_by, expires, decided, "
                 "decided_by, outcome, why FROM consents" +
                     condition + " ORDER BY id DESC",
                 values});
    std::vector<Consent> out;
    for (const Row& row : found.rows) {
      out.push_back({text(row.at(0)), text(row.at(1)), text(row.at(2)), text(row.at(3)), text(row.at(4)),
                     number(row.at(5)), text(row.at(6)), number(row.at(7)), number(row.at(8)), text(row.at(9)),
                     text(row.at(10)), text(row.at(11))});
    }
    return out;
  }

  Database& db_;
  Audit& audit_;
};

}  // namespace

std::unique_ptr<Consents> make_consents(Database& database, Audit& audit) {
  return std::make_unique<ConsentsOnDatabase>(database, audit);
}

}  // namespace cw::store
