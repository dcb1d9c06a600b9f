// A secret key inside a token, and what the token does with it. All but making and dropping it runs on the token's
// thread.
//
// Owner: keys and ciphers, shared.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "pkcs11_token_private.h"

namespace cw::crypto {

class Pkcs11Object {
 public:
  struct Shape {
    KeyType type = KeyType::aes;
    size_t size = 16;  // bytes
  };

  /// One that lives in the token under `label`; its handle is kept and looked up again after another login.
  static std::shared_ptr<Pkcs11Object> in_token(std::shared_ptr<Pkcs11Token> token, std::string label, Shape shape,
                                                CK_OBJECT_HANDLE handle, uint64_t login);
  /// One of this login, gone from the token when nobody holds it any more.
  static std::shared_ptr<Pkcs11Object> of_session(std::shared_ptr<Pkcs11Token> token, Shape shape,
                                                  CK_OBJECT_HANDLE handle, uint64_t login);
  ~Pkcs11Object();
  Pkcs11Object(const Pkcs11Object&) = delete;
  Pkcs11Object& operator=(const Pkcs11Object&) = delete;

  const std::shared_ptr<Pkcs11Token>& token() const { return token_; }
  Shape shape() const { return shape_; }

  /// Raises store: it was of a session that is lost.
  CK_OBJECT_HANDLE handle(Pkcs11Session& session);

  /// Whether it was found there in this login: one that was made anew under the same label is another.
  bool is_at(CK_OBJECT_HANDLE handle, uint64_t login) const { return handle_ == handle && login_ == login; }

  /// In place, whole blocks; `iv` empty: ECB.
  void encrypt(Pkcs11Session& session, ByteView iv, std::span<uint8_t> data);
  void decrypt(Pkcs11Session& session, ByteView iv, std::span<uint8_t> data);
  Bytes cmac(Pkcs11Session& session, ByteView message);
  /// `data` encrypted under this key, in ECB or CBC with zero IV, is the new key.
  std::shared_ptr<Pkcs11Object> derive(Pkcs11Session& session, Derivation how, ByteView data, Shape shape,
                                       bool extractable);
  /// Whether the token lets it out under another key.
  bool is_extractable(Pkcs11Session& session);

 private:
  Pkcs11Object(std::shared_ptr<Pkcs11Token> token, std::string label, Shape shape, CK_OBJECT_HANDLE handle,
               uint64_t login)
      : token_(std::move(token)), label_(std::move(label)), shape_(shape), handle_(handle), login_(login) {}
  CK_MECHANISM_TYPE cipher(bool ecb) const;

  const std::shared_ptr<Pkcs11Token> token_;
  const std::string label_;  // empty: of a session
  const Shape shape_;
  CK_OBJECT_HANDLE handle_;
  uint64_t login_;
};

/// The objects of a kind that live in the token, all or those of one label.
std::vector<CK_OBJECT_HANDLE> token_objects(Pkcs11Session& session, CK_OBJECT_CLASS kind,
                                            const std::string* label = nullptr);

/// What a new key may do, and what it is; for C_CreateObject, C_DeriveKey and the like.
class Pkcs11Template {
 public:
  /// `signs`: by CMAC, and nothing else but what its check value takes.
  Pkcs11Template(Pkcs11Object::Shape shape, bool stays, bool extractable, bool signs = false);
  Pkcs11Template(const Pkcs11Template&) = delete;
  Pkcs11Template& operator=(const Pkcs11Template&) = delete;

  /// Borrowed until the template has been used.
  void add(CK_ATTRIBUTE_TYPE type, ByteView value);
  CK_ATTRIBUTE* data() { return attributes_.data(); }
  CK_ULONG size() const { return attributes_.size(); }
  /// The length of an AES key; others have theirs by their type.
  void add_length();

 private:
  void add_flag(CK_ATTRIBUTE_TYPE type, bool value);

  CK_BBOOL yes_ = CK_TRUE;
  CK_BBOOL no_ = CK_FALSE;
  CK_OBJECT_CLASS class_ = CKO_SECRET_KEY;
  CK_KEY_TYPE type_ = CKK_AES;
  CK_ULONG length_ = 0;
  std::vector<CK_ATTRIBUTE> attributes_;
};

}  // namespace cw::crypto
