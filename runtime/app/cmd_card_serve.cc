#include <iostream>
#include <memory>
#include <mutex>

#include <CLI/CLI.hpp>

#include "app/card_memory.h"
#include "app/interrupt.h"
#include "app/private_file.h"
#include "app/serve_trace.h"
#include "app/whole_number.h"
#include "base/error.h"
#include "cmd_card_private.h"
#include "crypto/digest.h"
#include "se/vpcd_card.h"

namespace cw::app {

namespace {

namespace fs = std::filesystem;

constexpr auto kLook = std::chrono::milliseconds(100);

struct Options {
  std::vector<std::string> vpcd{};
  std::vector<std::string> flavors{"generic"};
  std::optional<fs::path> state{};
  std::optional<uint64_t> seed{};
  std::optional<fs::path> trace{};
  unsigned count = 1;
};

/// Where each card goes: the addresses that were given, the last one followed by as many ports as --count asks for.
std::vector<se::VpcdAddress> addresses_of(const Options& options) {
  std::vector<se::VpcdAddress> out;
  for (const std::string& text : options.vpcd) out.push_back(se::VpcdAddress::parse(text));
  if (out.size() > 1 && options.count > 1) {
    throw Error(ErrorKind::usage, "--count is for one --vpcd and the ports after it; with several --vpcd leave it out");
  }
  for (unsigned more = 1; more < options.count; ++more) {
    se::VpcdAddress next = out.back();
    if (next.port == 0xFFFF) throw Error(ErrorKind::usage, "--count needs ports behind 65535; take a lower --vpcd");
    ++next.port;
    out.push_back(std::move(next));
  }
  return out;
}

/// The file of one of several cards: card.json, card-2.json, ...
fs::path state_of(const fs::path& first, size_t number) {
  if (number == 0) return first;
  fs::path name = first.stem();
  name += "-" + std::to_string(number + 1);
  name += first.extension();
  return first.parent_path() / name;
}

/// A new card has a serial number of its own, as real ones have: who tells cards apart by it can use several.
std::shared_ptr<se::Card> new_card(const se::Flavor& flavor, const std::optional<uint64_t>& seed) {
  auto card = std::make_shared<se::Card>(flavor);
  card->set_serial_number(static_cast<uint32_t>(seed ? *seed : read_be(crypto::random_bytes(4))));
  return card;
}

/// The reader that vpcd names so as Debian sets it up: two slots, from port 35963 on.
std::string reader_of(const se::VpcdAddress& address) {
  const int slot = address.port - se::VpcdAddress().port;
  if (slot == 0 || slot == 1) return "reader \"Virtual PCD 00 0" + std::to_string(slot) + "\"";
  return "vpcd's reader of that port (\"Virtual PCD ...\")";
}

/// One card that is served: its parts and what is said of it.
class Served {
 public:
  Served(std::shared_ptr<se::Card> card, const se::VpcdAddress& address, std::unique_ptr<CardMemory> state,
         std::unique_ptr<ServeTrace> trace, std::mutex& output)
      : state_(std::move(state)), flavor_(card->flavor().name), trace_(std::move(trace)), output_(output) {
    se::VpcdCard::Options options;
    options.waits_for_vpcd = true;
    options.inserted = [this](bool inserted) { say(inserted); };
    if (state_) options.hooks.changed = [this](const se::Card& changed) { state_->save(changed); };
    if (trace_) {
      options.hooks.power = [this](const se::Card& one, bool on) { trace_->power(on, one.flavor().atr); };
      options.hooks.exchanged = [this](const se::Card& one, ByteView command, ByteView response) {
        trace_->exchanged(command, response, one.why());
      };
    }
    if (state_) state_->save(*card);  // a file that cannot be written is known before the card is in
    vpcd_ = std::make_unique<se::VpcdCard>(std::move(card), address, std::move(options));
  }

  se::VpcdCard& vpcd() { return *vpcd_; }

 private:
  void say(bool inserted) {
    const std::lock_guard lock(output_);
    const std::string at = vpcd_->address().text();
    if (inserted) {
      std::cout << "inserted " << flavor_ << " at " << at << ": " << reader_of(vpcd_->address())
                << (state_ ? ", memory in " + state_->file().string() : ", memory is not kept") << std::endl;
    } else {
      std::cout << "removed " << flavor_ << " at " << at << std::endl;
    }
  }

