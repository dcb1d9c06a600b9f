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

constexpr int64_t kDay = 86'400'000;
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
  /// What OpenSC's pkcs11-tool says to that: another hand, in another process.
  static std::string tool_output(const std::string& words) {
    const std::string log = (folder() / "tool.log").string();
    const std::string command = "pkcs11-tool --module " + std::string(kModule) +
                                " --token-label cardwright --login --pin 1234 " + words + " > " + log + " 2>&1";
    const int status = std::system(command.c_str());
    std::string said = to_string(read_file(log, 1u << 20));
    EXPECT_EQ(status, 0) << words << ": " << said;
    return said;
  }
  static void tool(const std::string& words) { tool_output(words); }

  void SetUp() override {
    SoftToken::SetUp();
    if (IsSkipped()) return;
    if (std::system("command -v pkcs11-tool > /dev/null") != 0) GTEST_SKIP() << "no pkcs11-tool here";
    store = Pkcs11KeyStore::open(uri(), [this] { return now; });
    for (const std::string& name : store->names()) store->destroy(name);
  }
  Pair pair(KeyType type, size_t size, bool extractable = false) {
    const std::string label = (type == KeyType::aes ? "aes" : "des") + std::to_string(size);
    const auto here = software(type, size);
    put(label, KeyPurpose::kek, {here}, {}, extractable);
    return {here, store->find_key(label)};
  }
  static NewKey new_key(const std::string& name, KeyPurpose purpose, std::vector<std::shared_ptr<const Key>> keys) {
    NewKey out{{.name = name, .purpose = purpose}, std::move(keys), {}};
    if (purpose == KeyPurpose::master) out.record.diversification = "visa2";
    return out;
  }
  void put(const std::string& name, KeyPurpose purpose, std::vector<std::shared_ptr<const Key>> keys,
           uint8_t version = 0, bool extractable = false) {
    NewKey key = new_key(name, purpose, std::move(keys));
    key.record.version = version;
    key.exportable = extractable;
    store->put(std::move(key));
  }
  std::vector<std::shared_ptr<const Key>> three() const {
    const auto key = software(KeyType::aes, 16);
    return {key, key, key};
  }
  int64_t now = kDay * 20'000 + 5;  // 2024-10-04
  std::shared_ptr<Pkcs11KeyStore> store;
};

