#include <algorithm>
#include <array>
#include <optional>

#include "crypto/digest.h"
#include "pkcs11_signing_private.h"

namespace cw::crypto {

namespace {

struct CurveFacts {
  Curve curve;
  Hash hash;
  std::array<uint8_t, 10> oid;  // CKA_EC_PARAMS: its length in the second byte
};
constexpr std::array<CurveFacts, 3> kCurves = {
    {{Curve::p256, Hash::sha256, {0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07}},
     {Curve::p384, Hash::sha384, {0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x22}},
     {Curve::p521, Hash::sha512, {0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x23}}}};

ByteView oid_of(const CurveFacts& facts) { return ByteView(facts.oid).first(2u + facts.oid[1]); }

Bytes attribute(Pkcs11Session& session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type) {
  CK_ATTRIBUTE asked = {type, nullptr, 0};
  session.check(session.call().C_GetAttributeValue(session.handle(), object, &asked, 1), "reading a public key");
  Bytes out(asked.ulValueLen);
  asked.pValue = out.data();
  session.check(session.call().C_GetAttributeValue(session.handle(), object, &asked, 1), "reading a public key");
  return out;
}

/// The only one of that label; nothing: there is none.
std::optional<CK_OBJECT_HANDLE> only(Pkcs11Session& session, CK_OBJECT_CLASS kind, const std::string& label) {
  const std::vector<CK_OBJECT_HANDLE> found = token_objects(session, kind, &label);
  if (found.empty()) return {};
  if (found.size() == 1) return found.front();
  throw Error(ErrorKind::usage, "the token has several key pairs labelled '" + label +
                                    "', and nothing tells which is meant; give one of them another label");
}

/// CKA_EC_POINT is an OCTET STRING with the point in it; some modules give the point alone.
Bytes point_of(const Bytes& value) {
  const size_t head = value.size() > 2 && value[0] == 0x04 && value[1] == value.size() - 2                       ? 2
                      : value.size() > 3 && value[0] == 0x04 && value[1] == 0x81 && value[2] == value.size() - 3 ? 3
                                                                                                                 : 0;
  return to_bytes(ByteView(value).subspan(head));
}

class TokenPair final : public Pkcs11Pair {
 public:
  /// `facts` null: RSA.
  TokenPair(std::shared_ptr<Pkcs11Token> token, std::string label, std::shared_ptr<const SigningKey> half,
            const CurveFacts* facts, CK_OBJECT_HANDLE handle, uint64_t login)
      : token_(std::move(token)),
        label_(std::move(label)),
        public_(std::move(half)),
        facts_(facts),
        handle_(handle),
        login_(login) {}

  SigningAlgorithm algorithm() const override { return public_->algorithm(); }
  size_t signature_size() const override { return public_->signature_size(); }
  bool can_sign() const override { return true; }
  // The token draws the nonce of ECDSA and the salt of PSS.
  bool repeatable() const override { return algorithm() == SigningAlgorithm::rsa_pkcs1_sha1; }
  bool verify(ByteView message, ByteView signature) const override { return public_->verify(message, signature); }
  std::vector<PublicPart> public_parts() const override { return public_->public_parts(); }

  Bytes sign(ByteView message) const override {
    CK_RSA_PKCS_PSS_PARAMS pss = {CKM_SHA256, CKG_MGF1_SHA256, 32};
    CK_MECHANISM how = {CKM_ECDSA, nullptr, 0};
    if (algorithm() == SigningAlgorithm::rsa_pkcs1_sha1) how.mechanism = CKM_SHA1_RSA_PKCS;
    if (algorithm() == SigningAlgorithm::rsa_pss_sha256) how = {CKM_SHA256_RSA_PKCS_PSS, &pss, sizeof pss};
    Bytes input = facts_ != nullptr ? digest(facts_->hash, message) : to_bytes(message);
    if (input.empty()) throw Error(ErrorKind::usage, "signing in a token: there is nothing to sign");
    Bytes out = token_->run([&](Pkcs11Session& session) {
      Bytes made(signature_size());
      CK_ULONG size = made.size();
      session.check(session.call().C_SignInit(session.handle(), &how, handle(session)), "signing");
      session.check(session.call().C_Sign(session.handle(), input.data(), input.size(), made.data(), &size), "signing");
      made.resize(size);
      return made;
    });
    return out;
  }

  CK_OBJECT_HANDLE handle(Pkcs11Session& session) const override {
    if (login_ != session.login()) {
      const std::optional<CK_OBJECT_HANDLE> found = only(session, CKO_PRIVATE_KEY, label_);
      if (!found) throw Error(ErrorKind::store, "signing: " + token_->name() + " has key '" + label_ + "' no more");
      handle_ = *found;
      login_ = session.login();
    }
    return handle_;
  }
  bool is_at(CK_OBJECT_HANDLE handle, uint64_t login) const override { return handle_ == handle && login_ == login; }

 private:
  std::shared_ptr<Pkcs11Token> token_;
  std::string label_;
  std::shared_ptr<const SigningKey> public_;
  const CurveFacts* facts_;
  mutable CK_OBJECT_HANDLE handle_;  // both: the token's thread alone
  mutable uint64_t login_;
};

class TokenCmac final : public SigningKey {
 public:
  TokenCmac(std::shared_ptr<Pkcs11Object> object, std::shared_ptr<const Key> key)
      : object_(std::move(object)), key_(std::move(key)) {}

  SigningAlgorithm algorithm() const override { return SigningAlgorithm::aes_cmac; }
  size_t signature_size() const override { return 16; }
  bool can_sign() const override { return true; }
  Bytes sign(ByteView message) const override {
    return object_->token()->run([&](Pkcs11Session& session) { return object_->cmac(session, message); });
  }
  bool verify(ByteView message, ByteView signature) const override {
    return constant_time_equal(sign(message), signature);
  }
  std::shared_ptr<const Key> shared() const override { return key_; }