  std::unique_ptr<CardMemory> state_;
  std::string flavor_;
  std::unique_ptr<ServeTrace> trace_;
  std::mutex& output_;
  std::unique_ptr<se::VpcdCard> vpcd_;
};

ExitStatus serve(const Options& options) {
  const std::vector<se::VpcdAddress> addresses = addresses_of(options);
  if (options.flavors.size() > 1 && options.flavors.size() != addresses.size()) {
    throw Error(ErrorKind::usage, "there are " + std::to_string(options.flavors.size()) + " flavors for " +
                                      std::to_string(addresses.size()) + " cards; name one for all, or one for each");
  }
  std::optional<PrivateFile> trace_file;
  if (options.trace && *options.trace != "-") trace_file.emplace(*options.trace, "trace");
  std::ostream& trace = trace_file ? trace_file->out() : std::cerr;
  std::mutex output;

  const Interrupt interrupt;  // before any thread of a card
  std::vector<std::unique_ptr<Served>> all;
  for (size_t at = 0; at < addresses.size(); ++at) {
    const se::Flavor& flavor = se::flavor(options.flavors[options.flavors.size() > 1 ? at : 0]);
    std::unique_ptr<CardMemory> state;
    if (options.state) state = std::make_unique<CardMemory>(state_of(*options.state, at));
    std::optional<uint64_t> seed;
    if (options.seed) seed = *options.seed + at;
    std::shared_ptr<se::Card> card = state ? state->load(flavor, "--state") : nullptr;
    if (!card) card = new_card(flavor, seed);
    if (seed) card->seed(*seed);
    std::unique_ptr<ServeTrace> lines;
    const std::string prefix = addresses.size() > 1 ? "[" + std::to_string(at + 1) + "] " : "";
    if (options.trace) lines = std::make_unique<ServeTrace>(trace, output, prefix);
    all.push_back(std::make_unique<Served>(std::move(card), addresses[at], std::move(state), std::move(lines), output));
  }
  for (const auto& one : all) one->vpcd().insert();
  while (!interrupt.requested()) {
    all.front()->vpcd().wait_for_failure(kLook);
    for (const auto& one : all) {
      if (const auto failure = one->vpcd().failure()) throw *failure;
    }
  }
  for (const auto& one : all) one->vpcd().remove();
  if (trace_file) trace_file->check();
  return ExitStatus::ok;
}

}  // namespace

void add_card_serve(CLI::App& card, Action& action) {
  CLI::App* command = card.add_subcommand("serve", "Put a simulated card into a virtual PC/SC reader, for any program");
  auto options = std::make_shared<Options>();
  command
      ->add_option("--vpcd", options->vpcd,
                   "where a reader of vpcd waits (default: localhost:35963); once for each card")
      ->required()
      ->expected(0, 1)
      ->type_name("HOST:PORT")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command->add_option("--flavor", options->flavors, "the product; one for all cards, or one for each")
      ->type_name("FLAVOR")
      ->delimiter(',');
  command->add_option("--state", options->state, "file with the card's memory: read if there, written at each change")
      ->type_name("FILE");
  command->add_option("--count", options->count, "so many cards, at the port and those after it")
      ->check(CLI::Range(1u, 16u))
      ->type_name("N");
  command->add_option("--seed", options->seed, "the card's random numbers follow from N, and a new one's serial number")
      ->check(WholeNumber())
      ->type_name("N");
  command->add_option("--trace", options->trace, "write what travels, decoded; - is standard error")->type_name("FILE");
  command->footer(
      "Ends with Ctrl-C. The memory is written before an answer leaves. Of several cards each has its own file: FILE,\n"
      "FILE with -2 in its name, and so on. Each new card has a serial number of its own, in its CPLC.\n"
      "\n"
      "Examples:\n"
      "  cardwright card serve --vpcd --flavor generic --state card.json\n"
      "  cardwright card serve --vpcd localhost:35963 --count 2 --flavor jcop4,uicc --trace -");
  command->callback([options, &action] { action = [options] { return serve(*options); }; });
}

}  // namespace cw::app
