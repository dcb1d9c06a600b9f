#include "crypto/pkcs11_store.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/error.h"
#include "base/suggest.h"
#include "crypto/certificate.h"
#include "crypto/digest.h"
#include "pkcs11_key_private.h"
#include "pkcs11_mark_private.h"
#include "pkcs11_signing_private.h"
#include "secret_bytes_private.h"

namespace cw::crypto {

namespace {

constexpr size_t kCheckValueSize = 3;
constexpr std::array<std::string_view, 4> kParts = {".enc", ".mac", ".dek", ".master"};

/// "isd" of "isd.enc"; empty: it is of no set.
std::string set_of(const std::string& label) {
  for (const std::string_view part : kParts) {
    if (label.size() > part.size() && label.ends_with(part)) return label.substr(0, label.size() - part.size());
  }
  return {};
}

/// What is read of each key.
struct Attributes {
  std::string label{};
  CK_KEY_TYPE type = 0;
  CK_ULONG length = 0;
};

Attributes attributes_of(Pkcs11Session& session, CK_OBJECT_HANDLE object) {
  Attributes out;
  CK_ATTRIBUTE size = {CKA_LABEL, nullptr, 0};
  session.check(session.call().C_GetAttributeValue(session.handle(), object, &size, 1), "reading a key's label");
  out.label.resize(size.ulValueLen);
  CK_ATTRIBUTE values[] = {{CKA_LABEL, out.label.data(), out.label.size()}, {CKA_KEY_TYPE, &out.type, sizeof out.type}};
  session.check(session.call().C_GetAttributeValue(session.handle(), object, values, 2), "reading a key's label");
  CK_ATTRIBUTE length = {CKA_VALUE_LEN, &out.length, sizeof out.length};
  if (out.type == CKK_AES) {
    session.check(session.call().C_GetAttributeValue(session.handle(), object, &length, 1), "reading a key's length");
  }
  return out;
}

/// Nothing: a key of a kind that opens no channel.
std::optional<Pkcs11Object::Shape> shape_of(const Attributes& attributes) {
  switch (attributes.type) {
    case CKK_AES:
      return Pkcs11Object::Shape{KeyType::aes, attributes.length};
    case CKK_DES2:
      return Pkcs11Object::Shape{KeyType::des, 16};
    case CKK_DES3:
      return Pkcs11Object::Shape{KeyType::des, 24};
    default:
      return {};
  }
}

/// Secret keys and both halves of pairs.
std::vector<CK_OBJECT_HANDLE> objects_labelled(Pkcs11Session& session, const std::vector<std::string>& labels) {
  std::vector<CK_OBJECT_HANDLE> out;
  for (const std::string& label : labels) {
    for (const CK_OBJECT_CLASS kind : {CKO_SECRET_KEY, CKO_PRIVATE_KEY, CKO_PUBLIC_KEY}) {
      for (const CK_OBJECT_HANDLE object : token_objects(session, kind, &label)) out.push_back(object);
    }
  }
  return out;
}

/// Labels of the keys that a key of this name and purpose has in the token.
std::vector<std::string> labels_of(const std::string& name, KeyPurpose purpose) {
  if (purpose == KeyPurpose::master) return {name + ".master"};
  if (purpose == KeyPurpose::channel) return {name + ".enc", name + ".mac", name + ".dek"};
  return {name};
}

std::string joined(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
  return out.empty() ? "none" : out;
}

}  // namespace

/// A name, and what the token has for it.
struct Pkcs11KeyStore::Held {
  KeyRecord record{};  // without check values
  std::vector<std::string> labels{};
  std::vector<std::shared_ptr<const Pkcs11Key>> keys{};  // as the labels; none of a pair
  std::shared_ptr<const Pkcs11Pair> pair{};
  Pkcs11Mark mark{};
  std::string wrong{};  // why nobody can use it

