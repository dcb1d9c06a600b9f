// Rows whose run was brought to its end elsewhere: `cardwright runs resume` finished what a batch had left in the
// middle.
//
// Thread rule: a plain function.
#pragma once

#include "batch/keeper.h"
#include "batch/results.h"
#include "batch/table.h"

namespace cw::batch {

/// Writes down as done what is done by now. Raises usage: a process works on the run of a row right now; store; script:
/// the results cannot be written.
void note_resumed(const Table& table, Results& results, Keeper& keeper);

}  // namespace cw::batch
