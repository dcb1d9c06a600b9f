// Outside for an attempt that is built again: what it took in before comes from its journal, and from where that ends,
// the card itself goes on. The script cannot tell.
//
// Owner: one attempt. One thread.
#pragma once

#include <functional>

#include "engine/line_taker.h"
#include "engine/past.h"
#include "engine/recorded_outside.h"

namespace cw::engine {

class RebuiltOutside : public RunOutside {
 public:
  /// The outside that goes on, given what is selected and open on the card.
  using GoOn = std::function<std::unique_ptr<RunOutside>(const CardState&)>;
  /// Has custody unwrap again what it unwrapped before.
  using UnwrapAgain = std::function<host::KeyInfo(const host::WrappedKeys&)>;
  struct Setup {
    Past past{};  // with an attempt
    Gate& gate;
    Observer& observer;  // of what is new; what was before, it was told
    GoOn go_on{};
    UnwrapAgain unwrap_again{};
    LineTaker* taker = nullptr;  // is told of notes from the past too; may be null
  };
  /// What it refers to must outlive this. Raises usage: the attempt is no recording.
  explicit RebuiltOutside(Setup setup);

  Bytes reset() override { return now_serving().reset(); }
  void submit(host::Request request) override;
  const host::Request& request() const override;
  const Order* order() override { return serving_->order(); }
  void answered(const Report& report) override { serving_->answered(report); }
  host::Reply carry_out() override;
  bool waits_by_clock() const override { return rest_ || serving_->waits_by_clock(); }
  int64_t now() override { return now_serving().now(); }
  Bytes random(size_t count) override { return now_serving().random(count); }
  host::KeyInfo key_info(const std::string& set) override { return now_serving().key_info(set); }
  bool verifies(const std::string& key, ByteView message, ByteView signature) override {
    return now_serving().verifies(key, message, signature);
  }
  Bytes sign(const std::string& key, ByteView message) override { return now_serving().sign(key, message); }
  std::vector<host::DomainRecord> domains(const std::optional<host::DomainRecord>& put) override {
    return now_serving().domains(put);
  }
  host::KeyInfo unwrap(const host::WrappedKeys& keys) override;
  void note(host::Note note) override;
  const Error* difference() const override { return lost_ ? &*lost_ : replay_.difference(); }
  void check_end() override;

 private:
  RunOutside& now_serving();
  void leaves_out();

  Past past_;
  GoOn go_on_;
  UnwrapAgain unwrap_again_;
  LineTaker* taker_;
  Observer silent_;
  Director no_stage_;
  RunReplay replay_;
  RecordedOutside recorded_;
  std::unique_ptr<RunOutside> live_{};  // null: still in the past
  RunOutside* serving_;
  bool out_asked_ = false;               // the request whose order is out
  std::optional<Error> lost_{};          // why the card cannot go on
  std::optional<host::Request> rest_{};  // what is left of the wait that the past ends with
};

}  // namespace cw::engine
