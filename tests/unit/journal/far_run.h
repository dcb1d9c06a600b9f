// A run of a store on a card far away, that is dropped from memory and taken up again while an order of it is out.
//
// Owner: a story. One thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/hex.h"
#include "bench.h"
#include "far_device.h"
#include "journal/store_budget.h"

namespace cw::journal {

class FarRun {
 public:
  FarRun(const Bench& bench, engine::Relay relay, const std::string& flow, const std::vector<std::string>& settings)
      : keys(bench.keys()), device(bench.card, relay), relay_(relay), store_(bench.open_store()) {
    se::SimReader nobody(bench.card);
    engine::RunSetup setup = bench.setup(flow, settings, nobody);
    setup.inputs = engine::Inputs::real();
    setup.reader = nullptr;
    setup.device = engine::Device{"device", relay_, {}};
    journal_ = StoreJournal::begin(store_, setup, {"device", bench.flavor.name, {}, {}, false, {}}, "test");
    id = journal_->id();
    begin(std::move(setup));
  }

  /// What the device is to do now; null: the run is over.
  const engine::Order* order() {
    while (run->phase() != engine::Run::Phase::done) {
      if (run->phase() == engine::Run::Phase::ready) {
        run->advance();
      } else if (const engine::Order* order = run->order()) {
        return order;
      } else {
        run->complete(run->carry_out());
      }
    }
    return nullptr;
  }
  void report(const engine::Report& report) { run->answered(report); }

  void drop() {
    run->stop(Error(ErrorKind::reader, "dropped"));
    run.reset();
    journal_.reset();
  }
  void take_up() {
    StoreJournal::TakenUp taken = StoreJournal::take_up(
        store_, id, [](std::chrono::milliseconds) { return false; }, "test");
    taken.setup.keys = keys;
    taken.setup.device = engine::Device{"device", relay_, {}};
    journal_ = std::move(taken.journal);
    begin(std::move(taken.setup));
  }
  /// To the end. `drops`: while each order is out.
  void serve(bool drops) {
    while (const engine::Order* order = this->order()) {
      if (drops) {
        const Bytes was = bytes_of(*order);
        drop();
        take_up();
        order = this->order();
        ASSERT_NE(order, nullptr) << run->result().error->message();
        ASSERT_EQ(to_hex(bytes_of(*order)), to_hex(was)) << "it is the same to the byte";
      }
      report(device.carry_out(*order));
    }
  }
  static Bytes bytes_of(const engine::Order& order) {
    Bytes out;
    for (const engine::Order::Item& item : order.items) append(out, item.bytes());
    return out;
  }

  std::string id{};
  std::shared_ptr<const crypto::KeyStore> keys;
  engine::FarDevice device;

 private:
  void begin(engine::RunSetup setup) {
    setup.journal = journal_.get();
    setup.ledger = std::make_shared<StoreBudget>(store_, *journal_, "test");
    run = std::make_unique<engine::Run>(std::move(setup));
  }

  engine::Relay relay_;
  std::shared_ptr<store::Store> store_;
  std::unique_ptr<StoreJournal> journal_{};

 public:
  std::unique_ptr<engine::Run> run{};  // goes first
};

}  // namespace cw::journal
