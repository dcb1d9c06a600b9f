#include "crypto/pkcs11_store.h"

#include <sys/stat.h>

#include "base/error.h"
#include "base/hex.h"
#include "crypto/aes.h"
#include "crypto/des.h"
#include "crypto/digest.h"
#include "crypto/kdf.h"
#include "crypto/key_wrap.h"
#include "soft_token.h"

namespace cw::crypto {
namespace {

const std::string kBytes = "404142434445464748494A4B4C4D4E4F505152535455565758595A5B5C5D5E5F";

std::shared_ptr<const Key> software(KeyType type, size_t size) {
  return make_key(type, Secret::copy(from_hex(kBytes.substr(0, 2 * size))));
}

template <typename Call>
std::string refusal(const Call& call, ErrorKind kind = ErrorKind::usage) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind) << error.message();
    return error.message();
  }
  return "accepted";
}

/// The same key in software and in the token.
struct Pair {
  std::shared_ptr<const Key> here;
  std::shared_ptr<const Key> there;
};

class Token : public SoftToken {
 protected:
  void SetUp() override {
    SoftToken::SetUp();
    if (IsSkipped()) return;
    store = Pkcs11KeyStore::open(uri());
    for (const std::string& name : store->key_names()) store->destroy(name);
  }
  Pair pair(KeyType type, size_t size, bool extractable = false) {
    const std::string label = (type == KeyType::aes ? "aes" : "des") + std::to_string(size);
    const auto here = software(type, size);
    store->put(label, *here, {.extractable = extractable});
    return {here, store->find_key(label)};
  }
  std::shared_ptr<Pkcs11KeyStore> store;
};

TEST_F(Token, has_sets_master_keys_and_single_keys_by_their_labels) {
  for (const char* part : {"enc", "mac", "dek"}) {
    store->put(std::string("isd.") + part, *software(KeyType::aes, 16), {.version = 0x30});
  }
  store->put("acme.master", *software(KeyType::des, 16), {.version = 1, .diversification = "visa2"});
  store->put("kek", *software(KeyType::aes, 32), {});
  const auto again = Pkcs11KeyStore::open(uri());
  EXPECT_EQ(again->names(), (std::vector<std::string>{"acme", "isd", "kek"}));
  EXPECT_EQ(again->key_names(), (std::vector<std::string>{"kek"}));
  const KeySet isd = again->find("isd");
  EXPECT_EQ(isd.version, 0x30);
  EXPECT_EQ(isd.enc->type(), KeyType::aes);
  EXPECT_EQ(isd.mac->size(), 16u);
  EXPECT_EQ(isd.dek->kcv(), software(KeyType::aes, 16)->kcv());
  const KeySet acme = again->find("acme");
  EXPECT_EQ(acme.diversification, "visa2");
  EXPECT_EQ(acme.enc->kcv(), software(KeyType::des, 16)->kcv());
  EXPECT_NE(refusal([&] { again->find("isa"); }).find("did you mean 'isd'"), std::string::npos);
  EXPECT_NE(refusal([&] { again->find_key("kes"); }).find("it has: kek"), std::string::npos);
  store->destroy("isd.mac");
  EXPECT_NE(refusal([&] { store->find("isd"); }).find("'isd.mac'"), std::string::npos);
  for (const char* label : {"isd.enc", "isd.dek", "acme.master", "kek"}) store->destroy(label);
}

TEST_F(Token, derives_inside_what_software_derives) {
  const Bytes context = from_hex("000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F");
  for (const size_t size : {16, 24, 32}) {
    const Pair keys = pair(KeyType::aes, size);
    for (const size_t context_size : {16, 32}) {
      const ByteView here_context = ByteView(context).first(context_size);
      const Aes here = keys.here->scp03_session(0x06, here_context),
                there = keys.there->scp03_session(0x06, here_context);
      EXPECT_EQ(there.key_size(), size);
      EXPECT_EQ(here.cmac(context), there.cmac(context));
      EXPECT_EQ(here.cmac({context, ByteView(context).first(3)}), there.cmac({context, ByteView(context).first(3)}));
      EXPECT_EQ(here.cmac(Bytes()), there.cmac(Bytes()));
      const Block16 iv = here.encrypt_block({1, 2, 3});
      EXPECT_EQ(iv, there.encrypt_block({1, 2, 3}));
      EXPECT_EQ(here.cbc_encrypt(iv, context), there.cbc_encrypt(iv, context));
      EXPECT_EQ(here.cbc_decrypt(iv, context), there.cbc_decrypt(iv, context));
      EXPECT_EQ(here.cbc_encrypt_padded(iv, Secret::copy(context)),
                there.cbc_encrypt_padded(iv, Secret::copy(context)));
      EXPECT_EQ(keys.here->derive_scp03_data(0x02, here_context, 64),
                keys.there->derive_scp03_data(0x02, here_context, 64));
    }
    const auto card = keys.there->derive(Derivation::cmac, ByteView(context).first(size == 16 ? 16 : 32));
    EXPECT_TRUE(same_key(*card, *keys.here->derive(Derivation::cmac, ByteView(context).first(size == 16 ? 16 : 32))));
  }
}

