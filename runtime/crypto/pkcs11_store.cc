#include "crypto/pkcs11_store.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/error.h"
#include "base/suggest.h"
#include "pkcs11_key_private.h"
#include "pkcs11_signing_private.h"
#include "secret_bytes_private.h"

namespace cw::crypto {

namespace {

constexpr std::array<std::string_view, 4> kParts = {".enc", ".mac", ".dek", ".master"};

/// "isd" of "isd.enc"; empty: it is of no set.
std::string set_of(const std::string& label) {
  for (const std::string_view part : kParts) {
    if (label.size() > part.size() && label.ends_with(part)) return label.substr(0, label.size() - part.size());
  }
  return {};
}

Bytes id_of(const Pkcs11KeyStore::Keeping& keeping) {
  const uint8_t version[] = {keeping.version};
  return concat({version, view(keeping.diversification)});
}

/// What is read of each key.
struct Attributes {
  std::string label{};
  Bytes id{};
  CK_KEY_TYPE type = 0;
  CK_ULONG length = 0;
};

Attributes attributes_of(Pkcs11Session& session, CK_OBJECT_HANDLE object) {
  Attributes out;
  CK_ATTRIBUTE sizes[] = {{CKA_LABEL, nullptr, 0}, {CKA_ID, nullptr, 0}};
  session.check(session.call().C_GetAttributeValue(session.handle(), object, sizes, 2), "reading a key's label");
  out.label.resize(sizes[0].ulValueLen);
  out.id.resize(sizes[1].ulValueLen);
  CK_ATTRIBUTE values[] = {{CKA_LABEL, out.label.data(), out.label.size()},
                           {CKA_ID, out.id.data(), out.id.size()},
                           {CKA_KEY_TYPE, &out.type, sizeof out.type}};
  session.check(session.call().C_GetAttributeValue(session.handle(), object, values, 3), "reading a key's label");
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

std::vector<CK_OBJECT_HANDLE> secret_keys(Pkcs11Session& session) {
  CK_OBJECT_CLASS secret = CKO_SECRET_KEY;
  CK_BBOOL yes = CK_TRUE;
  CK_ATTRIBUTE wanted[] = {{CKA_CLASS, &secret, sizeof secret}, {CKA_TOKEN, &yes, sizeof yes}};
  session.check(session.call().C_FindObjectsInit(session.handle(), wanted, 2), "listing keys");
  std::vector<CK_OBJECT_HANDLE> out;
  CK_RV result = CKR_OK;
  for (CK_ULONG count = 1; count > 0;) {
    std::array<CK_OBJECT_HANDLE, 256> some{};
    result = session.call().C_FindObjects(session.handle(), some.data(), some.size(), &count);
    if (result != CKR_OK) break;
    out.insert(out.end(), some.begin(), some.begin() + static_cast<std::ptrdiff_t>(count));
  }
  session.call().C_FindObjectsFinal(session.handle());
  session.check(result, "listing keys");
  return out;
}

std::string joined(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
  return out.empty() ? "none" : out;
}

}  // namespace

std::shared_ptr<Pkcs11KeyStore> Pkcs11KeyStore::open(const Pkcs11Uri& uri) {
  std::shared_ptr<Pkcs11KeyStore> out(new Pkcs11KeyStore(Pkcs11Token::open(uri)));
  out->read_all();
  return out;
}

Pkcs11KeyStore::~Pkcs11KeyStore() = default;

// Keys that are known already stay the same objects: whoever holds one goes on with it.
void Pkcs11KeyStore::read_all() const {
  std::map<std::string, Found> now = token_->run([&](Pkcs11Session& session) {
    std::map<std::string, Found> out;
    for (const CK_OBJECT_HANDLE object : secret_keys(session)) {
      const Attributes has = attributes_of(session, object);
      const std::optional<Pkcs11Object::Shape> shape = shape_of(has);
      if (!shape) continue;
      auto key = std::make_shared<Pkcs11Key>(Pkcs11Object::in_token(token_, has.label, *shape, object, session.login()),
                                             has.label + " in " + token_->name());
      const auto [at, is_new] = out.try_emplace(has.label, Found{std::move(key), has.id});
      if (!is_new) ++at->second.count;
    }
    return out;
  });
  const std::vector<std::string> pairs = token_pairs(token_);
  const std::lock_guard lock(mutex_);
  for (const std::string& label : pairs) pairs_.try_emplace(label);
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

KeySet Pkcs11KeyStore::find(std::string_view wanted) const {
  const std::string name(wanted);
  if (!at(name + ".enc") && !at(name + ".master")) read_all();  // it may be new
  KeySet out{.name = name};
  if (const std::optional<Found> master = at(name + ".master")) {
    out.enc = out.mac = out.dek = master->key;
    if (!master->id.empty()) out.version = master->id.front();
    if (master->id.size() > 1) out.diversification = to_string(ByteView(master->id).subspan(1));
    return out;
  }
  const std::optional<Found> enc = at(name + ".enc"), mac = at(name + ".mac"), dek = at(name + ".dek");
  if (!enc) {
    throw Error(ErrorKind::usage, "no key set '" + name + "' in " + token_->name() + did_you_mean(name, set_names()) +
                                      "; it has: " + joined(set_names()));
  }
  if (!mac || !dek) {
    throw Error(ErrorKind::usage, "key set '" + name + "' in " + token_->name() + " has no key labelled '" + name +
                                      (mac ? ".dek'" : ".mac'"));
  }
  if (enc->id != mac->id || enc->id != dek->id) {
    throw Error(ErrorKind::usage, "the three keys of '" + name + "' in " + token_->name() +
                                      " differ in CKA_ID, which says their version: give them the same");
  }
  if (!enc->id.empty()) out.version = enc->id.front();
  out.enc = enc->key;
  out.mac = mac->key;
  out.dek = dek->key;
  return out;
}

std::vector<std::string> Pkcs11KeyStore::set_names() const {
  const std::lock_guard lock(mutex_);
  std::set<std::string> out;
  for (const auto& [label, found] : found_) {
    const std::string set = set_of(label);
    if (!set.empty()) out.insert(set);
  }
  return {out.begin(), out.end()};
}

std::vector<std::string> Pkcs11KeyStore::names() const {
  std::vector<std::string> out = set_names();
  const std::vector<std::string> singles = key_names();
  out.insert(out.end(), singles.begin(), singles.end());
  const std::lock_guard lock(mutex_);
  for (const auto& [label, pair] : pairs_) out.push_back(label);
  return out;
}

std::vector<std::string> Pkcs11KeyStore::key_names() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> out;
  for (const auto& [label, found] : found_) {
    if (set_of(label).empty()) out.push_back(label);
  }
  return out;
}

/// "isd.enc" is a third of a key set, and no key by itself.
void Pkcs11KeyStore::refuse_part_of_set(const std::string& label) const {
  const std::string set = set_of(label);
  if (set.empty() || !at(label)) return;
  throw Error(ErrorKind::usage, "'" + label + "' in " + token_->name() + " is a part of key set '" + set +
                                    "', and is used, given out and destroyed with it alone");
}

std::shared_ptr<const Key> Pkcs11KeyStore::find_key(std::string_view wanted) const {
  const std::string name(wanted);
  refuse_part_of_set(name);
  if (!at(name)) read_all();
  if (const std::optional<Found> found = at(name)) return found->key;
  throw Error(ErrorKind::usage, "no key '" + name + "' in " + token_->name() + did_you_mean(name, key_names()) +
                                    "; it has: " + joined(key_names()));
}

std::shared_ptr<const SigningKey> Pkcs11KeyStore::find_signing_key(std::string_view wanted, SigningUse use) const {
  const std::string name(wanted);
  if (use == SigningUse::message) {
    throw Error(ErrorKind::usage, "key '" + name +
                                      "' signs no messages: a token does not know what its keys are for; keep keys for "
                                      "messages in a sealed file");
  }
  refuse_part_of_set(name);
  {
    const std::lock_guard lock(mutex_);
    const auto known = pairs_.find(name);
    if (known != pairs_.end() && known->second) return known->second;
  }
  if (std::shared_ptr<const SigningKey> pair = token_pair(token_, name)) {
    const std::lock_guard lock(mutex_);
    return pairs_[name] = pair;
  }
  if (const std::optional<Found> found = at(name); found && found->key->type() == KeyType::aes) {
    return token_cmac(found->key->object(), found->key);
  }
  throw Error(ErrorKind::usage, "no key '" + name + "' that signs in " + token_->name() +
                                    ": it takes an RSA or ECC pair, or an AES key" + did_you_mean(name, names()));
}

void Pkcs11KeyStore::refuse_taken(const std::string& label) const {
  read_all();
  if (at(label)) throw Error(ErrorKind::usage, token_->name() + " has a key labelled '" + label + "' already");
}

void Pkcs11KeyStore::put(const std::string& label, const Key& key, const Keeping& keeping) {
  refuse_taken(label);
  const Secret bytes = key.material();
  const Bytes id = id_of(keeping);
  token_->run([&](Pkcs11Session& session) {
    Pkcs11Template wanted({key.type(), key.size()}, true, keeping.extractable);
    wanted.add(CKA_LABEL, view(label));
    wanted.add(CKA_ID, id);
    wanted.add(CKA_VALUE, SecretBytes::view(bytes));
    CK_OBJECT_HANDLE made = 0;
    session.check(session.call().C_CreateObject(session.handle(), wanted.data(), wanted.size(), &made),
                  "putting a key");
  });
  read_all();
}

void Pkcs11KeyStore::generate(const std::string& label, KeyType type, size_t size, const Keeping& keeping) {
  refuse_taken(label);
  const Bytes id = id_of(keeping);
  token_->run([&](Pkcs11Session& session) {
    Pkcs11Template wanted({type, size}, true, keeping.extractable);
    wanted.add(CKA_LABEL, view(label));
    wanted.add(CKA_ID, id);
    wanted.add_length();
    CK_MECHANISM how = {type == KeyType::aes ? CKM_AES_KEY_GEN
                        : size == 16         ? CKM_DES2_KEY_GEN
                                             : CKM_DES3_KEY_GEN,
                        nullptr, 0};
    CK_OBJECT_HANDLE made = 0;
    session.check(session.call().C_GenerateKey(session.handle(), &how, wanted.data(), wanted.size(), &made),
                  "generating a key");
  });
  read_all();
}

void Pkcs11KeyStore::destroy(const std::string& label) {
  read_all();
  if (!at(label)) throw Error(ErrorKind::usage, "no key '" + label + "' in " + token_->name());
  token_->run([&](Pkcs11Session& session) {
    for (const CK_OBJECT_HANDLE object : secret_keys(session)) {
      if (attributes_of(session, object).label != label) continue;
      session.check(session.call().C_DestroyObject(session.handle(), object), "destroying a key");
    }
  });
  read_all();
}

}  // namespace cw::crypto
