// What the stories of this folder share: a card that outlives the process that works on it, a store, and runs in
// processes of their own that can be killed at any point.
//
// Owner: a story. One thread.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "card_host.h"
#include "dying_journal.h"
#include "engine/run.h"
#include "engine/scheduler.h"
#include "journal/store_journal.h"
#include "process.h"
#include "se/card.h"

namespace cw::journal {

struct Bench {
  using End = journal::End;
  enum class On { sqlite, postgres };

  /// postgres: on the server that CW_TEST_POSTGRES names, in a schema of the bench's own. Raises usage: there is none.
  explicit Bench(const std::string& flavor = "generic", On engine = On::sqlite);
  ~Bench();
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;

  std::shared_ptr<store::Store> open_store() const;
  /// `isd_version`: of the key set isd.
  std::shared_ptr<const crypto::KeyStore> keys() const;
  /// A run on a card in this process or another.
  engine::RunSetup setup(const std::string& flow, const std::vector<std::string>& settings, card::Reader& reader) const;
  /// Another card in the reader: as it left the factory, or with this memory.
  void put_in(const std::string& memory = {});
  /// A flow file of the story's own: the body of its run function, and the sections of its head, if any.
  std::string flow_file(const std::string& name, const std::string& body, const std::string& head = {}) const;

  /// Runs the flow in a process of its own, with a journal.
  Process start(const std::string& flow, const std::vector<std::string>& settings, KillPoint kill = {});
  End run(const std::string& flow, const std::vector<std::string>& settings, KillPoint kill = {});
  /// Takes the run up in another one.
  Process start_resume(const std::string& id, KillPoint kill = {});
  End resume(const std::string& id, KillPoint kill = {});
  /// Plays the whole journal again without card and keys: the error it ends with, "" for none.
  std::string replay(const std::string& id) const;

  std::filesystem::path folder{};
  se::Flavor flavor;
  std::shared_ptr<se::Card> card{};
  std::unique_ptr<CardHost> host{};
  std::shared_ptr<const engine::Bundle> bundle{};
  std::shared_ptr<const engine::Policy> policy{};
  std::vector<std::pair<std::string, std::string>> secrets{};  // arguments of every run
  std::string owner{};                                         // whose every run is; empty: the operator's
  std::string isd_version{};                                   // of the key set isd; empty: as the card has it
  std::chrono::milliseconds lease{15'000};
  std::chrono::milliseconds margin{3'000};
  bool budgets = false;  // attempts are counted in the store, and the card is asked who it is
  std::string node{};    // of the next process; empty: this machine
  std::chrono::milliseconds long_wait = engine::kLongWait;  // from this on a run is dropped from memory
  std::optional<std::chrono::microseconds> slice{};         // that a script computes at a time
  engine::Inputs inputs = engine::Inputs::real();
  std::optional<uint64_t> seed{};  // of every run, instead of those
  std::string told = "{}";         // by the backend, to every call
  std::string kek{};               // key set test.kek, in hex; empty: there is none

 private:
  store::StoreOptions options() const;
  std::string schema_{};  // on PostgreSQL
  std::string where_{};
};

/// The memory of the card: registry, keys, code, personal data. How often a channel was opened may differ.
std::string memory_of(const se::Card& card);

}  // namespace cw::journal