  void need_whole() const {
    if (!wrong.empty()) throw Error(ErrorKind::usage, wrong);
  }
};

std::shared_ptr<Pkcs11KeyStore> Pkcs11KeyStore::open(const Pkcs11Uri& uri, Clock now) {
  std::shared_ptr<Pkcs11KeyStore> out(new Pkcs11KeyStore(Pkcs11Token::open(uri), std::move(now)));
  out->read_all();
  return out;
}

Pkcs11KeyStore::Pkcs11KeyStore(std::shared_ptr<Pkcs11Token> token, Clock now)
    : KeyKeeper(std::move(now)), token_(std::move(token)) {}
Pkcs11KeyStore::~Pkcs11KeyStore() = default;

// Keys that are known already stay the same objects: whoever holds one goes on with it.
void Pkcs11KeyStore::read_all() const {
  std::map<std::string, Found> now = token_->run([&](Pkcs11Session& session) {
    std::map<std::string, Found> out;
    for (const CK_OBJECT_HANDLE object : token_objects(session, CKO_SECRET_KEY)) {
      const Attributes has = attributes_of(session, object);
      const std::optional<Pkcs11Object::Shape> shape = shape_of(has);
      if (!shape) continue;
      auto key = std::make_shared<Pkcs11Key>(Pkcs11Object::in_token(token_, has.label, *shape, object, session.login()),
                                             has.label + " in " + token_->name());
      const auto [at, is_new] = out.try_emplace(has.label, Found{std::move(key)});
      if (!is_new) ++at->second.count;
    }
    return out;
  });
  const std::vector<std::string> pairs = token_pairs(token_);
  const std::lock_guard lock(mutex_);
  std::map<std::string, std::shared_ptr<const Pkcs11Pair>> known_pairs;
  for (const std::string& label : pairs) known_pairs[label] = pairs_[label];
  pairs_ = std::move(known_pairs);
  for (auto& [label, found] : now) {
    const auto known = found_.find(label);
    if (known != found_.end() && known->second.count == 1 && found.count == 1) found.key = known->second.key;
  }
  found_ = std::move(now);
}

std::optional<Pkcs11KeyStore::Found> Pkcs11KeyStore::at(const std::string& label) const {
  const std::lock_guard lock(mutex_);
  const auto found = found_.find(label);
  if (found == found_.end()) return {};
  if (found->second.count > 1) {
    throw Error(ErrorKind::usage, token_->name() + " has " + std::to_string(found->second.count) + " keys labelled '" +
                                      label + "', and nothing tells which is meant; give one of them another label");
  }
  return found->second;
}

std::shared_ptr<const Pkcs11Pair> Pkcs11KeyStore::pair_at(const std::string& label) const {
  {
    const std::lock_guard lock(mutex_);
    const auto known = pairs_.find(label);
    if (known == pairs_.end()) return nullptr;
    if (known->second) return known->second;
  }
  std::shared_ptr<const Pkcs11Pair> out = token_pair(token_, label);
  const std::lock_guard lock(mutex_);
  return pairs_[label] = std::move(out);
}

std::optional<Pkcs11KeyStore::Held> Pkcs11KeyStore::held(const std::string& name) const {
  Held out;
  out.record.name = name;
  out.record.purpose = at(name + ".master") ? KeyPurpose::master
                       : at(name + ".enc")  ? KeyPurpose::channel
                                            : KeyPurpose::unstated;
  const bool set = out.record.purpose != KeyPurpose::unstated;
  if (!set && !set_of(name).empty()) return {};  // a part of one
  for (const std::string& label : labels_of(name, out.record.purpose)) {
    const std::optional<Found> found = at(label);
    if (found) {
      out.labels.push_back(label);
      out.keys.push_back(found->key);
    } else if (set) {
      out.wrong = "key set '" + name + "' in " + token_->name() + " has no key labelled '" + label + "'";
    }
  }
  if (out.keys.empty()) {
    out.pair = pair_at(name);
    if (!out.pair) return {};
    out.labels.push_back(name);
    out.record.pair = pair_name(out.pair->algorithm());
    out.record.size = out.pair->signature_size();
  } else {
    out.record.type = out.keys.front()->type();
    out.record.size = out.keys.front()->size();
  }
  const std::vector<Pkcs11Mark> marks = token_->run([&](Pkcs11Session& session) {
    std::vector<Pkcs11Mark> read;
    for (const auto& key : out.keys) read.push_back(Pkcs11Mark::read(session, key->object()->handle(session)));
    if (out.pair) read.push_back(Pkcs11Mark::read(session, out.pair->handle(session)));
    return read;
  });
  out.mark = marks.front();
  out.mark.tell(out.record, set);
  for (const Pkcs11Mark& mark : marks) {
    if (mark == out.mark || !out.wrong.empty()) continue;
    out.wrong =
        "the three keys of '" + name + "' in " + token_->name() +
        " differ in CKA_ID, which says their version and until when they may be used: give them the same, or do "
        "again what took them out of use";
  }
  return out;
}

Pkcs11KeyStore::Held Pkcs11KeyStore::need(std::string_view wanted) const {
  const std::string name(wanted);
  if (std::optional<Held> found = held(name)) return std::move(*found);
  read_all();  // it may be new
  if (std::optional<Held> found = held(name)) return std::move(*found);
  const std::string set = set_of(name);
  if (!set.empty() && at(name)) {
    throw Error(ErrorKind::usage, "'" + name + "' in " + token_->name() + " is a part of key set '" + set +
                                      "', and is used, given out and destroyed with it alone");
  }
  throw Error(ErrorKind::usage, "no key '" + name + "' in " + token_->name() + did_you_mean(name, names()) +
                                    "; it has: " + joined(names()));
}

KeySet Pkcs11KeyStore::find(std::string_view name) const {
  const Held found = need(name);
  found.need_whole();
  check_use(found.record, {KeyPurpose::channel, KeyPurpose::master}, now());
  KeySet out{.name = std::string(name), .version = found.record.version};
  if (found.record.diversification != "none") out.diversification = found.record.diversification;
  const bool one = found.keys.size() == 1;
  out.enc = found.keys[0];
  out.mac = found.keys[one ? 0 : 1];
  out.dek = found.keys[one ? 0 : 2];
  return out;
}

std::shared_ptr<const Key> Pkcs11KeyStore::find_key(std::string_view name) const {
  const Held found = need(name);
  check_use(found.record, {KeyPurpose::kek}, now());
  return found.keys.front();
}

std::shared_ptr<const SigningKey> Pkcs11KeyStore::find_signing_key(std::string_view name, SigningUse use) const {
  const Held found = need(name);
  check_use(found.record, use, now());
  if (found.pair) return found.pair;
  if (found.record.type == KeyType::aes) return token_cmac(found.keys.front()->object(), found.keys.front());
  throw Error(ErrorKind::usage, "key '" + std::string(name) + "' in " + token_->name() +
                                    " is a DES key: what signs there is an RSA or ECC pair, or an AES key");
}

std::vector<std::string> Pkcs11KeyStore::names() const {
  const std::lock_guard lock(mutex_);
  std::set<std::string> out;
  for (const auto& [label, found] : found_) out.insert(set_of(label).empty() ? label : set_of(label));
  for (const auto& [label, pair] : pairs_) out.insert(label);
  return {out.begin(), out.end()};
}

KeyRecord Pkcs11KeyStore::with_check_values(const Held& held) const {
  KeyRecord out = held.record;
  for (const auto& key : held.keys) out.kcvs.push_back(key->kcv());
  if (held.pair) {
    Bytes value = digest(Hash::sha256, public_half(*held.pair));
    value.resize(kCheckValueSize);
    out.kcvs.push_back(std::move(value));
  }
  return out;
}

std::vector<KeyRecord> Pkcs11KeyStore::records() const {
  std::vector<KeyRecord> out;
  for (const std::string& name : names()) {
    try {
      if (const std::optional<Held> found = held(name)) out.push_back(with_check_values(*found));
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::usage) throw;
      // Of a kind or a curve that is none of ours, or there twice: whoever names it is told.
    }
  }
  return out;
}

