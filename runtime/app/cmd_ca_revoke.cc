#include <iostream>
#include <memory>

#include "app/json_text.h"
#include "app/moment.h"
#include "app/operator_name.h"
#include "app/terminal.h"
#include "base/error.h"
#include "cmd_ca_private.h"

namespace cw::app {

namespace {

struct RevokeOptions {
  StorePlace store{};
  std::string serial{};
  std::string reason = "unspecified";
  bool json = false;
};

ExitStatus revoke(const RevokeOptions& options) {
  const std::string reason(name_of(crypto::revocation_reason(options.reason)));
  const std::shared_ptr<store::Store> store = options.store.open_to_change();
  const auto certificates = store::make_certificates(store->database(), store->audit());
  const store::Certificate found = certificates->find(options.serial);
  certificates->revoke(options.serial, reason, now_ms(), operator_name());
  if (options.json) {
    print_json({{"serial", found.serial}, {"subject", found.subject}, {"reason", reason}});
    return ExitStatus::ok;
  }
  std::cout << printable("certificate " + found.serial + " of " + found.subject + " is revoked (" + reason + ")")
            << "\nOCSP says so from now on, revocation lists from the next one on: cardwright ca crl" << std::endl;
  return ExitStatus::ok;
}

struct ListOptions {
  KeysPlace place{};
  std::string authority = kAuthority;
  int64_t days = 7;
  bool der = false;
  bool last = false;
  std::optional<std::filesystem::path> out{};
};

ExitStatus crl(const ListOptions& options) {
  Bytes list;
  if (options.last) {
    const std::shared_ptr<store::Store> store = options.place.store.open_to_read();
    const auto kept = store::make_certificates(store->database(), store->audit())->authority(options.authority).list;
    if (!kept) throw Error(ErrorKind::usage, "there is no revocation list of '" + options.authority + "' yet");
    list = *kept;
  } else {
    list = sign_list(open_office(options.place).office(), options.authority, options.days);
  }
  give_out(options.out, options.der ? ByteView(list) : view(crypto::revocation_list_pem(list)),
           "cardwright ca crl --last --authority " + options.authority);
  if (!options.out) return ExitStatus::ok;
  const crypto::RevocationListFacts facts = crypto::read_revocation_list(list);
  std::cout << printable("revocation list " + facts.number + " of " + facts.issuer + ": " +
                         std::to_string(facts.revoked) + " revoked, the next one by " +
                         utc_text(facts.next_update * 1000))
            << std::endl;
  return ExitStatus::ok;
}

}  // namespace

void add_ca_revoke(CLI::App& ca, Action& action) {
  {
    auto options = std::make_shared<RevokeOptions>();
    CLI::App* command = ca.add_subcommand("revoke", "Revoke a certificate, for good");
    command->add_option("SERIAL", options->serial, "as cardwright ca list has it")->required()->type_name("");
    command
        ->add_option("--reason", options->reason,
                     "keyCompromise, cACompromise, affiliationChanged, superseded, cessationOfOperation, "
                     "privilegeWithdrawn or unspecified (RFC 5280 5.3.1)")
        ->type_name("REASON");
    options->store.add_to(*command);
    command->add_flag("--json", options->json, "one JSON object");
    command->footer(
        "Needs no key: an authority's may be away.\n\nExamples:\n"
        "  cardwright ca revoke 5C0E... --reason keyCompromise");
    command->callback([options, &action] { action = [options] { return revoke(*options); }; });
  }
  {
    auto options = std::make_shared<ListOptions>();
    CLI::App* command = ca.add_subcommand("crl", "Sign the next revocation list");
    options->place.add_to(*command);
    add_authority_to(*command, options->authority);
    command->add_option("--days", options->days, "until the next one, at most the authority's own end (default: 7)")
        ->type_name("N");
    CLI::Option* last =
        command->add_flag("--last", options->last, "sign none: the one that was signed last (needs no key)");
    last->excludes(command->get_option("--days"));
    command->add_flag("--der", options->der, "DER (default: PEM)");
    command->add_option("--out", options->out, "file for it (default: standard output)")->type_name("FILE");
    command->footer(
        "Doors that are given it (`revoked` in their TLS) refuse whoever is in it, and everybody once it is out of\n"
        "date: sign one more often than every --days.\n"
        "\n"
        "Examples:\n"
        "  cardwright ca crl --keys ca.keys --out acme.crl\n"
        "  cardwright ca crl --last --der --out acme.crl.der");
    command->callback([options, &action] { action = [options] { return crl(*options); }; });
  }
}

}  // namespace cw::app
