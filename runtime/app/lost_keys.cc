#include "app/lost_keys.h"

#include <cstdlib>
#include <optional>

#include "app/key_source.h"
#include "base/error.h"
#include "journal/key_watch_store.h"
#include "journal/store_journal.h"

namespace cw::app {

namespace {

/// Nothing: the test keys, or nobody can tell, since the journal cannot be read; `runs show` says why.
std::optional<std::string> key_file_of(store::Store& store, const std::string& run) {
  try {
    if (std::optional<std::string> named = journal::open_journal(store, run).head.origin.keys) return named;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::store || error.cause() == "gone") throw;
    return {};
  }
  const char* configured = std::getenv("CARDWRIGHT_KEYS");
  if (configured == nullptr || *configured == '\0') return {};
  return configured;
}

}  // namespace

std::vector<std::string> lost_key_lines(store::Store& store, const store::RunRow& run) {
  std::vector<std::string> out;
  if (store::is_over(run.state) || store.runs().keys_of(run.id).empty()) return out;
  const std::optional<std::string> file = key_file_of(store, run.id);
  if (!file) return out;
  try {
    for (const store::NamedKeys& keys : journal::lost_keys(store, run.id, *open_key_store(*file))) {
      out.push_back("run " + run.id + " needs " + journal::keys_text(keys) + ", which " + *file +
                    " has no more; bring it back, or give runs resume the file that has it");
    }
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::usage) throw;
    out.push_back("run " + run.id + " needs its keys: " + error.message());
  }
  return out;
}

void demand_keys_of(store::Store& store, const std::string& run, const crypto::KeyStore& custody) {
  const std::vector<store::NamedKeys> lost = journal::lost_keys(store, run, custody);
  if (lost.empty()) return;
  throw Error(ErrorKind::usage, "cannot go on with run " + run + ": it needs " + journal::keys_text(lost.front()) +
                                    ", which the key store has no more; nothing was sent: give --keys the file that "
                                    "has it, or end the run with cardwright runs stop " +
                                    run);
}

}  // namespace cw::app
