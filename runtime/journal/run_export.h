// A run as one file, to be taken to another desk: its lines, bundle, policy and CAP files. No key and no secret
// argument is in it, and no evidence of what travelled; answers of applets only if that is asked for.
#pragma once

#include <string>
#include <string_view>

#include "journal/store_journal.h"

namespace cw::journal {

/// `all_answers`: also those that may tell of persons. Raises store; usage: the run cannot be replayed, so its answers
/// cannot be told apart.
std::string export_run(store::Store& store, const OpenedJournal& journal, bool all_answers);

/// Puts it into a store, under a key of its own; its id. Raises usage: not such a file, changed, or the run is there.
std::string import_run(store::Store& store, std::string_view text, const std::string& actor);

}  // namespace cw::journal
