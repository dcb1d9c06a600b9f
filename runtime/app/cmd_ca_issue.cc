#include <memory>

#include "app/moment.h"
#include "base/error.h"
#include "base/files.h"
#include "base/hex.h"
#include "cmd_ca_private.h"

namespace cw::app {

namespace {

constexpr size_t kRequestBytes = 1u << 20;

struct Options {
  KeysPlace place{};
  std::string authority = kAuthority;
  std::optional<std::filesystem::path> out{};
  bool json = false;
  // init
  std::string subject{};
  std::string key{};
  std::string crl_url{};
  std::string ocsp_url{};
  // issue, renew
  std::string serial{};
  std::string request{};
  std::string key_of{};
  std::string public_key{};
  std::string profile = "client";
  std::vector<std::string> names{};
  std::string owner{};
  std::string card{};
  std::string domain{};
  std::string key_id = "00";
  std::string key_version = "00";
  std::string expires{};
  bool revoke = false;
};

int64_t expiry(const std::string& text, const char* otherwise) {
  const int64_t now = now_ms();
  return parse_moment(text.empty() ? otherwise : text, now);
}

ExitStatus init(const Options& options) {
  const OpenOffice open = open_office(options.place, true);
  const store::Certificate made =
      make_authority(open.office(), {options.authority, options.subject, options.key, expiry(options.expires, "3650d"),
                                     options.crl_url, options.ocsp_url});
  give_out(made, "authority " + options.authority, options.out, options.json);
  return ExitStatus::ok;
}

crypto::CertificateRequest request_in(const std::string& file) {
  try {
    return crypto::read_certificate_request(read_file(file, kRequestBytes));
  } catch (const Error& error) {
    throw error.within("reading " + file);
  }
}

uint8_t hex_byte(const std::string& text, const char* what) {
  Bytes bytes;
  try {
    bytes = from_hex(text);
  } catch (const Error&) {
  }
  if (bytes.size() == 1) return bytes.front();
  throw Error(ErrorKind::usage, std::string(what) + " is two hexadecimal digits");
}

/// Whose key it is: that of a request, which is then asked what it is called; one in custody; one that the caller has
/// seen, as one that a card made.
Bytes key_of(const Options& options, const OpenOffice& open, crypto::CertificateRequest& request) {
  if (!options.request.empty()) {
    request = request_in(options.request);
    return request.public_key;
  }
  if (!options.key_of.empty()) return crypto::public_key_info(*open.keys->find_signing_key(options.key_of));
  if (!options.public_key.empty()) {
    try {
      return crypto::public_key_of_text(read_file(options.public_key, kRequestBytes));
    } catch (const Error& error) {
      throw error.within("reading " + options.public_key);
    }
  }
  return {};
}

ExitStatus issue(const Options& options) {
  const OpenOffice open = open_office(options.place);
  crypto::CertificateRequest request;
  service::CertificateOrder order;
  order.authority = options.authority;
  order.profile = crypto::certificate_profile(options.profile);
  order.public_key = key_of(options, open, request);
  if (order.public_key.empty()) {
    throw Error(ErrorKind::usage, "for which key? Give --request FILE, --public-key-of NAME or --public-key FILE");
  }
  order.subject = options.subject.empty() ? request.subject : options.subject;
  order.names = options.names.empty() ? request.names : options.names;
  if (options.names.empty() && request.has_other_names) {
    throw Error(ErrorKind::usage, options.request +
                                      " asks for alternative names that are not issued here (none of DNS, IP and URI); "
                                      "say with --name which ones it is to have, or make it without them");
  }
  order.expires = expiry(options.expires, order.profile == crypto::CertificateProfile::ocsp ? "90d" : "365d");
  order.owner = options.owner;
  order.chip = options.card;
  order.domain = options.domain;
  order.key_id = hex_byte(options.key_id, "--key-id");
  order.key_version = hex_byte(options.key_version, "--key-version");
  give_out(service::issue(open.office(), order), "certificate", options.out, options.json);
  return ExitStatus::ok;
}

ExitStatus renew(const Options& options) {
  const OpenOffice open = open_office(options.place);
  const store::Certificate before = open.certificates->find(options.serial);
  service::Renewal renewal;
  renewal.serial = before.serial;
  renewal.revoke = options.revoke;
  if (!options.expires.empty()) renewal.expires = expiry(options.expires, "");
  if (!options.request.empty()) {
    const crypto::CertificateRequest request = request_in(options.request);
    if (request.subject != before.subject) {
      throw Error(ErrorKind::usage, "the request is for " + request.subject + ", the certificate is for " +
                                        before.subject + "; a renewal keeps the subject, so issue a new one");
    }
    renewal.public_key = request.public_key;
  }
  const char* now = options.revoke                        ? " is revoked (superseded)"
                    : before.state(now_ms()) == "expired" ? " has ended"
                                                          : " is good until its end";
  give_out(service::renew(open.office(), renewal), before.serial + now + "; new certificate", options.out,
           options.json);
  return ExitStatus::ok;
}

}  // namespace

void add_ca_issue(CLI::App& ca, Action& action) {
  const auto add_one = [&](const char* name, const char* what, ExitStatus (*work)(const Options&)) {
    auto options = std::make_shared<Options>();
    CLI::App* command = ca.add_subcommand(name, what);
    options->place.add_to(*command);
    command->add_option("--out", options->out, "file for the certificate, PEM (default: standard output)")
        ->type_name("FILE");
    command->add_option("--expires", options->expires, "2027-01-01, or an age from now on, as in 365d")
        ->type_name("WHEN");
    command->add_flag("--json", options->json, "one JSON object");
    command->callback([options, work, &action] { action = [options, work] { return work(*options); }; });
    return std::pair(command, options);
  };
  {
    const auto& [command, options] = add_one("init", "Make an authority: a root that signs itself", init);
    add_authority_to(*command, options->authority);
    command->add_option("--subject", options->subject, "who it is, as in CN=Acme root,O=Acme")
        ->required()
        ->type_name("NAME");
    command->add_option("--key", options->key, "its key in custody, ECC or RSA of 2048 bits or more")
        ->required()
        ->type_name("KEY");
    command->add_option("--crl-url", options->crl_url, "http://... of its revocation list, for all that it issues")
        ->type_name("URL");
    command->add_option("--ocsp-url", options->ocsp_url, "http://... of its OCSP responder")->type_name("URL");
    command->footer(
        "It is good for 10 years unless --expires says otherwise. Two authorities have two names (--authority).\n"
        "\n"
        "Examples:\n"
        "  cardwright ca init --subject 'CN=Acme root,O=Acme' --key acme.ca --keys ca.keys --out root.pem\n"
        "  cardwright ca init --subject 'CN=Acme root,O=Acme' --key ca --keys 'pkcs11:token=acme?pin-source=file:pin'");
  }
  {
    const auto& [command, options] = add_one("issue", "Issue a certificate", issue);
    add_authority_to(*command, options->authority);
    command->add_option("--profile", options->profile, "server, client, domain or ocsp (default: client)")
        ->type_name("PROFILE");
    CLI::Option* request =
        command->add_option("--request", options->request, "certificate request, PEM or DER (openssl req -new)")
            ->type_name("FILE");
    CLI::Option* key_of =
        command->add_option("--public-key-of", options->key_of, "for a key in custody, by its name")->type_name("KEY");
    CLI::Option* file = command->add_option("--public-key", options->public_key,
                                            "for this public key, PEM or DER, as a card gave it: whoever asks has seen "
                                            "that the card holds the private one");
    file->type_name("FILE")->excludes(request)->excludes(key_of);
    key_of->excludes(request);
    command->add_option("--subject", options->subject, "CN=tsm,O=Acme (default: that of the request)")
        ->type_name("NAME");
    command
        ->add_option(
            "--name", options->names,
            "DNS:host.example, IP:192.0.2.1 or URI:https://..., again for more (default: those of the request)")
        ->type_name("NAME");
    command->add_option("--owner", options->owner, "whose it is (default: the operator's own)")->type_name("NAME");
    command->add_option("--card", options->card, "profile domain: identity of the card")->type_name("CARD");
    command->add_option("--domain", options->domain, "profile domain: AID of the security domain")->type_name("AID");
    command->add_option("--key-id", options->key_id, "profile domain: key identifier, two hexadecimal digits")
        ->type_name("HEX");
    command->add_option("--key-version", options->key_version, "profile domain: key version number")->type_name("HEX");
    command->footer(
        "The signature of a request is checked: whoever asks holds its key. A server needs names, a key\n"
        "in a domain has none. Good for 365 days, profile ocsp for 90, unless --expires says otherwise.\n"
        "\n"
        "Examples:\n"
        "  cardwright ca issue --request tsm.csr --out tsm.pem --keys ca.keys\n"
        "  cardwright ca issue --request sei.csr --profile server --name DNS:sei.acme.example --keys ca.keys\n"
        "  cardwright ca issue --public-key-of acme.ocsp --profile ocsp --subject CN=ocsp --keys ca.keys\n"
        "  cardwright ca issue --public-key card7.pem --profile domain --subject CN=card7 --domain F063617264770103 "
        "--keys ca.keys");
  }
  {
    const auto& [command, options] = add_one("renew", "Issue a certificate anew, before it ends", renew);
    command->add_option("SERIAL", options->serial, "as cardwright ca list has it")->required()->type_name("");
    command->add_option("--request", options->request, "for the new key of this request (default: the same key)")
        ->type_name("FILE");
    command->add_flag("--revoke", options->revoke, "the old one is revoked at once, as superseded");
    command->footer(
        "Subject, names, profile, owner and domain stay, the serial number is a new one, and it lasts as long as the\n"
        "old one did unless --expires says otherwise. The old one is good until its end, or with --revoke until now.\n"
        "\n"
        "Examples:\n"
        "  cardwright ca renew 5C0E... --out tsm.pem --keys ca.keys\n"
        "  cardwright ca renew 5C0E... --request tsm.csr --revoke --out tsm.pem --keys ca.keys");
  }
}

}  // namespace cw::app
