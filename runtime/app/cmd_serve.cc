#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/audit_roots.h"
#include "app/commands.h"
#include "app/device_runs.h"
#include "app/failure.h"
#include "app/key_source.h"
#include "app/outbox_courier.h"
#include "app/policy_source.h"
#include "app/serve_demo.h"
#include "app/session.h"
#include "app/store_desk.h"
#include "app/terminal.h"
#include "base/error.h"
#include "net/listening_socket.h"
#include "service/config.h"
#include "service/device_worker.h"
#include "service/issuer_door.h"
#include "service/operator_door.h"
#include "service/supervisor.h"
#include "service/ticket.h"

namespace cw::app {

namespace {

using service::Configuration;

constexpr std::chrono::seconds kPatienceAtStart{10};

struct Options {
  std::filesystem::path file{};
  bool check = false;
  std::optional<std::filesystem::path> demo{};
};

/// With what is wrong with its certificates, too.
service::ReadConfiguration read_whole(const std::filesystem::path& file) {
  service::ReadConfiguration out;
  const auto unreadable = failure_of([&] { out = service::read_configuration(file); });
  if (unreadable) out.problems.push_back(unreadable->message());
  if (!out.problems.empty()) return out;
  const auto try_tls = [&](const char* door, const service::HttpsConfig& https) {
    const auto unusable = failure_of([&] { net::check_tls(https.tls); });
    if (unusable) out.problems.push_back(std::string(door) + ": " + unusable->message());
  };
  const Configuration& read = out.configuration;
  if (read.operators.https) try_tls("doors.operator.https", *read.operators.https);
  if (read.devices && read.devices->https) try_tls("doors.device.https", *read.devices->https);
  if (read.issuers) try_tls("doors.issuer.https", read.issuers->https);
  return out;
}

store::StoreOptions options_of(const Configuration& configuration) {
  const service::StoreConfig& config = configuration.store;
  store::StoreOptions out;
  out.where = config.where;
  out.key = config.key;
  out.node = config.node;
  out.migrate = false;
  // Who waits longer for a store that is away looks like one that hangs.
  out.patience = std::chrono::milliseconds(configuration.supervisor.heart) / 4;
  return out;
}

/// Before there is a heart to beat: another node may be making the tables just now.
store::StoreOptions at_start(const Configuration& configuration) {
  store::StoreOptions out = options_of(configuration);
  out.patience = std::max<std::chrono::milliseconds>(out.patience, kPatienceAtStart);
  return out;
}

/// Opens the store when it is first wanted, and keeps it.
StoreDesk::OpenStore opener(const Configuration& configuration) {
  return [options = options_of(configuration), roots = configuration.store.audit_roots,
          kept = std::shared_ptr<store::Store>()](Wants wants) mutable {
    if (!kept) kept = store::Store::open(options);
    if (wants != Wants::read && roots) export_root_if_due(*kept, roots->c_str());
    return kept;
  };
}

using Sockets = std::map<std::string, std::unique_ptr<net::ListeningSocket>>;

Sockets listen(const Configuration& configuration) {
  Sockets out;
  const auto& operators = configuration.operators;
  if (!operators.unix_socket.empty()) {
    out[service::kOperatorUnix] = std::make_unique<net::ListeningSocket>("unix:" + operators.unix_socket);
  }
  if (operators.https) {
    out[service::kOperatorHttps] = std::make_unique<net::ListeningSocket>(operators.https->listen);
  }
  if (const auto& devices = configuration.devices) {
    const auto add = [&](const char* name, const std::string& listen) {
      out[name] = std::make_unique<net::ListeningSocket>(listen);
    };
    if (devices->https) add(service::kDevice, devices->https->listen);
    if (devices->shared_key) add(service::kDeviceSharedKey, devices->shared_key->listen);
  }
  if (configuration.issuers) {
    out[service::kIssuer] = std::make_unique<net::ListeningSocket>(configuration.issuers->https.listen);
  }
  out[service::kMetrics] = std::make_unique<net::ListeningSocket>(configuration.metrics.listen);
  return out;
}

service::OpenTicket opener_of_tickets(const Configuration& configuration) {
  const auto store = store::Store::open(options_of(configuration));
  const auto runs =
      std::make_shared<const DeviceRuns>(store, configuration.devices->keys, configuration.bundles.require_signed);
  return [runs](const std::string& ticket, engine::Relay relay) { return runs->open(ticket, relay); };
}

service::OwnerOfTicket owner_of_tickets(const Configuration& configuration) {
  const auto store = store::Store::open(options_of(configuration));
  return [store](const std::string& ticket) { return service::open_ticket(store->key(), ticket).owner; };
}

/// Where keys that issuers bring are kept, and where those are that open and sign messages. Null: no sender needs any.
/// Raises usage.
std::shared_ptr<crypto::Vault> custody_for_issuers(const service::IssuerDoorConfig& issuers) {
  if (!issuers.wants_keys()) return nullptr;
  const char* configured = std::getenv("CARDWRIGHT_KEYS");
  if (!issuers.keys && (configured == nullptr || *configured == '\0')) {
    throw Error(ErrorKind::usage,
                "doors.issuer: keys that issuers bring need a sealed key file; name it in doors.issuer.keys, or in "
                "CARDWRIGHT_KEYS");
  }
  const std::filesystem::path place = issuers.keys.value_or(configured == nullptr ? "" : configured);
  if (!crypto::Vault::is_vault(place)) {
    throw Error(ErrorKind::usage, "doors.issuer.keys: " + place.string() +
                                      " is no sealed key file, and keys that issuers bring go into no other; make one "
                                      "with cardwright keys init");
  }
  std::shared_ptr<crypto::Vault> out =
      crypto::Vault::open(place, key_passphrase({}, "Passphrase of " + place.string()));
  for (const service::SenderConfig& sender : issuers.senders) {
    if (!sender.kek.empty()) out->find_key(sender.kek);
    for (const std::string& name : {sender.message_key, sender.receipt_key}) {
      if (!name.empty()) out->find_signing_key(name, crypto::SigningUse::message);
    }
  }
  return out;
}

std::unique_ptr<service::Door> open_issuer_door(const Configuration& configuration, const service::ServiceLog& log) {
  const auto store = store::Store::open(options_of(configuration));
  const auto custody = custody_for_issuers(*configuration.issuers);
  const auto courier = std::make_shared<OutboxCourier>(store, [&log](const std::string& line) {
    log.error(line, {{"door", service::kIssuer}});
  });
  const auto open = [store, custody] {
    return std::make_unique<service::IssuerDesk>(store, custody, engine::Inputs::real().now);
  };
  return service::make_issuer_door({configuration, log, open, [courier] { courier->wake(); }});
}

/// What would only fail in a worker is looked at before there is one. What an operator can mend over a door keeps none
/// shut: what is said of it.
std::optional<Error> try_out(const Configuration& configuration) {
  const auto store = store::Store::open(at_start(configuration));
  choose_policy({}, store.get(), *load_bundle());
  if (configuration.issuers) {
    for (const service::SenderConfig& sender : configuration.issuers->senders) {
      if (sender.owner.empty() || store->owners().has(sender.owner)) continue;
      throw Error(ErrorKind::usage, "doors.issuer.senders." + sender.id + ".owner: there is no owner '" + sender.owner +
                                        "'; cardwright owner list shows those there are");
    }
  }
  const auto unusable = failure_of([&] { BundleInUse(store, configuration.bundles.require_signed).now(); });
  if (unusable && unusable->kind() != ErrorKind::script) throw *unusable;
  return unusable;
}

/// Custody, opened once in a process of its own: the module of a token is not to be carried over a fork (PKCS#11 2.40,
/// 2.5.1). What it cannot do is said there. Anything but ok: the service does not start.
ExitStatus try_custody(const Configuration& configuration) {
  const pid_t child = ::fork();
  if (child < 0) throw Error(ErrorKind::internal, std::string("trying the keys out: ") + std::strerror(errno));
  if (child == 0) {
    const auto failure = failure_of([&] {
      if (configuration.devices) open_keys(configuration.devices->keys, std::getenv("CARDWRIGHT_KEYS"), nullptr);
      if (configuration.issuers) custody_for_issuers(*configuration.issuers);
    });
    if (failure) complain(*failure);
    ::_exit(static_cast<int>(failure ? status_of(failure->kind()) : ExitStatus::ok));
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status)) return static_cast<ExitStatus>(WEXITSTATUS(status));
  throw Error(ErrorKind::internal, "trying the keys out was ended by signal " + std::to_string(WTERMSIG(status)));
}

bool reload(const std::filesystem::path& file, Configuration& configuration, service::ServiceLog& log) {
  const service::ReadConfiguration next = read_whole(file);
  for (const std::string& problem : next.problems) log.error(problem, {{"file", file.string()}});
  if (!next.problems.empty()) {
    log.error("the configuration cannot be used, so all is as it was");
    return false;
  }
  for (const std::string& line : service::needs_restart(configuration, next.configuration)) log.warn(line);
  service::take_live(configuration, next.configuration);
  log.set_level(configuration.log.level);
  return true;
}

/// Each connection is one, and what a shell gives is few.
void allow_open_files() {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
}

ExitStatus serve(const Options& options) {
  std::optional<ServeDemo> demo;
  if (options.demo) demo.emplace(*options.demo);
  const std::filesystem::path file = demo ? demo->configuration() : options.file;
  service::ReadConfiguration read = read_whole(file);
  for (const std::string& problem : read.problems) complain({ErrorKind::usage, file.string() + ": " + problem});
  if (!read.problems.empty()) return ExitStatus::usage;
  Configuration& configuration = read.configuration;
  if (options.check) {
    std::cout << printable(file.string()) << " is a configuration that can be used" << std::endl;
    return ExitStatus::ok;
  }
  allow_open_files();
  if (const ExitStatus tried = try_custody(configuration); tried != ExitStatus::ok) return tried;
  const std::optional<Error> unusable = try_out(configuration);
  Sockets sockets = listen(configuration);
  service::Listeners listeners;
  std::map<std::string, std::string> addresses;
  for (const auto& [name, socket] : sockets) {
    listeners[name] = socket->handed_over();
    addresses[name] = socket->address();
  }

  using service::LogFormat;
  const LogFormat format = configuration.log.format;
  const bool as_json = format == LogFormat::json || (format == LogFormat::by_terminal && ::isatty(STDERR_FILENO) == 0);
  service::ServiceLog log(STDERR_FILENO, as_json, configuration.log.level);
  log.set_process("supervisor");
  for (const auto& each : addresses) log.info("listens", {{"door", each.first}, {"address", each.second}});
  if (unusable) log.error("no run begins with the bundle in use", {{"why", unusable->message()}});

  service::SupervisorSetup setup;
  setup.listeners = listeners;
  setup.heart = configuration.supervisor.heart;
  setup.patience = configuration.supervisor.patience;
  setup.reload = [&] { return reload(file, configuration, log); };
  setup.stop_listening = [&] { sockets.clear(); };
  setup.ready = [&] {
    if (demo) std::cout << demo->guide(addresses) << std::flush;
  };
  std::unique_ptr<service::SharedCounters> counters;
  // Doors of other kinds are crews of their own, with their sockets in listen().
  const auto open_desk = [&]() -> std::unique_ptr<service::Desk> {
    return std::make_unique<StoreDesk>(opener(configuration), configuration.bundles.require_signed);
  };
  const auto open_door = [&](service::SharedWorker&) {
    return service::make_operator_door({configuration, *counters, log, CW_VERSION, open_desk});
  };
  setup.crews.push_back({"operator", 1, open_door});
  // One, since a device's run is in the memory of the process that has its lease.
  if (configuration.devices) {
    setup.crews.push_back(
        {"device", 1, [&](service::SharedWorker& place) -> std::unique_ptr<service::Door> {
           const auto open = [&] { return opener_of_tickets(configuration); };
           return service::make_device_door({configuration, log, place.devices, open, owner_of_tickets(configuration)});
         }});
  }
  if (configuration.issuers) {
    setup.crews.push_back({"issuer", 1, [&](service::SharedWorker&) { return open_issuer_door(configuration, log); }});
  }
  counters = std::make_unique<service::SharedCounters>(service::names_of(setup.crews));
  service::Supervisor supervisor(std::move(setup), *counters, log);
  return supervisor.run() ? ExitStatus::ok : ExitStatus::interrupted;
}

}  // namespace