KeyRecord Pkcs11KeyStore::record(std::string_view name) const { return with_check_values(need(name)); }

std::vector<std::shared_ptr<const Key>> Pkcs11KeyStore::keys_of(std::string_view name) const {
  const Held found = need(name);
  found.need_whole();
  check_use(found.record, {found.record.purpose}, now());
  if (found.pair) {
    throw Error(ErrorKind::usage,
                "key '" + std::string(name) + "' is a key pair, whose private half stays in " + token_->name());
  }
  return {found.keys.begin(), found.keys.end()};
}

void Pkcs11KeyStore::refuse_taken(const KeyRecord& record) const {
  check_key_name(record.name);
  check_record(record);
  if (!set_of(record.name).empty()) {
    throw Error(ErrorKind::usage, "in a token a key cannot be named '" + record.name +
                                      "': a label that ends so is a part of key set '" + set_of(record.name) + "'");
  }
  read_all();
  for (const KeyPurpose purpose : {KeyPurpose::channel, KeyPurpose::master, KeyPurpose::unstated}) {
    for (const std::string& label : labels_of(record.name, purpose)) {
      if (!at(label) && !pair_at(label)) continue;
      throw Error(ErrorKind::usage, token_->name() + " has a key labelled '" + label +
                                        "' already; a token keeps no generations: take another name");
    }
  }
}