 private:
  std::shared_ptr<Pkcs11Object> object_;
  std::shared_ptr<const Key> key_;
};

const CurveFacts& facts_of(ByteView parameters, const std::string& label) {
  for (const CurveFacts& facts : kCurves) {
    if (equal(oid_of(facts), parameters)) return facts;
  }
  throw Error(ErrorKind::usage,
              "key '" + label + "' of the token is on a curve that is none of P-256, P-384 and P-521");
}

}  // namespace

std::shared_ptr<const Pkcs11Pair> token_pair(const std::shared_ptr<Pkcs11Token>& token, const std::string& label) {
  return token->run([&](Pkcs11Session& session) -> std::shared_ptr<const Pkcs11Pair> {
    const std::optional<CK_OBJECT_HANDLE> object = only(session, CKO_PRIVATE_KEY, label);
    if (!object) return nullptr;
    CK_KEY_TYPE type = 0;
    CK_ATTRIBUTE asked = {CKA_KEY_TYPE, &type, sizeof type};
    session.check(session.call().C_GetAttributeValue(session.handle(), *object, &asked, 1), "reading a key's type");
    if (type == CKK_RSA) {
      auto half = make_signing_key(
          RsaPublicKey{attribute(session, *object, CKA_MODULUS), attribute(session, *object, CKA_PUBLIC_EXPONENT)});
      return std::make_shared<TokenPair>(token, label, std::move(half), nullptr, *object, session.login());
    }
    const std::optional<CK_OBJECT_HANDLE> half = only(session, CKO_PUBLIC_KEY, label);
    if (type != CKK_EC || !half) {
      throw Error(ErrorKind::usage, "key '" + label +
                                        "' of the token is no RSA key, and no ECC key with its public half " +
                                        "under the same label");
    }
    const CurveFacts& facts = facts_of(attribute(session, *object, CKA_EC_PARAMS), label);
    return std::make_shared<TokenPair>(token, label,
                                       make_signing_key(facts.curve, point_of(attribute(session, *half, CKA_EC_POINT))),
                                       &facts, *object, session.login());
  });
}

std::vector<CK_OBJECT_HANDLE> generate_token_pair(Pkcs11Session& session, const std::string& label,
                                                  const std::string& name, size_t size, const Pkcs11Mark& mark) {
  const auto bytes = [](CK_ATTRIBUTE_TYPE type, ByteView value) {
    return CK_ATTRIBUTE{type, const_cast<uint8_t*>(value.data()), value.size()};  // PKCS#11 has no const
  };
  CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
  CK_ULONG bits = size * 8;
  const Bytes exponent = {1, 0, 1};
  std::vector<CK_ATTRIBUTE> open = {{CKA_TOKEN, &yes, sizeof yes}, {CKA_VERIFY, &yes, sizeof yes}};
  CK_MECHANISM how = {CKM_RSA_PKCS_KEY_PAIR_GEN, nullptr, 0};
  if (name == "rsa") {
    if (size != 256 && size != 384 && size != 512) {
      throw Error(ErrorKind::usage, "an RSA modulus of " + std::to_string(size) + " bytes: 256, 384 or 512");
    }
    open.push_back({CKA_MODULUS_BITS, &bits, sizeof bits});
    open.push_back(bytes(CKA_PUBLIC_EXPONENT, exponent));
  } else {
    how.mechanism = CKM_EC_KEY_PAIR_GEN;
    const auto curve = std::find_if(kCurves.begin(), kCurves.end(), [&](const CurveFacts& facts) {
      return name == "ec" && size == coordinate_size(facts.curve);
    });
    if (curve == kCurves.end()) {
      throw Error(ErrorKind::usage, name == "ec"
                                        ? "an ECC coordinate of " + std::to_string(size) + " bytes: 32, 48 or 66"
                                        : "a token makes no " + name + " pairs here; keep them in a sealed file");
    }
    open.push_back(bytes(CKA_EC_PARAMS, oid_of(*curve)));
  }
  std::vector<CK_ATTRIBUTE> closed = {{CKA_TOKEN, &yes, sizeof yes},
                                      {CKA_PRIVATE, &yes, sizeof yes},
                                      {CKA_SENSITIVE, &yes, sizeof yes},
                                      {CKA_EXTRACTABLE, &no, sizeof no},
                                      {CKA_SIGN, &yes, sizeof yes}};
  for (std::vector<CK_ATTRIBUTE>* half : {&open, &closed}) {
    half->push_back(bytes(CKA_LABEL, view(label)));
    half->push_back(bytes(CKA_ID, mark.id));
  }
  CK_OBJECT_HANDLE made[2] = {};
  session.check(session.call().C_GenerateKeyPair(session.handle(), &how, open.data(), open.size(), closed.data(),
                                                 closed.size(), &made[0], &made[1]),
                "generating a key pair");
  return {made[0], made[1]};
}

std::shared_ptr<const SigningKey> token_cmac(std::shared_ptr<Pkcs11Object> object, std::shared_ptr<const Key> key) {
  return std::make_shared<TokenCmac>(std::move(object), std::move(key));
}

std::map<std::string, CK_OBJECT_HANDLE> token_pairs(Pkcs11Session& session) {
  std::map<std::string, CK_OBJECT_HANDLE> out;
  for (const CK_OBJECT_HANDLE object : token_objects(session, CKO_PRIVATE_KEY)) {
    out[to_string(attribute(session, object, CKA_LABEL))] = object;
  }
  return out;
}

}  // namespace cw::crypto
