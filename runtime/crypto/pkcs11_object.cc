#include <array>

#include "pkcs11_object_private.h"

namespace cw::crypto {

namespace {

constexpr size_t kMacSize = 16;

uint8_t* writable(ByteView bytes) { return const_cast<uint8_t*>(bytes.data()); }  // PKCS#11 has no const

CK_MECHANISM mechanism(CK_MECHANISM_TYPE type, ByteView parameter = {}) {
  return {type, parameter.empty() ? nullptr : writable(parameter), parameter.size()};
}

template <typename Parameter>
ByteView view_of(const Parameter& parameter) {
  return {reinterpret_cast<const uint8_t*>(&parameter), sizeof parameter};
}

}  // namespace

std::shared_ptr<Pkcs11Object> Pkcs11Object::in_token(std::shared_ptr<Pkcs11Token> token, std::string label, Shape shape,
                                                     CK_OBJECT_HANDLE handle, uint64_t login) {
  return std::shared_ptr<Pkcs11Object>(new Pkcs11Object(std::move(token), std::move(label), shape, handle, login));
}

std::shared_ptr<Pkcs11Object> Pkcs11Object::of_session(std::shared_ptr<Pkcs11Token> token, Shape shape,
                                                       CK_OBJECT_HANDLE handle, uint64_t login) {
  return std::shared_ptr<Pkcs11Object>(new Pkcs11Object(std::move(token), {}, shape, handle, login));
}

Pkcs11Object::~Pkcs11Object() {
  if (label_.empty()) token_->drop(handle_, login_);
}

CK_OBJECT_HANDLE Pkcs11Object::handle(Pkcs11Session& session) {
  if (login_ == session.login()) return handle_;
  if (label_.empty()) {
    throw Error(ErrorKind::store,
                "using a session key in " + token_->name() +
                    ": the token did not answer meanwhile, and the key is gone; nothing more was sent, run again");
  }
  const std::vector<CK_OBJECT_HANDLE> found = token_objects(session, CKO_SECRET_KEY, &label_);
  if (found.size() != 1) {
    throw Error(ErrorKind::store, "looking key '" + label_ + "' up in " + token_->name() + ": it is " +
                                      (found.empty() ? "there no more" : "there twice") + "; nothing more was sent");
  }
  handle_ = found.front();
  login_ = session.login();
  return handle_;
}

CK_MECHANISM_TYPE Pkcs11Object::cipher(bool ecb) const {
  if (shape_.type == KeyType::aes) return ecb ? CKM_AES_ECB : CKM_AES_CBC;
  return ecb ? CKM_DES3_ECB : CKM_DES3_CBC;
}

void Pkcs11Object::encrypt(Pkcs11Session& session, ByteView iv, std::span<uint8_t> data) {
  if (data.empty()) return;
  CK_MECHANISM how = mechanism(cipher(iv.empty()), iv);
  CK_ULONG size = data.size();
  session.check(session.call().C_EncryptInit(session.handle(), &how, handle(session)), "encrypting");
  session.check(session.call().C_Encrypt(session.handle(), data.data(), data.size(), data.data(), &size), "encrypting");
}

void Pkcs11Object::decrypt(Pkcs11Session& session, ByteView iv, std::span<uint8_t> data) {
  if (data.empty()) return;
  CK_MECHANISM how = mechanism(cipher(iv.empty()), iv);
  CK_ULONG size = data.size();
  session.check(session.call().C_DecryptInit(session.handle(), &how, handle(session)), "decrypting");
  session.check(session.call().C_Decrypt(session.handle(), data.data(), data.size(), data.data(), &size), "decrypting");
}

Bytes Pkcs11Object::cmac(Pkcs11Session& session, ByteView message) {
  CK_MECHANISM how = mechanism(CKM_AES_CMAC);
  Bytes out(kMacSize);
  CK_ULONG size = out.size();
  const ByteView there = message.empty() ? ByteView(out).first(0) : message;  // modules refuse a null pointer
  session.check(session.call().C_SignInit(session.handle(), &how, handle(session)), "computing a MAC");
  session.check(session.call().C_Sign(session.handle(), writable(there), there.size(), out.data(), &size),
                "computing a MAC");
  return out;
}

std::shared_ptr<Pkcs11Object> Pkcs11Object::derive(Pkcs11Session& session, Derivation how, ByteView data, Shape shape,
                                                   bool extractable) {
  CK_KEY_DERIVATION_STRING_DATA plain{writable(data), data.size()};
  CK_DES_CBC_ENCRYPT_DATA_PARAMS chained{{}, writable(data), data.size()};
  const bool aes = shape_.type == KeyType::aes;
  const bool cbc = how == Derivation::cbc;
  CK_MECHANISM by = aes   ? mechanism(CKM_AES_ECB_ENCRYPT_DATA, view_of(plain))
                    : cbc ? mechanism(CKM_DES3_CBC_ENCRYPT_DATA, view_of(chained))
                          : mechanism(CKM_DES3_ECB_ENCRYPT_DATA, view_of(plain));
  Pkcs11Template wanted(shape, false, extractable);
  wanted.add_length();
  CK_OBJECT_HANDLE made = 0;
  session.check(session.call().C_DeriveKey(session.handle(), &by, handle(session), wanted.data(), wanted.size(), &made),
                "deriving a key");
  return of_session(token_, shape, made, session.login());
}

bool Pkcs11Object::is_extractable(Pkcs11Session& session) {
  CK_BBOOL extractable = CK_FALSE;
  CK_ATTRIBUTE asked = {CKA_EXTRACTABLE, &extractable, sizeof extractable};
  session.check(session.call().C_GetAttributeValue(session.handle(), handle(session), &asked, 1), "asking about a key");
  return extractable == CK_TRUE;
}

std::vector<CK_OBJECT_HANDLE> token_objects(Pkcs11Session& session, CK_OBJECT_CLASS kind, const std::string* label) {
  CK_BBOOL yes = CK_TRUE;
  std::vector<CK_ATTRIBUTE> wanted = {{CKA_CLASS, &kind, sizeof kind}, {CKA_TOKEN, &yes, sizeof yes}};
  if (label != nullptr) wanted.push_back({CKA_LABEL, const_cast<char*>(label->data()), label->size()});
  session.check(session.call().C_FindObjectsInit(session.handle(), wanted.data(), wanted.size()), "looking keys up");
  std::vector<CK_OBJECT_HANDLE> out;
  CK_RV result = CKR_OK;
  for (CK_ULONG count = 1; count > 0;) {
    std::array<CK_OBJECT_HANDLE, 256> some{};
    result = session.call().C_FindObjects(session.handle(), some.data(), some.size(), &count);
    if (result != CKR_OK) break;
    out.insert(out.end(), some.begin(), some.begin() + static_cast<std::ptrdiff_t>(count));
  }
  session.call().C_FindObjectsFinal(session.handle());
  session.check(result, "looking keys up");
  return out;
}

Pkcs11Template::Pkcs11Template(Pkcs11Object::Shape shape, bool stays, bool extractable, bool signs)
    : length_(shape.size) {
  if (shape.type == KeyType::des) type_ = shape.size == 16 ? CKK_DES2 : CKK_DES3;
  attributes_ = {{CKA_CLASS, &class_, sizeof class_}, {CKA_KEY_TYPE, &type_, sizeof type_}};
  add_flag(CKA_TOKEN, stays);
  add_flag(CKA_PRIVATE, true);
  add_flag(CKA_SENSITIVE, true);
  add_flag(CKA_EXTRACTABLE, extractable);
  add_flag(CKA_ENCRYPT, true);
  add_flag(CKA_SIGN, true);
  for (const CK_ATTRIBUTE_TYPE use : {CKA_DECRYPT, CKA_DERIVE, CKA_WRAP, CKA_UNWRAP}) add_flag(use, !signs);
}

void Pkcs11Template::add(CK_ATTRIBUTE_TYPE type, ByteView value) {
  attributes_.push_back({type, writable(value), value.size()});
}

void Pkcs11Template::add_length() {
  if (type_ == CKK_AES) attributes_.push_back({CKA_VALUE_LEN, &length_, sizeof length_});
}

void Pkcs11Template::add_flag(CK_ATTRIBUTE_TYPE type, bool value) {
  attributes_.push_back({type, value ? &yes_ : &no_, sizeof yes_});
}

}  // namespace cw::crypto
