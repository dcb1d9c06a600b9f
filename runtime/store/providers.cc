#include "store/providers.h"

#include <functional>
#include <utility>

#include "base/error.h"
#include "base/utc_text.h"
#include "clock_private.h"
#include "owners_private.h"
#include "providers_private.h"
#include "store/ledgers.h"
#include "store/owners.h"
#include "surely_private.h"

namespace cw::store {

namespace {

using Details = std::vector<std::pair<std::string, std::string>>;
using State = ProviderState;

class ProvidersOnDatabase : public Providers {
 public:
  ProvidersOnDatabase(Database& database, Audit& audit) : db_(database), audit_(audit) {}

  void enter(const std::string& name, const ContactChange& contact, bool again, const std::string& by) override {
    want_owner_name(name);
    want_lines(contact);
    const int64_t now = time_of_day();
    bool tried = false;
    change([&] {
      const bool once_more = std::exchange(tried, true);
      const bool there = has_owner(db_, name);
      if (there) {
        hold_standing(db_, name);
        const Standing before = standing_of(db_, name);
        if (once_more && is(before, State::registered, now, by)) return;
        want_free(before, again);
      } else if (again) {
        want_owner(db_, name);
      } else {
        add_owner(db_, name, now, by);
      }
      put_contact(name, contact);
      put({name, there ? standing_of(db_, name).number + 1 : 1, State::registered, now, by, "", 0, 0}, "registered",
          again ? Details{{"again", "yes"}} : Details{});
    });
  }

  void review(const std::string& name, bool accept, const std::string& why, const std::string& by) override {
    const State to = accept ? State::accepted : State::refused;
    move(name, to, why, by, [&](Standing& it) {
      if (it.state == State::registered || it.state == State::accepted || it.state == State::refused) return;
      refuse(it, "reviewed", "what is registered is reviewed, before it is approved");
    });
  }

  void approve(const std::string& name, const Approval& approval, const std::string& why,
               const std::string& by) override {
    if (approval.until != 0 && (approval.until <= approval.from || approval.until <= time_of_day())) {
      throw Error(ErrorKind::usage, "a period for " + name + " that is over before it begins; say when it ends");
    }
    move(name, State::approved, why, by, [&](Standing& it) {
      if (it.state == State::suspended) refuse(it, "approved", "cardwright owner resume " + name + " ends that first");
      if (it.state != State::accepted && it.state != State::approved) {
        refuse(it, "approved", "cardwright owner review " + name + " --accept comes first");
      }
      if (it.is_managed(time_of_day()) && approval.from > time_of_day()) {
        throw Error(ErrorKind::usage,
                    "owner " + name + " is managed now, and a period from " + utc_text(approval.from) +
                        " on would end that until then; approve it without --from, which goes on from now, or once "
                        "its period is over");
      }
      if (approval.second_person) want_second_person(name, by);
      it.from = approval.from;
      it.until = approval.until;
    });
  }

  void update(const std::string& name, const ContactChange& contact, const std::string& by) override {
    want_lines(contact);
    change([&] {
      want_owner(db_, name);
      const std::string changed = put_contact(name, contact);
      if (!changed.empty()) note(name, "updated", by, {{"changed", changed}});
    });
  }

  void suspend(const std::string& name, const std::string& why, const std::string& by) override {
    move(name, State::suspended, why, by, [&](const Standing& it) {
      if (it.state != State::approved) refuse(it, "suspended", "nothing of it is managed");
    });
  }

  void resume(const std::string& name, const std::string& why, const std::string& by) override {
    move(
        name, State::approved, why, by,
        [&](const Standing& it) {
          if (it.state != State::suspended) refuse(it, "resumed", "cardwright owner show " + name + " says what it is");
        },
        "resumed");
  }

  void deregister(const std::string& name, const Leaving& leaving, const std::string& why,
                  const std::string& by) override {
    move(name, State::deregistered, why, by, [&](Standing& it) {
      if (it.state == State::deregistered) refuse(it, "deregistered", "its name stays, for its runs and records");
      settle(name, leaving, by);
      it.from = it.until = 0;
    });
  }

  Standing standing(const std::string& name) override { return standing_of(db_, name); }

  std::vector<Standing> list() override {
    return rows(
        " WHERE number = (SELECT MAX(number) FROM provider_states AS all_of WHERE all_of.owner = "
        "provider_states.owner) ORDER BY owner",
        {});
  }

  std::vector<Standing> history(const std::string& name) override {
    want_owner(db_, name);
    return rows(" WHERE owner = $1 ORDER BY number DESC", {name});
  }

  ProviderContact contact(const std::string& name) override {
    want_owner(db_, name);
    const Row row = db_.run({"SELECT organisation, contact, remarks FROM owners WHERE name = $1", {name}}).rows.at(0);
    return {text(row.at(0)), text(row.at(1)), text(row.at(2))};
  }

  void want_managed(const std::string& name) override { look_managed(db_, name); }

 private:
  void change(const std::function<void()>& work) {
    surely([&] {
      db_.transact([&] {
        db_.lock("owners");
        work();
      });
    });
  }

  /// From what it is to another state, if `check` has nothing against it; that may change the period, too.
  void move(const std::string& name, State to, const std::string& why, const std::string& by,
            const std::function<void(Standing&)>& check, const char* done = nullptr) {
    want_line("the reason for a change", why);
    const int64_t now = time_of_day();
    bool tried = false;
    change([&] {
      hold_standing(db_, name);
      Standing it = standing_of(db_, name);
      if (std::exchange(tried, true) && is(it, to, now, by)) return;
      check(it);
      ++it.number;
      it.state = to;
      it.since = now;
      it.by = by;
      it.why = why;
      put(it, done == nullptr ? std::string(name_of(to)) : done, {});
    });
  }