void add_serve(CLI::App& program, Action& action) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      program.add_subcommand("serve", "Run the service: doors for operators, for devices and for monitoring");
  CLI::Option* file = command->add_option("FILE", options->file, "its configuration")->type_name("");
  command->add_flag("--check", options->check, "check the configuration and start nothing")->needs(file);
  CLI::Option* demo = command
                          ->add_option("--demo", options->demo,
                                       "needs nothing: makes a store and test certificates in this folder (default: a "
                                       "temporary one)")
                          ->expected(0, 1)
                          ->type_name("DIR")
                          ->excludes(file);
  command->footer(
      "SIGTERM or Ctrl-C finishes the answers under way and ends it, a second one ends it at once. SIGHUP reads the\n"
      "log's level, certificates and roles anew.\n"
      "\n"
      "Examples:\n"
      "  cardwright serve --demo\n"
      "  cardwright serve --check serve.json\n"
      "  cardwright serve serve.json");
  command->callback([options, file, demo, &action] {
    if (demo->count() > 0 && !options->demo) options->demo.emplace();
    if (demo->count() == 0 && file->count() == 0) {
      throw Error(ErrorKind::usage, "serve: name a configuration, or try --demo; see cardwright serve --help");
    }
    action = [options] { return serve(*options); };
  });
}

}  // namespace cw::app
