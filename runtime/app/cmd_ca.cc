#include <iostream>

#include "app/json_text.h"
#include "app/moment.h"
#include "app/operator_name.h"
#include "app/terminal.h"
#include "base/error.h"
#include "base/files.h"
#include "cmd_ca_private.h"

namespace cw::app {

void add_authority_to(CLI::App& command, std::string& authority) {
  command.add_option("--authority", authority, std::string("its name in the store (default: ") + kAuthority + ")")
      ->type_name("NAME");
}

OpenOffice open_office(const KeysPlace& place, bool make) {
  OpenOffice out;
  out.keys = place.open();
  out.store = make ? place.store.open() : place.store.open_to_change();
  if (!out.store) throw Error(ErrorKind::usage, "the store is switched off by 'none'; name one with --store");
  out.certificates = store::make_certificates(out.store->database(), out.store->audit());
  return out;
}

service::CertificateOffice OpenOffice::office() const { return {*certificates, *keys, operator_name(), now_ms()}; }

void give_out(const std::optional<std::filesystem::path>& file, ByteView content, const std::string& again) {
  if (!file) {
    std::cout << text_view(content) << std::flush;
    return;
  }
  try {
    write_file_atomically(*file, content, false);
  } catch (const Error& error) {
    throw Error(error.kind(), error.message() + "; it was made and is kept, so do not make another one: " + again);
  }
}

void give_out(const store::Certificate& certificate, const std::string& what,
              const std::optional<std::filesystem::path>& file, bool json) {
  const std::string pem = crypto::certificate_pem(certificate.der);
  if (file) give_out(file, view(pem), "cardwright ca show " + certificate.serial + " --pem");
  if (json) {
    print_json({{"serial", certificate.serial},
                {"subject", certificate.subject},
                {"profile", certificate.profile},
                {"authority", certificate.authority},
                {"owner", certificate.owner},
                {"not_after", certificate.not_after},
                {"pem", pem}});
    return;
  }
  const crypto::CertificateFacts facts = crypto::read_certificate(certificate.der);
  std::string names;
  for (const std::string& name : facts.names) names += (names.empty() ? " for " : ", ") + name;
  std::cout << printable(what + " " + certificate.serial + ": " + certificate.profile + " " + certificate.subject +
                         names + ", " + facts.key + ", until " + utc_text(certificate.not_after))
            << std::endl;
  if (!file) std::cout << pem << std::flush;
}

void add_ca(CLI::App& program, Action& action) {
  CLI::App* ca = program.add_subcommand("ca", "Certificates: issued, renewed, revoked, looked up, answered for");
  ca->require_subcommand(1);
  ca->footer(
      "A small CA for the parties here and for keys in security domains: X.509, revocation lists, OCSP. Its key is in\n"
      "custody (--keys: an ECC or RSA key of a file or a token), what it issued in the store. Each change is "
      "a\n"
      "record of the store's audit.\n"
      "\n"
      "Examples:\n"
      "  cardwright ca init --subject 'CN=Acme root,O=Acme' --key acme.ca --keys ca.keys\n"
      "  cardwright ca issue --request tsm.csr --profile client --out tsm.pem --keys ca.keys\n"
      "  cardwright ca list --ends-within 30d");
  add_ca_issue(*ca, action);
  add_ca_revoke(*ca, action);
  add_ca_query(*ca, action);
  add_ca_serve(*ca, action);
}

}  // namespace cw::app
