#include "store/proposals.h"

#include "base/error.h"
#include "clock_private.h"
#include "owners_private.h"
#include "providers_private.h"
#include "run_row_private.h"
#include "store/canary.h"
#include "store/ledgers.h"
#include "store/runs.h"
#include "surely_private.h"

namespace cw::store {

namespace {

class ProposalsOnDatabase : public Proposals {
 public:
  ProposalsOnDatabase(Database& database, Audit& audit) : db_(database), audit_(audit) {}

  Proposal make(const Proposal& wanted) override {
    Proposal made = wanted;
    made.id = new_run_id();
    made.made = time_of_day();
    made.expires = made.made + kProposalTime;
    change([&] {
      for (const Proposal& each : list(true, {})) {
        if (each.id == made.id) return;  // made by us just now: the server went away before it could say so
        if (each.what != made.what || each.owner != made.owner || each.action != made.action ||
            each.hash != made.hash || each.share != made.share) {
          continue;
        }
        throw Error(ErrorKind::usage, "the same was proposed by " + each.by + ", and is open: proposal " + each.id);
      }
      db_.run(
          {"INSERT INTO proposals (id, what, action, hash, share, reason, made, made_by, expires, decided, decided_by, "
           "outcome) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, '', '')",
           {made.id, scope_of(made.what, made.owner), made.action, made.hash, made.share, made.reason, made.made,
            made.by, made.expires}});
      note("proposed", made.by, made);
    });
    return made;
  }

  std::vector<Proposal> list(bool open, const std::optional<std::string>& owner) override {
    return theirs(open ? select(" WHERE decided = 0 AND expires > $1", {time_of_day()}) : select("", {}), owner);
  }

  Proposal find(const std::string& id, const std::optional<std::string>& owner) override {
    if (id.empty() || !is_run_id(id)) raise_none(id);
    std::string after = id;  // the first text that does not begin with it
    after.back() = static_cast<char>(after.back() + 1);
    const std::vector<Proposal> found = theirs(select(" WHERE id >= $1 AND id < $2", {id, after}), owner);
    if (found.empty()) raise_none(id);
    if (found.size() == 1) return found[0];
    throw Error(ErrorKind::usage,
                "the ids of several proposals begin with " + id + "; write more of the one that is meant");
  }

  void approve(const std::string& id, const std::string& by, const std::function<void()>& work) override {
    const Proposal before = find(id, {});
    change([&] {
      const Proposal now = find(id, {});
      if (before.decided == 0 && now.outcome == "approved" && now.decided_by == by) return;  // by us just now
      want_open(now);
      if (person_of(now.by) == person_of(by)) {
        throw Error(ErrorKind::usage,
                    "proposal " + now.id + " is your own, and the policy in use asks for a second person");
      }
      work();
      decide(now, by, "approved");
    });
  }

  void reject(const std::string& id, const std::string& by) override {
    const Proposal before = find(id, {});
    change([&] {
      const Proposal now = find(id, {});
      if (before.decided == 0 && now.outcome == "rejected" && now.decided_by == by) return;  // by us just now
      want_open(now);
      decide(now, by, "rejected");
    });
  }

 private:
  static std::vector<Proposal> theirs(std::vector<Proposal> all, const std::optional<std::string>& owner) {
    if (owner) std::erase_if(all, [&](const Proposal& each) { return each.owner != *owner; });
    return all;
  }

  [[noreturn]] static void raise_none(const std::string& id) {
    throw Error(ErrorKind::usage, "there is no proposal '" + id + "'; cardwright policy proposals shows them");
  }

  static void want_open(const Proposal& proposal) {
    if (proposal.decided != 0) {
      throw Error(ErrorKind::usage,
                  "proposal " + proposal.id + " was " + proposal.outcome + " by " + proposal.decided_by);
    }
    if (proposal.expires <= time_of_day()) {
      throw Error(ErrorKind::usage, "proposal " + proposal.id + " has expired; propose it again");
    }
  }

  void change(const std::function<void()>& work) {
    surely([&] {
      db_.transact([&] {
        db_.lock("proposals");
        work();
      });
    });
  }

  void decide(const Proposal& proposal, const std::string& by, const std::string& outcome) {
    db_.run({"UPDATE proposals SET decided = $2, decided_by = $3, outcome = $4 WHERE id = $1",
             {proposal.id, time_of_day(), by, outcome}});
    note(outcome, by, proposal);
  }

  void note(const std::string& done, const std::string& by, const Proposal& of) {
    std::vector<std::pair<std::string, std::string>> details{{"proposal", of.id}, {"action", of.action}};
    if (of.share != 0) details.emplace_back("share", std::to_string(of.share) + "/" + std::to_string(kWhole));
    if (done != "proposed") details.emplace_back("proposed by", of.by);
    if (!of.reason.empty()) details.emplace_back("reason", of.reason);
    if (!of.owner.empty()) details.emplace_back("owner", of.owner);
    audit_.add({by, of.what + " " + of.action + " " + done, of.hash, std::move(details)});
  }

  std::vector<Proposal> select(const std::string& condition, const std::vector<Value>& values) {
    const Result found = db_.run(
        {"SELECT id, what, action, hash, share, reason, made, made_by, expires, decided, decided_by, outcome FROM "
         "proposals" +
             condition + " ORDER BY id DESC",
         values});
    std::vector<Proposal> out;
    for (const Row& row : found.rows) {
      const auto [what, owner] = scope_from(text(row.at(1)));
      out.push_back({text(row.at(0)), what, owner, text(row.at(2)), text(row.at(3)), number(row.at(4)), text(row.at(5)),
                     number(row.at(6)), text(row.at(7)), number(row.at(8)), number(row.at(9)), text(row.at(10)),
                     text(row.at(11))});
    }
    return out;
  }

  Database& db_;
  Audit& audit_;
};

}  // namespace

std::unique_ptr<Proposals> make_proposals(Database& database, Audit& audit) {
  return std::make_unique<ProposalsOnDatabase>(database, audit);
}

}  // namespace cw::store
