#include <algorithm>

#include "base/error.h"
#include "base/hex.h"
#include "clock_private.h"
#include "crypto/digest.h"
#include "files_private.h"

namespace cw::store {

std::string one_spelling(std::string sha256) {
  std::transform(sha256.begin(), sha256.end(), sha256.begin(),
                 [](char c) { return c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c; });
  return sha256;
}

void put_file(Database& db, const std::string& sha256, ByteView content) {
  const std::string name = one_spelling(sha256);
  if (to_hex(crypto::digest(crypto::Hash::sha256, content)) != name) {
    throw Error(ErrorKind::internal, "a file was to be put into the store under a hash that is not its own");
  }
  // One that is there is as if it were new: a run that names it is about to be made.
  const Result known = db.run({"UPDATE files SET used = $2 WHERE sha256 = $1", {name, time_of_day()}});
  if (known.changed != 0) return;
  db.run({"INSERT INTO files (sha256, content, used) VALUES ($1, $2, $3) ON CONFLICT (sha256) DO UPDATE SET used = $3",
          {name, to_bytes(content), time_of_day()}});
}

std::optional<Bytes> get_file(Database& db, const std::string& sha256) {
  const Result found = db.run({"SELECT content FROM files WHERE sha256 = $1", {one_spelling(sha256)}});
  if (found.rows.empty()) return {};
  const Bytes& content = bytes(found.rows[0][0]);
  if (to_hex(crypto::digest(crypto::Hash::sha256, content)) != one_spelling(sha256)) {
    throw Error(ErrorKind::store,
                "file " + sha256 + " of the store " + db.where() +
                    " has another content than its name says: the store was changed from outside; bring back a copy",
                {}, "corrupt");
  }
  return content;
}

}  // namespace cw::store
