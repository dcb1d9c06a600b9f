// A device far away with a simulated card in it: carries orders out as its relay does, and counts them.
//
// Owner: a story. One thread.
#pragma once

#include <functional>
#include <memory>

#include "card/transport.h"
#include "engine/run.h"
#include "se/card.h"
#include "se/sim_reader.h"

namespace cw::engine {

class FarDevice {
 public:
  FarDevice(std::shared_ptr<se::Card> card, Relay relay) : reader_(std::move(card)), relay_(relay) { reader_.reset(); }

  Report carry_out(const Order& order) {
    ++exchanges;
    sizes.push_back(order.items.size());
    Report report;
    try {
      for (const Order::Item& item : order.items) {
        card::Response answer;
        for (const card::Apdu& piece : item.pieces) {
          ++apdus;
          answer = card::Response::parse(reader_.transmit(piece.encode()));
          if (!answer.ok()) break;
        }
        report.answers.push_back(answer);
        if (relay_ == Relay::stops && stops_a_plan(answer.sw)) break;
      }
    } catch (const Error& error) {
      report.error = error;
      reader_.reset();
    }
    if (look) look(order, report);
    if (spoil) spoil(report);
    return report;
  }

  /// Until the run is over.
  void serve(Run& run) {
    while (run.phase() != Run::Phase::done) {
      if (run.phase() == Run::Phase::ready) {
        run.advance();
        continue;
      }
      while (const Order* order = run.order()) run.answered(carry_out(*order));
      run.complete(run.carry_out());
    }
  }

  size_t exchanges = 0;
  size_t apdus = 0;
  std::vector<size_t> sizes;             // commands in each order
  std::function<void(Report&)> spoil{};  // on the way back
  std::function<void(const Order&, Report&)> look{};

 private:
  se::SimReader reader_;
  Relay relay_;
};

}  // namespace cw::engine
