#include "engine/rebuilt_outside.h"

#include "engine/recording_text.h"

namespace cw::engine {

RebuiltOutside::RebuiltOutside(Setup setup)
    : past_(std::move(setup.past)),
      go_on_(std::move(setup.go_on)),
      replay_(past_.attempt, past_.attempt->runs.at(0)),
      recorded_({replay_, setup.gate, silent_, no_stage_}),
      serving_(&recorded_) {
  replay_.take(attempt_text(past_.attempts));
}

RunOutside& RebuiltOutside::now_serving() {
  if (!live_ && replay_.at_end() && !replay_.difference()) {
    live_ = go_on_(recorded_.card_state());
    serving_ = live_.get();
  }
  return *serving_;
}

void RebuiltOutside::submit(host::Request request) {
  rest_.reset();
  RunOutside& outside = now_serving();
  outside.submit(std::move(request));
  if (live_ || !replay_.at_end()) return;
  if (std::holds_alternative<host::Wait>(outside.request())) rest_ = host::Wait{past_.left};
}

const host::Request& RebuiltOutside::request() const { return rest_ ? *rest_ : serving_->request(); }

host::Reply RebuiltOutside::carry_out() { return serving_->carry_out(); }

}  // namespace cw::engine
