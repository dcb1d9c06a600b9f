#include "story.h"

#include <fstream>
#include <sstream>

#include <stdlib.h>

#include "base/error.h"
#include "base/hex.h"
#include "se/flavor.h"

namespace cw::batch {

namespace {

constexpr const char* kKeys = R"(
[isd]
type = aes
version = 30
enc = 404142434445464748494A4B4C4D4E4F
mac = 404142434445464748494A4B4C4D4E4F
dek = 404142434445464748494A4B4C4D4E4F

[wrong]
type = aes
version = 30
enc = 00000000000000000000000000000001
mac = 00000000000000000000000000000002
dek = 00000000000000000000000000000003
)";

constexpr const char* kFlow = R"(
local gp, errors = require "cw.gp", require "cw.errors"
return {
  name = "test", summary = "A test",
  args = {
    number = { type = "string", max = 8 },
    holder = { type = "secret", optional = true, max = 16 },
    count = { type = "integer", optional = true, min = 1, max = 9 },
    set = { type = "key", default = "isd" },
  },
  needs = { keys = { "$set" } },
  run = function(run)
    gp.open(run.card, { keys = run.args.set })
    if run.args.number:find("^bad") then errors.raise("card", "the number is bad") end
  end,
}
)";

class StoryReader : public card::Reader {
 public:
  explicit StoryReader(StoryCard card) : card_(std::move(card)), sim_(card_.chip) {}
  std::string name() const override { return "story"; }
  Bytes reset() override { return sim_.reset(); }
  Bytes transmit(ByteView command) override {
    if (++commands_ == 1 && card_.at_first_command) card_.at_first_command();
    if (card_.lose_at != 0 && commands_ >= card_.lose_at) throw Error(ErrorKind::reader, "the card was removed");
    if (card_.refuses_authentication && command[1] == 0x82) return from_hex("6300");
    return sim_.transmit(command);
  }

 private:
  StoryCard card_;
  se::SimReader sim_;
  int commands_ = 0;
};

}  // namespace

StoryCard card(uint32_t serial) {
  se::Flavor flavor = se::flavor("generic");
  if (serial == 0) {
    flavor.cplc.clear();
    flavor.cin.clear();
    flavor.diversification_data = Bytes(10);
  } else {
    for (size_t i = 0; i < 4; ++i) flavor.cplc[12 + i] = static_cast<uint8_t>(serial >> (24 - 8 * i));
  }
  return {std::make_shared<se::Card>(flavor)};
}

StoryCards::StoryCards(std::string name, std::deque<StoryCard> cards)
    : name_(std::move(name)), cards_(std::move(cards)) {}

bool StoryCards::next_card(const std::atomic<bool>& stop) {
  if (stop || cards_.empty()) return false;
  reader_ = std::make_unique<StoryReader>(std::move(cards_.front()));
  cards_.pop_front();
  return true;
}

card::Reader& StoryCards::reader() { return *reader_; }

namespace {

class StoryRun : public KeptRun {
 public:
  void join(engine::RunSetup&) override {}
  void refused(const Error&) override {}
};

}  // namespace

std::unique_ptr<KeptRun> StoryKeeper::begin(const Result& row, engine::RunSetup& setup, size_t) {
  if (at_begin) at_begin(row);
  if (policy) setup.policy = policy;
  return std::make_unique<StoryRun>();
}

void StoryKeeper::ended(const std::string& id) {
  const std::lock_guard lock(mutex);
  ended_runs.push_back(id);
}

Keeper::Kept StoryKeeper::look(const std::string& id) {
  const auto found = fates.find(id);
  return found == fates.end() ? Kept() : found->second;
}

Keeper::Kept StoryKeeper::give_up(const std::string& id) {
  const std::lock_guard lock(mutex);
  const Kept kept = look(id);
  if (kept.fate != Fate::done && kept.fate != Fate::held) given_up.push_back(id);
  return kept;
}

void Story::SetUp() {
  static const auto bundle = engine::Bundle::load(CW_SOURCE_DIR);
  char name[] = "/tmp/cw-batch-XXXXXX";
  ASSERT_NE(::mkdtemp(name), nullptr);
  folder_ = name;
  const std::filesystem::path lua = file("flow.lua", kFlow);
  flow_name_ = lua.generic_string();
  bundle_ = bundle->with_file(lua);
  policy_ = engine::Policy::load(std::filesystem::path(CW_SOURCE_DIR) / "policies/default.lua", *bundle_);
  keys_ = std::make_shared<crypto::FileKeyStore>(crypto::FileKeyStore::parse(Secret::copy(view(kKeys)), "test keys"));
}

std::shared_ptr<const engine::Flow> Story::flow() {
  return std::make_shared<const engine::Flow>(engine::check_flow(*bundle_, flow_name_));
}

std::filesystem::path Story::file(const std::string& name, const std::string& content) {
  std::ofstream(folder_ / name, std::ios::binary) << content;
  return folder_ / name;
}

std::string Story::content(const std::string& name) const {
  std::ostringstream out;
  out << std::ifstream(folder_ / name, std::ios::binary).rdbuf();
  return out.str();
}

Table Story::table(const std::string& csv, std::vector<engine::Setting> common, std::optional<std::string> key) {
  const auto the_flow = flow();
  TableSetup setup;
  setup.file = file("people.csv", csv);
  setup.flow = the_flow.get();
  setup.common = std::move(common);
  setup.key_column = std::move(key);
  setup.key_stores = {keys_};
  return Table::load(std::move(setup));
}

std::string Story::refusal(const std::string& csv, std::vector<engine::Setting> common,
                           std::optional<std::string> key) {
  try {
    const Table loaded = table(csv, std::move(common), std::move(key));
    std::string out;
    for (const BadRow& row : loaded.bad_rows()) {
      out += (out.empty() ? "" : "\n") + ("line " + std::to_string(row.line)) + ": " + row.what;
    }
    return out;
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    return error.message().substr(error.message().find("people.csv"));
  }
}

Summary Story::run(const Table& table, std::vector<std::deque<StoryCard>> readers, RowQueue::Options options,
                   unsigned stop_after) {
  heard_ = Listener();
  Results results(folder_ / "results.csv", "test");
  Quarantine quarantine(folder_ / "quarantine.csv");
  BatchSetup setup;
  setup.bundle = bundle_;
  setup.flow_name = flow_name_;
  setup.flow = flow();
  setup.policy = policy_;
  for (size_t i = 0; i < readers.size(); ++i) {
    setup.readers.push_back(
        {std::make_unique<StoryCards>("reader " + std::to_string(i), std::move(readers[i])), keys_});
  }
  setup.table = &table;
  setup.results = &results;
  setup.quarantine = &quarantine;
  setup.follower = &heard_;
  setup.queue = options;
  setup.stop_after = stop_after;
  setup.any_card = any_card_;
  setup.keeper = keeper_;
  Batch batch(std::move(setup));
  return batch.run(interrupted_);
}

}  // namespace cw::batch
