#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>

#include "app/commands.h"
#include "app/failure.h"
#include "app/interrupt.h"
#include "app/key_server_demo.h"
#include "app/key_source.h"
#include "app/revocation_watch.h"
#include "app/terminal.h"
#include "base/error.h"
#include "base/log.h"
#include "issuer/key_server.h"

namespace cw::app {

namespace {

namespace fs = std::filesystem;

constexpr auto kLook = std::chrono::milliseconds(100);

struct Options {
  fs::path file{};
  bool check = false;
  std::optional<fs::path> demo{};
};

/// A key file, or the token of a pkcs11: URI, which keys and master keys do not leave but wrapped.
/// What of it cannot be used was said.
std::optional<issuer::KeyServerConfiguration> read(const fs::path& file,
                                                   std::shared_ptr<const crypto::KeyStore>& keys) {
  issuer::ReadKeyServerConfiguration out = issuer::read_key_server_configuration(file);
  if (out.problems.empty()) {
    keys = open_key_store(out.configuration.keys.string());
    out.problems = issuer::check_use(out.configuration, *keys);
  }
  for (const std::string& problem : out.problems) complain({ErrorKind::usage, file.string() + ": " + problem});
  if (!out.problems.empty()) return {};
  return std::move(out.configuration);
}

ExitStatus serve(const Options& options) {
  std::optional<KeyServerDemo> demo;
  if (options.demo) demo.emplace(*options.demo);
  std::shared_ptr<const crypto::KeyStore> keys;
  const auto configuration = read(demo ? demo->file() : options.file, keys);
  if (!configuration) return ExitStatus::usage;
  if (options.check) {
    std::cout << printable(options.file.string()) << " is a configuration that can be used" << std::endl;
    return ExitStatus::ok;
  }
  log::set_level(log::Level::info);
  const Interrupt interrupt;                          // before the threads of the service
  RevocationWatch watch(configuration->tls.revoked);  // before the list is read
  issuer::KeyServer server(*configuration, keys);
  std::cout << "serving at https://" << server.address() << std::endl;
  if (demo) std::cout << demo->guide(server.address()) << std::flush;
  while (!interrupt.requested()) {
    std::this_thread::sleep_for(kLook);
    watch.look([&server] { server.reload_tls(); });
  }
  return ExitStatus::ok;
}

}  // namespace

void add_keyserver(CLI::App& program, Action& action) {
  CLI::App* command = program.add_subcommand(
      "keyserver", "Give accredited TSMs the diversified keys of cards: the key server of on-demand keys");
  auto options = std::make_shared<Options>();
  CLI::Option* file =
      command->add_option("--config", options->file, "its file: TSMs, KEKs, master keys, where it listens")
          ->type_name("FILE");
  command->add_flag("--check", options->check, "check the file and start nothing")->needs(file);
  CLI::Option* demo = command
                          ->add_option("--demo", options->demo,
                                       "needs nothing: makes its file, keys and test certificates in this folder")
                          ->type_name("DIR")
                          ->excludes(file);
  command->footer(
      "Over mutual TLS: POST /keyserver/v1/keys with JSON, or WSGetDiversifiedKeys in SOAP 1.1 and 1.2 by POST\n"
      "/keyserver (GET /keyserver?wsdl). keyData is CF, keyInformation E0, kekIndex names a KEK of the TSM that asks;\n"
      "the keys come wrapped under it, with their check values. Each request for keys is a line of the file's `audit`, "
      "each\n"
      "line has the hash of the one before, and without it nothing is answered. SIGTERM or Ctrl-C finishes the "
      "answers\n"
      "under way.\n"
      "\n"
      "Examples:\n"
      "  cardwright keyserver --demo try\n"
      "  cardwright keyserver --config keyserver.json --check\n"
      "  cardwright keyserver --config keyserver.json");
  command->callback([options, file, demo, &action] {
    if (file->count() + demo->count() == 0) {
      throw Error(ErrorKind::usage,
                  "keyserver: name a file with --config, or try --demo DIR; see cardwright keyserver --help");
    }
    action = [options] { return serve(*options); };
  });
}

}  // namespace cw::app
