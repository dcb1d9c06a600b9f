#include <iostream>
#include <memory>
#include <mutex>
#include <thread>

#include <CLI/CLI.hpp>

#include "agent/ram_http_agent.h"
#include "agent/seram_agent.h"
#include "app/cards.h"
#include "app/commands.h"
#include "app/failure.h"
#include "app/interrupt.h"
#include "app/private_file.h"
#include "app/serve_trace.h"
#include "base/error.h"
#include "base/files.h"
#include "base/hex.h"
#include "card/transport.h"
#include "crypto/digest.h"
#include "crypto/shared_key.h"
#include "engine/card_identity.h"

namespace cw::app {

namespace {

namespace fs = std::filesystem;

struct Options {
  std::string server{};
  std::string protocol = "seram";
  std::vector<std::string> cards{"sim"};
  std::vector<std::string> sessions{};
  CardOptions card{};
  std::string se_type = "undefined";
  std::optional<std::string> se_id{};
  std::string ca{};
  std::string revoked{};
  std::string certificate{};
  std::string key{};
  std::string psk_identity{};
  std::string psk{};
  unsigned patience = 300;
  std::optional<fs::path> trace{};
};

/// As RFC 9562 writes a random UUID.
std::string new_session() {
  Bytes bytes = crypto::random_bytes(16);
  bytes[6] = static_cast<uint8_t>((bytes[6] & 0x0F) | 0x40);
  bytes[8] = static_cast<uint8_t>((bytes[8] & 0x3F) | 0x80);
  std::string out = to_hex(bytes);
  for (char& c : out) c = static_cast<char>(c >= 'A' ? c + ('a' - 'A') : c);
  for (const size_t at : {8, 13, 18, 23}) out.insert(at, "-");
  return out;
}

/// One card as a remote device.
class Device : private agent::Follower {
 public:
  /// `prefix`: in front of each line; empty if there is only one device. The rest is shared by all, and borrowed.
  Device(const Options& options, size_t number, std::string prefix, std::mutex& output, std::ostream* trace,
         const std::atomic<bool>& stop)
      : protocol_(options.protocol),
        card_(CardName::parse(options.cards[number]), options.card),
        prefix_(std::move(prefix)),
        output_(output),
        relay_(card_.reader(), *this, [this] { return card_.traits().extended_length; }) {
    if (card_.replay()) throw Error(ErrorKind::usage, "a recording is no card that an agent could relay to");
    if (trace != nullptr) trace_.emplace(*trace, output_, prefix_);
    setup_.server = options.server;
    setup_.session = number < options.sessions.size() ? options.sessions[number] : new_session();
    setup_.se_type = options.se_type;
    setup_.se_id = options.se_id ? *options.se_id : identity();
    setup_.http.ca_file = options.ca;
    setup_.http.revoked = options.revoked;
    setup_.http.certificate = options.certificate;
    setup_.http.key = options.key;
    if (!options.psk.empty()) {
      shared_key_ = crypto::read_shared_key(options.psk_identity, options.psk);
      setup_.http.shared_key = &*shared_key_;
    }
    setup_.http.stop = &stop;
    setup_.patience = std::chrono::seconds(options.patience);
    card_.save();  // a file that cannot be written is known before a command comes
  }

  agent::End run() {
    if (protocol_ == "seram") return agent::SeramAgent(setup_, relay_, *this).run();
    return agent::RamHttpAgent(setup_, relay_, *this).run();
  }
  const std::string& prefix() const { return prefix_; }

 private:
  /// Who the card says it is.
  std::string identity() {
    const Bytes atr = card_.reader().reset();
    const auto told =
        engine::told_identity([this](const card::Apdu& command) { return card::exchange(card_.reader(), command); });
    return told ? *told : engine::identity_by_atr(atr);
  }

  void said(const std::string& line) override {
    const std::lock_guard lock(output_);
    std::cout << prefix_ << line << std::endl;
  }
  void exchanged(ByteView command, ByteView answer) override {
    if (trace_) trace_->exchanged(command, answer, card_.simulated() ? card_.simulated()->why() : "");
  }
  void carried_out() override { card_.save(); }

