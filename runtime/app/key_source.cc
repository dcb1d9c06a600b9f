#include "app/key_source.h"

#include <cstdlib>

#include "app/prompt.h"
#include "base/error.h"
#include "base/files.h"
#include "base/hex.h"
#include "crypto/pkcs11_store.h"
#include "crypto/vault.h"

namespace cw::app {

namespace {

struct TestSet {
  const char* name;
  uint8_t version;
  const char* enc;
  const char* mac;
  const char* dek;
};

/// Made up, and the same as in tests/keys/demo.keys; 16 bytes each, which DES and AES both take.
constexpr TestSet kTestSets[] = {
    {"demo.sd", 0x30, "101112131415161718191A1B1C1D1E1F", "202122232425262728292A2B2C2D2E2F",
     "303132333435363738393A3B3C3D3E3F"},
    {"demo.sd2", 0x31, "E0E1E2E3E4E5E6E7E8E9EAEBECEDEEEF", "F0F1F2F3F4F5F6F7F8F9FAFBFCFDFEFF",
     "000102030405060708090A0B0C0D0E0F"},
};

/// Keys that sign, and one that others are wrapped under, as a text key file has them; made up, and the same as in
/// tests/keys/demo.keys.
constexpr const char* kSingleKeys = R"([demo.token]
type = ec
curve = p256
private = 839DBC069F176A16CFD2E8CEEFED5CD5AFE691F141FF4A9E16BFD727F3C34B2D

[demo.receipt]
type = aes
key = 404142434445464748494A4B4C4D4E5F

[demo.dap]
type = ec
curve = p256
private = C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721

[demo.kek]
type = aes
key = 000102030405060708090A0B0C0D0E0F
)";

std::string section(const std::string& name, const std::string& type, uint8_t version, const std::string& enc,
                    const std::string& mac, const std::string& dek) {
  return "[" + name + "]\ntype = " + type + "\nversion = " + to_hex(version) + "\nenc = " + enc + "\nmac = " + mac +
         "\ndek = " + dek + "\n";
}

}  // namespace

Secret key_passphrase(const std::optional<std::filesystem::path>& file, const std::string& question) {
  const char* configured = std::getenv("CARDWRIGHT_KEYS_PASSPHRASE_FILE");
  if (file) return read_secret_file(*file);
  if (configured != nullptr && *configured != '\0') return read_secret_file(configured);
  if (can_prompt()) {
    if (std::optional<Secret> typed = prompt_secret(question)) return std::move(*typed);
  }
  throw Error(ErrorKind::usage,
              "the key file is sealed, and there is no passphrase; give --passphrase-file, or set "
              "CARDWRIGHT_KEYS_PASSPHRASE_FILE to a file that only its owner may read");
}

std::shared_ptr<const crypto::KeyStore> open_key_store(const std::string& place) {
  if (crypto::is_pkcs11_uri(place)) return crypto::Pkcs11KeyStore::open(crypto::parse_pkcs11_uri(place));
  if (crypto::Vault::is_vault(place)) {
    return crypto::Vault::open(place, key_passphrase({}, "passphrase of " + place + ": "));
  }
  // Who has a passphrase for it means a sealed file: another one in its place is not what was put there.
  const char* sealed = std::getenv("CARDWRIGHT_KEYS_PASSPHRASE_FILE");
  const char* meant = std::getenv("CARDWRIGHT_KEYS");
  if (sealed != nullptr && *sealed != '\0' && meant != nullptr && place == meant) {
    throw Error(ErrorKind::usage, place +
                                      " is no sealed key file, and CARDWRIGHT_KEYS_PASSPHRASE_FILE says that "
                                      "CARDWRIGHT_KEYS is one; take the one of a backup, or unset that variable");
  }
  return std::make_shared<crypto::FileKeyStore>(crypto::FileKeyStore::load(place));
}

std::string key_place_text(const std::filesystem::path& place) {
  return crypto::is_pkcs11_uri(place.string()) ? place.string() : std::filesystem::absolute(place).string();
}

KeySource open_keys(const std::optional<std::filesystem::path>& file, const char* configured,
                    const se::Flavor* simulated) {
  if (file) return {open_key_store(file->string()), false};
  if (configured != nullptr && *configured != '\0') return {open_key_store(configured), false};
  if (simulated == nullptr) return {std::make_shared<crypto::FileKeyStore>(), false, true};
  return {std::make_shared<crypto::FileKeyStore>(test_keys(*simulated)), true};
}

void KeySource::demand() const {
  if (!none) return;
  throw Error(ErrorKind::usage,
              "no keys for the card: a card in a reader gets no test keys by itself; give --keys FILE, or set "
              "CARDWRIGHT_KEYS to one");
}

std::string test_keys_text(const se::Flavor& card) {
  constexpr uint8_t kDes = 0x80;
  const bool des = !card.keys.empty() && card.keys.front().type == kDes;
  const std::string type = des ? "des" : "aes";
  std::string text;
  if (!card.keys.empty()) {
    const se::FactoryKeys& factory = card.keys.front();
    text += section("isd", type, factory.version, to_hex(factory.enc), to_hex(factory.mac), to_hex(factory.dek));
  }
  for (const TestSet& set : kTestSets) text += section(set.name, type, set.version, set.enc, set.mac, set.dek);
  return text + kSingleKeys;
}

crypto::FileKeyStore test_keys(const se::Flavor& card) {
  return crypto::FileKeyStore::parse(Secret::take(to_bytes(std::string_view(test_keys_text(card)))),
                                     "the built-in test keys");
}

}  // namespace cw::app
