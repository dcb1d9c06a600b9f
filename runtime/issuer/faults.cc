#include "issuer/faults.h"

#include <utility>

namespace cw::issuer {

namespace {

constexpr std::pair<std::string_view, FaultKind> kWords[] = {
    {"late", FaultKind::late},
    {"lost", FaultKind::lost},
    {"garbled", FaultKind::garbled},
    {"wrong_code", FaultKind::wrong_code},
    {"other_task", FaultKind::other_task},
    {"expired_task", FaultKind::expired_task},
    {"many_apdus", FaultKind::many_apdus},
    {"wrong_kcv", FaultKind::wrong_kcv},
    {"wrong_token", FaultKind::wrong_token},
};

}  // namespace

std::optional<FaultKind> fault_kind(std::string_view word) {
  for (const auto& [text, kind] : kWords) {
    if (text == word) return kind;
  }
  return {};
}

std::vector<std::string> fault_words() {
  std::vector<std::string> out;
  for (const auto& each : kWords) out.emplace_back(each.first);
  return out;
}

std::vector<std::string> fault_calls() { return {"ssd", "commands", "token", "receipts", "resend", "keys", "status"}; }

void Faults::plan(std::vector<Fault> planned) {
  const std::lock_guard lock(mutex_);
  planned_ = std::move(planned);
}

std::optional<Fault> Faults::take(FaultKind kind, std::string_view call) {
  const std::lock_guard lock(mutex_);
  for (Fault& fault : planned_) {
    if (fault.kind != kind || fault.count == 0 || (!fault.call.empty() && fault.call != call)) continue;
    if (fault.skip > 0) {
      --fault.skip;
      continue;
    }
    --fault.count;
    return fault;
  }
  return {};
}

}  // namespace cw::issuer
