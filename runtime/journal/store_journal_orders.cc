// Orders for a card far away: what their frames say, and orders that are made again when a run is taken up.
#include <utility>

#include "base/error.h"
#include "crypto/digest.h"
#include "journal/store_journal.h"

namespace cw::journal {

void StoreJournal::make_again(const JournalLines& lines) {
  Again again{lines.in_doubt, lines.out->orders, 0, {}};
  for (const OrderLine& order : again.orders) {
    again.charges.insert(again.charges.end(), order.charges.begin(), order.charges.end());
  }
  in_doubt_ = again.asked;
  again_ = std::move(again);
}

void StoreJournal::ordered(const engine::OrderMade& order) {
  if (!again_ && order.again) {
    throw Error(
        ErrorKind::reader,
        "the order that the device has cannot be made again: the script did something else before it this time");
  }
  if (!again_) {
    ++orders_;
    frame_.order(order, command_mac(key_, order.bytes), std::exchange(charges_, {}));
    unwritten_ = true;
    return;
  }
  const OrderLine& was = again_->orders.at(again_->next);
  const bool same = crypto::constant_time_equal(command_mac(key_, order.bytes), was.mac);
  if (++again_->next == again_->orders.size() || !same) again_.reset();
  if (!same) {
    throw Error(ErrorKind::reader,
                "the order that the device has cannot be made again: with the keys and files that are there now it "
                "would be another one");
  }
}

std::optional<std::string> StoreJournal::charged_before() {
  if (!again_) return {};
  if (again_->charges.empty()) {
    throw Error(ErrorKind::reader, "the order that the device has cannot be made again: it was charged otherwise");
  }
  std::string out = std::move(again_->charges.front());
  again_->charges.pop_front();
  return out;
}

void StoreJournal::keep_session(const std::string& text) {
  if (text == session_) return;
  session_ = text;
  frame_.session(text);
}

}  // namespace cw::journal
