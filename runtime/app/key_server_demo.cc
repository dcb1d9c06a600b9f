#include "app/key_server_demo.h"

#include "app/store_place.h"
#include "base/files.h"
#include "base/hex.h"
#include "crypto/digest.h"
#include "net/demo_certificates.h"

namespace cw::app {

namespace fs = std::filesystem;

namespace {

constexpr const char* kFile =
    R"(// A key server to test a TSM against. Its certificates are test certificates.
{
  "listen": "127.0.0.1:0",
  "tls": {
    "certificate": "certificates/keyserver.pem",
    "key": "certificates/keyserver.key",
    "authorities": ["certificates/authority.pem"]
  },
  "keys": "master.keys",
  "audit": "audit.jsonl",
  // Who is accredited, until when (UTC), under which KEKs, for which cards: beginnings of their keyData (CF).
  "tsms": {
    "acme": {
      "subject": "CN=acme",
      "from": "2020-01-01", "until": "2099-12-31",
      "keks": { "1": { "key": "acme.kek" } },
      "cards": ["0000", "0001"]
    }
  },
  // Which keys a card has: by the beginning of its keyData, and the key version in its key information (E0).
  "masters": {
    "scp03": { "cards": "0001", "version": "30", "keys": "master.aes", "method": "kdf3" },
    "scp02": { "cards": "0001", "version": "20", "keys": "master.des", "method": "visa2" },
    // Of simulated cards, once somebody has put such keys onto them.
    "simulated": { "cards": "0000", "version": "31", "keys": "master.sim", "method": "kdf3" }
  }
}
)";

std::string keys_text() {
  const auto fresh = [] { return to_hex(crypto::random_bytes(16)); };
  return "# Made for this demo.\n[master.aes]\ntype = aes\nversion = 30\nmaster = " + fresh() +
         "\ndiversification = kdf3\n[master.des]\ntype = des\nversion = 20\nmaster = " + fresh() +
         "\ndiversification = visa2\n[master.sim]\ntype = aes\nversion = 31\nmaster = " + fresh() +
         "\ndiversification = kdf3\n# What keys are wrapped under for acme.\n[acme.kek]\ntype = aes\nkey = " + fresh() +
         "\n";
}

}  // namespace

KeyServerDemo::KeyServerDemo(const fs::path& folder) : folder_(fs::absolute(folder)) {
  if (!fs::exists(file())) fill();
}

void KeyServerDemo::fill() const {
  make_private_folder(folder_);
  const net::DemoAuthority authority(folder_ / "certificates");
  authority.issue({"keyserver", {"localhost", "127.0.0.1", "::1"}});
  authority.issue({"acme"});
  write_file_atomically(folder_ / "master.keys", view(keys_text()), true);
  write_file_atomically(file(), view(std::string_view(kFile)), false);
}

std::string KeyServerDemo::guide(const std::string& address) const {
  const std::string certificates = (folder_ / "certificates").string();
  const std::string curl = "curl --cacert " + certificates + "/authority.pem --cert " + certificates +
                           "/acme.pem --key " + certificates + "/acme.key ";
  return "The key server runs from " + folder_.string() +
         ". Ctrl-C ends it.\n"
         "  keys       " +
         curl +
         "-H 'Content-Type: application/json' -d '{\"keyData\":\"00010203040506070809\",\"keyInformation\":"
         "\"E012C00401308810C00402308810C00403308810\",\"kekIndex\":1}' https://" +
         address +
         "/keyserver/v1/keys\n"
         "  for SOAP   " +
         curl + "https://" + address +
         "/keyserver?wsdl\n"
         "  its audit  " +
         (folder_ / "audit.jsonl").string() + "\n";
}

}  // namespace cw::app
