#include <iostream>
#include <memory>
#include <thread>

#include "app/failure.h"
#include "app/interrupt.h"
#include "app/moment.h"
#include "app/operator_name.h"
#include "app/terminal.h"
#include "base/error.h"
#include "base/log.h"
#include "cmd_ca_private.h"
#include "net/http_server.h"
#include "service/ocsp_door.h"

namespace cw::app {

namespace {

constexpr auto kLook = std::chrono::milliseconds(100);
constexpr int kLooksPerCheck = 10;
constexpr std::chrono::milliseconds kPatience{5'000};
constexpr unsigned kThreads = 4;  // each may wait for the store or a token
constexpr size_t kBody = 64u << 10;

struct Options {
  KeysPlace place{};
  std::string authority = kAuthority;
  std::string listen{};
  std::string key{};
  int64_t good_for = 60;
  int64_t days = 0;
};

net::ServerSetup setup(const Options& options, service::OcspDoor& door) {
  net::ServerSetup out;
  out.listen = options.listen;
  out.threads = kThreads;
  out.limits.request.body_bytes = kBody;
  out.handler = [&door](const net::ServerRequest& request, net::Reply reply) {
    door.handle(request, std::move(reply));
  };
  return out;
}

ExitStatus serve(const Options& options) {
  if (options.good_for < 1 || options.good_for > 60 * 24 * 30) {
    throw Error(ErrorKind::usage, "--good-for is 1 to 43200 minutes");
  }
  if (options.days < 0 || options.days > 3650) throw Error(ErrorKind::usage, "--crl-days is 1 to 3650 days");
  const OpenOffice open = open_office(options.place);
  const store::CertificateAuthority authority = open.certificates->authority(options.authority);
  service::OcspDoorSetup how;
  how.authority = options.authority;
  how.responder = [&] {
    return responder_of(open.office(), options.authority, options.key.empty() ? authority.key : options.key);
  };
  how.good_for_s = options.good_for * 60;
  how.now = now_ms;
  service::OcspDoor door(*open.certificates, how);
  const auto renew_list = [&] {
    if (options.days > 0 && is_list_due(open.office(), options.authority)) {
      sign_list(open.office(), options.authority, options.days);
    }
  };
  std::string said;  // once, not each second
  renew_list();
  log::set_level(log::Level::info);
  const Interrupt interrupt;  // before the threads of the server
  net::HttpServer server(setup(options, door));
  std::cout << "serving at http://" << server.address() << std::endl;
  for (int looks = 1; !interrupt.requested(); ++looks) {
    std::this_thread::sleep_for(kLook);
    if (looks % kLooksPerCheck != 0) continue;
    door.look_after_responder();
    const auto failure = failure_of(renew_list);
    if (failure && failure->message() != said) log::error("revocation list: " + failure->message());
    said = failure ? failure->message() : std::string();
  }
  server.drain(kPatience);
  const service::OcspDoor::Counters counted = door.counters();
  std::cout << "answered: " << counted.good << " good, " << counted.revoked << " revoked, " << counted.unknown
            << " unknown; refused: " << counted.refused << std::endl;
  return ExitStatus::ok;
}

}  // namespace

void add_ca_serve(CLI::App& ca, Action& action) {
  auto options = std::make_shared<Options>();
  CLI::App* command = ca.add_subcommand("serve", "Answer OCSP over HTTP, and give out the revocation list");
  options->place.add_to(*command);
  add_authority_to(*command, options->authority);
  command->add_option("--listen", options->listen, "where, as in 127.0.0.1:8080")->required()->type_name("ADDRESS");
  command
      ->add_option("--key", options->key,
                   "key in custody that signs the answers, with a certificate of profile ocsp (default: the "
                   "authority's own)")
      ->type_name("KEY");
  command->add_option("--good-for", options->good_for, "minutes that an answer is good for (default: 60)")
      ->type_name("N");
  command
      ->add_option(
          "--crl-days", options->days,
          "sign revocation lists too, each good for so many days: at a revocation, and before one is half over "
          "(needs the authority's key)")
      ->type_name("N");
  command->footer(
      "POST / and GET /BASE64 are OCSP (RFC 6960); GET /NAME.crl is the list that was signed last and GET /NAME.cer\n"
      "the certificate of authority NAME. What goes out is signed, so this is plain HTTP. SIGTERM or Ctrl-C ends it.\n"
      "\n"
      "Examples:\n"
      "  cardwright ca serve --listen 127.0.0.1:8080 --keys ca.keys --crl-days 7\n"
      "  cardwright ca serve --listen 0.0.0.0:8080 --keys ocsp.keys --key acme.ocsp");
  command->callback([options, &action] { action = [options] { return serve(*options); }; });
}

}  // namespace cw::app
