#include "engine/content_budget.h"

#include "engine/selection.h"

namespace cw::engine {

namespace {

constexpr uint8_t kForLoad = 0x02, kForInstall = 0x04, kForMakeSelectable = 0x08;  // P1 of INSTALL (GPCS 11.5.2.1)

bool loads(const host::Command& command) { return command.ins == 0xE6 && (command.p1 & kForLoad) != 0; }
bool installs(const host::Command& command) {
  return command.ins == 0xE6 && (command.p1 & (kForInstall | kForMakeSelectable)) != 0;
}

}  // namespace

void ContentBudget::before(const host::Command& command) {
  if (!loads(command) && !installs(command)) return;
  give_up();  // a load that another one follows was not finished
  charge_ = ledger_.charge(Charge::content, {{card_, {}, "", 0}}, limits_);
  loading_ = loads(command);
}

bool ContentBudget::waits_for_answers(const host::Command& command) const {
  return charge_ && (loads(command) || installs(command));
}

void ContentBudget::after(const host::Command& command, const host::Answer& answer) {
  const bool load = loading_ && command.ins == 0xE8;
  if (!charge_ || !(load || loads(command) || installs(command))) return;
  if (stops_a_plan(answer.sw)) return settle(ChargeOutcome::refused);
  if (!loading_ || (load && (command.p1 & 0x80) != 0)) settle(ChargeOutcome::refunded);
}

void ContentBudget::give_up() {
  if (charge_) settle(ChargeOutcome::lost);
}

void ContentBudget::settle(ChargeOutcome outcome) {
  const std::string charge = *charge_;
  charge_.reset();
  ledger_.settle(charge, outcome, {{card_, {}, "", 0}}, outcome == ChargeOutcome::refunded);
}

}  // namespace cw::engine
