// The whole store as one file, to move it from one engine to the other. What is sealed stays sealed: the key's file
// goes another way. A checksum tells whether the file is whole, a code under the key whether it is what was written.
//
// Thread rule: plain functions; others may use the store meanwhile.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string_view>

#include "store/store.h"

namespace cw::store {

/// What every export begins with, of whatever format.
inline constexpr std::string_view kCopyBegins = "cardwright store export ";

struct CopyCounts {
  int64_t runs = 0, frames = 0, files = 0, audit_records = 0;
  int64_t held = 0;  // runs that a process was at
};

/// Writes all of it as of one moment. `goes_on` is asked again and again: false ends it, and nothing is returned. What
/// becomes of `out` is the caller's to look at. Raises store.
std::optional<CopyCounts> export_store(Store& store, std::ostream& out, const std::function<bool()>& goes_on);

/// Reads it into an empty store, which is made if `options` says so; all of it or nothing. The file is read to its end
/// before anything is written. Raises usage: it is no export, damaged, of another format, or under another key than the
/// one in `options`, which has to be there; the store is not empty; store.
CopyCounts import_store(const StoreOptions& options, const std::filesystem::path& file);

}  // namespace cw::store
