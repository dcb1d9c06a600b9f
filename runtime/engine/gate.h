// The gate: every command of a run passes here before anything is done with it, and no script can go around. It judges
// the plain command against the run's policy, and holds what no policy can loosen.
//
// Owner: one run, over all its attempts. One thread.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "engine/evidence.h"
#include "engine/flow.h"
#include "engine/policy.h"
#include "host/outside.h"

namespace cw::engine {

/// The secure channel that commands travel in, as the gate judges them by it.
struct ChannelFacts {
  uint8_t scp = 0;
  uint8_t level = 0;
  Bytes domain{};  // AID of the security domain that it is open to, as the card gave it; empty: the ISD
};

class Gate {
 public:
  /// `flow` is what the run executes; `keys` the key sets it declared ($arg already replaced). `isd_aid` empty: any of
  /// the known ones.
  Gate(std::shared_ptr<const Policy> policy, std::string flow, std::vector<std::string> keys,
       std::vector<std::string> backends, Bytes isd_aid);

  /// Each raises policy (the rule, why, what to do next) or budget, and then nothing is sent.
  /// `channel` empty: plain.
  void admit(const host::Exchange& request, const std::optional<ChannelFacts>& channel);
  void admit(const host::OpenChannel& request);
  void admit(const host::HttpCall& request);
  /// What a backend answered: only what it sent is relayed for it.
  void replied(const host::HttpCall& call, const host::HttpReply& reply);
  /// Keys under a KEK that the flow declared, from a backend whose last answer has them, and that may give such keys.
  void admit(const host::WrappedKeys& keys);
  /// A key set by name: only those that the flow declared, or had unwrapped.
  void admit_key(const std::string& name);
  /// Those whose keys are in the commands.
  void admit_keys(const host::Exchange& request);
  /// Whether `aid` may be that of this card's issuer security domain.
  bool is_isd(ByteView aid) const;
  /// Once a protocol is known, before EXTERNAL AUTHENTICATE.
  void admit_protocol(uint8_t scp, uint8_t level);

  /// What it said no to, if one of these raised policy or budget: the last time.
  const Refusal& refusal() const { return refusal_; }

  /// What the policy says to one of its commands, rule by rule. Nothing is counted, and what no policy can loosen is
  /// not asked.
  std::vector<Considered> consider(const host::Command& command, const std::optional<ChannelFacts>& channel) const;

  unsigned commands() const { return commands_; }
  /// When the run began, in milliseconds since 1970.
  void begun_at(int64_t time) { begun_ = time; }
  /// A process before admitted so many in this run.
  void count_before(unsigned commands) { commands_ = commands; }

 private:
  Circumstances circumstances(const std::optional<ChannelFacts>& channel) const;
  void admit(const host::Command& command, const Circumstances& around);
  void admit_relayed(const host::Exchange& request, const Circumstances& around);
  void admit_relayed(const host::Command& command, const Circumstances& around, const host::Exchange& request);
  void judge(const host::Command& command, const Facts& facts);
  bool is_declared(const std::string& backend) const;
  void admit_key_for_card(const std::string& name);
  void check_class(const host::Command& command, uint8_t logical_channel) const;
  void count();
  /// Raises policy.
  [[noreturn]] void refuse(const std::string& what, const Decision& decision, const Facts* facts = nullptr);
  /// Raises it, and remembers what was refused; `because`: where the error's text is no rule. `by`: the owner's policy
  /// that refused it; empty: the operator's.
  [[noreturn]] void refuse(const Error& error, const std::string& what, const std::string& because,
                           const Facts* facts = nullptr, const std::string& by = {});
  /// Of the policy that decided.
  const std::string& name_of(const Decision& decision) const;

  std::shared_ptr<const Policy> policy_;
  std::string flow_;
  std::vector<std::string> keys_;
  std::vector<std::string> backends_;
  std::vector<Bytes> isd_aids_;
  unsigned commands_ = 0;
  int64_t begun_ = 0;
  Refusal refusal_{};
  /// The last reply of a backend that may have commands relayed, or give keys; its hex digits in upper case.
  std::string told_{};
  std::string told_words_{};  // the same with its white space
  std::string told_by_{};
  std::string asked_{};  // what the request for it had in it
  unsigned unwraps_ = 0;
};

}  // namespace cw::engine
