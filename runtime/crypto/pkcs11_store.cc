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

/// Labels of the keys that a key of this name and purpose has in the token.
std::vector<std::string> labels_of(const std::string& name, KeyPurpose purpose) {
  if (purpose == KeyPurpose::master) return {name + ".master"};
  if (purpose == KeyPurpose::channel) return {name + ".enc", name + ".mac", name + ".dek"};
  return {name};
}

/// Whatever keys have that label: of any kind, also of those that are none of ours.
size_t count_labelled(Pkcs11Session& session, const std::string& label) {
  size_t out = 0;
  for (const CK_OBJECT_CLASS kind : {CKO_SECRET_KEY, CKO_PRIVATE_KEY, CKO_PUBLIC_KEY}) {
    out += token_objects(session, kind, &label).size();
  }
  return out;
}

/// `value` null: of random bytes that the token draws.
CK_OBJECT_HANDLE make_secret(Pkcs11Session& session, const std::string& label, const KeyRecord& record, bool exportable,
                             const Pkcs11Mark& mark, const Secret* value) {
  Pkcs11Template wanted({record.type, record.size}, true, exportable, signs(record.purpose));
  wanted.add(CKA_LABEL, view(label));
  wanted.add(CKA_ID, mark.id);
  CK_OBJECT_HANDLE made = 0;
  if (value != nullptr) {
    wanted.add(CKA_VALUE, SecretBytes::view(*value));
    session.check(session.call().C_CreateObject(session.handle(), wanted.data(), wanted.size(), &made),
                  "putting a key");
    return made;
  }
  wanted.add_length();
  CK_MECHANISM how = {record.type == KeyType::aes ? CKM_AES_KEY_GEN
                      : record.size == 16         ? CKM_DES2_KEY_GEN
                                                  : CKM_DES3_KEY_GEN,
                      nullptr, 0};
  session.check(session.call().C_GenerateKey(session.handle(), &how, wanted.data(), wanted.size(), &made),
                "generating a key");
  return made;
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
  bool stale = false;   // an object of it is there no more

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

// Keys that are known already stay the same objects, as long as they are: whoever holds one goes on with it.
void Pkcs11KeyStore::read_all() const {
  token_->run([&](Pkcs11Session& session) {
    std::map<std::string, Found> now;
    for (const CK_OBJECT_HANDLE object : token_objects(session, CKO_SECRET_KEY)) {
      const Attributes has = attributes_of(session, object);
      const std::optional<Pkcs11Object::Shape> shape = shape_of(has);
      if (!shape) continue;
      auto key = std::make_shared<Pkcs11Key>(Pkcs11Object::in_token(token_, has.label, *shape, object, session.login()),
                                             has.label + " in " + token_->name());
      const auto [at, is_new] = now.try_emplace(has.label, Found{std::move(key), object});
      if (!is_new) ++at->second.count;
    }
    const std::map<std::string, CK_OBJECT_HANDLE> pairs = token_pairs(session);
    const std::lock_guard lock(mutex_);
    for (auto& [label, found] : now) {
      const auto known = found_.find(label);
      if (known == found_.end() || !known->second.key->object()->is_at(found.handle, session.login())) continue;
      found.key = known->second.key;
    }
    found_ = std::move(now);
    std::map<std::string, std::shared_ptr<const Pkcs11Pair>> pairs_now;
    for (const auto& [label, handle] : pairs) {
      const std::shared_ptr<const Pkcs11Pair> known = pairs_[label];
      pairs_now[label] = known && known->is_at(handle, session.login()) ? known : nullptr;
    }
    pairs_ = std::move(pairs_now);
  });
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

std::optional<Pkcs11KeyStore::Held> Pkcs11KeyStore::held(const std::string& name, Kind kind) const {
  const bool has_set = at(name + ".master") || at(name + ".enc");
  const bool has_single = set_of(name).empty() && (at(name) || pair_at(name));
  if (has_set && has_single && kind == Kind::any) {
    throw Error(ErrorKind::usage, token_->name() + " has a key set '" + name + "' and a single key labelled so too: " +
                                      "give the single one another label, with the token's own tools");
  }
  Held out;
  out.record.name = name;
  if (has_set && (kind != Kind::single || !has_single)) {
    out.record.purpose = at(name + ".master") ? KeyPurpose::master : KeyPurpose::channel;
  } else if (has_single) {
    out.record.purpose = KeyPurpose::unstated;
  } else {
    return {};
  }
  const bool set = out.record.purpose != KeyPurpose::unstated;
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
  read_marks(out, set);
  return out;
}

/// What the token says of it now: of a set, what the first of its keys says, and that one of them is out of use.
void Pkcs11KeyStore::read_marks(Held& out, bool set) const {
  const std::vector<std::optional<Pkcs11Mark>> marks = token_->run([&](Pkcs11Session& session) {
    std::vector<std::optional<Pkcs11Mark>> read;
    for (const auto& key : out.keys) read.push_back(Pkcs11Mark::read(session, key->object()->handle(session)));
    if (out.pair) read.push_back(Pkcs11Mark::read(session, out.pair->handle(session)));
    return read;
  });
  for (const std::optional<Pkcs11Mark>& mark : marks) {
    out.stale = out.stale || !mark;
    if (out.stale) return;
    KeyRecord told = out.record;
    mark->tell(told, set);
    if (mark == marks.front()) {
      out.mark = *mark;
      const KeyState state = std::max(out.record.state, told.state);
      out.record = told;
      out.record.state = state;
      continue;
    }
    out.record.state = std::max(out.record.state, told.state);
    out.wrong = "the three keys of '" + out.record.name + "' in " + token_->name() +
                " differ in CKA_ID, which says their version and until when they may be used: give them the same, or "
                "do again what took them out of use";
  }
  // A pair wraps nothing, whatever its attribute says.
  if (out.pair && out.record.purpose == KeyPurpose::kek) out.record.purpose = KeyPurpose::unstated;
}

Pkcs11KeyStore::Held Pkcs11KeyStore::need(std::string_view wanted, Kind kind) const {
  const std::string name(wanted);
  if (std::optional<Held> found = held(name, kind); found && !found->stale) return std::move(*found);
  read_all();  // it may be new, or another one by now
  if (std::optional<Held> found = held(name, kind); found && !found->stale) return std::move(*found);
  const std::string set = set_of(name);
  if (!set.empty() && at(name)) {
    throw Error(ErrorKind::usage, "'" + name + "' in " + token_->name() + " is a part of key set '" + set +
                                      "', and is used, given out and destroyed with it alone");
  }
  throw Error(ErrorKind::usage, "no key '" + name + "' in " + token_->name() + did_you_mean(name, names()) +
                                    "; it has: " + joined(names()));
}

KeySet Pkcs11KeyStore::find(std::string_view name) const {
  const Held found = need(name, Kind::set);
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
  const Held found = need(name, Kind::single);
  check_use(found.record, {KeyPurpose::kek}, now());
  return found.keys.front();
}

std::shared_ptr<const SigningKey> Pkcs11KeyStore::find_signing_key(std::string_view name, SigningUse use) const {
  const Held found = need(name, Kind::single);
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
    std::vector<std::string> told;  // the labels of what was told of already: a set and a single key may share a name
    for (const Kind kind : {Kind::set, Kind::single}) {
      try {
        const std::optional<Held> found = held(name, kind);
        if (!found || found->stale || found->labels == told) continue;
        told = found->labels;
        out.push_back(with_check_values(*found));
      } catch (const Error& error) {
        if (error.kind() != ErrorKind::usage) throw;
        // Of a kind or a curve that is none of ours, or there twice: whoever names it is told.
      }
    }
  }
  return out;
}

KeyRecord Pkcs11KeyStore::record(std::string_view name) const { return with_check_values(need(name, Kind::any)); }

std::vector<std::shared_ptr<const Key>> Pkcs11KeyStore::keys_of(std::string_view name) const {
  const Held found = need(name, Kind::any);
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
  if (signs(record.purpose) && record.pair.empty() && record.type != KeyType::aes) {
    throw Error(ErrorKind::usage, "in a token an AES key signs, by CMAC, or a pair; a DES key does not");
  }
  std::vector<std::string> labels;
  for (const KeyPurpose purpose : {KeyPurpose::channel, KeyPurpose::master, KeyPurpose::unstated}) {
    for (const std::string& label : labels_of(record.name, purpose)) labels.push_back(label);
  }
  token_->run([&](Pkcs11Session& session) {
    for (const std::string& label : labels) {
      if (count_labelled(session, label) == 0) continue;
      throw Error(ErrorKind::usage, token_->name() + " has a key labelled '" + label +
                                        "' already; a token keeps no generations: take another name");
    }
  });
}

/// Makes all of it or nothing. `values` empty: of random bytes that the token draws.
KeyRecord Pkcs11KeyStore::make(const KeyRecord& record, bool exportable, const std::vector<Secret>& values) {
  refuse_taken(record);
  const std::vector<std::string> labels = labels_of(record.name, record.purpose);
  const Pkcs11Mark mark = Pkcs11Mark::of(record);
  token_->run([&](Pkcs11Session& session) {
    std::vector<CK_OBJECT_HANDLE> made;
    try {
      if (!record.pair.empty()) made = generate_token_pair(session, record.name, record.pair, record.size, mark);
      for (size_t i = 0; record.pair.empty() && i < labels.size(); ++i) {
        made.push_back(
            make_secret(session, labels[i], record, exportable, mark, values.empty() ? nullptr : &values[i]));
      }
      for (const std::string& label : labels) {
        if (count_labelled(session, label) == (record.pair.empty() ? 1 : 2)) continue;
        throw Error(ErrorKind::usage, "somebody else made a key labelled '" + label + "' in " + token_->name() +
                                          " at the same time; nothing is kept, try again");
      }
    } catch (const Error&) {
      for (const CK_OBJECT_HANDLE object : made) session.call().C_DestroyObject(session.handle(), object);
      throw;
    }
  });
  read_all();
  return this->record(record.name);
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
  std::vector<Secret> values;
  for (const auto& one : key.keys) values.push_back(one->material());
  return make(key.record, key.exportable, values);
}

KeyRecord Pkcs11KeyStore::generate(KeyRecord wanted, bool exportable) { return make(wanted, exportable, {}); }

KeyRecord Pkcs11KeyStore::assign(const KeyRecord& wanted) {
  const Held found = need(wanted.name, Kind::any);
  if (found.record.state != KeyState::active) check_use(found.record, {found.record.purpose}, now());
  if (found.record.purpose != KeyPurpose::unstated && found.record.purpose != wanted.purpose) {
    throw Error(ErrorKind::usage, "key '" + wanted.name + "' in " + token_->name() + " is a " +
                                      std::string(name_of(found.record.purpose)) +
                                      " key, and becomes nothing else; make another one for that");
  }
  const bool of_set = wanted.purpose == KeyPurpose::channel || wanted.purpose == KeyPurpose::master;
  if (of_set && found.record.purpose == KeyPurpose::unstated) {
    throw Error(ErrorKind::usage,
                "key '" + wanted.name + "' in " + token_->name() +
                    " is a single one: a channel has keys labelled NAME.enc, NAME.mac and NAME.dek, a "
                    "master key is labelled NAME.master");
  }
  KeyRecord next = found.record;
  next.purpose = wanted.purpose;
  if (wanted.version != 0) next.version = wanted.version;
  if (!wanted.diversification.empty()) next.diversification = wanted.diversification;
  if (wanted.active_from != 0) next.active_from = wanted.active_from;
  if (wanted.expires != 0) next.expires = wanted.expires;
  check_record(next);
  write(found, Pkcs11Mark::of(next));
  return record(wanted.name);
}

std::vector<CK_OBJECT_HANDLE> Pkcs11KeyStore::objects_of(Pkcs11Session& session, const Held& held) {
  std::vector<CK_OBJECT_HANDLE> out;
  for (const auto& key : held.keys) out.push_back(key->object()->handle(session));
  if (held.pair) {
    out.push_back(held.pair->handle(session));
    for (const CK_OBJECT_HANDLE half : token_objects(session, CKO_PUBLIC_KEY, &held.labels.front())) {
      out.push_back(half);
    }
  }
  return out;
}

void Pkcs11KeyStore::write(const Held& held, const Pkcs11Mark& mark) {
  token_->run([&](Pkcs11Session& session) {
    for (const CK_OBJECT_HANDLE object : objects_of(session, held)) mark.write(session, object);
  });
}

KeyRecord Pkcs11KeyStore::take_out_of_use(std::string_view name, KeyState state) {
  const Held found = need(name, Kind::any);
  if (state == KeyState::archived && found.record.state == KeyState::revoked && found.wrong.empty()) {
    check_use(found.record, {found.record.purpose}, now());
  }
  write(found, found.mark.in_state(std::max(state, found.record.state)));
  return record(name);
}

KeyRecord Pkcs11KeyStore::archive(std::string_view name) { return take_out_of_use(name, KeyState::archived); }
KeyRecord Pkcs11KeyStore::revoke(std::string_view name) { return take_out_of_use(name, KeyState::revoked); }

KeyRecord Pkcs11KeyStore::destroy(std::string_view name) {
  const Held found = need(name, Kind::any);
  KeyRecord out = with_check_values(found);
  token_->run([&](Pkcs11Session& session) {
    for (const CK_OBJECT_HANDLE object : objects_of(session, found)) {
      session.check(session.call().C_DestroyObject(session.handle(), object), "destroying a key");
    }
  });
  read_all();
  out.state = KeyState::destroyed;
  return out;
}

}  // namespace cw::crypto
