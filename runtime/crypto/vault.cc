#include "crypto/vault.h"

#include <algorithm>
#include <map>
#include <set>

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/files.h"
#include "base/suggest.h"
#include "secret_bytes_private.h"
#include "vault_file_private.h"

namespace cw::crypto {

namespace {

constexpr size_t kFileLimit = 64u << 20;

[[noreturn]] void fail(const char* doing, const std::filesystem::path& file) {
  throw Error(ErrorKind::usage, std::string(doing) + " " + file.string() + ": " + ::strerror(errno));
}

/// Tells one content of a file from another: each is a new file that took the name.
struct Stamp {
  ino_t inode = 0;
  int64_t seconds = 0;
  int64_t nanoseconds = 0;
  int64_t size = -1;
  bool operator==(const Stamp&) const = default;
};

Stamp stamp_of(const std::filesystem::path& file) {
  struct stat info {};
  if (::stat(file.c_str(), &info) != 0) fail("cannot read", file);
  return {info.st_ino, info.st_mtim.tv_sec, info.st_mtim.tv_nsec, info.st_size};
}

/// One process at a time changes the file. The lock is a file beside it, since the file itself gives way to a new one.
Fd locked(const std::filesystem::path& file) {
  const std::string name = file.string() + ".lock";
  Fd fd{::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
  if (fd.get() < 0) fail("cannot lock", file);
  while (::flock(fd.get(), LOCK_EX) != 0) {
    if (errno != EINTR) fail("cannot lock", file);
  }
  return fd;
}

void replace(const std::filesystem::path& file, ByteView content) {
  write_file_atomically(file, content, true);
  const std::filesystem::path folder = file.has_parent_path() ? file.parent_path() : ".";
  const Fd entry{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (entry.get() < 0 || ::fsync(entry.get()) != 0) fail("cannot write", file);
}

void refuse_to_replace(const std::filesystem::path& file) {
  if (!std::filesystem::exists(file)) return;
  throw Error(ErrorKind::usage, file.string() + " is there already, and nothing is written over it");
}

}  // namespace

struct Vault::Entry {
  VaultEntry held;
  std::vector<std::shared_ptr<const Key>> keys{};       // made when first asked for
  mutable std::shared_ptr<const SigningKey> signing{};  // the same
};

struct Vault::State {
  std::optional<VaultLock> lock{};
  std::vector<Entry> entries{};
  Stamp stamp{};
};

Vault::Vault(std::filesystem::path file, Secret secret, Clock now)
    : KeyKeeper(std::move(now)),
      file_(std::move(file)),
      secret_(std::move(secret)),
      state_(std::make_unique<State>()) {}
Vault::~Vault() = default;

bool Vault::is_vault(const std::filesystem::path& file) {
  const Fd fd{::open(file.c_str(), O_RDONLY | O_CLOEXEC)};
  Bytes head(64);
  const ssize_t got = fd.get() < 0 ? 0 : ::read(fd.get(), head.data(), head.size());
  return got > 0 && has_vault_head(ByteView(head).first(static_cast<size_t>(got)));
}

void Vault::make(const std::filesystem::path& file, const Secret& secret) {
  const VaultLock lock = new_lock(secret);
  const Fd alone = locked(file);
  refuse_to_replace(file);
  replace(file, sealed_entries(lock, {}));
}

std::shared_ptr<Vault> Vault::open(const std::filesystem::path& file, const Secret& secret, Clock now) {
  // Behind a link, the file itself: it is what is replaced, and what others lock.
  std::error_code none;
  const std::filesystem::path itself = std::filesystem::canonical(file, none);
  std::shared_ptr<Vault> out(new Vault(none ? file : itself, secret.clone(), std::move(now)));
  out->load();
  return out;
}

void Vault::load() const {
  const Stamp stamp = stamp_of(file_);
  const Secret content = read_secret_file(file_, kFileLimit);
  const ByteView bytes = SecretBytes::view(content);
  VaultLock lock = lock_of(file_, bytes, secret_, state_->lock ? &*state_->lock : nullptr);
  std::vector<Entry> entries;
  for (VaultEntry& entry : opened_entries(lock, file_, bytes)) entries.push_back({std::move(entry)});
  state_->lock.emplace(std::move(lock));
  state_->entries = std::move(entries);
  state_->stamp = stamp;
}

void Vault::refresh() const {
  if (stamp_of(file_) != state_->stamp) load();
}

Vault::Entry& Vault::entry(std::string_view name) const {
  for (Entry& entry : state_->entries) {
    const KeyRecord& record = entry.held.record;
    if (record.replaced_by == 0 ? record.name == name : record.title() == name) return entry;
  }
  std::vector<std::string> known;
  std::string all;
  for (const Entry& entry : state_->entries) {
    known.push_back(entry.held.record.title());
    all += (all.empty() ? "" : ", ") + known.back();
  }
  throw Error(ErrorKind::usage, "no key '" + std::string(name) + "' in " + file_.string() + did_you_mean(name, known) +
                                    "; it has: " + (all.empty() ? "none" : all));
}

std::shared_ptr<const Key> Vault::key_at(Entry& entry, size_t index) const {
  if (entry.keys.empty()) {
    for (const Secret& bytes : entry.held.bytes) entry.keys.push_back(make_key(entry.held.record.type, bytes));
  }
  return entry.keys.at(index);
}

KeySet Vault::find(std::string_view name) const {
  const std::lock_guard lock(mutex_);
  refresh();
  Entry& found = entry(name);
  const KeyRecord& record = found.held.record;
  check_use(record, {KeyPurpose::channel, KeyPurpose::master}, now());
  KeySet out{.name = std::string(name), .version = record.version};
  if (record.diversification != "none") out.diversification = record.diversification;
  const bool one = found.held.bytes.size() == 1;
  out.enc = key_at(found, 0);
  out.mac = key_at(found, one ? 0 : 1);
  out.dek = key_at(found, one ? 0 : 2);
  return out;
}

std::shared_ptr<const Key> Vault::find_key(std::string_view name) const { return find_for(name, {KeyPurpose::kek}); }

std::shared_ptr<const Key> Vault::find_for(std::string_view name, std::initializer_list<KeyPurpose> wanted) const {
  const std::lock_guard lock(mutex_);
  refresh();
  Entry& found = entry(name);
  check_use(found.held.record, wanted, now());
  return key_at(found, 0);
}

std::shared_ptr<const SigningKey> Vault::find_signing_key(std::string_view name, SigningUse use) const {
  const std::lock_guard lock(mutex_);
  refresh();
  const Entry& found = entry(name);
  check_use(found.held.record, use, now());
  if (!found.signing) {
    const Secret& bytes = found.held.bytes.front();
    found.signing =
        found.held.record.pair.empty() ? make_signing_key(found.held.record.type, bytes) : make_signing_key(bytes);
  }
  return found.signing;
}

std::vector<std::shared_ptr<const Key>> Vault::keys_of(std::string_view name) const {
  const std::lock_guard lock(mutex_);
  refresh();
  Entry& found = entry(name);
  check_use(found.held.record, {found.held.record.purpose}, now());
  if (!found.held.record.pair.empty()) {
    throw Error(ErrorKind::usage, "key '" + found.held.record.title() +
                                      "' is a key pair, whose private half leaves this file only in its backup");
  }
  key_at(found, 0);
  return found.keys;
}

std::vector<VaultEntry> Vault::copies(const std::vector<Entry>& entries) {
  std::vector<VaultEntry> out;
  for (const Entry& entry : entries) {
    out.push_back({entry.held.record, {}});
    for (const Secret& bytes : entry.held.bytes) out.back().bytes.push_back(bytes.clone());
  }
  return out;
}

// Of each name the newest generation is the one in use, wherever it came from.
void Vault::settle() {
  std::map<std::string, uint32_t> newest;
  for (const Entry& entry : state_->entries) {
    uint32_t& last = newest[entry.held.record.name];
    last = std::max(last, entry.held.record.generation);
  }
  for (Entry& entry : state_->entries) {
    KeyRecord& record = entry.held.record;
    if (record.replaced_by != 0 || record.generation == newest[record.name]) continue;
    record.replaced_by = newest[record.name];
    if (record.state == KeyState::active) record.state = KeyState::replaced;
  }
}

std::vector<std::string> Vault::names() const {
  const std::lock_guard lock(mutex_);
  refresh();
  std::vector<std::string> out;
  for (const Entry& entry : state_->entries) {
    if (entry.held.record.state != KeyState::destroyed) out.push_back(entry.held.record.title());
  }
  return out;
}

std::vector<KeyRecord> Vault::records() const {
  const std::lock_guard lock(mutex_);
  refresh();
  std::vector<KeyRecord> out;
  for (const Entry& entry : state_->entries) out.push_back(entry.held.record);
  return out;
}

KeyRecord Vault::record(std::string_view name) const {
  const std::lock_guard lock(mutex_);
  refresh();
  return entry(name).held.record;
}

// What went wrong in the middle is forgotten with the memory that it changed: the file is read again.
KeyRecord Vault::change(const std::function<KeyRecord()>& work) {
  const std::lock_guard lock(mutex_);
  const Fd alone = locked(file_);
  load();
  state_->stamp = {};
  KeyRecord out = work();
  replace(file_, sealed_entries(*state_->lock, copies(state_->entries)));
  state_->stamp = stamp_of(file_);
  return out;
}

/// Its check value is of the public half, which two files can be compared by.
void Vault::add_pair(NewKey key) {
  KeyRecord& record = key.record;
  const auto signing = make_signing_key(key.pem);
  if (!signing->can_sign()) throw Error(ErrorKind::usage, "a public key signs nothing; give the private half");
  record.pair = pair_name(signing->algorithm());
  record.size = signing->signature_size();
  check_record(record);
  record.kcvs = {pair_check_value(key.pem)};
  record.state = KeyState::active;
  record.created = record.changed = now();
  VaultEntry out{std::move(record), {}};
  out.bytes.push_back(std::move(key.pem));
  state_->entries.push_back({std::move(out)});
}

void Vault::add(NewKey key) {
  if (!key.pem.empty()) return add_pair(std::move(key));
  KeyRecord& record = key.record;
  check_keys(key);
  record.type = key.keys.front()->type();
  record.size = key.keys.front()->size();
  check_record(record);
  record.kcvs.clear();
  VaultEntry out;
  for (const std::shared_ptr<const Key>& one : key.keys) {
    record.kcvs.push_back(one->kcv());
    out.bytes.push_back(one->material());
  }
  record.state = KeyState::active;
  record.created = record.changed = now();
  out.record = std::move(record);
  state_->entries.push_back({std::move(out)});
}

KeyRecord Vault::put(NewKey key) {
  check_key_name(key.record.name);
  return change([&] {
    for (const Entry& entry : state_->entries) {
      if (entry.held.record.name != key.record.name) continue;
      throw Error(ErrorKind::usage,
                  "there is a key '" + key.record.name + "' already; cardwright keys update replaces it by a new one");
    }
    key.record.generation = 1;
    key.record.replaced_by = 0;
    key.record.state = KeyState::active;
    add(std::move(key));
    return state_->entries.back().held.record;
  });
}

KeyRecord Vault::generate(KeyRecord record, bool exportable) {
  NewKey key = random_key(std::move(record));
  key.exportable = exportable;
  return put(std::move(key));
}

KeyRecord Vault::update(NewKey key) {
  return change([&] {
    KeyRecord& before = entry(key.record.name).held.record;
    if (before.replaced_by != 0) {
      throw Error(ErrorKind::usage, "key '" + before.title() + "' was replaced already; update " + before.name);
    }
    key.record.generation = before.generation + 1;
    key.record.purpose = before.purpose;
    key.record.diversification = before.diversification;
    if (key.record.version == 0) key.record.version = before.version;
    if (key.pem.empty() != before.pair.empty()) {
      throw Error(ErrorKind::usage, "key '" + before.title() + "' is " + (before.pair.empty() ? "no pair" : "a pair") +
                                        ", and what is to replace it is " + (before.pair.empty() ? "one" : "none"));
    }
    if (before.state == KeyState::active) before.state = KeyState::replaced;
    before.replaced_by = key.record.generation;
    before.changed = now();
    add(std::move(key));
    return state_->entries.back().held.record;
  });
}

KeyRecord Vault::settle(NewKey key, bool may_replace) {
  check_key_name(key.record.name);
  const std::string name = key.record.name, origin = key.record.origin;
  std::vector<Bytes> kcvs;
  for (const std::shared_ptr<const Key>& one : key.keys) kcvs.push_back(one->kcv());
  const auto refuse = [&](const std::string& why) { throw Error(ErrorKind::usage, "key '" + name + "' " + why); };
  return change([&] {
    KeyRecord* newest = nullptr;
    for (Entry& entry : state_->entries) {
      KeyRecord& record = entry.held.record;
      if (record.name != name) continue;
      if (newest == nullptr || record.generation > newest->generation) newest = &record;
      if (record.kcvs != kcvs) continue;
      if (record.state == KeyState::active || record.state == KeyState::replaced) return record;
      refuse("is here already, and is " + std::string(name_of(record.state)));
    }
    key.record.generation = 1;
    key.record.replaced_by = 0;
    if (newest != nullptr) {
      if (!may_replace) refuse("is here already, and has other keys");
      if (newest->origin != origin) refuse("is here already, " + newest->origin);
      key.record.generation = newest->generation + 1;
      if (newest->state == KeyState::active) newest->state = KeyState::replaced;
      newest->replaced_by = key.record.generation;
      newest->changed = now();
    }
    add(std::move(key));
    return state_->entries.back().held.record;
  });
}

KeyRecord Vault::archive(std::string_view name) {
  return change([&] {
    KeyRecord& record = entry(name).held.record;
    if (record.state == KeyState::revoked || record.state == KeyState::destroyed) {
      check_use(record, {record.purpose}, now());
    }
    record.state = KeyState::archived;
    record.changed = now();
    return record;
  });
}

KeyRecord Vault::revoke(std::string_view name) {
  return change([&] {
    KeyRecord& record = entry(name).held.record;
    if (record.state == KeyState::destroyed) check_use(record, {record.purpose}, now());
    record.state = KeyState::revoked;
    record.changed = now();
    return record;
  });
}

KeyRecord Vault::destroy(std::string_view name) {
  return change([&] {
    Entry& found = entry(name);
    if (found.held.record.state == KeyState::destroyed) check_use(found.held.record, {}, now());
    found.held.record.state = KeyState::destroyed;
    found.held.record.changed = now();
    found.held.bytes.clear();
    found.keys.clear();
    found.signing.reset();
    return found.held.record;
  });
}

void Vault::back_up(const std::filesystem::path& file, const Secret& secret) const {
  const VaultLock lock = new_lock(secret);
  refuse_to_replace(file);
  const std::lock_guard mutex(mutex_);
  refresh();
  replace(file, sealed_entries(lock, copies(state_->entries)));
}

size_t Vault::restore(const Vault& from) {
  if (&from == this) return 0;
  std::vector<VaultEntry> theirs;
  {
    const std::lock_guard lock(from.mutex_);
    from.refresh();
    theirs = copies(from.state_->entries);
  }
  size_t count = 0;
  change([&] {
    std::map<std::string, uint32_t> newest;  // generation of each name
    std::map<std::pair<std::string, uint32_t>, std::vector<Bytes>> ours;
    for (const Entry& entry : state_->entries) {
      const KeyRecord& record = entry.held.record;
      ours[{record.name, record.generation}] = record.kcvs;
      newest[record.name] = std::max(newest[record.name], record.generation);
    }
    for (VaultEntry& entry : theirs) {
      const KeyRecord& record = entry.record;
      const auto same = ours.find({record.name, record.generation});
      if (same != ours.end() && same->second == record.kcvs) continue;
      const auto known = newest.find(record.name);
      if (same != ours.end() || (known != newest.end() && record.generation > known->second)) {
        throw Error(ErrorKind::usage,
                    "restoring '" + record.title() +
                        "': this file has other keys of that name, which would "
                        "be replaced; nothing is restored. Archive them first, or restore into a new file");
      }
      state_->entries.push_back({std::move(entry)});
      ++count;
    }
    settle();
    return KeyRecord{};
  });
  return count;
}

}  // namespace cw::crypto
