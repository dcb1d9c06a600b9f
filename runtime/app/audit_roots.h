// Roots of the audit that go out by themselves: to the file that CARDWRIGHT_AUDIT_ROOTS names, whenever a command that
// writes to the store opens it and one is due.
//
// Thread rule: plain functions.
#pragma once

#include "store/store.h"

namespace cw::app {

/// Adds a line if the last one in the file is an hour or 1,000 records old; `configured`: its name, or null for no such
/// file. Raises as store::append_root: an audit that went backwards stops whoever would write to it.
void export_root_if_due(store::Store& store, const char* configured);

}  // namespace cw::app
