#include "journal/order_text.h"

#include <nlohmann/json.hpp>

#include "base/hex.h"

namespace cw::journal {

namespace {

using nlohmann::json;

Bytes bytes_of(const json& object, const char* name) {
  return object.contains(name) ? from_hex(object.at(name).get<std::string>()) : Bytes();
}

json to_json(const engine::SessionStand& stand) {
  json out = {{"channels", stand.channels}, {"next", stand.next}};
  json selected = json::array();
  for (const auto& [channel, aid] : stand.selected.selected()) selected.push_back({channel, to_hex(aid)});
  if (!selected.empty()) out["selected"] = selected;
  if (!stand.selected.unknown().empty()) out["unknown"] = stand.selected.unknown();
  if (!stand.by_itself.empty()) out["by_itself"] = to_hex(stand.by_itself);
  if (stand.owes_identity) out["owes_identity"] = true;
  if (stand.authenticates) out["authenticates"] = *stand.authenticates;
  if (stand.relayed) out["relayed"] = *stand.relayed;
  if (stand.unfinished > 0) out["unfinished"] = stand.unfinished;
  if (!stand.loads.empty()) out["loads"] = stand.loads;
  if (stand.attempt) {
    const engine::AttemptBudget::Stand& attempt = *stand.attempt;
    out["attempt"] = {{"charge", attempt.charge},
                      {"domain", to_hex(attempt.target.domain)},
                      {"asked", attempt.target.version},
                      {"holder", attempt.holder},
                      {"version", attempt.version}};
  }
  return out;
}

}  // namespace

json to_json(const engine::OrderMade& order, ByteView mac, const std::vector<std::string>& charges) {
  json out = {{"order", to_hex(mac)}, {"items", order.items}};
  if (!order.host_challenge.empty()) out["host_challenge"] = to_hex(order.host_challenge);
  if (!charges.empty()) out["charges"] = charges;
  if (order.stand != nullptr) out["stand"] = to_json(*order.stand);
  return out;
}

json to_json(const engine::Report& report) {
  json answers = json::array();
  for (const card::Response& answer : report.answers) answers.push_back({to_hex(answer.data), answer.sw});
  json out = {{"report", answers}};
  if (report.again) out["again"] = true;
  return out;
}

OrderLine order_of(const json& object) {
  OrderLine out;
  out.mac = bytes_of(object, "order");
  out.past.items = object.at("items");
  out.past.host_challenge = bytes_of(object, "host_challenge");
  if (object.contains("charges")) out.charges = object.at("charges").get<std::vector<std::string>>();
  return out;
}

engine::SessionStand stand_of(const json& object) {
  const json& in = object.at("stand");
  engine::SessionStand out;
  out.channels = in.at("channels").get<std::vector<host::ChannelId>>();
  out.next = in.at("next");
  std::map<uint8_t, Bytes> selected;
  std::set<uint8_t> unknown;
  if (in.contains("selected")) {
    for (const json& each : in.at("selected")) {
      selected[each.at(0).get<uint8_t>()] = from_hex(each.at(1).get<std::string>());
    }
  }
  if (in.contains("unknown")) unknown = in.at("unknown").get<std::set<uint8_t>>();
  out.selected = engine::Selection(std::move(selected), std::move(unknown));
  out.by_itself = bytes_of(in, "by_itself");
  out.owes_identity = in.contains("owes_identity");
  if (in.contains("authenticates")) out.authenticates = in.at("authenticates").get<host::ChannelId>();
  if (in.contains("relayed")) out.relayed = in.at("relayed").get<uint8_t>();
  if (in.contains("unfinished")) out.unfinished = in.at("unfinished");
  if (in.contains("loads")) out.loads = in.at("loads").get<std::vector<std::string>>();
  if (in.contains("attempt")) {
    const json& attempt = in.at("attempt");
    out.attempt = engine::AttemptBudget::Stand{attempt.at("charge"),
                                               {bytes_of(attempt, "domain"), attempt.at("asked")},
                                               attempt.at("holder"),
                                               attempt.at("version")};
  }
  return out;
}

engine::Report report_of(const json& object) {
  engine::Report out;
  for (const json& answer : object.at("report")) {
    out.answers.push_back({from_hex(answer.at(0).get<std::string>()), answer.at(1).get<uint16_t>()});
  }
  out.again = object.contains("again");
  return out;
}

}  // namespace cw::journal