  /// Of a change that is tried again, since the server went away before it could say so: it was done.
  static bool is(const Standing& it, State state, int64_t now, const std::string& by) {
    return it.state == state && it.since == now && it.by == by;
  }

  void put(const Standing& now, const std::string& done, Details details) {
    put_standing(db_, now);
    if (!now.why.empty()) details.emplace_back("reason", now.why);
    if (now.state == State::approved) {
      details.emplace_back("from", std::to_string(now.from));
      details.emplace_back("until", now.until == 0 ? "no end" : std::to_string(now.until));
    }
    note(now.owner, done, now.by, std::move(details));
  }

  void note(const std::string& name, const std::string& done, const std::string& by, Details details) {
    details.emplace_back("owner", name);
    audit_.add({by, "owner " + done, name, std::move(details)});
  }

  [[noreturn]] static void refuse(const Standing& it, const std::string& done, const std::string& hint) {
    throw Error(ErrorKind::usage,
                "owner " + it.owner + " is " + std::string(name_of(it.state)) + " and cannot be " + done + ": " + hint);
  }

  static void want_free(const Standing& before, bool again) {
    if (before.state != State::deregistered) {
      throw Error(ErrorKind::usage,
                  "there is an owner " + before.owner + " already; it is " + std::string(name_of(before.state)));
    }
    if (!again) raise_was_there(before.owner);
  }

  /// Whoever registered it last. Of an owner that was simply added, who did that.
  void want_second_person(const std::string& name, const std::string& by) {
    std::string first;
    for (const Standing& each : history(name)) {
      first = each.by;
      if (each.state == State::registered) break;
    }
    if (person_of(first) != person_of(by)) return;
    throw Error(ErrorKind::policy, "owner " + name + " was registered by " + first +
                                       ", and the policy in use asks for a second person to approve it");
  }

  /// What it has goes elsewhere, in this transaction. Raises usage: nobody said where.
  void settle(const std::string& name, const Leaving& leaving, const std::string& by) {
    const std::vector<Row> cards = db_.run({"SELECT card FROM cards WHERE owner = $1 ORDER BY card", {name}}).rows;
    const int64_t domains =
        count(" FROM domains WHERE state NOT IN ('deleted', 'reset', 'moved') AND owner = $1", name);
    const int64_t runs = count(" FROM runs WHERE state IN ('running', 'waiting', 'stuck') AND owner = $1", name);
    if ((cards.size() + static_cast<size_t>(domains) > 0 && !leaving.to) || (runs > 0 && !leaving.stop_runs)) {
      throw Error(ErrorKind::usage, "owner " + name + " has cards: " + std::to_string(cards.size()) + ", domains: " +
                                        std::to_string(domains) + ", runs that are not over: " + std::to_string(runs) +
                                        "; say what becomes of them: --to OWNER, or --to operator, and --stop-runs");
    }
    if (leaving.to && *leaving.to == name) {
      throw Error(ErrorKind::usage, "what " + name + " has cannot stay with it; name another owner, or operator");
    }
    if (leaving.to) store::want_managed(db_, *leaving.to);
    db_.run({"UPDATE runs SET stop_asked = 1 WHERE owner = $1 AND state IN ('running', 'waiting', 'stuck')", {name}});
    for (const Row& row : cards) hand_over(text(row.at(0)), name, *leaving.to, by);
    if (domains == 0) return;
    db_.run({"UPDATE domains SET owner = $2 WHERE owner = $1", {name, *leaving.to}});
    note(name, "domains given away", by,
         {{"domains", std::to_string(domains)}, {"to", leaving.to->empty() ? "operator" : *leaving.to}});
  }

  int64_t count(const std::string& of, const std::string& name) {
    return number(db_.run({"SELECT COUNT(*)" + of, {name}}).rows.at(0).at(0));
  }

  void hand_over(const std::string& card, const std::string& from, const std::string& to, const std::string& by) {
    audit_.add({by, "card taken back", card, {{"owner", from}}});
    if (to.empty()) {
      db_.run({"DELETE FROM cards WHERE card = $1", {card}});
      return;
    }
    db_.run({"UPDATE cards SET owner = $2, since = $3, given_by = $4 WHERE card = $1", {card, to, time_of_day(), by}});
    audit_.add({by, "card given", card, {{"owner", to}}});
  }

  static void want_lines(const ContactChange& contact) {
    if (contact.organisation) want_line("the organisation of a provider", *contact.organisation);
    if (contact.contact) want_line("the contact of a provider", *contact.contact);
    if (contact.remarks) want_line("the remarks about a provider", *contact.remarks);
  }

  /// What of it is another one now.
  std::string put_contact(const std::string& name, const ContactChange& change) {
    const ProviderContact before = contact(name);
    std::string changed;
    const auto set = [&](const char* column, const std::optional<std::string>& to, const std::string& was) {
      if (!to || *to == was) return;
      changed += (changed.empty() ? "" : ", ") + std::string(column);
      db_.run({"UPDATE owners SET " + std::string(column) + " = $2 WHERE name = $1", {name, *to}});
    };
    set("organisation", change.organisation, before.organisation);
    set("contact", change.contact, before.contact);
    set("remarks", change.remarks, before.remarks);
    return changed;
  }

  std::vector<Standing> rows(const std::string& condition, const std::vector<Value>& values) {
    std::vector<Standing> out;
    for (const Row& row : db_.run({kStandingColumns + condition, values}).rows) out.push_back(standing_of(row));
    return out;
  }

  Database& db_;
  Audit& audit_;
};

}  // namespace

std::unique_ptr<Providers> make_providers(Database& database, Audit& audit) {
  return std::make_unique<ProvidersOnDatabase>(database, audit);
}

}  // namespace cw::store