TEST_F(Token, has_session_keys_of_scp02_and_scp01) {
  const Bytes message = from_hex("8482000010112233445566778899AABBCCDDEE");
  const Bytes data = from_hex("000102030405060708090A0B0C0D0E0F");
  for (const size_t size : {16, 24}) {
    const Pair keys = pair(KeyType::des, size);
    const auto check = [&](const Des& here, const Des& there) {
      EXPECT_EQ(here.mac({}, {message}), there.mac({}, {message}));
      EXPECT_EQ(here.retail_mac({7}, {message}), there.retail_mac({7}, {message}));
      EXPECT_EQ(here.single_encrypt({1}), there.single_encrypt({1}));
      EXPECT_EQ(here.triple_encrypt({1}), there.triple_encrypt({1}));
      EXPECT_EQ(here.cbc_encrypt_padded({}, message), there.cbc_encrypt_padded({}, message));
      EXPECT_EQ(here.cbc_decrypt({}, data), there.cbc_decrypt({}, data));
    };
    check(keys.here->scp02_session(0x0101, 5), keys.there->scp02_session(0x0101, 5));
    check(keys.here->scp01_session(data), keys.there->scp01_session(data));
    const Bytes block = to_bytes(scp02_block(0x0181, 5));
    for (const Derivation how : {Derivation::ecb, Derivation::cbc}) {
      EXPECT_TRUE(same_key(*keys.here->derive(how, block), *keys.there->derive(how, block)));
    }
  }
}

TEST_F(Token, keeps_its_keys) {
  const Pair keys = pair(KeyType::aes, 16);
  for (const auto& call : std::vector<std::function<void()>>{
           [&] { keys.there->material(); }, [&] { keys.there->derive_scp03_key(4, Bytes(16), 128); },
           [&] { keys.there->encrypt_to_secret(Bytes(16)); }, [&] { keys.there->cmac_to_secret(Bytes(16)); },
           [&] { wrap_key(*software(KeyType::aes, 32), WrapForm::aes_key_wrap, *keys.there); }}) {
    EXPECT_NE(refusal(call).find("stays in its token"), std::string::npos);
  }
}

TEST_F(Token, wraps_and_unwraps_as_software_does) {
  const Pair kek = pair(KeyType::aes, 32), old_kek = pair(KeyType::des, 24);
  const Pair small = pair(KeyType::aes, 16, true), odd = pair(KeyType::aes, 24, true),
             des = pair(KeyType::des, 16, true);
  for (const Pair& key : {small, odd, des}) {
    for (const WrapForm form : {WrapForm::aes_key_wrap, WrapForm::aes_cbc, WrapForm::des_ecb}) {
      const Pair& under = form == WrapForm::des_ecb ? old_kek : kek;
      const Bytes wrapped = wrap_key(*under.here, form, *key.here);
      EXPECT_EQ(wrapped, wrap_key(*under.there, form, *key.there)) << name_of(form);
      EXPECT_EQ(wrapped, wrap_key(*under.there, form, *key.here));
      EXPECT_EQ(wrapped, wrap_key(*under.here, form, *key.there));
      const WrappedKey expected{key.here->type(), key.here->size(), key.here->kcv()};
      EXPECT_TRUE(same_key(*unwrap_key(*under.there, form, expected, wrapped), *key.here));
      Bytes changed = wrapped;
      changed[3] ^= 1;
      EXPECT_NE(refusal([&] { unwrap_key(*under.there, form, expected, changed); }), "accepted");
    }
  }
}

