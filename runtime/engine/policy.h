// A policy: the operator's rules, one immutable version of them. Its Lua file is evaluated once, in a state of its own;
// what it returns is plain data (stdlib/cw/policy.lua documents it), compiled here. No Lua runs at the gate.
//
// Thread rule: immutable; share freely.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/facts.h"
#include "engine/owner_grant.h"
#include "engine/quota.h"
#include "engine/time_window.h"

namespace cw::engine {

class Bundle;

/// A predicate over the facts of one command. What it cannot see, it cannot tell: unknown.
enum class Truth : uint8_t { no, yes, unknown };

class Predicate {
 public:
  using Function = std::function<Truth(const Facts&)>;
  explicit Predicate(Function function) : function_(std::move(function)) {}
  Truth operator()(const Facts& facts) const { return function_(facts); }

 private:
  Function function_;
};

struct Rule {
  bool deny = true;
  std::vector<std::string> on{};  // command names, "INSTALL" for all of its kinds; empty: every command
  std::optional<Predicate> when{};
  std::string because{};
  std::string place{};  // "rules[2]"
};

struct Decision {
  bool allowed = true;
  std::string because{};  // for people: which rule, and why; empty: nothing forbids it
  std::string by{};       // the owner's policy that says so; empty: the policy that was asked itself
};

/// A rule that was asked about a command, and what it had to say.
struct Considered {
  enum class Is : uint8_t { other_command, does_not_apply, cannot_tell, applies };
  std::string place{};  // "rules[2]", or "otherwise"
  bool deny = true;
  Is is = Is::applies;
  std::string because{};  // as the policy says it
};

struct PolicyLimits {
  int64_t awake_s = 180;
  int64_t expires_s = 7 * 24 * 3600;
  int64_t instructions = 50'000'000;
  int64_t memory_mib = 16;
  int64_t commands = 4000;
  int64_t attempts = 5;
  int64_t auth_attempts = 2;
  int64_t auth_lost = 5;
  int64_t failed_loads = 5;
};

/// Whether a rule that says this is the one that decides.
inline bool decides(Considered::Is is) { return is == Considered::Is::applies || is == Considered::Is::cannot_tell; }

class Policy {
 public:
  /// Evaluates and compiles the file; runs its examples. Raises usage: no such file; script or policy, with file and
  /// place: what is wrong with it; an example that does not come out.
  static std::shared_ptr<const Policy> load(const std::filesystem::path& file, const Bundle& bundle);
  static std::shared_ptr<const Policy> parse(const std::string& name, const std::string& text, const Bundle& bundle);

  const std::string& name() const { return name_; }
  const std::string& hash() const { return hash_; }  // SHA-256 of the file, 64 hex digits
  /// The file, and the name that it was loaded by.
  const std::string& text() const { return text_; }
  const std::string& origin() const { return origin_; }
  const PolicyLimits& limits() const { return limits_; }
  /// For a run of this owner, whose policy comes under this one, which is the operator's: the run is allowed what both
  /// allow, and each limit is the lower one. Name, hash and text stay the operator's. Null: the owner has none. No
  /// owner (empty): the operator's own run.
  std::shared_ptr<const Policy> over(const std::shared_ptr<const Policy>& owners, const std::string& owner) const;
  /// Whose runs it is for.
  const std::string& owner() const { return owner_; }
  /// The owner's policy under it; null: none.
  const std::shared_ptr<const Policy>& under() const { return under_; }
  /// What it lets an owner have.
  const OwnerGrant& grant(const std::string& owner) const;
  /// Raises policy: it says what only an operator's can.
  void want_no_owners() const;

  /// What it says, defaults filled in: a line for each thing, the rules in their order. Two policies with the same
  /// lines decide the same.
  const std::vector<std::string>& lines() const { return lines_; }

  /// Whether a flow of this name may run.
  Decision judge_flow(const std::string& flow) const;
  /// Whether a run of it may begin now (milliseconds since 1970).
  Decision judge_begin(const std::string& flow, int64_t now) const;
  /// How many runs may begin. They are counted where runs are kept.
  const std::vector<Quota>& quotas() const { return quotas_; }
  /// Whether two persons have to agree to it: "policy use", "bundle rollback".
  bool wants_approval(const std::string& action) const { return approval_.contains(action); }
  /// Whether a channel of this protocol (0: not known yet) and level may be opened.
  Decision judge_channel(uint8_t scp, uint8_t level) const;
  /// Whether a command may be sent. The first rule that applies decides; one that cannot see what it asks about
  /// refuses; where none applies, `otherwise` decides.
  Decision judge(const Facts& facts) const;
  /// The same, rule by rule: the last one decided.
  std::vector<Considered> consider(const Facts& facts) const;
  /// Whether a backend may be called.
  Decision judge_http(const std::string& url) const;
  /// Whether a backend may have commands relayed that it wrapped: a command of this instruction ("PUT KEY"), or, with
  /// an empty one, any at all.
  Decision judge_relayed(const std::string& url, const std::string& instruction) const;
  /// Whether a backend may give us keys under this KEK, or, with an empty one, under any.
  Decision judge_keys(const std::string& url, const std::string& kek) const;

 private:
  friend class PolicyReader;
  Decision judge_own_begin(int64_t now) const;
  Decision judge_own(const Facts& facts) const;
  /// What the owner's policy says, where this one has nothing against it.
  template <typename Judge>
  Decision and_under(Decision own, const Judge& judge) const;
  static Considered::Is ask(const Rule& rule, const Facts& facts);
  std::string name_;
  std::string hash_;
  std::string text_;
  std::string origin_;
  PolicyLimits limits_;
  PolicyLimits own_limits_;                 // without those of the policy under it
  std::vector<std::string> flows_ = {"*"};  // patterns; empty list: none
  std::vector<TimeWindow> times_;           // when runs may begin; empty: always
  std::vector<Quota> quotas_;
  std::set<std::string> approval_;
  OwnerGrants owners_;
  std::shared_ptr<const Policy> under_{};
  std::string owner_;
  std::vector<uint8_t> scps_;  // empty: all
  uint8_t minimum_level_ = 0;
  struct Backend {
    std::vector<std::string> opaque{};  // instructions
    std::vector<std::string> keks{};    // names
  };
  std::map<std::string, Backend> backends_;  // by beginning of their URL
  std::vector<Rule> rules_;
  bool allow_otherwise_ = true;
  std::vector<std::string> lines_;
};

/// A security level by its name in scripts ("mac+enc"). Raises policy: unknown; `place` names what has it.
uint8_t level_by_name(const std::string& name, const std::string& place);

/// AIDs that issuer security domains are known to have: GPCS 2.3.1 H.2, and three of card makers. Taken where a card's
/// own is not known.
const std::vector<Bytes>& known_isd_aids();

}  // namespace cw::engine
