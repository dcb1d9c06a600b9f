// Scenarios on a recording.
#include <algorithm>

#include "app/recorded_card.h"
#include "base/error.h"
#include "supply_parts_private.h"

namespace cw::app {

namespace {

/// Flows are answered by the recording, above the reader; commands of the scenario itself reach this.
class NoCard : public card::Reader {
 public:
  explicit NoCard(std::string name) : name_(std::move(name)) {}
  std::string name() const override { return name_; }
  Bytes reset() override { return {0x3B, 0x00}; }
  Bytes transmit(ByteView) override {
    throw Error(ErrorKind::usage,
                "the recording has the flows of another scenario, or of a run, and no answer to a "
                "command of this scenario itself; record it with cardwright test --record FILE");
  }

 private:
  std::string name_;
};

class Recorded : public scenario::PlayedCard {
 public:
  explicit Recorded(const std::string& name) : reader_(name) {}
  card::Reader& reader() override { return reader_; }

 private:
  NoCard reader_;
};

/// One recording: scenarios take its runs one after the other, as they were recorded.
class RecordedSupply : public scenario::Supply {
 public:
  explicit RecordedSupply(const std::string& file) : file_(file), replay_(open_recording(file)) {
    for (const engine::RecordedRun& run : replay_->recording().runs) {
      const std::string& flavor = run.head.flavor.empty() ? kGeneric : run.head.flavor;
      if (std::find(flavors_.begin(), flavors_.end(), flavor) == flavors_.end()) flavors_.push_back(flavor);
    }
  }

  std::string name(const std::string&) const override { return "recorded:" + file_; }
  std::vector<std::string> flavors() const override { return flavors_; }
  bool fresh() const override { return true; }
  bool simulated() const override { return false; }
  std::unique_ptr<scenario::PlayedCard> card(const std::string& flavor, const std::optional<std::string>&,
                                             uint64_t) override {
    auto out = std::make_unique<Recorded>(name(flavor));
    describe(*out, se::flavor(flavor));
    out->replay = replay_;
    out->keys = std::make_shared<crypto::FileKeyStore>();  // none: what was asked of keys is recorded
    return out;
  }

 private:
  inline static const std::string kGeneric = "generic";
  std::string file_;
  std::shared_ptr<engine::Replay> replay_;
  std::vector<std::string> flavors_{};
};

}  // namespace

Supplies on_recording(const std::string& file, const SupplyOptions& options) {
  if (options.jobs > 1) throw Error(ErrorKind::usage, "one recording is replayed by one job; leave --jobs out");
  Supplies out;
  out.push_back(std::make_unique<RecordedSupply>(file));
  return out;
}

}  // namespace cw::app
