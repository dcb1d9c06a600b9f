#include "base/error.h"
#include "service/operator_command.h"

namespace cw::service {

namespace {

using From = Field::From;
using Is = Field::Is;

constexpr int64_t kPolicyBytes = 256 << 10;
constexpr int64_t kSettingsBytes = 4 << 10;
constexpr int64_t kAtOnce = 1000;  // rows of an answer
constexpr int64_t kSteps = 50;     // of them with the step, which is in a journal

Field version() { return {"version", From::path, Is::line, true, 200}; }
Field card() { return {"card", From::path, Is::line, true, 200}; }
Field run() { return {"run", From::path, Is::line, true, 64}; }
Field proposal() { return {"proposal", From::path, Is::line, true, 64}; }
Field consent() { return {"consent", From::path, Is::line, true, 64}; }
Field reason() { return {"reason", From::body}; }
Field origin() { return {"origin", From::body, Is::line, true}; }
Field text() { return {"text", From::body, Is::text, true, kPolicyBytes}; }
/// A PEM file of some certificates.
Field trust() { return {"trust", From::body, Is::text, true, 256 << 10}; }
Field asked(const char* name) { return {name, From::query, Is::line, false, 200}; }
Field count(const char* name, int64_t most) { return {name, From::query, Is::number, false, most}; }
/// Whose things it is about.
Field owner() { return {"owner", From::query, Is::line, false, 32}; }
Field named_owner() { return {"owner", From::path, Is::line, true, 32}; }
Field said(const char* name, bool required = false) { return {name, From::body, Is::line, required}; }

std::vector<Route> make_routes() {
  constexpr int64_t kEver = INT64_MAX;
  const Role viewer = Role::viewer;
  const Role operates = Role::operates;
  return {
      {Ask::index, "GET", "/v1", viewer, false, true, {}},
      {Ask::health, "GET", "/v1/health", viewer, false, true, {}},
      {Ask::overview, "GET", "/v1/overview", viewer, false, true, {owner()}},
      {Ask::policy_list, "GET", "/v1/policies", viewer, false, true, {owner()}},
      {Ask::policy_load, "POST", "/v1/policies", operates, true, true, {origin(), text(), owner()}},
      {Ask::policy_check, "POST", "/v1/policies/check", viewer, false, true, {origin(), text()}},
      {Ask::policy_diff,
       "POST",
       "/v1/policies/diff",
       viewer,
       false,
       true,
       {said("before", true), said("after", true), owner()}},
      {Ask::policy_explain,
       "POST",
       "/v1/policies/explain",
       viewer,
       false,
       true,
       {said("policy"),
        {"command", From::body, Is::line, true, 2048},
        said("flow"),
        said("level"),
        said("scp"),
        said("domain"),
        owner()}},
      {Ask::policy_rollback, "POST", "/v1/policies/rollback", operates, true, true, {reason(), owner()}},
      {Ask::policy_show, "GET", "/v1/policies/{version}", viewer, false, true, {version(), owner()}},
      {Ask::policy_use,
       "POST",
       "/v1/policies/{version}/use",
       operates,
       true,
       true,
       {version(), said("canary"), reason(), owner()}},
      {Ask::policy_discard, "POST", "/v1/policies/{version}/discard", operates, true, true, {version(), owner()}},
      {Ask::bundle_list, "GET", "/v1/bundles", viewer, false, true, {owner()}},
      {Ask::bundle_load,
       "POST",
       "/v1/bundles",
       operates,
       true,
       true,
       {{"origin", From::query, Is::line, true}, {"archive", From::whole, Is::bytes, true, kLargestBody}, owner()}},
      {Ask::bundle_diff,
       "POST",
       "/v1/bundles/diff",
       viewer,
       false,
       true,
       {said("before", true), said("after", true), owner()}},
      {Ask::bundle_rollback, "POST", "/v1/bundles/rollback", operates, true, true, {reason(), owner()}},
      {Ask::bundle_show, "GET", "/v1/bundles/{version}", viewer, false, true, {version(), asked("file"), owner()}},
      {Ask::bundle_verify, "POST", "/v1/bundles/{version}/verify", viewer, false, true, {version(), trust(), owner()}},
      {Ask::bundle_use,
       "POST",
       "/v1/bundles/{version}/use",
       operates,
       true,
       true,
       {version(), said("canary"), reason(), owner()}},
      {Ask::bundle_discard, "POST", "/v1/bundles/{version}/discard", operates, true, true, {version(), owner()}},
      {Ask::proposal_list, "GET", "/v1/proposals", viewer, false, true, {owner()}},
      {Ask::proposal_approve,
       "POST",
       "/v1/proposals/{proposal}/approve",
       Role::approver,
       true,
       true,
       {proposal(), owner()}},
      {Ask::proposal_reject, "POST", "/v1/proposals/{proposal}/reject", operates, true, true, {proposal(), owner()}},
      {Ask::owner_list, "GET", "/v1/owners", viewer, false, false, {}},
      {Ask::owner_add, "POST", "/v1/owners", operates, true, false, {said("name", true)}},
      {Ask::owner_register,
       "POST",
       "/v1/owners/register",
       operates,
       true,
       false,
       {said("name", true), said("organisation"), said("contact"), said("remarks"), said("again")}},
      {Ask::owner_show, "GET", "/v1/owners/{owner}", viewer, false, true, {named_owner()}},
      {Ask::owner_review,
       "POST",
       "/v1/owners/{owner}/review",
       operates,
       true,
       false,
       {named_owner(), said("outcome", true), reason()}},
      {Ask::owner_approve,
       "POST",
       "/v1/owners/{owner}/approve",
       Role::approver,
       true,
       false,
       {named_owner(), said("from"), said("until", true), reason()}},
      {Ask::owner_update,
       "POST",
       "/v1/owners/{owner}/update",
       operates,
       true,
       true,
       {named_owner(), said("organisation"), said("contact"), said("remarks")}},
      {Ask::owner_suspend,
       "POST",
       "/v1/owners/{owner}/suspend",
       operates,
       true,
       false,
       {named_owner(), said("reason", true)}},
      {Ask::owner_resume, "POST", "/v1/owners/{owner}/resume", operates, true, false, {named_owner(), reason()}},
      {Ask::owner_deregister,
       "POST",
       "/v1/owners/{owner}/deregister",
       operates,
       true,
       false,
       {named_owner(), said("to"), said("stop_runs"), reason()}},
      {Ask::consent_list, "GET", "/v1/consents", viewer, false, true, {owner()}},
      {Ask::consent_give, "POST", "/v1/consents/{consent}/give", operates, true, true, {consent(), reason(), owner()}},
      {Ask::consent_refuse,
       "POST",
       "/v1/consents/{consent}/refuse",
       operates,
       true,
       true,
       {consent(), reason(), owner()}},
      {Ask::card_list, "GET", "/v1/cards", viewer, false, true, {owner()}},
      {Ask::card_give, "POST", "/v1/cards/{card}/give", operates, true, false, {card(), said("owner", true)}},
      {Ask::card_take, "POST", "/v1/cards/{card}/take", operates, true, false, {card()}},
      {Ask::domain_list,
       "GET",
       "/v1/domains",
       viewer,
       false,
       true,
       {asked("card"), asked("aid"), asked("state"), owner()}},
      {Ask::certificate_list,
       "GET",
       "/v1/certificates",
       viewer,
       false,
       true,
       {owner(), asked("authority"), asked("subject"), asked("profile"), asked("state"), asked("card"), asked("domain"),
        count("ends_by", kEver)}},
      {Ask::certificate_show,
       "GET",
       "/v1/certificates/{serial}",
       viewer,
       false,
       true,
       {{"serial", From::path, Is::line, true, 64}, owner()}},
      {Ask::ticket_issue,
       "POST",
       "/v1/tickets",
       operates,
       true,
       true,
       {said("flow", true),
        {"settings", From::body, Is::text, false, kSettingsBytes},
        said("flavor"),
        said("card"),
        said("expires"),
        owner()}},
      {Ask::run_list,
       "GET",
       "/v1/runs",
       viewer,
       false,
       true,
       {asked("state"), asked("flow"), count("limit", kAtOnce), count("steps", kSteps), owner()}},
      {Ask::run_show, "GET", "/v1/runs/{run}", viewer, false, true, {run(), owner()}},
      {Ask::run_stop, "POST", "/v1/runs/{run}/stop", operates, true, true, {run(), owner()}},
      {Ask::run_resume, "POST", "/v1/runs/{run}/resume", operates, true, true, {run(), owner()}},
      {Ask::budget_list, "GET", "/v1/budgets", viewer, false, true, {asked("card"), owner()}},
      {Ask::budget_reset,
       "POST",
       "/v1/budgets/{card}/reset",
       operates,
       true,
       false,
       {card(),
        {"domain", From::body, Is::line, false, 32},
        {"version", From::body, Is::line, false, 3},
        said("reason", true)}},
      {Ask::audit_list,
       "GET",
       "/v1/audit",
       viewer,
       false,
       true,
       {count("from", kEver), count("limit", kAtOnce), owner()}},
      {Ask::audit_verify, "GET", "/v1/audit/state", viewer, false, false, {}},
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
