#include "base/error.h"
#include "service/operator_command.h"

namespace cw::service {

namespace {

using From = Field::From;
using Is = Field::Is;

constexpr int64_t kPolicyBytes = 256 << 10;
constexpr int64_t kAtOnce = 1000;  // rows of an answer
constexpr int64_t kSteps = 50;     // of them with the step, which is in a journal

Field version() { return {"version", From::path, Is::line, true, 200}; }
Field run() { return {"run", From::path, Is::line, true, 64}; }
Field proposal() { return {"proposal", From::path, Is::line, true, 64}; }
Field reason() { return {"reason", From::body}; }
Field origin() { return {"origin", From::body, Is::line, true}; }
Field text() { return {"text", From::body, Is::text, true, kPolicyBytes}; }
/// A PEM file of some certificates.
Field trust() { return {"trust", From::body, Is::text, true, 256 << 10}; }
Field asked(const char* name) { return {name, From::query, Is::line, false, 200}; }
Field count(const char* name, int64_t most) { return {name, From::query, Is::number, false, most}; }
Field said(const char* name, bool required = false) { return {name, From::body, Is::line, required}; }

std::vector<Route> make_routes() {
  constexpr int64_t kEver = INT64_MAX;
  const Role viewer = Role::viewer;
  const Role operates = Role::operates;
  return {
      {Ask::index, "GET", "/v1", viewer, false, {}},
      {Ask::health, "GET", "/v1/health", viewer, false, {}},
      {Ask::overview, "GET", "/v1/overview", viewer, false, {}},
      {Ask::policy_list, "GET", "/v1/policies", viewer, false, {}},
      {Ask::policy_load, "POST", "/v1/policies", operates, true, {origin(), text()}},
      {Ask::policy_check, "POST", "/v1/policies/check", viewer, false, {origin(), text()}},
      {Ask::policy_diff, "POST", "/v1/policies/diff", viewer, false, {said("before", true), said("after", true)}},
      {Ask::policy_explain,
       "POST",
       "/v1/policies/explain",
       viewer,
       false,
       {said("policy"),
        {"command", From::body, Is::line, true, 2048},
        said("flow"),
        said("level"),
        said("scp"),
        said("domain")}},
      {Ask::policy_rollback, "POST", "/v1/policies/rollback", operates, true, {reason()}},
      {Ask::policy_show, "GET", "/v1/policies/{version}", viewer, false, {version()}},
      {Ask::policy_use, "POST", "/v1/policies/{version}/use", operates, true, {version(), said("canary"), reason()}},
      {Ask::policy_discard, "POST", "/v1/policies/{version}/discard", operates, true, {version()}},
      {Ask::bundle_list, "GET", "/v1/bundles", viewer, false, {}},
      {Ask::bundle_load,
       "POST",
       "/v1/bundles",
       operates,
       true,
       {{"origin", From::query, Is::line, true}, {"archive", From::whole, Is::bytes, true, kLargestBody}}},
      {Ask::bundle_diff, "POST", "/v1/bundles/diff", viewer, false, {said("before", true), said("after", true)}},
      {Ask::bundle_rollback, "POST", "/v1/bundles/rollback", operates, true, {reason()}},
      {Ask::bundle_show, "GET", "/v1/bundles/{version}", viewer, false, {version(), asked("file")}},
      {Ask::bundle_verify, "POST", "/v1/bundles/{version}/verify", viewer, false, {version(), trust()}},
      {Ask::bundle_use, "POST", "/v1/bundles/{version}/use", operates, true, {version(), said("canary"), reason()}},
      {Ask::bundle_discard, "POST", "/v1/bundles/{version}/discard", operates, true, {version()}},
      {Ask::proposal_list, "GET", "/v1/proposals", viewer, false, {}},
      {Ask::proposal_approve, "POST", "/v1/proposals/{proposal}/approve", Role::approver, true, {proposal()}},
      {Ask::proposal_reject, "POST", "/v1/proposals/{proposal}/reject", operates, true, {proposal()}},
      {Ask::run_list,
       "GET",
       "/v1/runs",
       viewer,
       false,
       {asked("state"), asked("flow"), count("limit", kAtOnce), count("steps", kSteps)}},
      {Ask::run_show, "GET", "/v1/runs/{run}", viewer, false, {run()}},
      {Ask::run_stop, "POST", "/v1/runs/{run}/stop", operates, true, {run()}},
      {Ask::budget_list, "GET", "/v1/budgets", viewer, false, {asked("card")}},
      {Ask::budget_reset,
       "POST",
       "/v1/budgets/{card}/reset",
       operates,
       true,
       {{"card", From::path, Is::line, true, 200},
        {"domain", From::body, Is::line, false, 32},
        {"version", From::body, Is::line, false, 3},
        said("reason", true)}},
      {Ask::audit_list, "GET", "/v1/audit", viewer, false, {count("from", kEver), count("limit", kAtOnce)}},
      {Ask::audit_verify, "GET", "/v1/audit/state", viewer, false, {}},
  };
}

}  // namespace

std::string_view name_of(Role role) {
  return role == Role::viewer ? "viewer" : role == Role::operates ? "operator" : "approver";
}

const std::vector<Route>& routes() {
  static const std::vector<Route> all = make_routes();
  return all;
}

const Route& route_of(Ask ask) {
  for (const Route& route : routes()) {
    if (route.ask == ask) return route;
  }
  throw Error(ErrorKind::internal, "an operator's command has no route");
}

}  // namespace cw::service
