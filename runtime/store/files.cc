#include <algorithm>

#include "clock_private.h"
#include "files_private.h"

namespace cw::store {

std::string one_spelling(std::string sha256) {
  std::transform(sha256.begin(), sha256.end(), sha256.begin(),
                 [](char c) { return c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c; });
  return sha256;
}

void put_file(Database& db, const std::string& sha256, ByteView sealed) {
  // One that is there is as if it were new: a run that names it is about to be made.
  db.run({"INSERT INTO files (sha256, content, used) VALUES ($1, $2, $3) ON CONFLICT (sha256) DO UPDATE SET used = $3",
          {one_spelling(sha256), to_bytes(sealed), time_of_day()}});
}

bool keep_file(Database& db, const std::string& sha256) {
  constexpr int64_t kHour = int64_t{3600} * 1000;
  const Result found = db.run({"SELECT used FROM files WHERE sha256 = $1", {one_spelling(sha256)}});
  if (found.rows.empty()) return false;
  // Each start of a run comes here, and SQLite would write the whole file again to change this number.
  const int64_t now = time_of_day();
  if (number(found.rows[0][0]) > now - kHour) return true;
  return db.run({"UPDATE files SET used = $2 WHERE sha256 = $1", {one_spelling(sha256), now}}).changed == 1;
}

std::optional<Bytes> get_file(Database& db, const std::string& sha256) {
  const Result found = db.run({"SELECT content FROM files WHERE sha256 = $1", {one_spelling(sha256)}});
  if (found.rows.empty()) return {};
  return bytes(found.rows[0][0]);
}

}  // namespace cw::store
