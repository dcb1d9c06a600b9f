#include "store/run_counts.h"

namespace cw::store {

std::vector<std::pair<RunState, int64_t>> run_counts(Database& db) {
  std::vector<std::pair<RunState, int64_t>> out;
  for (int i = 0; i <= static_cast<int>(RunState::stopped); ++i) out.emplace_back(static_cast<RunState>(i), 0);
  for (const Row& row : db.run({"SELECT state, COUNT(*) FROM runs GROUP BY state", {}}).rows) {
    for (auto& [state, count] : out) {
      if (name_of(state) == text(row.at(0))) count = number(row.at(1));
    }
  }
  return out;
}

}  // namespace cw::store
