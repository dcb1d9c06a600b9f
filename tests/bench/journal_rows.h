// The rows of journal_bench. Each prints itself.
#pragma once

namespace cw::bench {

/// What the journal adds to a command, beside a bare append and fdatasync of as many bytes.
void commands_row();
/// Whole installs per second with a journal, beside the same without.
void installs_row();
/// A run of 200 commands built again from its journal.
void rebuild_row();
/// `count` runs that wait in one store, and one of them taken up and answered.
void waiting_runs_row(int count);

}  // namespace cw::bench
