#include "store/run_counts.h"

namespace cw::store {

std::vector<std::pair<RunState, int64_t>> run_counts(Database& db, const std::optional<std::string>& owner) {
  std::vector<std::pair<RunState, int64_t>> out;
  const std::string sql = "SELECT state, COUNT(*) FROM runs";
  const Statement statement =
      owner ? Statement{sql + " WHERE owner = $1 GROUP BY state", {*owner}} : Statement{sql + " GROUP BY state", {}};
  for (int i = 0; i <= static_cast<int>(RunState::stopped); ++i) out.emplace_back(static_cast<RunState>(i), 0);
  for (const Row& row : db.run(statement).rows) {
    for (auto& [state, count] : out) {
      if (name_of(state) == text(row.at(0))) count = number(row.at(1));
    }
  }
  return out;
}

}  // namespace cw::store