TEST_F(Token, signs_with_pairs_that_another_tool_made_in_it) {
  for (const char* pair : {"rsa:2048", "rsa:1024", "EC:prime256v1", "EC:secp384r1"}) {
    const std::string command = "pkcs11-tool --module " + std::string(kModule) + " --token-label cardwright --login " +
                                "--pin 1234 --keypairgen --key-type " + pair + " --label pair." + (pair + 3) + " > " +
                                (folder() / "pair.log").string() + " 2>&1";
    if (std::system(command.c_str()) != 0) GTEST_SKIP() << "no pkcs11-tool here";
  }
  // Objects that another process made are seen by a new login.
  const Bytes message = from_hex("80E60C00220102");
  for (const char* name : {"pair.:2048", "pair.:1024", "pair.prime256v1", "pair.secp384r1"}) {
    const auto key = store->find_signing_key(name);
    const Bytes signature = key->sign(message);
    EXPECT_EQ(signature.size(), key->signature_size()) << name;
    EXPECT_TRUE(key->verify(message, signature)) << name;
    EXPECT_FALSE(key->verify(from_hex("80E60C00220103"), signature)) << name;
    EXPECT_EQ(key->public_parts().size(), 2u);
  }
  store->put("cmac", *software(KeyType::aes, 16), {});
  EXPECT_EQ(store->find_signing_key("cmac")->sign(message),
            make_signing_key(KeyType::aes, Secret::copy(from_hex(kBytes.substr(0, 32))))->sign(message));
  store->put("des", *software(KeyType::des, 16), {});
  EXPECT_NE(refusal([&] { store->find_signing_key("des"); }).find("RSA or ECC pair, or an AES key"), std::string::npos);
}

TEST_F(Token, is_not_asked_with_a_refused_pin_again_by_whoever_opens_it_next) {
  store.reset();  // a session that is logged in would let any PIN through
  Pkcs11Uri other = uri();
  other.pin_source = folder() / "pin.of.other";
  write_file_atomically(other.pin_source, view("9999\n"), true);
  const auto opened = [&] { return refusal([&] { Pkcs11KeyStore::open(other); }); };
  EXPECT_NE(opened().find("is wrong; do not try again"), std::string::npos);
  EXPECT_NE(opened().find("was refused before"), std::string::npos);
  write_file_atomically(other.pin_source, view("1234\n"), true);
  EXPECT_NE(Pkcs11KeyStore::open(other), nullptr);
}

TEST_F(Token, says_what_is_wrong_with_where_it_is) {
  const auto opened = [](const Pkcs11Uri& uri) { return refusal([&] { Pkcs11KeyStore::open(uri); }); };
  EXPECT_NE(opened(uri("/nowhere/module.so")).find("no PKCS#11 module"), std::string::npos);
  EXPECT_NE(opened(uri("/usr/lib/x86_64-linux-gnu/libssl.so.3")).find("no PKCS#11 module"), std::string::npos);
  Pkcs11Uri other = uri();
  other.token = "acme";
  EXPECT_NE(opened(other).find("the module has: cardwright"), std::string::npos);
  ::chmod((folder() / "pin").c_str(), 0644);
  EXPECT_NE(opened(uri()).find("pin"), std::string::npos);
  ::chmod((folder() / "pin").c_str(), 0600);
}

TEST(Pkcs11Uri, is_read_as_rfc_7512_has_it) {
  const Pkcs11Uri uri =
      parse_pkcs11_uri("pkcs11:token=card%20wright;serial=0815?module-path=/usr/lib/a.so&pin-source=file:/etc/pin");
  EXPECT_EQ(uri.token, "card wright");
  EXPECT_EQ(uri.serial, "0815");
  EXPECT_EQ(uri.module_path, "/usr/lib/a.so");
  EXPECT_EQ(uri.pin_source, "/etc/pin");
  EXPECT_TRUE(is_pkcs11_uri("pkcs11:"));
  EXPECT_FALSE(is_pkcs11_uri("keys"));
  const std::string rest = "?module-path=/m.so&pin-source=/pin";
  for (const std::string& bad :
       {"keys" + rest, "pkcs11:" + rest, "pkcs11:token=a;token=b" + rest, "pkcs11:token=" + rest, "pkcs11:token" + rest,
        "pkcs11:token=%4" + rest, "pkcs11:token=%zz" + rest, "pkcs11:token=a%00" + rest, "pkcs11:object=a" + rest,
        std::string("pkcs11:token=a"), std::string("pkcs11:token=a?module-path=/m.so"),
        std::string("pkcs11:token=a?pin-source=/pin"), "pkcs11:token=a" + rest + "&x=y"}) {
    EXPECT_NE(refusal([&] { parse_pkcs11_uri(bad); }), "accepted") << bad;
  }
  const std::string with_pin = refusal([&] { parse_pkcs11_uri("pkcs11:token=a" + rest + "&pin-value=97531"); });
  EXPECT_NE(with_pin.find("no place here"), std::string::npos);
  EXPECT_EQ(with_pin.find("97531"), std::string::npos);
}

}  // namespace
}  // namespace cw::crypto
