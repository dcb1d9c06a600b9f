#include "issuer/admin.h"

#include <unistd.h>

#include "base/hex.h"
#include "base/log.h"
#include "json_private.h"

namespace cw::issuer {

namespace {

using nlohmann::json;

std::string text_of(const json& message, const char* name) {
  const auto found = message.find(name);
  if (found == message.end() || !found->is_string() || found->get_ref<const std::string&>().empty()) {
    throw Error(ErrorKind::usage, std::string(name) + " is missing");
  }
  std::string out = found->get<std::string>();
  for (char& c : out) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return out;
}

}  // namespace

std::string Admin::state() const {
  json out = {{"tasks", json::array()},
              {"ssds", json::array()},
              {"pushes", json::array()},
              {"mismatches", json::array()},
              {"receipts", json::array()}};
  desk_.look([&](const State& state) {
    for (const auto& each : state.tasks) {
      const Task& task = each.second;
      out["tasks"].push_back({{"taskId", task.id},
                              {"tenantId", task.tenant},
                              {"seId", task.se_id},
                              {"sdAid", to_hex(task.sd_aid)},
                              {"optType", to_text(task.operation)},
                              {"rounds", task.rounds},
                              {"closed", task.closed}});
    }
    for (const Domain& one : state.domains) {
      out["ssds"].push_back({{"seId", one.se_id},
                             {"sdAid", to_hex(one.aid)},
                             {"tenantId", one.tenant},
                             {"privileges", to_hex(one.privileges)},
                             {"scpConfig", one.scp.text()},
                             {"keyVersion", to_hex(one.key_version)},
                             {"installed", one.installed},
                             {"keyed", one.keyed},
                             {"locked", one.locked},
                             {"confirmed", one.confirmed}});
    }
    for (const Push& one : state.pushes) {
      out["pushes"].push_back({{"kind", one.kind == PushKind::keys ? "keys" : "status"},
                               {"tenantId", one.tenant},
                               {"seId", one.se_id},
                               {"sdAid", to_hex(one.aid)},
                               {"status", one.status},
                               {"tries", one.tries},
                               {"lastError", one.last_error}});
    }
    for (const Mismatch& one : state.mismatches) {
      out["mismatches"].push_back({{"seId", one.se_id},
                                   {"aid", to_hex(one.aid)},
                                   {"keyVersion", to_hex(one.key_version)},
                                   {"tenantId", one.tenant}});
    }
    for (const KeptReceipt& one : state.receipts) {
      out["receipts"].push_back({{"seId", one.se_id},
                                 {"tenantId", one.tenant},
                                 {"counter", one.counter},
                                 {"rawData", to_hex(one.data)},
                                 {"response", to_hex(one.answer)}});
    }
  });
  return out.dump();
}

std::string Admin::answer(const net::ServerRequest& request) {
  if (request.method == "GET" && request.target == "/admin/v1/state") return state();
  if (request.method != "POST") throw Error(ErrorKind::usage, "there is no such path");
  if (request.target == "/admin/v1/faults") {
    faults_.plan(parse_faults(request.body));
    return "{}";
  }
  const json message = read_json(request.body, false);
  if (request.target == "/admin/v1/status") {
    const std::string status = text_of(message, "status");
    if (status != "DELETED" && status != "RESETED") {
      throw Error(ErrorKind::usage, "status is " + shown(status) + "; the table has DELETED and RESETED");
    }
    desk_.push_status(text_of(message, "seId"), from_hex(text_of(message, "sdAid")), status);
    return "{}";
  }
  if (request.target == "/admin/v1/allow") {
    return json{{"allowed", desk_.allow_again(text_of(message, "seId"))}}.dump();
  }
  throw Error(ErrorKind::usage, "there is no such path");
}

void Admin::handle(net::ServerRequest request, net::Reply reply) {
  const net::Headers headers = {{"Content-Type", "application/json"}};
  const auto& user = request.peer.user;
  if (!user || (user->uid != ::geteuid() && user->uid != 0)) {
    return reply.send({403, headers, R"({"error":"only the user that it runs as may ask here"})"});
  }
  try {
    const std::string body = answer(request);
    reply.send({200, headers, body});
  } catch (const Error& error) {
    reply.send({400, headers, json{{"error", error.message()}}.dump(-1, ' ', false, json::error_handler_t::replace)});
  }
}

}  // namespace cw::issuer
