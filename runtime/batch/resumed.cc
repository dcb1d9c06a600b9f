#include "batch/resumed.h"

namespace cw::batch {

void note_resumed(const Table& table, Results& results, Keeper* keeper) {
  for (const Row& row : table.rows()) {
    const Results::History* history = results.row(row.key);
    if (history == nullptr || history->state == State::done || history->run.empty()) continue;
    if (keeper == nullptr) {
      throw Error(ErrorKind::usage, "the results name run " + history->run + " of row " + row.key +
                                        ", which may be done by now, and no store tells; name the store that keeps it "
                                        "with --store");
    }
    const Keeper::Kept kept = keeper->look(history->run);
    if (kept.fate == Keeper::Fate::held) {
      throw Error(ErrorKind::usage, "row " + row.key + " is in work: another process goes on with its run " +
                                        history->run + "; wait for its end, or end it with: cardwright runs stop " +
                                        history->run);
    }
    if (kept.fate == Keeper::Fate::done) note_done(row, kept, results);
  }
}

Result note_done(const Row& row, const Keeper::Kept& kept, Results& results) {
  const Results::History& history = *results.row(row.key);
  Result result;
  result.row = row.key;
  result.line = row.line;
  result.state = State::done;
  result.card = kept.card.empty() ? history.card : kept.card;
  result.tries = history.tries;
  result.message = "its run was resumed";
  result.run = history.run;
  results.append(result);
  return result;
}

}  // namespace cw::batch
