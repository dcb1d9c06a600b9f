#include "engine/content_budget.h"

#include <algorithm>

#include "engine/selection.h"

namespace cw::engine {

namespace {

constexpr uint8_t kForLoad = 0x02, kForInstall = 0x04, kForMakeSelectable = 0x08;  // P1 of INSTALL (GPCS 11.5.2.1)

bool loads(const host::Command& command) { return command.ins == 0xE6 && (command.p1 & kForLoad) != 0; }
bool installs(const host::Command& command) {
  return command.ins == 0xE6 && (command.p1 & (kForInstall | kForMakeSelectable)) != 0;
}

}  // namespace

void ContentBudget::before(const host::Command& command, bool first) {
  if (!loads(command) && !installs(command)) return;
  if (first) give_up();
  open_.push_back({ledger_.charge(Charge::content, {{card_, {}, "", 0}}, limits_), loads(command)});
}

std::vector<std::string> ContentBudget::stand() const {
  std::vector<std::string> out;
  for (const Open& open : open_) out.push_back(open.charge);
  return out;
}

void ContentBudget::take_up(const std::vector<std::string>& loads) {
  open_.clear();
  for (const std::string& charge : loads) open_.push_back({charge, true, true});
}

bool ContentBudget::has_room_for(const host::Command& command) const {
  if (open_.empty() || !(loads(command) || installs(command))) return true;
  const Spent spent = ledger_.spent(Charge::content, {card_, {}, "", 0});
  return spent.refused + spent.lost < std::min(limits_.refused, limits_.lost);
}

void ContentBudget::after(const host::Command& command, const host::Answer& answer) {
  if (open_.empty()) return;
  Open& now = open_.front();
  const bool load = now.loads && command.ins == 0xE8;
  if (!(load || loads(command) || installs(command))) return;
  now.begun = true;
  if (stops_a_plan(answer.sw)) return settle_first(ChargeOutcome::refused);
  if (!now.loads || (load && (command.p1 & 0x80) != 0)) settle_first(ChargeOutcome::refunded);
}

void ContentBudget::not_sent() {
  while (!open_.empty() && !open_.back().begun) {
    const std::string charge = open_.back().charge;
    open_.pop_back();
    ledger_.settle(charge, ChargeOutcome::refunded, {}, false);
  }
}

void ContentBudget::give_up() {
  while (!open_.empty()) settle_first(ChargeOutcome::lost);
}

void ContentBudget::settle_first(ChargeOutcome outcome) {
  const std::string charge = open_.front().charge;
  open_.pop_front();
  ledger_.settle(charge, outcome, {{card_, {}, "", 0}}, outcome == ChargeOutcome::refunded);
}

}  // namespace cw::engine
