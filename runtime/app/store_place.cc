#include "app/store_place.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <CLI/CLI.hpp>
#include <sys/stat.h>

#include "app/audit_roots.h"
#include "base/error.h"

namespace cw::app {

namespace fs = std::filesystem;

namespace {

constexpr const char* kOff = "none";

bool is_set(const char* value) { return value != nullptr && *value != '\0'; }

/// The XDG base directory specification has relative paths ignored.
bool is_folder(const char* value) { return is_set(value) && fs::path(value).is_absolute(); }

}  // namespace

fs::path default_store(const char* state_home, const char* home) {
  if (is_folder(state_home)) return fs::path(state_home) / "cardwright/store.db";
  if (is_folder(home)) return fs::path(home) / ".local/state/cardwright/store.db";
  throw Error(ErrorKind::usage,
              "there is no place for the store: neither XDG_STATE_HOME nor HOME is set; name a file with --store, or "
              "--store none");
}

void make_private_folder(const fs::path& folder) {
  fs::path made;
  for (const fs::path& part : folder) {
    made /= part;
    struct stat info {};
    if (::mkdir(made.c_str(), 0700) == 0 || (::stat(made.c_str(), &info) == 0 && S_ISDIR(info.st_mode))) continue;
    throw Error(ErrorKind::usage, "cannot make the folder " + made.string() +
                                      " for the store: " + std::strerror(errno) + "; name another place with --store");
  }
}

void StorePlace::add_to(CLI::App& command) {
  command
      .add_option("--store", store,
                  "a file, postgres://HOST/DATABASE, or none (default: CARDWRIGHT_STORE, else cardwright/store.db in "
                  "XDG_STATE_HOME or ~/.local/state)")
      ->type_name("WHERE");
  command
      .add_option(
          "--store-key", key,
          "file with the store's key (default: CARDWRIGHT_STORE_KEY, else FILE.key beside a store that is a file)")
      ->type_name("FILE");
}

std::optional<std::string> StorePlace::where() const {
  const char* configured = std::getenv("CARDWRIGHT_STORE");
  if (store || is_set(configured)) {
    const std::string named = store ? *store : configured;
    if (named == kOff) return {};
    return named;
  }
  return default_store(std::getenv("XDG_STATE_HOME"), std::getenv("HOME")).string();
}

store::StoreOptions StorePlace::options() const {
  const std::optional<std::string> place = where();
  if (!place) throw Error(ErrorKind::usage, "the store is switched off by 'none'; name one with --store");
  store::StoreOptions options;
  options.where = *place;
  options.key = key;
  const char* configured = std::getenv("CARDWRIGHT_STORE_KEY");
  if (!key && is_set(configured)) options.key = configured;
  options.migrate = false;
  options.make = false;
  return options;
}

std::shared_ptr<store::Store> StorePlace::open() const {
  if (!where()) return nullptr;
  store::StoreOptions wanted = options();
  wanted.make = true;
  if (!store && !is_set(std::getenv("CARDWRIGHT_STORE"))) make_private_folder(fs::path(wanted.where).parent_path());
  std::shared_ptr<store::Store> opened = store::Store::open(wanted);
  export_root_if_due(*opened, std::getenv("CARDWRIGHT_AUDIT_ROOTS"));
  return opened;
}

bool StorePlace::is_named() const { return store || std::getenv("CARDWRIGHT_STORE") != nullptr; }

std::shared_ptr<store::Store> StorePlace::open_for(bool simulated) const {
  return is_named() || !simulated ? open() : nullptr;
}

std::shared_ptr<store::Store> StorePlace::open_if_there(bool simulated) const {
  const bool has_default = is_folder(std::getenv("XDG_STATE_HOME")) || is_folder(std::getenv("HOME"));
  if (!is_named() && (simulated || !has_default)) return nullptr;
  const std::optional<std::string> place = where();
  if (!place || (!store::is_postgres(*place) && !fs::exists(*place))) return nullptr;
  return open_to_read();
}

std::shared_ptr<store::Store> StorePlace::open_to_read() const {
  store::StoreOptions wanted = options();
  wanted.or_read = true;
  return store::Store::open(wanted);
}

std::shared_ptr<store::Store> StorePlace::open_to_change() const {
  std::shared_ptr<store::Store> opened = store::Store::open(options());
  export_root_if_due(*opened, std::getenv("CARDWRIGHT_AUDIT_ROOTS"));
  return opened;
}

}  // namespace cw::app
