// What the stories of this folder share: a folder of their own, a small flow, tables for it, cards that come one after
// the other.
#pragma once

#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "batch/batch.h"
#include "se/card.h"
#include "se/sim_reader.h"

namespace cw::batch {

/// A card of a story, and what happens to it.
struct StoryCard {
  std::shared_ptr<se::Card> chip{};
  int lose_at = 0;  // the card is pulled at this command
  bool refuses_authentication = false;
  std::function<void()> at_first_command{};
};

/// A card with this serial number in its CPLC; 0: it has no CPLC, CIN or diversification data to be known by.
StoryCard card(uint32_t serial);

class StoryCards : public CardSource {
 public:
  StoryCards(std::string name, std::deque<StoryCard> cards);

  std::string name() const override { return name_; }
  bool next_card(const std::atomic<bool>& stop) override;
  card::Reader& reader() override;
  engine::Flavor flavor() const override { return {}; }
  engine::CardTraits traits() const override { return {}; }
  engine::CardCounter counter() const override { return {}; }

 private:
  std::string name_;
  std::deque<StoryCard> cards_;
  std::unique_ptr<card::Reader> reader_;
};

/// Remembers all it hears.
class Listener : public Follower {
 public:
  void begins(const Plan& given) override { plan = given; }
  void row_ends(size_t, const Result& result) override { results.push_back(result); }
  void row_resumed(size_t, const Result& result) override { resumed.push_back(result); }
  void card_refused(size_t, const std::string&, const std::string& why) override { refused.push_back(why); }
  void card_unreadable(size_t, const Error& error) override { unreadable.push_back(error.message()); }
  void reader_ends(size_t reader, const std::string& why) override { ended.emplace_back(reader, why); }
  Plan plan{};
  std::vector<Result> results{};
  std::vector<Result> resumed{};
  std::vector<std::string> refused{};
  std::vector<std::string> unreadable{};
  std::vector<std::pair<size_t, std::string>> ended{};
};

/// Keeps nothing, and remembers what it was asked.
class StoryKeeper : public Keeper {
 public:
  std::string new_id() override { return "run-" + std::to_string(++ids_); }
  std::unique_ptr<KeptRun> begin(const Result& row, engine::RunSetup& setup, size_t reader) override;
  void ended(const std::string& id) override;
  Kept look(const std::string& id) override;
  Kept give_up(const std::string& id) override;

  std::function<void(const Result& row)> at_begin{};
  std::shared_ptr<const engine::Policy> policy{};  // that came into use since the batch began; or null
  std::map<std::string, Kept> fates{};
  std::mutex mutex{};
  std::vector<std::string> ended_runs{};
  std::vector<std::string> given_up{};

 private:
  std::atomic<int> ids_ = 0;
};

class Story : public ::testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override { std::filesystem::remove_all(folder_); }

  /// A flow with the arguments number (string, up to 8 bytes), holder (secret, optional), count (integer, optional),
  /// set (key, default isd). It opens a channel, and fails where the number begins with "bad".
  std::shared_ptr<const engine::Flow> flow();

  std::filesystem::path file(const std::string& name, const std::string& content);
  std::string content(const std::string& name) const;
  Table table(const std::string& csv, std::vector<engine::Setting> common = {}, std::optional<std::string> key = {});
  /// "" if the table can be used, else its error or its bad rows, "line N: what" each.
  std::string refusal(const std::string& csv, std::vector<engine::Setting> common = {},
                      std::optional<std::string> key = {});

  /// Results and quarantine lie in the folder, so a second batch goes on where the first one ended.
  Summary run(const Table& table, std::vector<std::deque<StoryCard>> readers, RowQueue::Options options = {},
              unsigned stop_after = 3);

  std::filesystem::path folder_;
  std::shared_ptr<const engine::Bundle> bundle_;
  std::shared_ptr<const crypto::KeyStore> keys_;
  std::shared_ptr<const engine::Policy> policy_;
  std::string flow_name_;
  std::atomic<bool> interrupted_ = false;
  bool any_card_ = false;
  Keeper* keeper_ = nullptr;
  Listener heard_;  // of the last batch
};

}  // namespace cw::batch
