#include "app/sei_demo.h"

#include "app/store_place.h"
#include "base/files.h"
#include "base/hex.h"
#include "crypto/digest.h"
#include "net/demo_certificates.h"

namespace cw::app {

namespace fs = std::filesystem;

namespace {

constexpr const char* kFile =
    R"(// An issuer to test an SP-TSM against. Its certificates are test certificates, its cards those from the factory.
{
  "sei_tsm_id": "demo.issuer",
  "listen": "127.0.0.1:0",
  "tls": {
    "certificate": "certificates/issuer.pem",
    "key": "certificates/issuer.key",
    "authorities": ["certificates/authority.pem"]
  },
  "admin": "admin.sock",
  "keys": "issuer.keys",
  "state": "state.json",
  "tenants": {
    "acme": {
      "subject": "CN=acme",
      // Where keys (/sp/v1/keys) and states (/sp/v1/ssd-status) are pushed.
      "callback": "https://127.0.0.1:8444",
      "callback_ca": "certificates/authority.pem",
      "callback_certificate": "certificates/issuer-client.pem",
      "callback_key": "certificates/issuer-client.key",
      "transport_key": "acme.kek",
      "may": ["SD", "DM", "AM"],
      "aids": ["F0"]
    }
  },
  // Products, and the cards of each: seId whole, or a beginning and *.
  "cards": {
    "scp02": {
      "se_ids": ["02*"],
      "isd_aid": "A000000151000000", "keys": "isd.des", "scp": "0255",
      "ssd_package": "A0000001515350", "ssd_module": "A000000151535041",
      "ssd_keys": { "scp02": "ssd.des", "scp03": "ssd.aes" },
      "token_key": "issuer.token"
    },
    "scp03": {
      "se_ids": ["*"],
      "isd_aid": "A000000151000000", "keys": "isd.aes", "scp": "0370",
      "ssd_package": "A0000001515350", "ssd_module": "A000000151535041",
      "ssd_keys": { "scp02": "ssd.des", "scp03": "ssd.aes" },
      "token_key": "issuer.token"
    }
  }
}
)";

constexpr const char* kFactory = "404142434445464748494A4B4C4D4E4F";

std::string factory_set(const std::string& name, const std::string& type, const std::string& version) {
  std::string out = "[" + name + "]\ntype = " + type + "\nversion = " + version + "\n";
  for (const char* key : {"enc", "mac", "dek"}) out += std::string(key) + " = " + kFactory + "\n";
  return out;
}

std::string keys_text() {
  const auto fresh = [] { return to_hex(crypto::random_bytes(16)); };
  return "# The ISD's are published test keys; the others were made for this demo.\n" +
         factory_set("isd.aes", "aes", "30") + factory_set("isd.des", "des", "20") +
         "# The initial keys of SSDs.\n[ssd.aes]\ntype = aes\nversion = 31\nmaster = " + fresh() +
         "\ndiversification = kdf3\n[ssd.des]\ntype = des\nversion = 21\nmaster = " + fresh() +
         "\ndiversification = visa2\n# What keys are wrapped under for acme.\n[acme.kek]\ntype = aes\nkey = " +
         fresh() + "\n[issuer.token]\ntype = ec\nprivate = certificates/token.key\n";
}

}  // namespace

SeiDemo::SeiDemo(const fs::path& folder) : folder_(fs::absolute(folder)) {
  if (!fs::exists(file())) fill();
}

void SeiDemo::fill() const {
  make_private_folder(folder_);
  const net::DemoAuthority authority(folder_ / "certificates");
  for (const char* server : {"issuer", "acme-server"}) authority.issue({server, {"localhost", "127.0.0.1", "::1"}});
  for (const char* client : {"issuer-client", "acme", "token"}) authority.issue({client});
  write_file_atomically(folder_ / "issuer.keys", view(keys_text()), true);
  write_file_atomically(file(), view(std::string_view(kFile)), false);
}

std::string SeiDemo::guide(const std::string& address) const {
  const std::string certificates = (folder_ / "certificates").string();
  return "The issuer runs from " + folder_.string() +
         ". Ctrl-C ends it.\n"
         "  a tenant    curl --cacert " +
         certificates + "/authority.pem --cert " + certificates + "/acme.pem --key " + certificates +
         "/acme.key -H 'Content-Type: application/json' -d '{\"tenantId\":\"acme\",\"optType\":\"CREATE_SSD\",\"seId\":"
         "\"01\",\"sdAid\":\"F063617264770001\",\"expPrivilege\":\"A00000\",\"scpConfig\":\"0370\"}' https://" +
         address +
         "/sei/v1/ssd\n"
         "  its server  at https://127.0.0.1:8444, with " +
         certificates +
         "/acme-server.pem, for keys and states\n"
         "  its state   cardwright sei state --cards " +
         file().string() +
         "\n"
         "  a fault     curl --unix-socket " +
         (folder_ / "admin.sock").string() +
         " -d '{\"faults\":[{\"fault\":\"late\",\"call\":\"ssd\"}]}' http://localhost/admin/v1/faults\n";
}

}  // namespace cw::app
