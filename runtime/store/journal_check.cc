#include <algorithm>
#include <array>
#include <map>

#include "base/error.h"
#include "journal_check_private.h"
#include "store/journal_hash.h"

namespace cw::store {

namespace {

constexpr int64_t kAtOnce = 1000;  // records
// Columns of a row that its "run begun" names, too, and that nothing changes.
constexpr std::array kBegunWith = {"flow", "bundle", "policy", "policy_hash"};

/// The last thing that the audit says of a run.
struct Said {
  int64_t record = 0;
  bool ended = false;
  std::string state{};    // that it ended in
  std::string journal{};  // what its journal came to; empty: an older program did not say
};

/// What a run was begun with.
struct Begun {
  int64_t record = 0;
  std::map<std::string, std::string> with{};  // of kBegunWith
};

struct AllSaid {
  std::map<std::string, Said> runs{};    // that are to be there
  std::map<std::string, Begun> begun{};  // none where an older program did not say
  int64_t forgotten = 0;
};

void take(AllSaid& said, const AuditRecord& record) {
  const std::string& run = record.entry.subject;
  const std::string& action = record.entry.action;
  if (action == "run begun" || action == "run taken up") said.runs[run] = {record.number};
  if (action == "run begun") {
    Begun& one = said.begun[run] = {record.number};
    for (const auto& [name, value] : record.entry.details) {
      if (std::find(kBegunWith.begin(), kBegunWith.end(), name) != kBegunWith.end()) one.with[name] = value;
    }
  }
  // One that is imported has new frames here, and may be put in again.
  if (action == "run imported" || action == "run forgotten") {
    said.runs.erase(run);
    said.begun.erase(run);
  }
  if (action == "run forgotten") ++said.forgotten;
  if (action != "run ended") return;
  Said& one = said.runs[run] = {record.number, true};
  for (const auto& [name, value] : record.entry.details) {
    if (name == "state") one.state = value;
    if (name == "journal") one.journal = value;
  }
}

AllSaid all_said(Audit& audit) {
  AllSaid said;
  for (int64_t next = 1;;) {
    const std::vector<AuditRecord> some = audit.list(next, kAtOnce);
    for (const AuditRecord& record : some) take(said, record);
    if (static_cast<int64_t>(some.size()) < kAtOnce) return said;
    next = some.back().number + 1;
  }
}

std::string by_record(int64_t record) { return " by record " + std::to_string(record) + " of the audit"; }
std::string by_record(const Said& said) { return by_record(said.record); }

std::string journal_of(Store& store, const std::string& run) {
  const crypto::SealingKey key = store.key().open_key(store.runs().key(run), run_key_context(run));
  JournalHash hash;
  for (const Bytes& frame : store.runs().frames(run)) hash.add(frame);
  return hash.text(key);
}

/// What is wrong with the run, or nothing. `state`: in its row; absent: it has none.
std::optional<std::string> differs(Store& store, const std::string& run, const Said& said,
                                   const std::optional<std::string>& state) {
  if (!state) {
    return "run " + run + " was " + (said.ended ? "ended" : "begun or taken up") + by_record(said) +
           ", and it is not in the store: no record says that it was forgotten";
  }
  if (!said.ended) {
    const auto known = run_state_named(*state);
    if (!known || !is_over(*known)) return {};
    return "run " + run + " goes on" + by_record(said) + ", and its row says that it is " + *state;
  }
  if (*state != said.state) {
    return "run " + run + " ended as " + said.state + by_record(said) + ", and its row says that it is " + *state;
  }
  if (said.journal.empty() || journal_of(store, run) == said.journal) return {};
  return "the journal of run " + run + " is not the one that it ended with" + by_record(said) +
         ": frames were dropped, moved or exchanged since";
}

/// Which columns of its row say other things than the record of its beginning.
std::vector<std::string> begun_otherwise(const std::string& run, const Begun& begun, const Row& row) {
  std::vector<std::string> out;
  for (size_t i = 0; i < kBegunWith.size(); ++i) {
    const auto said = begun.with.find(kBegunWith[i]);
    if (said == begun.with.end() || said->second == text(row.at(i + 2))) continue;
    out.push_back("run " + run + " was begun with " + kBegunWith[i] + " " + said->second + by_record(begun.record) +
                  ", and its row says " + text(row.at(i + 2)));
  }
  return out;
}

}  // namespace

Store::JournalCheck check_journals(Store& store) {
  Store::JournalCheck out;
  store.database().snapshot([&] {
    const AllSaid said = all_said(store.audit());
    out.forgotten = said.forgotten;
    std::map<std::string, std::string> states;
    const Statement rows{"SELECT id, state, flow, bundle, policy, policy_hash FROM runs", {}};
    for (const Row& row : store.database().run(rows).rows) {
      const std::string& run = states.emplace(text(row.at(0)), text(row.at(1))).first->first;
      const auto begun = said.begun.find(run);
      if (begun == said.begun.end()) continue;
      for (std::string& line : begun_otherwise(run, begun->second, row)) out.broken.push_back(std::move(line));
    }
    for (const auto& [run, one] : said.runs) {
      const auto found = states.find(run);
      std::optional<std::string> state;
      if (found != states.end()) state = found->second;
      try {
        if (const auto wrong = differs(store, run, one, state)) {
          out.broken.push_back(*wrong);
        } else if (one.ended && !one.journal.empty()) {
          ++out.whole;
        }
      } catch (const Error& error) {
        if (error.cause() == "gone") throw;
        out.broken.push_back("the journal of run " + run + ", ended" + by_record(one) + ": " + error.message());
      }
    }
  });
  return out;
}

}  // namespace cw::store
