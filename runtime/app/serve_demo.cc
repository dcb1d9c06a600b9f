#include "app/serve_demo.h"

#include <cerrno>
#include <cstring>

#include <stdlib.h>

#include "app/key_source.h"
#include "app/store_place.h"
#include "base/error.h"
#include "base/files.h"
#include "base/hex.h"
#include "crypto/digest.h"
#include "net/demo_certificates.h"
#include "service/device_worker.h"
#include "service/operator_door.h"

namespace cw::app {

namespace fs = std::filesystem;

namespace {

constexpr const char* kConfiguration = R"(// A service to try things out with. Its certificates are test certificates.
{
  "store": { "where": "store.db" },
  "log": { "level": "info" },
  "doors": {
    "operator": {
      "unix": "operator.sock",
      "https": {
        "listen": "127.0.0.1:0",
        "certificate": "certificates/server.pem",
        "key": "certificates/server.key",
        "authorities": ["certificates/authority.pem"]
      },
      // By the subject of a client's certificate: viewer, operator or approver.
      "roles": { "CN=viewer": "viewer", "CN=operator": "operator", "CN=approver": "approver" }
    },
    // Devices call here. The keys are published test keys, for simulated cards.
    "device": {
      "https": {
        "listen": "127.0.0.1:0",
        "certificate": "certificates/server.pem",
        "key": "certificates/server.key",
        "authorities": ["certificates/authority.pem"]
      },
      // TLS-PSK: a file for each device, named by its identity.
      "shared_key": { "listen": "127.0.0.1:0", "keys": "shared-keys" },
      "keys": "demo.keys"
    },
    "metrics": { "listen": "127.0.0.1:0" }
  }
}
)";

fs::path temporary_folder() {
  std::string name = (fs::temp_directory_path() / "cardwright-demo-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) {
    throw Error(ErrorKind::usage, "cannot make a temporary folder: " + std::string(std::strerror(errno)) +
                                      "; name one: cardwright serve --demo DIR");
  }
  return name;
}

}  // namespace

ServeDemo::ServeDemo(const fs::path& folder)
    : folder_(folder.empty() ? temporary_folder() : fs::absolute(folder)), temporary_(folder.empty()) {
  if (!fs::exists(configuration())) fill();
}

ServeDemo::~ServeDemo() {
  std::error_code ignored;
  if (temporary_) fs::remove_all(folder_, ignored);
}

void ServeDemo::fill() const {
  make_private_folder(folder_);
  const net::DemoAuthority authority(folder_ / "certificates");
  authority.issue({"server", {"localhost", "127.0.0.1", "::1"}});
  for (const char* role : {"viewer", "operator", "approver", "device"}) authority.issue({role});
  make_private_folder(folder_ / "shared-keys");
  write_file_atomically(folder_ / "shared-keys" / "device", view(to_hex(crypto::random_bytes(32)) + "\n"), true);
  write_file_atomically(folder_ / "demo.keys", view(test_keys_text(se::flavor("generic"))), true);
  write_file_atomically(configuration(), view(kConfiguration), false);
}

std::string ServeDemo::guide(const std::map<std::string, std::string>& addresses) const {
  const std::string certificates = (folder_ / "certificates").string();
  const std::string socket = "http+unix://" + (folder_ / "operator.sock").string();
  const auto address = [&](const char* door) {
    const auto found = addresses.find(door);
    return found == addresses.end() ? "" : found->second;
  };
  return "The service runs from " + folder_.string() + (temporary_ ? ", which goes when it ends" : "") +
         ". Ctrl-C ends it.\n"
         "  operators here   cardwright policy list --service " +
         socket +
         "\n"
         "  with a role      cardwright policy list --service https://" +
         address(service::kOperatorHttps) + " --ca " + certificates + "/authority.pem --cert " + certificates +
         "/operator.pem --key " + certificates +
         "/operator.key\n"
         "  in a browser     https://" +
         address(service::kOperatorHttps) +
         "/, once it has the certificate: openssl pkcs12 -export -passout pass:demo -in " + certificates +
         "/operator.pem -inkey " + certificates +
         "/operator.key -out operator.p12\n"
         "  a ticket         cardwright ticket demo/inventory --store " +
         (folder_ / "store.db").string() +
         "\n"
         "  a device         cardwright agent --card sim --session TICKET --server https://" +
         address(service::kDevice) + " --ca " + certificates + "/authority.pem --cert " + certificates +
         "/device.pem --key " + certificates +
         "/device.key\n"
         "  monitoring       curl http://" +
         address(service::kMetrics) + "/readyz\n";
}

}  // namespace cw::app
