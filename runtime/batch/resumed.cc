#include "batch/resumed.h"

namespace cw::batch {

void note_resumed(const Table& table, Results& results, Keeper& keeper) {
  for (const Row& row : table.rows()) {
    const Results::History* history = results.row(row.key);
    if (history == nullptr || history->state == State::done || history->run.empty()) continue;
    const Keeper::Kept kept = keeper.look(history->run);
    if (kept.fate == Keeper::Fate::held) {
      throw Error(ErrorKind::usage, "row " + row.key + " is in work: another process goes on with its run " +
                                        history->run + "; wait for its end, or end it with: cardwright runs stop " +
                                        history->run);
    }
    if (kept.fate != Keeper::Fate::done) continue;
    Result result;
    result.row = row.key;
    result.line = row.line;
    result.state = State::done;
    result.card = kept.card.empty() ? history->card : kept.card;
    result.tries = history->tries;
    result.message = "its run was resumed";
    result.run = history->run;
    results.append(result);
  }
}

}  // namespace cw::batch
