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

std::optional<Bytes> get_file(Database& db, const std::string& sha256) {
  const Result found = db.run({"SELECT content FROM files WHERE sha256 = $1", {one_spelling(sha256)}});
  if (found.rows.empty()) return {};
  return bytes(found.rows[0][0]);
}

}  // namespace cw::store
