// Whether the audit of a store is whole, and the journals are as it says.
//
// Plain functions.
#pragma once

#include <vector>

#include <nlohmann/json.hpp>

#include "store/store.h"

namespace cw::app {

struct AuditState {
  store::Audit::Verdict verdict{};
  store::Store::JournalCheck journals{};  // of an audit that is whole
  size_t roots = 0;                       // from outside

  nlohmann::ordered_json json() const;
};

/// `roots` from outside. Raises store: it cannot be read.
AuditState audit_state(store::Store& store, const std::vector<store::AuditRoot>& roots);

}  // namespace cw::app
