#include <cerrno>
#include <csignal>
#include <cstring>
#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>
#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <sys/file.h>

#include "app/commands.h"
#include "app/failure.h"
#include "app/interrupt.h"
#include "app/key_source.h"
#include "app/revocation_watch.h"
#include "app/sei_demo.h"
#include "app/terminal.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "crypto/key_store.h"
#include "issuer/service.h"
#include "net/http_client.h"

namespace cw::app {

namespace {

namespace fs = std::filesystem;

constexpr auto kLook = std::chrono::milliseconds(100);

struct Options {
  fs::path file{};
  bool check = false;
  std::optional<fs::path> demo{};
  std::string se_id{};
  std::string sd_aid{};
  std::string status{};
};

/// What of it cannot be used was said.
std::optional<issuer::Configuration> read(const fs::path& file, std::shared_ptr<const crypto::KeyStore>& keys) {
  issuer::ReadConfiguration out = issuer::read_configuration(file);
  if (out.problems.empty()) {
    keys = open_key_store(out.configuration.keys.string());
    out.problems = issuer::check_use(out.configuration, *keys);
  }
  for (const std::string& problem : out.problems) complain({ErrorKind::usage, file.string() + ": " + problem});
  if (!out.problems.empty()) return {};
  return std::move(out.configuration);
}

/// Two that write one state would lose each other's domains. Raises usage: another one has it.
Fd lock_state(const fs::path& state) {
  const std::string name = state.string() + ".lock";
  Fd out(::open(name.c_str(), O_CREAT | O_CLOEXEC | O_RDWR, 0600));
  if (!out) throw Error(ErrorKind::usage, "cannot open " + name + ": " + std::strerror(errno));
  if (::flock(out.get(), LOCK_EX | LOCK_NB) != 0) {
    throw Error(ErrorKind::usage, "another cardwright sei works with the state file " + state.string() +
                                      "; end that one, or name another file");
  }
  return out;
}

ExitStatus serve(const Options& options) {
  std::optional<SeiDemo> demo;
  if (options.demo) demo.emplace(*options.demo);
  std::shared_ptr<const crypto::KeyStore> keys;
  const auto configuration = read(demo ? demo->file() : options.file, keys);
  if (!configuration) return ExitStatus::usage;
  if (options.check) {
    std::cout << printable(options.file.string()) << " is a configuration that can be used" << std::endl;
    return ExitStatus::ok;
  }
  const Fd alone = lock_state(configuration->state);
  log::set_level(log::Level::info);
  const Interrupt interrupt;  // before the threads of the service
  RevocationWatch watch(configuration->tls ? configuration->tls->revoked : fs::path());  // before the list is read
  issuer::Service service(*configuration, keys);
  std::cout << "serving at " << (configuration->tls ? "https://" : "http://") << service.address() << std::endl;
  if (demo) std::cout << demo->guide(service.address()) << std::flush;
  while (!interrupt.requested()) {
    std::this_thread::sleep_for(kLook);
    watch.look([&service] { service.reload_tls(); });
  }
  return ExitStatus::ok;
}

/// Over the admin socket of one that runs.
ExitStatus ask(const Options& options, const std::string& method, const std::string& path, const nlohmann::json& body) {
  const issuer::ReadConfiguration read = issuer::read_configuration(options.file);
  for (const std::string& problem : read.problems) complain({ErrorKind::usage, options.file.string() + ": " + problem});
  if (!read.problems.empty()) return ExitStatus::usage;
  if (read.configuration.admin.empty()) {
    throw Error(ErrorKind::usage, options.file.string() + " names no admin socket, so nothing can be asked there");
  }
  net::HttpLimits limits;
  limits.unix_socket = read.configuration.admin.string();
  const net::HttpResponse response =
      net::send({method, "http://localhost" + path, {}, method == "GET" ? "" : body.dump()}, limits);
  const auto answer = nlohmann::json::parse(response.body, nullptr, false);
  if (response.status != 200) {
    const std::string why = answer.is_object() ? answer.value("error", "") : "";
    throw Error(ErrorKind::usage, "the SEI-TSM refused it: " + (why.empty() ? response.body : why));
  }
  if (!answer.empty()) std::cout << answer.dump(1) << std::endl;
  return ExitStatus::ok;
}

void add_file(CLI::App& command, Options& options) {
  command.add_option("--cards", options.file, "its file: cards, tenants, keys, where it listens")
      ->required()
      ->type_name("FILE");
}

void add_asking(CLI::App& sei, Action& action) {
  auto options = std::make_shared<Options>();
  CLI::App* state =
      sei.add_subcommand("state", "Show the state of one that runs, or tell a tenant that its SSD is gone");
  add_file(*state, *options);
  CLI::Option* se_id = state->add_option("--se-id", options->se_id, "the chip")->type_name("HEX");
  CLI::Option* sd_aid = state->add_option("--sd-aid", options->sd_aid, "the SSD")->type_name("AID");
  CLI::Option* status = state->add_option("--status", options->status, "DELETED or RESETED: the tenant is told")
                            ->check(CLI::IsMember({"DELETED", "RESETED"}))
                            ->type_name("STATUS");
  for (CLI::Option* one : {se_id, sd_aid, status}) {
    for (CLI::Option* other : {se_id, sd_aid, status}) {
      if (one != other) one->needs(other);
    }
  }
  state->callback([options, &action] {
    action = [options] {
      if (options->status.empty()) return ask(*options, "GET", "/admin/v1/state", {});
      return ask(*options, "POST", "/admin/v1/status",
                 {{"seId", options->se_id}, {"sdAid", options->sd_aid}, {"status", options->status}});
    };
  });

  auto again = std::make_shared<Options>();
  CLI::App* allow = sei.add_subcommand("allow", "Let keys be tried again on a chip that they did not fit");
  add_file(*allow, *again);
  allow->add_option("--se-id", again->se_id, "the chip")->required()->type_name("HEX");
  allow->callback([again, &action] {
    action = [again] { return ask(*again, "POST", "/admin/v1/allow", {{"seId", again->se_id}}); };
  });
}

}  // namespace

void add_sei(CLI::App& program, Action& action) {
  CLI::App* command =
      program.add_subcommand("sei", "Play the card issuer of T/TAF 096-2021: a SEI-TSM to test against");
  auto options = std::make_shared<Options>();
  CLI::Option* file = command->add_option("--cards", options->file, "its file: cards, tenants, keys, where it listens")
                          ->type_name("FILE");
  command->add_flag("--check", options->check, "check the file and start nothing")->needs(file);
  CLI::Option* demo = command
                          ->add_option("--demo", options->demo,
                                       "needs nothing: makes its file, keys and test certificates in this folder")
                          ->type_name("DIR")
                          ->excludes(file);
  command->require_subcommand(0, 1);
  add_asking(*command, action);
  command->footer(
      "POST and JSON, names as in tables 1 to 10: /sei/v1/ssd, /sei/v1/commands, /sei/v1/token; of our own are\n"
      "/sei/v1/receipts and /sei/v1/keys. It calls its tenants at /sp/v1/keys and /sp/v1/ssd-status.\n"
      "SIGTERM or Ctrl-C finishes the answers under way. Tasks, SSDs and pushes are in the file's `state`.\n"
      "\n"
      "Faults for whoever tests an SP-TSM, in the file or by POST /admin/v1/faults on the admin socket:\n"
      "  {\"faults\": [{\"fault\": \"lost\", \"call\": \"commands\", \"skip\": 1, \"count\": 1, \"ms\": 1000}]}\n"
      "  late lost garbled wrong_code other_task expired_task many_apdus wrong_kcv wrong_token\n"
      "  calls: ssd commands token receipts resend, and of its own keys status; none: any that it fits\n"
      "\n"
      "Examples:\n"
      "  cardwright sei --demo try\n"
      "  cardwright sei --cards sei.json --check\n"
      "  cardwright sei --cards sei.json\n"
      "  cardwright sei state --cards sei.json --se-id 4790D321 --sd-aid F063617264770001 --status DELETED");
  command->callback([command, options, file, demo, &action] {
    if (!command->get_subcommands().empty()) return;
    if (file->count() + demo->count() == 0) {
      throw Error(ErrorKind::usage, "sei: name a file with --cards, or try --demo DIR; see cardwright sei --help");
    }
    action = [options] { return serve(*options); };
  });
}

}  // namespace cw::app
