// What an operator may ask for, and how that looks as an HTTP request: a pure function from method, target and body to
// a command, and back. One table of routes is the whole of it: paths, roles, fields and their limits.
//
// Plain values; safe from any thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace cw::service {

/// Each may do what those before it may.
enum class Role : uint8_t { viewer, operates, approver };
std::string_view name_of(Role role);  // viewer, operator, approver

enum class Ask : uint8_t {
  index,
  health,
  overview,
  policy_list,
  policy_show,
  policy_check,
  policy_load,
  policy_diff,
  policy_explain,
  policy_use,
  policy_rollback,
  policy_discard,
  bundle_list,
  bundle_show,
  bundle_load,
  bundle_diff,
  bundle_verify,
  bundle_use,
  bundle_rollback,
  bundle_discard,
  proposal_list,
  proposal_approve,
  proposal_reject,
  owner_list,
  owner_add,
  owner_show,
  owner_register,
  owner_review,
  owner_approve,
  owner_update,
  owner_suspend,
  owner_resume,
  owner_deregister,
  consent_list,
  consent_give,
  consent_refuse,
  card_list,
  card_give,
  card_take,
  domain_list,
  ticket_issue,
  run_list,
  run_show,
  run_stop,
  run_resume,
  budget_list,
  budget_reset,
  audit_list,
  audit_verify,
  certificate_list,
  certificate_show,
};

/// What a route takes: from its path, its query, its body as JSON, or the whole body as it came.
struct Field {
  enum class From : uint8_t { path, query, body, whole };
  enum class Is : uint8_t { line, text, number, bytes };  // a line has no control characters
  const char* name;
  From from;
  Is is = Is::line;
  bool required = false;
  int64_t most = 1000;  // bytes, or the number itself
};

struct Route {
  Ask ask;
  const char* method;
  const char* path;  // "/v1/policies/{version}/use"
  Role role;
  bool changes;  // what the audit keeps
  bool owners;   // open to an owner, who sees and changes what is theirs alone; else to the operator
  std::vector<Field> fields;
};
const std::vector<Route>& routes();
const Route& route_of(Ask ask);
/// What the body of such a request must say that it is.
std::string_view content_type_of(const Route& route);

/// The largest body that any route takes.
inline constexpr int64_t kLargestBody = 4 << 20;

struct OperatorCommand {
  Ask ask = Ask::index;
  std::map<std::string, std::string> words{};
  std::map<std::string, int64_t> numbers{};
  bool of_owner = false;  // an owner asks, and not the operator for one: "owner" in `words` is whom the door knows

  /// Whose things it is about; empty: the operator's own, or everybody's.
  std::string owner() const { return word("owner"); }
  /// Empty if it was not given.
  std::string word(const std::string& name) const;
  int64_t number(const std::string& name, int64_t otherwise) const;
  bool operator==(const OperatorCommand&) const = default;
};

/// Why a request is none: the status of its answer, and a line for people. Its kind is usage.
struct Refused {
  int status = 400;
  std::string why{};
  std::string allow{};  // of 405: the methods that there are
};

using ParsedRequest = std::variant<OperatorCommand, Refused>;
ParsedRequest parse_request(std::string_view method, std::string_view target, std::string_view body);

struct RequestText {
  std::string method{};
  std::string target{};
  std::string body{};
  std::string type{};  // of the body; empty: there is none
};
/// A request that parse_request() makes the same command of. Raises usage: a text that JSON cannot hold, bytes that are
/// too many.
RequestText request_of(const OperatorCommand& command);

}  // namespace cw::service
