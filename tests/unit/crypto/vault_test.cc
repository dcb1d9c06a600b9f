#include "crypto/vault.h"

#include <thread>

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/files.h"
#include "base/hex.h"
#include "crypto/digest.h"

namespace cw::crypto {
namespace {

constexpr int64_t kNoon = 1'800'000'000'000;
constexpr int64_t kDay = 24 * 3600 * 1000;

Secret words(std::string_view text) { return Secret::copy(view(text)); }
// A key, which takes no time.
const char* const kKey = "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F\n";

std::shared_ptr<const Key> some_key(uint8_t fill = 0x40, size_t size = 16) {
  return make_key(KeyType::aes, Secret::copy(Bytes(size, fill)));
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

class VaultFile : public testing::Test {
 protected:
  VaultFile() {
    std::string name = std::filesystem::temp_directory_path() / "cw-vault.XXXXXX";
    folder = ::mkdtemp(name.data());
    file = folder / "keys";
    Vault::make(file, words(kKey));
    vault = opened();
  }
  ~VaultFile() override { std::filesystem::remove_all(folder); }

  std::shared_ptr<Vault> opened() {
    return Vault::open(file, words(kKey), [this] { return now; });
  }
  static NewKey set(const std::string& name, uint8_t fill = 0x40) {
    NewKey out;
    out.record.name = name;
    out.record.version = 0x30;
    out.record.origin = "generated";
    for (uint8_t i = 0; i < 3; ++i) out.keys.push_back(some_key(static_cast<uint8_t>(fill + i)));
    return out;
  }
  static NewKey single(const std::string& name, KeyPurpose purpose, const std::string& diversification = "") {
    NewKey out;
    out.record.name = name;
    out.record.purpose = purpose;
    out.record.diversification = diversification;
    out.keys = {some_key()};
    return out;
  }

  std::filesystem::path folder, file;
  int64_t now = kNoon;
  std::shared_ptr<Vault> vault;
};

TEST_F(VaultFile, keeps_sets_master_keys_and_single_keys_with_their_records) {
  vault->put(set("isd"));
  vault->put(single("acme/master", KeyPurpose::master, "kdf3"));
  vault->put(single("kek", KeyPurpose::kek));
  const auto again = opened();
  EXPECT_EQ(again->names(), (std::vector<std::string>{"isd", "acme/master", "kek"}));
  const KeySet isd = again->find("isd");
  EXPECT_EQ(isd.version, 0x30);
  EXPECT_TRUE(matches(isd.mac->material(), Bytes(16, 0x41)));
  EXPECT_EQ(again->find("acme/master").diversification, "kdf3");
  EXPECT_TRUE(same_key(*again->find_key("kek"), *some_key()));
  const KeyRecord record = again->record("isd");
  EXPECT_EQ(record.created, kNoon);
  EXPECT_EQ(record.origin, "generated");
  EXPECT_EQ(record.kcvs, (std::vector<Bytes>{some_key(0x40)->kcv(), some_key(0x41)->kcv(), some_key(0x42)->kcv()}));
  EXPECT_EQ(again->record("acme/master").owner(), "acme");
}

TEST_F(VaultFile, shows_nothing_of_a_key) {
  vault->put(set("isd"));
  const Bytes content = read_file(file);
  EXPECT_FALSE(occurs_in(Secret::copy(Bytes(6, 0x40)), content));
  EXPECT_FALSE(occurs_in(words("isd"), content));
  struct stat info {};
  ASSERT_EQ(::stat(file.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(VaultFile, tells_a_wrong_passphrase_from_a_changed_file_and_from_none) {
  const auto by_words = folder / "words";
  Vault::make(by_words, words("correct horse\n"));
  Vault::open(by_words, words("correct horse"));
  EXPECT_TRUE(Vault::is_vault(by_words));
  EXPECT_NE(refusal([&] { Vault::open(by_words, words("battery staple")); }).find("another passphrase"),
            std::string::npos);
  EXPECT_NE(refusal([&] { Vault::open(file, words("correct horse")); }).find("another key"), std::string::npos);
  EXPECT_NE(refusal([&] { Vault::make(folder / "empty", words("\n")); }).find("empty"), std::string::npos);
  EXPECT_NE(refusal([&] { Vault::make(file, words("x")); }).find("is there already"), std::string::npos);

  vault->put(set("isd"));
  const Bytes good = read_file(file);
  const size_t head = static_cast<size_t>(std::find(good.begin(), good.end(), '\n') - good.begin()) + 1;
  for (size_t i = head; i < good.size(); i += 7) {
    Bytes changed = good;
    changed[i] ^= 1;
    write_file_atomically(file, changed, true);
    EXPECT_NE(refusal([&] { opened(); }, ErrorKind::store).find("was changed"), std::string::npos);
    EXPECT_NE(refusal([&] { vault->find("isd"); }, ErrorKind::store).find("was changed"), std::string::npos);
  }
  for (const size_t size : {head, head + 1, head + 27, good.size() - 1}) {
    write_file_atomically(file, ByteView(good).first(size), true);
    refusal([&] { opened(); }, ErrorKind::store);
  }
  for (const char* bad :
       {"", "[isd]\n", "cardwright-keys 1 ", "cardwright-keys 1 key\nxx", "cardwright-keys 1 rot13 A\nx",
        "cardwright-keys 1 scrypt 3 8 1 00112233445566778899AABBCCDDEEFF X\nx",
        "cardwright-keys 1 scrypt 99999999999 8 1 00112233445566778899AABBCCDDEEFF X\nx",
        "cardwright-keys 1 scrypt 32768 8 1 0011 X\nx",
        "cardwright-keys 1 scrypt 262144 8 1 00112233445566778899AABBCCDDEEFF X\nx",  // 256 MiB
        "cardwright-keys 1 scrypt 131072 9 1 00112233445566778899AABBCCDDEEFF X\nx",
        "cardwright-keys 1 scrypt 131072 8 5 00112233445566778899AABBCCDDEEFF X\nx",
        "cardwright-keys 1 scrypt 32768 0 1 "
        "00112233445566778899AABBCCDDEEFF X\nx"}) {
    write_file_atomically(file, view(bad), true);
    EXPECT_NE(refusal([&] { opened(); }), "accepted") << bad;
  }
  write_file_atomically(file, good, false);
  EXPECT_NE(refusal([&] { opened(); }).find("others can read it"), std::string::npos);
}

TEST_F(VaultFile, is_used_within_purpose_state_and_dates) {
  NewKey dated = set("isd");
  dated.record.active_from = kNoon + kDay;
  dated.record.expires = kNoon + 2 * kDay;
  vault->put(std::move(dated));
  EXPECT_NE(refusal([&] { vault->find("isd"); }).find("not active yet"), std::string::npos);
  now += kDay;
  vault->find("isd");
  EXPECT_NE(refusal([&] { vault->find_key("isd"); }).find("for another purpose: it is a channel key"),
            std::string::npos);
  now += kDay;
  EXPECT_NE(refusal([&] { vault->find("isd"); }).find("expired at 2027-01-17T"), std::string::npos);
  EXPECT_NE(refusal([&] { vault->keys_of("isd"); }).find("expired"), std::string::npos);

  vault->put(single("kek", KeyPurpose::kek));
  EXPECT_NE(refusal([&] { vault->find("kek"); }).find("it is a kek key"), std::string::npos);
  vault->archive("kek");
  EXPECT_NE(refusal([&] { vault->find_key("kek"); }).find("archived"), std::string::npos);
  vault->revoke("kek");
  EXPECT_NE(refusal([&] { vault->find_key("kek"); }).find("revoked"), std::string::npos);
  EXPECT_NE(refusal([&] { vault->archive("kek"); }).find("revoked"), std::string::npos);
  vault->destroy("kek");
  EXPECT_NE(refusal([&] { vault->find_key("kek"); }).find("destroyed"), std::string::npos);
  EXPECT_NE(refusal([&] { vault->destroy("kek"); }).find("destroyed"), std::string::npos);
  EXPECT_NE(refusal([&] { vault->revoke("kek"); }).find("destroyed"), std::string::npos);
  EXPECT_EQ(vault->record("kek").kcvs.size(), 1u) << "its record stays";
  EXPECT_EQ(vault->names(), (std::vector<std::string>{"isd"}));
  EXPECT_NE(refusal([&] { vault->find("isa"); }).find("did you mean 'isd'"), std::string::npos);
}

TEST_F(VaultFile, signs_with_keys_for_tokens_receipts_and_dap_alone) {
  vault->put(single("token", KeyPurpose::token));
  vault->put(single("kek", KeyPurpose::kek));
  const Bytes message = from_hex("80E602");
  EXPECT_TRUE(vault->find_signing_key("token")->verify(
      message, make_signing_key(KeyType::aes, Secret::copy(Bytes(16, 0x40)))->sign(message)));
  EXPECT_NE(refusal([&] { vault->find_signing_key("kek"); }).find("for another purpose"), std::string::npos);
  EXPECT_NE(refusal([&] { vault->find_key("token"); }).find("for another purpose"), std::string::npos);
}

TEST_F(VaultFile, updates_a_key_and_still_opens_cards_that_hold_the_one_before) {
  vault->put(set("isd"));
  NewKey next = set("isd", 0x70);
  next.record.version = 0x31;
  const KeyRecord made = vault->update(std::move(next));
  EXPECT_EQ(made.generation, 2u);
  EXPECT_TRUE(matches(vault->find("isd").enc->material(), Bytes(16, 0x70)));
  EXPECT_TRUE(matches(vault->find("isd@1").enc->material(), Bytes(16, 0x40)));
  EXPECT_EQ(vault->record("isd@1").state, KeyState::replaced);
  EXPECT_EQ(vault->record("isd@1").replaced_by, 2u);
  EXPECT_NE(refusal([&] { vault->update(set("isd@1")); }).find("replaced already"), std::string::npos);
  EXPECT_NE(refusal([&] { vault->put(set("isd")); }).find("already"), std::string::npos);
  vault->destroy("isd@1");
  EXPECT_THROW(vault->find("isd@1"), Error);
  now += 400 * kDay;
  vault->update(set("isd"));
  EXPECT_EQ(vault->record("isd").generation, 3u);
}

TEST_F(VaultFile, takes_no_record_that_cannot_be) {
  NewKey two = set("two");
  two.keys.pop_back();
  EXPECT_NE(refusal([&] { vault->put(std::move(two)); }).find("three keys: ENC, MAC, DEK"), std::string::npos);
  NewKey mixed = set("mixed");
  mixed.keys[1] = some_key(0x40, 32);
  EXPECT_NE(refusal([&] { vault->put(std::move(mixed)); }).find("one type and length"), std::string::npos);
  EXPECT_NE(refusal([&] { vault->put(single("m", KeyPurpose::master)); }).find("--diversification"), std::string::npos);
  EXPECT_NE(refusal([&] { vault->put(single("k", KeyPurpose::kek, "visa2")); }).find("master key"), std::string::npos);
  for (const char* name : {"", "a b", "a/b/c", "isd@1", "/a"}) {
    EXPECT_NE(refusal([&] { vault->put(set(name)); }).find("cannot have this name"), std::string::npos);
  }
  EXPECT_TRUE(vault->records().empty());
  EXPECT_THROW(key_purpose("pin"), Error);
}

TEST_F(VaultFile, comes_back_from_a_backup_but_for_what_was_ended_since) {
  vault->put(set("isd"));
  vault->put(single("kek", KeyPurpose::kek));
  vault->put(single("old", KeyPurpose::kek));
  vault->back_up(folder / "backup", words("another passphrase"));
  EXPECT_NE(refusal([&] { vault->back_up(folder / "backup", words("x")); }).find("is there already"),
            std::string::npos);
  vault->revoke("kek");
  vault->destroy("old");
  const auto backup = Vault::open(folder / "backup", words("another passphrase"));
  EXPECT_EQ(vault->restore(*backup), 0u);
  EXPECT_THROW(vault->find_key("kek"), Error);
  EXPECT_THROW(vault->find_key("old"), Error);
  std::filesystem::remove(file);
  Vault::make(file, words(kKey));
  const auto fresh = opened();
  fresh->put(set("new"));
  EXPECT_EQ(fresh->restore(*backup), 3u);
  EXPECT_TRUE(same_key(*fresh->find_key("old"), *some_key()));
  EXPECT_EQ(opened()->records().size(), 4u);
}

TEST_F(VaultFile, signs_no_token_with_a_receipt_key_and_no_other_thing_that_a_key_is_not_for) {
  vault->put(single("r", KeyPurpose::receipt));
  EXPECT_NE(vault->find_signing_key("r", SigningUse::receipt), nullptr);
  for (const SigningUse use : {SigningUse::token, SigningUse::dap}) {
    EXPECT_NE(refusal([&] { vault->find_signing_key("r", use); }), "accepted");
  }
}

TEST_F(VaultFile, keeps_pairs_that_sign_for_what_they_are_for_and_gives_their_private_half_to_nobody) {
  const Secret pem = generate_pair("ec", 32);
  NewKey pair = single("acme.token", KeyPurpose::token);
  pair.keys.clear();
  pair.pem = pem.clone();
  vault->put(std::move(pair));
  const auto again = opened();
  const KeyRecord record = again->record("acme.token");
  EXPECT_EQ(record.type_name(), "ec");
  EXPECT_EQ(record.size, 64U);
  EXPECT_EQ(record.kcvs, std::vector<Bytes>{pair_check_value(pem)});
  const auto key = again->find_signing_key("acme.token", SigningUse::token);
  const Bytes message = to_bytes("a command");
  EXPECT_TRUE(make_signing_key(pem)->verify(message, key->sign(message)));
  EXPECT_NE(refusal([&] { again->find_signing_key("acme.token", SigningUse::dap); }).find("another purpose"),
            std::string::npos);
  EXPECT_NE(refusal([&] { again->keys_of("acme.token"); }).find("only in its backup"), std::string::npos);
  EXPECT_NE(refusal([&] { again->find_key("acme.token"); }), "accepted");

  NewKey other = single("acme.token", KeyPurpose::token);
  EXPECT_NE(refusal([&] { again->update(std::move(other)); }).find("is a pair, and what is to replace it is none"),
            std::string::npos);
  NewKey next = single("acme.token", KeyPurpose::token);
  next.keys.clear();
  next.pem = generate_pair("rsa", 256);
  again->update(std::move(next));
  EXPECT_EQ(vault->record("acme.token").type_name(), "rsa");
  EXPECT_TRUE(make_signing_key(pem)->verify(message, vault->find_signing_key("acme.token@1")->sign(message)));
  again->destroy("acme.token@1");
  EXPECT_NE(refusal([&] { vault->find_signing_key("acme.token@1"); }).find("was destroyed"), std::string::npos);
}

TEST_F(VaultFile, takes_no_pair_that_cannot_sign_or_is_for_something_else) {
  const auto put = [&](KeyPurpose purpose, const std::string& pem) {
    NewKey pair = single("pair", purpose, purpose == KeyPurpose::master ? "kdf3" : "");
    pair.keys.clear();
    pair.pem = Secret::take(to_bytes(pem));
    return refusal([&] { vault->put(std::move(pair)); });
  };
  EXPECT_NE(put(KeyPurpose::token, "nothing").find("no key in PEM"), std::string::npos);
  EXPECT_NE(put(KeyPurpose::token,
                "-----BEGIN PUBLIC KEY-----\n"
                "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEqWr8oE1xP4gwHSs+x1Vb8POdTopf\n"
                "ifdFonk6n5a+HiwBDi8AllBiKqO20yHcvwVOhJwGRv2xCmFGuH/7uXlbpw==\n"
                "-----END PUBLIC KEY-----\n")
                .find("signs nothing"),
            std::string::npos);
  EXPECT_EQ(vault->names().size(), 0U);
  NewKey kek = single("pair", KeyPurpose::kek);
  kek.keys.clear();
  kek.pem = generate_pair("ec", 48);
  EXPECT_NE(refusal([&] { vault->put(std::move(kek)); }).find("a key pair signs"), std::string::npos);
  EXPECT_THROW(generate_pair("ec", 33), Error);
  EXPECT_THROW(generate_pair("dsa", 32), Error);
}

TEST_F(VaultFile, names_have_64_characters_and_an_owner_32_more) {
  const std::string owner(32, 'o'), name(64, 'n');
  EXPECT_EQ(refusal([&] { check_key_name(owner + "/" + name); }), "accepted");
  for (const std::string& odd :
       {owner + "o/" + name, owner + "/" + name + "n", name + "n", "/" + name, owner + "/", std::string("a/b/c")}) {
    EXPECT_NE(refusal([&] { check_key_name(odd); }), "accepted") << odd;
  }
}

TEST_F(VaultFile, is_restored_from_nothing_that_would_replace_a_key_it_has) {
  vault->put(set("isd"));
  Vault::make(folder / "other", words(kKey));
  const auto other = Vault::open(folder / "other", words(kKey), [this] { return now; });
  other->put(set("isd", 0x50));
  EXPECT_NE(refusal([&] { vault->restore(*other); }).find("nothing is restored"), std::string::npos);
  other->update(set("isd", 0x60));
  EXPECT_NE(refusal([&] { vault->restore(*other); }).find("nothing is restored"), std::string::npos);
  EXPECT_TRUE(matches(opened()->find("isd").enc->material(), Bytes(16, 0x40)));
}

TEST_F(VaultFile, behind_a_link_is_the_file_that_is_changed) {
  vault->put(set("isd"));
  std::filesystem::create_symlink(file, folder / "link");
  Vault::open(folder / "link", words(kKey), [this] { return now; })->destroy("isd");
  EXPECT_TRUE(std::filesystem::is_symlink(folder / "link"));
  EXPECT_EQ(opened()->record("isd").state, KeyState::destroyed);
}

TEST_F(VaultFile, sees_what_another_process_changed_and_loses_nothing_of_it) {
  const auto other = opened();
  other->put(set("isd"));
  EXPECT_TRUE(matches(vault->find("isd").enc->material(), Bytes(16, 0x40)));
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([this, t] {
      const auto own = opened();
      for (int i = 0; i < 10; ++i) own->put(set("set" + std::to_string(t) + "." + std::to_string(i)));
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(vault->names().size(), 41u);
}

}  // namespace
}  // namespace cw::crypto