TEST_F(Token, has_sets_master_keys_and_single_keys_by_their_labels) {
  put("isd", KeyPurpose::channel, three(), 0x30);
  put("acme", KeyPurpose::master, {software(KeyType::des, 16)}, 1);
  put("kek", KeyPurpose::kek, {software(KeyType::aes, 32)});
  const auto again = Pkcs11KeyStore::open(uri());
  EXPECT_EQ(again->names(), (std::vector<std::string>{"acme", "isd", "kek"}));
  const KeySet isd = again->find("isd");
  EXPECT_EQ(isd.version, 0x30);
  EXPECT_EQ(isd.enc->type(), KeyType::aes);
  EXPECT_EQ(isd.mac->size(), 16u);
  EXPECT_EQ(isd.dek->kcv(), software(KeyType::aes, 16)->kcv());
  const KeySet acme = again->find("acme");
  EXPECT_EQ(acme.diversification, "visa2");
  EXPECT_EQ(acme.enc->kcv(), software(KeyType::des, 16)->kcv());
  EXPECT_NE(refusal([&] { again->find("isa"); }).find("did you mean 'isd'"), std::string::npos);
  EXPECT_NE(refusal([&] { again->find_key("kes"); }).find("it has: acme, isd, kek"), std::string::npos);
  EXPECT_NE(refusal([&] { again->find_key("isd.mac"); }).find("a part of key set 'isd'"), std::string::npos);
  EXPECT_NE(refusal([&] { put("isd", KeyPurpose::kek, {software(KeyType::aes, 16)}); }).find("'isd.enc' already"),
            std::string::npos);
  EXPECT_NE(refusal([&] { put("new.mac", KeyPurpose::kek, {software(KeyType::aes, 16)}); }).find("cannot be named"),
            std::string::npos);
  tool("--delete-object --type secrkey --label isd.mac");
  const auto torn = Pkcs11KeyStore::open(uri());
  EXPECT_NE(refusal([&] { torn->find("isd"); }).find("'isd.mac'"), std::string::npos);
  for (const char* name : {"isd", "acme", "kek"}) torn->destroy(name);
  EXPECT_EQ(torn->names(), std::vector<std::string>{});
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

TEST_F(Token, signs_with_pairs_that_another_tool_made_in_it_once_their_purpose_is_said) {
  for (const char* pair : {"rsa:2048", "rsa:1024", "EC:prime256v1", "EC:secp384r1"}) {
    tool(std::string("--keypairgen --key-type ") + pair + " --label pair." + (pair + 3) + " --id 6cae");
  }
  const Bytes message = from_hex("80E60C00220102");
  for (const char* name : {"pair.:2048", "pair.:1024", "pair.prime256v1", "pair.secp384r1"}) {
    EXPECT_NE(refusal([&] { store->find_signing_key(name, SigningUse::token); }).find("cardwright keys assign"),
              std::string::npos);
    EXPECT_EQ(store->record(name).purpose, KeyPurpose::unstated);
    const KeyRecord said = store->assign({.name = name, .purpose = KeyPurpose::token});
    EXPECT_EQ(said.purpose, KeyPurpose::token);
    EXPECT_EQ(said.kcvs.at(0).size(), 3u);
    const auto key = store->find_signing_key(name, SigningUse::token);
    const Bytes signature = key->sign(message);
    EXPECT_EQ(signature.size(), key->signature_size()) << name;
    EXPECT_TRUE(key->verify(message, signature)) << name;
    EXPECT_FALSE(key->verify(from_hex("80E60C00220103"), signature)) << name;
    EXPECT_EQ(key->public_parts().size(), 2u);
    EXPECT_NE(refusal([&] { store->find_signing_key(name, SigningUse::message); }).find("another purpose"),
              std::string::npos);
    EXPECT_NE(refusal([&] { store->assign({.name = name, .purpose = KeyPurpose::dap}); }).find("becomes nothing else"),
              std::string::npos);
    EXPECT_NE(refusal([&] { store->keys_of(name); }).find("stays in"), std::string::npos);
    EXPECT_EQ(store->destroy(name).state, KeyState::destroyed);
    EXPECT_NE(refusal([&] { store->find_signing_key(name); }).find("no key"), std::string::npos);
  }
  EXPECT_EQ(tool_output("--list-objects").find("pair."), std::string::npos) << "a half of a pair is left";
}

TEST_F(Token, makes_pairs_that_openssl_checks) {
  struct Kind {
    const char* pair;
    size_t size;
    SigningAlgorithm algorithm;
  };
  for (const Kind& kind : {Kind{"rsa", 256, SigningAlgorithm::rsa_pss_sha256}, Kind{"ec", 32, SigningAlgorithm::ecdsa},
                           Kind{"ec", 48, SigningAlgorithm::ecdsa}, Kind{"ec", 66, SigningAlgorithm::ecdsa}}) {
    KeyRecord wanted{.name = "made", .purpose = KeyPurpose::dap};
    wanted.pair = kind.pair;
    wanted.size = kind.size;
    const KeyRecord made = store->generate(wanted, false);
    EXPECT_EQ(made.pair, kind.pair);
    const auto key = store->find_signing_key("made", SigningUse::dap);
    EXPECT_EQ(key->algorithm(), kind.algorithm);
    const Bytes message = from_hex("0102");
    EXPECT_TRUE(key->verify(message, key->sign(message)));  // by the public half, in OpenSSL
    EXPECT_NE(refusal([&] { store->generate(wanted, false); }).find("already"), std::string::npos);
    store->destroy("made");
  }
  KeyRecord none{.name = "none", .purpose = KeyPurpose::message};
  none.pair = "sm2";
  none.size = 32;
  EXPECT_NE(refusal([&] { store->generate(none, false); }).find("no sm2 pairs"), std::string::npos);
  none.pair = "ec";
  none.size = 20;
  EXPECT_NE(refusal([&] { store->generate(none, false); }).find("32, 48 or 66"), std::string::npos);
  EXPECT_EQ(store->names(), std::vector<std::string>{});
}

TEST_F(Token, holds_whoever_uses_a_key_to_what_it_is_for) {
  const auto aes = software(KeyType::aes, 16);
  const Bytes message = from_hex("80E60C00220102");
  put("isd", KeyPurpose::channel, three());
  put("acme", KeyPurpose::master, {software(KeyType::des, 16)});
  put("kek", KeyPurpose::kek, {aes});
  put("receipt", KeyPurpose::receipt, {aes});
  put("said", KeyPurpose::message, {aes});
  EXPECT_NE(refusal([&] { put("des", KeyPurpose::receipt, {software(KeyType::des, 16)}); }).find("a DES key does not"),
            std::string::npos);
  EXPECT_EQ(store->find_signing_key("receipt", SigningUse::receipt)->sign(message),
            make_signing_key(KeyType::aes, Secret::copy(from_hex(kBytes.substr(0, 32))))->sign(message));
  EXPECT_NE(store->find_signing_key("said", SigningUse::message), nullptr);
  const auto another = [&](const auto& call) {
    EXPECT_NE(refusal(call).find("is for another purpose"), std::string::npos);
  };
  another([&] { store->find("kek"); });
  another([&] { store->find("receipt"); });
  another([&] { store->find_key("isd"); });
  another([&] { store->find_key("acme"); });
  another([&] { store->find_key("receipt"); });
  for (const SigningUse use : {SigningUse::token, SigningUse::dap, SigningUse::message, SigningUse::certificate}) {
    another([&] { store->find_signing_key("receipt", use); });
  }
  another([&] { store->find_signing_key("kek"); });
  // The token itself knows it too.
  EXPECT_NE(refusal([&] {
              wrap_key(*store->keys_of("receipt").front(), WrapForm::aes_key_wrap, *aes);
            }).find("the token refuses it"),
            std::string::npos);
  // What another tool says later is read at the next use.
  tool("--set-id 00746f6b656e --type secrkey --label kek");
  EXPECT_EQ(store->record("kek").purpose, KeyPurpose::token);
  another([&] { store->find_key("kek"); });
}

TEST_F(Token, lets_nobody_use_a_key_before_and_after_its_time) {
  const int64_t today = now;
  NewKey key = new_key("kek", KeyPurpose::kek, {software(KeyType::aes, 16)});
  key.record.active_from = today + kDay;
  key.record.expires = today + 4 * kDay;
  const KeyRecord kept = store->put(std::move(key));
  EXPECT_EQ(kept.active_from, today + kDay + 995) << "whole seconds, none too early";
  EXPECT_EQ(kept.expires, today + 4 * kDay - 5) << "and none too late";
  const auto found = [&](int64_t at) {
    now = at;
    return refusal([&] { store->find_key("kek"); });
  };
  EXPECT_NE(found(kept.active_from - 1).find("is not active yet: it may be used from 2024-10-05T00:00:01Z"),
            std::string::npos);
  EXPECT_EQ(found(kept.active_from), "accepted");
  EXPECT_EQ(found(kept.expires - 1), "accepted");
  EXPECT_NE(found(kept.expires).find("expired at 2024-10-08"), std::string::npos);
  const auto again = Pkcs11KeyStore::open(uri(), [&] { return kept.expires; });
  EXPECT_NE(refusal([&] { again->find_key("kek"); }).find("expired"), std::string::npos);

  now = today + 4 * kDay;
  store->assign({.name = "kek", .purpose = KeyPurpose::kek, .expires = now + kDay});
  EXPECT_EQ(found(now), "accepted") << "it was given a day more";

  // A moment that no calendar has was meant as a limit.
  const auto say = [](const std::string& text) {
    tool("--set-id 00" + to_hex(view(text)) + " --type secrkey --label kek");
  };
  say("kek;until=20301301T000000Z");
  EXPECT_NE(found(now).find("expired"), std::string::npos);
  say("kek;from=later");
  EXPECT_NE(found(now).find("not active yet"), std::string::npos);
  say("kek;blocked");
  EXPECT_NE(found(now).find("is revoked"), std::string::npos);
}

TEST_F(Token, takes_keys_out_of_use_for_everybody_at_once) {
  put("isd", KeyPurpose::channel, three(), 0x30);
  put("kek", KeyPurpose::kek, {software(KeyType::aes, 16)});
  const auto other = Pkcs11KeyStore::open(uri());
  other->find("isd");
  EXPECT_EQ(store->archive("isd").state, KeyState::archived);
  for (const auto& each : {store, other}) {
    EXPECT_NE(refusal([&] { each->find("isd"); }).find("is archived"), std::string::npos);
    EXPECT_NE(refusal([&] { each->keys_of("isd"); }).find("is archived"), std::string::npos);
  }
  EXPECT_EQ(store->record("isd").version, 0x30);
  EXPECT_EQ(store->revoke("isd").state, KeyState::revoked);
  EXPECT_NE(refusal([&] { other->find("isd"); }).find("is revoked"), std::string::npos);
  EXPECT_NE(refusal([&] { store->archive("isd"); }).find("is revoked"), std::string::npos);
  EXPECT_NE(refusal([&] { store->assign({.name = "isd", .purpose = KeyPurpose::channel}); }).find("is revoked"),
            std::string::npos);
  store->revoke("kek");
  EXPECT_NE(refusal([&] { other->find_key("kek"); }).find("is revoked"), std::string::npos);
  EXPECT_EQ(store->destroy("kek").state, KeyState::destroyed);
}

TEST_F(Token, keeps_out_of_use_what_other_tools_took_out_of_use) {
  tool("--keygen --key-type AES:16 --label foreign --id 77");
  EXPECT_EQ(store->revoke("foreign").state, KeyState::revoked) << "also where nothing says what it is for";
  EXPECT_NE(refusal([&] { store->assign({.name = "foreign", .purpose = KeyPurpose::kek}); }).find("is revoked"),
            std::string::npos);
  put("isd", KeyPurpose::channel, three());
  tool("--set-id 003b7265766f6b6564 --type secrkey --label isd.mac");
  EXPECT_NE(refusal([&] { store->assign({.name = "isd", .purpose = KeyPurpose::channel}); }).find("is revoked"),
            std::string::npos);
  put("kek", KeyPurpose::kek, {software(KeyType::aes, 16)});
  store->assign({.name = "kek", .purpose = KeyPurpose::kek, .expires = now + kDay});
  EXPECT_NE(store->assign({.name = "kek", .purpose = KeyPurpose::kek}).expires, 0) << "what is not said stays";
}

TEST_F(Token, tells_what_other_tools_put_there_from_what_is_its_own) {
  // Identifiers with a semicolon in them, which is in no text.
  for (const char* part : {"enc", "mac", "dek"}) {
    tool(std::string("--keygen --key-type AES:16 --label set.") + part + " --id 30aa3bff");
  }
  tool("--keygen --key-type AES:16 --label set --id 77");
  EXPECT_EQ(store->find("set").version, 0x30);
  EXPECT_NE(refusal([&] { store->find_key("set"); }).find("nothing says what it is for"), std::string::npos);
  EXPECT_NE(refusal([&] { store->revoke("set"); }).find("a key set 'set' and a single key"), std::string::npos);
  EXPECT_EQ(store->records().size(), 2u);

  tool("--keypairgen --key-type EC:prime256v1 --label pair --id 006b656b");
  EXPECT_NE(refusal([&] { store->find_key("pair"); }).find("nothing says what it is for"), std::string::npos)
      << "a pair that says it is a KEK";
  tool("--delete-object --type privkey --label pair");
  KeyRecord wanted{.name = "pair", .purpose = KeyPurpose::token};
  wanted.pair = "ec";
  wanted.size = 32;
  EXPECT_NE(refusal([&] { store->generate(wanted, false); }).find("'pair' already"), std::string::npos);
  EXPECT_NE(tool_output("--list-objects").find("pair"), std::string::npos) << "somebody's public key is gone";
  tool("--delete-object --type pubkey --label pair");
  for (const char* label : {"set", "set.enc", "set.mac", "set.dek"}) {
    tool(std::string("--delete-object --type secrkey --label ") + label);
  }
}

// A process that runs for months does not look up again what it knows.
TEST_F(Token, notices_that_a_key_was_destroyed_or_made_anew_by_another_process) {
  put("isd", KeyPurpose::channel, three());
  put("kek", KeyPurpose::kek, {software(KeyType::aes, 16)});
  const auto channel = store->find("isd").enc->scp03_session(0x06, Bytes(16));
  store->find_key("kek");
  tool("--keypairgen --key-type EC:prime256v1 --label pair --id 00746f6b656e");
  EXPECT_EQ(store->find_signing_key("pair")->algorithm(), SigningAlgorithm::ecdsa);
  tool("--delete-object --type secrkey --label kek");
  tool("--delete-object --type privkey --label pair");
  tool("--delete-object --type pubkey --label pair");
  EXPECT_NE(refusal([&] { store->find_key("kek"); }).find("no key 'kek'"), std::string::npos);
  EXPECT_NO_THROW(channel.cmac(Bytes(16))) << "channels of others go on";
  tool("--keygen --key-type AES:32 --label kek --id 006b656b");
  tool("--keypairgen --key-type rsa:2048 --label pair --id 00746f6b656e");
  EXPECT_EQ(store->find_key("kek")->size(), 32u);
  EXPECT_EQ(store->find_signing_key("pair")->algorithm(), SigningAlgorithm::rsa_pss_sha256);
  const Bytes message = {1, 2, 3};
  const auto pair = store->find_signing_key("pair");
  EXPECT_TRUE(pair->verify(message, pair->sign(message)));
}

TEST_F(Token, takes_no_set_whose_keys_were_not_all_taken_out_of_use) {
  put("isd", KeyPurpose::channel, three());
  tool("--set-id 003b7265766f6b6564 --type secrkey --label isd.dek");
  EXPECT_NE(refusal([&] { store->find("isd"); }).find("differ in CKA_ID"), std::string::npos);
  EXPECT_EQ(store->revoke("isd").state, KeyState::revoked);
  EXPECT_NE(refusal([&] { store->find("isd"); }).find("is revoked"), std::string::npos);
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