/// `value` null: of random bytes that the token draws.
void Pkcs11KeyStore::make(const std::string& label, const KeyRecord& record, bool exportable, const Secret* value) {
  const Pkcs11Mark mark = Pkcs11Mark::of(record);
  token_->run([&](Pkcs11Session& session) {
    Pkcs11Template wanted({record.type, record.size}, true, exportable, signs(record.purpose));
    wanted.add(CKA_LABEL, view(label));
    wanted.add(CKA_ID, mark.id);
    CK_OBJECT_HANDLE made = 0;
    if (value != nullptr) {
      wanted.add(CKA_VALUE, SecretBytes::view(*value));
      session.check(session.call().C_CreateObject(session.handle(), wanted.data(), wanted.size(), &made),
                    "putting a key");
      return;
    }
    wanted.add_length();
    CK_MECHANISM how = {record.type == KeyType::aes ? CKM_AES_KEY_GEN
                        : record.size == 16         ? CKM_DES2_KEY_GEN
                                                    : CKM_DES3_KEY_GEN,
                        nullptr, 0};
    session.check(session.call().C_GenerateKey(session.handle(), &how, wanted.data(), wanted.size(), &made),
                  "generating a key");
  });
}

KeyRecord Pkcs11KeyStore::put(NewKey key) {
  if (!key.pem.empty()) {
    throw Error(ErrorKind::usage,
                "a pair is made in a token, with cardwright keys generate; one that is elsewhere is taken in by the "
                "token's own tools, and cardwright keys assign says what it is for");
  }
  check_keys(key);
  key.record.type = key.keys.front()->type();
  key.record.size = key.keys.front()->size();
  refuse_taken(key.record);
  std::vector<Secret> values;
  for (const auto& one : key.keys) values.push_back(one->material());
  const std::vector<std::string> labels = labels_of(key.record.name, key.record.purpose);
  try {
    for (size_t i = 0; i < labels.size(); ++i) make(labels[i], key.record, key.exportable, &values[i]);
  } catch (const Error&) {
    remove(labels);
    throw;
  }
  read_all();
  return record(key.record.name);
}

