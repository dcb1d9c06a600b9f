// Roots of the audit in a file outside of the store, one line for each, so that a tail that is cut can be seen. The
// file only ever grows: it may be kept where nothing can be changed.
//
// Thread rule: any thread and process; appending takes a lock on the file.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <vector>

#include "store/audit.h"

namespace cw::store {

/// How often roots go out.
struct ExportSchedule {
  int64_t records = 1000;              // when there are so many new records,
  int64_t milliseconds = 60 * 60'000;  // or any, and the last root is so old
};

/// Whether a root is to go out: `last` is the one before, `records` how many records there are now. A clock that was
/// set back makes it due.
bool root_is_due(const std::optional<AuditRoot>& last, int64_t records, int64_t now,
                 const ExportSchedule& schedule = {});

/// The roots in the file, in its order; none if there is no file. A line that was cut when a machine died is left out.
/// Raises usage, naming the line: it is something else; the file cannot be read.
std::vector<AuditRoot> read_roots(const std::filesystem::path& file);

/// The root that is to go out now, if any, given the last one in the file.
using NextRoot = std::function<std::optional<AuditRoot>(const std::optional<AuditRoot>& last)>;

/// Adds the line of what `next` gives, durable on return. It is asked under the file's lock, so that of two processes
/// none comes with a root that is older than the other's. One that is there already is not added again. Raises store:
/// the audit has gone backwards, or the root over as many records is another; usage: the file cannot be written, or as
/// read_roots; what `next` raises.
void append_root(const std::filesystem::path& file, const NextRoot& next);

}  // namespace cw::store