  std::string protocol_;
  OpenCard card_;
  std::string prefix_;
  std::mutex& output_;
  std::optional<ServeTrace> trace_{};
  agent::Relay relay_;
  std::optional<crypto::SharedKey> shared_key_{};
  agent::Setup setup_{};
};

void check(const Options& options) {
  if (options.certificate.empty() != options.key.empty()) {
    throw Error(ErrorKind::usage, "--cert and --key go together: a certificate, and the key that belongs to it");
  }
  if (options.psk.empty() != options.psk_identity.empty()) {
    throw Error(ErrorKind::usage,
                "--psk and --psk-identity go together: a shared key, and the name the server has for it");
  }
  if (!options.psk.empty() && !(options.ca + options.certificate).empty()) {
    throw Error(ErrorKind::usage, "--psk is instead of certificates; leave out --ca, --cert and --key");
  }
  if (!options.psk.empty() && !options.server.starts_with("https://")) {
    throw Error(ErrorKind::usage, "--psk is for a server over TLS; name it as https://...");
  }
  if (!options.key.empty()) read_secret_file(options.key);  // refused if others can read it
  const size_t cards = options.cards.size();
  if (options.sessions.size() > cards || (cards > 1 && !options.sessions.empty() && options.sessions.size() != cards)) {
    throw Error(ErrorKind::usage, "there are " + std::to_string(options.sessions.size()) + " sessions for " +
                                      std::to_string(cards) + " cards; name one for each, or none");
  }
  if (cards > 1 && (options.card.state || options.se_id)) {
    throw Error(ErrorKind::usage, "--card-state and --se-id are for one card; with several leave them out");
  }
}

ExitStatus run_all(const Options& options) {
  check(options);
  std::optional<PrivateFile> trace_file;
  if (options.trace && *options.trace != "-") trace_file.emplace(*options.trace, "trace");
  std::ostream* trace = !options.trace ? nullptr : trace_file ? &trace_file->out() : &std::cerr;

  const Interrupt interrupt;  // before any thread of an agent
  std::mutex output;
  std::vector<std::unique_ptr<Device>> devices;
  for (size_t at = 0; at < options.cards.size(); ++at) {
    const std::string prefix = options.cards.size() > 1 ? "[" + std::to_string(at + 1) + "] " : "";
    devices.push_back(std::make_unique<Device>(options, at, prefix, output, trace, interrupt.requested()));
  }
  std::vector<std::optional<Error>> errors(devices.size());
  std::vector<agent::End> ends(devices.size(), agent::End::by_server);
  std::vector<std::thread> threads;
  for (size_t at = 0; at < devices.size(); ++at) {
    threads.emplace_back([&, at] { errors[at] = failure_of([&] { ends[at] = devices[at]->run(); }); });
  }
  for (std::thread& thread : threads) thread.join();

  if (trace_file) trace_file->check();
  std::optional<Error> first;
  for (size_t at = 0; at < devices.size(); ++at) {
    if (!errors[at]) continue;
    const Error error = devices.size() > 1 ? errors[at]->within("card " + options.cards[at]) : *errors[at];
    if (first) complain(*first);
    first = error;
  }
  if (first) throw *first;
  for (const agent::End end : ends) {
    if (end == agent::End::interrupted) return ExitStatus::interrupted;
  }
  return ExitStatus::ok;
}

}  // namespace

void add_agent(CLI::App& program, Action& action) {
  CLI::App* command = program.add_subcommand("agent", "Be a remote device: relay a card here to a server's commands");
  auto options = std::make_shared<Options>();
  options->card.own_serial = true;
  command->add_option("--server", options->server, "where the server's device door is")->required()->type_name("URL");
  command
      ->add_option("--card", options->cards,
                   "sim, sim:FLAVOR, pcsc:READER (a name, a part of it, an index); again for one more device")
      ->type_name("CARD")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command
      ->add_option("--session", options->sessions,
                   "identifier that the server knows the session by; one for each card (default: a random one)")
      ->type_name("ID")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command->add_option("--protocol", options->protocol, "seram (GP SERAM 2.0) or ram-http (GlobalPlatform Amendment B)")
      ->check(CLI::IsMember({"seram", "ram-http"}))
      ->type_name("NAME");
  command->add_option("--ca", options->ca, "who may vouch for the server (default: whom the system trusts)")
      ->type_name("FILE");
  command->add_option("--revoked", options->revoked, "their revocation lists: PEM after PEM, one for each; with --ca")
      ->needs("--ca")
      ->type_name("FILE");
  command->add_option("--cert", options->certificate, "the device's own certificate")->type_name("FILE");
  command->add_option("--key", options->key, "the key of that certificate; only its owner may read it")
      ->type_name("FILE");
  command
      ->add_option("--psk", options->psk,
                   "instead of certificates: the key shared with the server, hexadecimal; only its owner may read it")
      ->type_name("FILE");
  command->add_option("--psk-identity", options->psk_identity, "what the server knows that key by")->type_name("ID");
  command->add_option("--se-type", options->se_type, "eSE, iSE, uicc, euicc, ieuicc or undefined")
      ->check(CLI::IsMember({"eSE", "iSE", "uicc", "euicc", "ieuicc", "undefined"}))
      ->type_name("TYPE");
  command->add_option("--se-id", options->se_id, "identifier of the card (default: what it tells of itself)")
      ->type_name("ID");
  command->add_option("--flavor", options->card.flavor, "what product a card in a reader is")->type_name("FLAVOR");
  command->add_flag("--card-shared", options->card.shared, "other programs may use the card in the reader too");
  command->add_option("--card-state", options->card.state, "file with a simulated card's memory, written after orders")
      ->type_name("FILE");
  command->add_option("--patience", options->patience, "how long to try again while the server does not answer")
      ->check(CLI::Range(0u, 86'400u))
      ->type_name("SECONDS");
  command->add_option("--trace", options->trace, "write what travels to the card, decoded; - is standard error")
      ->type_name("FILE");
  command->footer(
      "The agent asks the server for commands, gives them to the card, and reports the answers, until the server ends\n"
      "the session. A report whose answer is lost is sent again. Ctrl-C ends it before the next command.\n"
      "Data of commands and answers are shown by --trace alone. One session and one thread for each card.\n"
      "\n"
      "Examples:\n"
      "  cardwright agent --server https://tsm.example/gp/seram --session 0f96af97 --card pcsc:ACS\n"
      "  cardwright agent --server https://tsm.example/ram --protocol ram-http --ca ca.pem --card sim");
  command->callback([options, &action] { action = [options] { return run_all(*options); }; });
}

}  // namespace cw::app
