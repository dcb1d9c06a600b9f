// What TSMs send to the key server, and the file that its operator writes: each is read or refused, and nothing else.
// The first byte says which one it is. What was read has 10 bytes of keyData and a key.
#include <variant>

#include "base/bytes.h"
#include "base/error.h"
#include "base/hex.h"
#include "base/secret.h"
#include "crypto/key_store.h"
#include "issuer/key_server_config.h"
#include "issuer/key_server_desk.h"
#include "issuer/key_server_soap.h"

namespace {

/// One that has master keys for every card, in the versions 01 and 30.
struct Server {
  Server() {
    using cw::issuer::MasterKeys;
    for (const uint8_t version : {uint8_t{0x01}, uint8_t{0x30}}) {
      configuration.masters.push_back(MasterKeys{"aes", {}, version, "aes", "kdf3"});
      configuration.masters.push_back(MasterKeys{"des", {}, version, "des", "visa2"});
    }
    tsm.cards = {{}};
    for (unsigned index = 0; index < 256; ++index) tsm.keks[index] = {"kek"};
  }
  static cw::crypto::FileKeyStore keys() {
    const std::string key = " = 404142434445464748494A4B4C4D4E4F\n";
    return cw::crypto::FileKeyStore::parse(
        cw::Secret::copy(cw::view("[aes]\ntype = aes\ndiversification = kdf3\nmaster" + key +
                                  "[des]\ntype = des\ndiversification = visa2\nmaster" + key +
                                  "[kek]\ntype = aes\nkey" + key)),
        "keys");
  }

  cw::issuer::KeyServerConfiguration configuration{};
  cw::issuer::Tsm tsm{};
  cw::crypto::FileKeyStore custody = keys();
  cw::issuer::KeyServerDesk desk{configuration, custody};
};

void look_at(const cw::issuer::ReadRequest& read) {
  static const Server server;
  const auto* request = std::get_if<cw::issuer::DiversifiedKeysRequest>(&read);
  if (request != nullptr) server.desk.answer(server.tsm, *request);
  if (request != nullptr && (request->key_data.size() != 10 || request->key_information.empty())) __builtin_trap();
  if (const auto* refused = std::get_if<cw::issuer::Refused>(&read)) {
    const std::string fault = to_soap(*refused, cw::issuer::SoapVersion::v11);
    if (refused->message.empty() || fault.find("&#") != std::string::npos) __builtin_trap();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view text = cw::text_view({data + 1, size - 1});
  switch (data[0]) {
    case '1':
      look_at(cw::issuer::parse_soap_request(text, cw::issuer::SoapVersion::v11));
      break;
    case '2':
      look_at(cw::issuer::parse_soap_request(text, cw::issuer::SoapVersion::v12));
      break;
    case 'j':
      look_at(cw::issuer::parse_json_request(text));
      break;
    case 'f':
      cw::issuer::parse_key_server_configuration(text, "");
      break;
    default:
      break;
  }
  return 0;
}
