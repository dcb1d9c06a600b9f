// Another policy over a run that has been: what it would have said to each thing that the run asked, in order. After
// the first no, the run would have gone another way, so what comes after it was not reached.
//
// Owner: one replay. One thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/card_state.h"
#include "engine/gate.h"
#include "engine/run.h"

namespace cw::journal {

struct Verdict {
  enum class Is { allowed, denied, unreachable };
  unsigned attempt = 0;
  std::string request{};  // as recordings have it
  Is is = Is::allowed;
  std::string because{};                         // denied
  bool was_refused = false;                      // by the run's own policy
  std::string command{};                         // name of a command; empty: it is something else that is asked for
  std::vector<engine::Considered> considered{};  // of a command: rule by rule

  /// Whether the two policies say different things to it.
  bool is_changed() const { return is != Is::unreachable && (is == Is::denied) != was_refused; }
};

class Shadow {
 public:
  /// As the run was, but for `policy`.
  Shadow(std::shared_ptr<const engine::Policy> policy, const engine::Flow& flow, const engine::RunSetup& run);

  /// For RunSetup::around; this outlives the run.
  std::unique_ptr<engine::RunOutside> around(std::unique_ptr<engine::RunOutside> inner);

  const std::vector<Verdict>& verdicts() const { return verdicts_; }

 private:
  friend class ShadowedOutside;
  void judge(const host::Request& request, const engine::CardState& card);
  /// One that the run's own policy refused.
  void judge_refused(const host::Request& request, const engine::CardState& card);
  /// `was_refused`: by the run's own policy.
  void judge(const host::WrappedKeys& keys, bool was_refused);
  void judge_opened(const host::OpenChannel& asked, const host::ChannelOpened& opened);
  Verdict& add(std::string request, const std::optional<Error>& refused);

  std::shared_ptr<const engine::Policy> policy_;
  engine::Gate gate_;
  std::vector<Verdict> verdicts_{};
  unsigned attempt_ = 0;
  bool denied_ = false;
};

}  // namespace cw::journal