KeyRecord Pkcs11KeyStore::generate(KeyRecord wanted, bool exportable) {
  refuse_taken(wanted);
  const std::vector<std::string> labels = labels_of(wanted.name, wanted.purpose);
  try {
    if (wanted.pair.empty()) {
      for (const std::string& label : labels) make(label, wanted, exportable, nullptr);
    } else {
      const Pkcs11Mark mark = Pkcs11Mark::of(wanted);
      token_->run(
          [&](Pkcs11Session& session) { generate_token_pair(session, wanted.name, wanted.pair, wanted.size, mark); });
    }
  } catch (const Error&) {
    remove(labels);
    throw;
  }
  read_all();
  return record(wanted.name);
}

void Pkcs11KeyStore::write_marks(const std::vector<std::string>& labels, const Pkcs11Mark& mark) {
  token_->run([&](Pkcs11Session& session) {
    for (const CK_OBJECT_HANDLE object : objects_labelled(session, labels)) mark.write(session, object);
  });
}

KeyRecord Pkcs11KeyStore::assign(const KeyRecord& wanted) {
  Held found = need(wanted.name);
  if (found.record.state != KeyState::active) check_use(found.record, {found.record.purpose}, now());
  if (found.record.purpose != KeyPurpose::unstated && found.record.purpose != wanted.purpose) {
    throw Error(ErrorKind::usage, "key '" + wanted.name + "' in " + token_->name() + " is a " +
                                      std::string(name_of(found.record.purpose)) +
                                      " key, and becomes nothing else; make another one for that");
  }
  KeyRecord next = found.record;
  next.purpose = wanted.purpose;
  next.version = wanted.version != 0 ? wanted.version : found.record.version;
  if (!wanted.diversification.empty()) next.diversification = wanted.diversification;
  next.active_from = wanted.active_from;
  next.expires = wanted.expires;
  if (next.purpose == KeyPurpose::channel || next.purpose == KeyPurpose::master) {
    if (found.record.purpose == KeyPurpose::unstated) {
      throw Error(ErrorKind::usage,
                  "key '" + wanted.name + "' in " + token_->name() +
                      " is a single one: a channel has keys labelled NAME.enc, NAME.mac and NAME.dek, "
                      "a master key is labelled NAME.master");
    }
  }
  check_record(next);
  write_marks(found.labels, Pkcs11Mark::of(next));
  return record(wanted.name);
}

KeyRecord Pkcs11KeyStore::take_out_of_use(std::string_view name, KeyState state) {
  const Held found = need(name);
  if (state == KeyState::archived && found.record.state == KeyState::revoked) {
    check_use(found.record, {found.record.purpose}, now());
  }
  write_marks(found.labels, found.mark.in_state(state));
  return record(name);
}

KeyRecord Pkcs11KeyStore::archive(std::string_view name) { return take_out_of_use(name, KeyState::archived); }
KeyRecord Pkcs11KeyStore::revoke(std::string_view name) { return take_out_of_use(name, KeyState::revoked); }

KeyRecord Pkcs11KeyStore::destroy(std::string_view name) {
  const Held found = need(name);
  KeyRecord out = with_check_values(found);
  token_->run([&](Pkcs11Session& session) {
    for (const CK_OBJECT_HANDLE object : objects_labelled(session, found.labels)) {
      session.check(session.call().C_DestroyObject(session.handle(), object), "destroying a key");
    }
  });
  read_all();
  out.state = KeyState::destroyed;
  return out;
}

/// What was begun and not brought to its end. That the token is gone is told by what failed before.
void Pkcs11KeyStore::remove(const std::vector<std::string>& labels) const {
  try {
    token_->run([&](Pkcs11Session& session) {
      for (const CK_OBJECT_HANDLE object : objects_labelled(session, labels)) {
        session.call().C_DestroyObject(session.handle(), object);
      }
    });
    read_all();
  } catch (const Error&) {
  }
}

}  // namespace cw::crypto
