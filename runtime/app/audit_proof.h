// A proof of the audit as a file that needs no store to be checked.
//
// Thread rule: plain functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "store/audit.h"

namespace cw::app {

/// One record, for a program.
nlohmann::ordered_json json_of(const store::AuditRecord& record);

/// Raises script: a text in the record is no UTF-8, so JSON cannot have it as it is.
std::string proof_text(const store::AuditProof& proof);
/// Raises usage, naming `source`: it is no proof. Whether it holds is for store::holds() to say.
store::AuditProof parse_proof(std::string_view text, const std::string& source);

/// Roots from outside: each of `given` is a line, or a file of them. Raises usage: neither; a file without a root.
std::vector<store::AuditRoot> roots_from(const std::vector<std::string>& given);

}  // namespace cw::app
