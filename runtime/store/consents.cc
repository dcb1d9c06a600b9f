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
        std::vector<Consent> there =
            select(" WHERE card = $1 AND domain = $2 AND provider = $3 AND expires > $4 AND asked >= $5",
                   {card, wanted.domain, provider, time_of_day(), counts_from(card, wanted.domain, provider)});
        if (there.empty()) {
          want_few(provider, wanted.owner);
          there.push_back(put(card, provider, wanted));
        }
        out.push_back(there[0]);
      }
    });
    return out;
  }

  std::vector<Consent> list(bool open, const std::optional<std::string>& provider) override {
    std::vector<Value> values = {kListedConsents};
    std::string where;
    const auto add = [&](const std::string& condition, Value value) {
      values.push_back(std::move(value));
      where += (where.empty() ? " WHERE " : " AND ") + condition + " $" + std::to_string(values.size());
    };
    if (open) add("outcome = '' AND expires >", time_of_day());
    if (provider) add("provider =", *provider);
    return select(where, values, " LIMIT $1");
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

  Consent decide(const std::string& id, bool give, const std::string& why, const std::string& by,
                 bool second_person) override {
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
      if (out.asked < counts_from(out.card, out.domain, out.provider)) {
        throw Error(ErrorKind::usage, "consent " + out.id +
                                          " counts no more: the domain was made anew, or the owner registered again, "
                                          "since it was asked for; it is asked for again when the run is");
      }
      if (second_person && person_of(out.asked_by) == person_of(by)) {
        throw Error(ErrorKind::policy, "consent " + out.id + " was asked for by " + out.asked_by +
                                           ", and the policy in use asks for a second person to give it");
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

  /// From when on a question is about the domain that is there, and the provider that there is. What ended a domain
  /// is asked for no second time, if the run is torn.
  int64_t counts_from(const std::string& card, const std::string& domain, const std::string& provider) {
    const Result made =
        db_.run({"SELECT since FROM domains WHERE card = $1 AND aid = $2 AND state IN ('asked', 'present', 'locked')",
                 {card, domain}});
    const Result came = db_.run(
        {"SELECT since FROM provider_states WHERE owner = $1 AND state = 'registered' ORDER BY number DESC LIMIT 1",
         {provider}});
    int64_t out = 0;
    for (const Result& each : {made, came}) {
      if (!each.rows.empty()) out = std::max(out, number(each.rows[0].at(0)));
    }
    return out;
  }

  /// Who has something in the domain, and is not whose run it is. Raises usage: no such owner.
  std::vector<std::string> concerned(const std::string& card, const ConsentWanted& wanted) {
    std::vector<std::string> out = wanted.providers;
    const Result known =
        db_.run({"SELECT owner FROM domains WHERE card = $1 AND aid = $2 AND owner <> '' AND state IN "
                 "('asked', 'present', 'locked')",
                 {card, wanted.domain}});
    const Result given = db_.run({"SELECT owner FROM cards WHERE card = $1", {card}});
    for (const Result& each : {known, given}) {
      for (const Row& row : each.rows) out.push_back(text(row.at(0)));
    }
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    std::erase_if(out, [&](const std::string& name) {
      if (name == wanted.owner) return true;
      if (!wanted.owner.empty() && !has_owner(db_, name)) raise_nobody(name);
      return standing_of(db_, name).state == ProviderState::deregistered;
    });
    return out;
  }

  /// To an owner, without a word of who there is.
  [[noreturn]] static void raise_nobody(const std::string& name) {
    throw Error(ErrorKind::usage, "there is no owner '" + name + "' to ask for consent");
  }

  /// The operator's runs ask as often as they like.
  void want_few(const std::string& provider, const std::string& owner) {
    if (owner.empty()) return;
    const Result open = db_.run(
        {"SELECT COUNT(*) FROM consents WHERE provider = $1 AND outcome = '' AND expires > $2 AND run IN (SELECT id "
         "FROM runs WHERE owner = $3)",
         {provider, time_of_day(), owner}});
    if (number(open.rows.at(0).at(0)) < kOpenConsents) return;
    throw Error(ErrorKind::policy,
                "asking " + provider + " for consent: it has " + std::to_string(kOpenConsents) +
                    " questions of runs of " + owner + " to answer; it is asked again once it has answered one",
                {}, "consent");
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

  std::vector<Consent> select(const std::string& condition, const std::vector<Value>& values,
                              const std::string& most = {}) {
    const Result found =
        db_.run({"SELECT id, card, domain, provider, run, asked, asked_by, expires, decided, "
                 "decided_by, outcome, why FROM consents" +
                     condition + " ORDER BY id DESC" + most,
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
