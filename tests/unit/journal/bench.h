// What the stories of this folder share: a card that outlives the process that works on it, a store, and a run of a
// shipped flow in a process of its own that can be killed at any point.
#pragma once

#include <csignal>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "card/reader.h"
#include "engine/run.h"
#include "journal/store_journal.h"
#include "se/card.h"
#include "se/sim_reader.h"

namespace cw::journal {

/// A simulated card in this process, for readers in other ones.
class CardHost {
 public:
  explicit CardHost(std::shared_ptr<se::Card> card);
  ~CardHost();
  CardHost(const CardHost&) = delete;
  CardHost& operator=(const CardHost&) = delete;

  /// The other end, for a reader; one process at a time.
  int socket() const { return theirs_; }
  /// Commands that the card was given, INS bytes.
  std::vector<uint8_t> instructions() const { return instructions_; }
  void forget() { instructions_.clear(); }
  /// Power is gone: what was open is closed.
  void power_off() { powered_ = false; }
  se::Card& card() { return *card_; }

 private:
  void serve();
  std::shared_ptr<se::Card> card_;
  se::SimReader reader_;
  std::vector<uint8_t> instructions_{};
  bool powered_ = false;
  int ours_ = -1;
  int theirs_ = -1;
  std::thread thread_{};
};

/// Where a process dies.
struct KillPoint {
  enum class At { never, before_intent, after_intent, sent, answered, committed };
  At at = At::never;
  int number = 0;  // of the exchange, from 1, that it dies around; resets count
};

/// The reader at the other end of a CardHost.
class HostedReader : public card::Reader {
 public:
  explicit HostedReader(int socket) : socket_(socket) {}
  std::string name() const override { return "hosted"; }
  Bytes reset() override;
  bool attach() override;
  Bytes transmit(ByteView command) override;
  /// Called with the command that goes out, and when its answer is there.
  std::function<void()> sent{};
  std::function<void()> answered{};

 private:
  Bytes ask(char what, ByteView data);
  int socket_;
};

struct Bench {
  explicit Bench(const std::string& flavor = "generic");
  ~Bench();

  std::shared_ptr<store::Store> open_store() const;
  engine::RunSetup setup(const std::string& flow, const std::vector<std::string>& settings, card::Reader& reader) const;

  struct End {
    bool killed = false;
    std::string id{};     // of the run
    std::string error{};  // "kind: message", or empty
    unsigned attempts = 0;
  };
  /// Runs the flow in a process of its own, with a journal.
  End run(const std::string& flow, const std::vector<std::string>& settings, KillPoint kill = {});
  /// Takes the run up in another one.
  End resume(const std::string& id, KillPoint kill = {});

  std::filesystem::path folder;
  se::Flavor flavor;
  std::shared_ptr<se::Card> card;
  std::unique_ptr<CardHost> host;
  std::shared_ptr<const engine::Bundle> bundle;
  std::string policy = std::string(CW_SOURCE_DIR) + "/policies/default.lua";
  std::vector<std::pair<std::string, std::string>> secrets{};  // arguments of every run
};

}  // namespace cw::journal
