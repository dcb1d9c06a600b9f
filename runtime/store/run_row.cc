#include <array>

#include "base/error.h"
#include "clock_private.h"
#include "crypto/digest.h"
#include "files_private.h"
#include "run_row_private.h"

namespace cw::store {

namespace {

constexpr std::string_view kLetters = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr std::array<std::pair<RunState, std::string_view>, 6> kStates = {{{RunState::running, "running"},
                                                                           {RunState::waiting, "waiting"},
                                                                           {RunState::stuck, "stuck"},
                                                                           {RunState::done, "done"},
                                                                           {RunState::failed, "failed"},
                                                                           {RunState::stopped, "stopped"}}};

}  // namespace

std::string_view name_of(RunState state) {
  for (const auto& [known, name] : kStates) {
    if (known == state) return name;
  }
  throw Error(ErrorKind::internal, "a state of a run without a name");
}

std::optional<RunState> run_state_named(std::string_view wanted) {
  for (const auto& [state, name] : kStates) {
    if (name == wanted) return state;
  }
  return {};
}

const char* const kRunColumns =
    "id, state, flow, card, card_id, flavor, bundle, policy, policy_hash, node, created, changed, wake, attempts, "
    "frames, error, stop_asked, holder, owner, owner_policy, owner_policy_hash";

RunRow run_row(const Row& row) {
  RunRow out;
  out.id = text(row.at(0));
  const std::optional<RunState> state = run_state_named(text(row.at(1)));
  if (!state) {
    throw Error(ErrorKind::store, "run " + out.id + " is in a state that is none: its row was changed from outside", {},
                "corrupt");
  }
  out.state = *state;
  out.flow = text(row.at(2));
  out.card = text(row.at(3));
  out.card_id = text(row.at(4));
  out.flavor = text(row.at(5));
  out.bundle = text(row.at(6));
  out.policy = text(row.at(7));
  out.policy_hash = text(row.at(8));
  out.node = text(row.at(9));
  out.created = number(row.at(10));
  out.changed = number(row.at(11));
  out.wake = number(row.at(12));
  out.attempts = number(row.at(13));
  out.frames = number(row.at(14));
  out.error = text(row.at(15));
  out.stop_asked = number(row.at(16)) != 0;
  out.held = !text(row.at(17)).empty();
  out.owner = text(row.at(18));
  out.owner_policy = text(row.at(19));
  out.owner_policy_hash = text(row.at(20));
  return out;
}

std::vector<Statement> insert_run(const RunRow& row, const std::string& holder, int64_t lease_ms, ByteView key,
                                  const std::vector<Bytes>& frames) {
  std::vector<Statement> out;
  out.push_back(
      {"INSERT INTO runs (id, state, flow, card, card_id, flavor, bundle, policy, policy_hash, node, created, changed, "
       "wake, attempts, frames, error, stop_asked, key, holder, fence, beat, lease_ms, owner, owner_policy, "
       "owner_policy_hash) "
       "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, 0, $17, $18, 1, 0, $19, $20, "
       "$21, $22) "
       "ON CONFLICT DO NOTHING",
       {row.id,
        std::string(name_of(row.state)),
        row.flow,
        row.card,
        row.card_id,
        row.flavor,
        row.bundle,
        row.policy,
        row.policy_hash,
        row.node,
        row.created,
        row.changed,
        row.wake,
        row.attempts,
        static_cast<int64_t>(frames.size()),
        row.error,
        to_bytes(key),
        holder,
        lease_ms,
        row.owner,
        row.owner_policy,
        row.owner_policy_hash}});
  for (size_t i = 0; i < frames.size(); ++i) {
    out.push_back({"INSERT INTO frames (run, number, fence, content) VALUES ($1, $2, 1, $3) ON CONFLICT DO NOTHING",
                   {row.id, static_cast<int64_t>(i), frames[i]}});
  }
  for (const std::string& file : row.files) {
    out.push_back(
        {"INSERT INTO run_files (run, sha256) VALUES ($1, $2) ON CONFLICT DO NOTHING", {row.id, one_spelling(file)}});
  }
  return out;
}

std::string new_run_id() {
  std::string id(20, '0');
  int64_t time = time_of_day();
  for (size_t i = 10; i > 0; --i, time >>= 5) id[i - 1] = kLetters[static_cast<size_t>(time & 31)];
  const Bytes random = crypto::random_bytes(10);
  for (size_t i = 0; i < 10; ++i) id[10 + i] = kLetters[random[i] & 31];
  return id;
}

bool is_run_id(const std::string& text) { return text.find_first_not_of(kLetters) == std::string::npos; }

}  // namespace cw::store
