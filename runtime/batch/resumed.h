// Rows whose run was brought to its end elsewhere: `cardwright runs resume` finished what a batch had left in the
// middle.
//
// Thread rule: a plain function.
#pragma once

#include "batch/keeper.h"
#include "batch/results.h"
#include "batch/table.h"

namespace cw::batch {

/// Writes down as done what is done by now. `keeper` may be null. Raises usage: a process works on the run of a row
/// right now, or there is no keeper to ask about one; store; script: the results cannot be written.
void note_resumed(const Table& table, Results& results, Keeper* keeper);

/// That it is done: written down, and given back. Raises script: the results cannot be written.
Result note_done(const Row& row, const Keeper::Kept& kept, Results& results);

}  // namespace cw::batch
