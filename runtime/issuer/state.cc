#include "issuer/state.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/files.h"
#include "base/hex.h"
#include "json_private.h"

namespace cw::issuer {

namespace {

using nlohmann::json;

constexpr int kFormat = 1;
constexpr std::string_view kOperations[] = {"CREATE_SSD", "LOCK_SSD", "UNLOCK_SSD", "DELETE_SSD"};

Bytes bytes_at(const json& from, const char* name) { return from_hex(from.at(name).get<std::string>()); }

json to_json(const Opening& it) {
  json out = {{"with_domain_keys", it.with_domain_keys},
              {"aid", to_hex(it.aid)},
              {"host_challenge", to_hex(it.host_challenge)},
              {"answer", to_hex(it.answer)}};
  if (it.mark) {
    out["mark"] = {{"chaining", to_hex(it.mark->chaining)},
                   {"counter", it.mark->counter},
                   {"response_chaining", to_hex(it.mark->response_chaining)}};
  }
  return out;
}

Opening opening_of(const json& from) {
  Opening out{from.at("with_domain_keys"),
              bytes_at(from, "aid"),
              bytes_at(from, "host_challenge"),
              bytes_at(from, "answer"),
              {}};
  if (from.contains("mark")) {
    const json& mark = from.at("mark");
    out.mark = gp::Channel::Mark{bytes_at(mark, "chaining"), mark.at("counter"), bytes_at(mark, "response_chaining")};
  }
  return out;
}

json to_json(const Task& it) {
  json ordered = json::array();
  for (const Ordered& one : it.ordered) {
    ordered.push_back({{"purpose", static_cast<int>(one.purpose)}, {"plain", to_hex(one.plain)}});
  }
  return {{"id", it.id},
          {"tenant", it.tenant},
          {"se_id", it.se_id},
          {"operation", to_text(it.operation)},
          {"sd_aid", to_hex(it.sd_aid)},
          {"privileges", to_hex(it.privileges)},
          {"scp", it.scp ? it.scp->text() : ""},
          {"expires", it.expires},
          {"closed", it.closed},
          {"done", it.done},
          {"rounds", it.rounds},
          {"install_tried", it.install_tried},
          {"opening", to_json(it.opening)},
          {"ordered", ordered},
          {"apdus", it.apdus},
          {"last_answers", it.last_answers},
          {"listing", to_hex(it.listing)}};
}

Task task_of(const json& from) {
  Task out;
  out.id = from.at("id");
  out.tenant = from.at("tenant");
  out.se_id = from.at("se_id");
  const std::string operation = from.at("operation");
  const auto* const found = std::find(std::begin(kOperations), std::end(kOperations), operation);
  if (found == std::end(kOperations)) throw Error(ErrorKind::usage, "a task has an operation that is not known");
  out.operation = static_cast<Operation>(found - std::begin(kOperations));
  out.sd_aid = bytes_at(from, "sd_aid");
  out.privileges = bytes_at(from, "privileges");
  out.scp = ScpConfig::parse(from.at("scp").get<std::string>());
  out.expires = from.at("expires");
  out.closed = from.at("closed");
  out.done = from.at("done");
  out.rounds = from.at("rounds");
  out.install_tried = from.at("install_tried");
  out.opening = opening_of(from.at("opening"));
  for (const json& one : from.at("ordered")) {
    out.ordered.push_back({static_cast<Purpose>(one.at("purpose").get<int>()), bytes_at(one, "plain")});
  }
  out.apdus = from.at("apdus").get<std::vector<std::string>>();
  out.last_answers = from.at("last_answers");
  out.listing = bytes_at(from, "listing");
  return out;
}

json to_json(const Domain& it) {
  return {{"se_id", it.se_id},         {"aid", to_hex(it.aid)},
          {"tenant", it.tenant},       {"privileges", to_hex(it.privileges)},
          {"scp", it.scp.text()},      {"key_version", it.key_version},
          {"installed", it.installed}, {"keyed", it.keyed},
          {"locked", it.locked},       {"confirmed", it.confirmed}};
}

Domain domain_of(const json& from) {
  const auto scp = ScpConfig::parse(from.at("scp").get<std::string>());
  return {from.at("se_id"),          bytes_at(from, "aid"),  from.at("tenant"),    bytes_at(from, "privileges"),
          scp.value_or(ScpConfig{}), from.at("key_version"), from.at("installed"), from.at("keyed"),
          from.at("locked"),         from.at("confirmed")};
}

json to_json(const Mismatch& it) {
  return {{"se_id", it.se_id},
          {"aid", to_hex(it.aid)},
          {"key_version", it.key_version},
          {"when", it.when},
          {"tenant", it.tenant}};
}

json to_json(const Push& it) {
  return {{"id", it.id},
          {"kind", it.kind == PushKind::keys ? "keys" : "status"},
          {"tenant", it.tenant},
          {"se_id", it.se_id},
          {"aid", to_hex(it.aid)},
          {"status", it.status},
          {"tries", it.tries},
          {"next", it.next},
          {"last_error", it.last_error}};
}

Push push_of(const json& from) {
  return {from.at("id"),         from.at("kind") == "keys" ? PushKind::keys : PushKind::status,
          from.at("tenant"),     from.at("se_id"),
          bytes_at(from, "aid"), from.at("status"),
          from.at("tries"),      from.at("next"),
          from.at("last_error")};
}

json to_json(const KeptReceipt& it) {
  return {{"se_id", it.se_id},       {"tenant", it.tenant},         {"counter", it.counter},
          {"data", to_hex(it.data)}, {"answer", to_hex(it.answer)}, {"when", it.when}};
}

State state_of(const json& from) {
  if (from.at("format") != kFormat) throw Error(ErrorKind::usage, "it is of another version of cardwright");
  State out;
  for (const json& one : from.at("tasks")) {
    Task task = task_of(one);
    const std::string id = task.id;
    out.tasks.emplace(id, std::move(task));
  }
  for (const json& one : from.at("domains")) out.domains.push_back(domain_of(one));
  for (const json& one : from.at("mismatches")) {
    out.mismatches.push_back(
        {one.at("se_id"), bytes_at(one, "aid"), one.at("key_version"), one.at("when"), one.at("tenant")});
  }
  for (const json& one : from.at("pushes")) out.pushes.push_back(push_of(one));
  for (const json& one : from.at("receipts")) {
    out.receipts.push_back({one.at("se_id"), one.at("tenant"), one.at("counter"), bytes_at(one, "data"),
                            bytes_at(one, "answer"), one.at("when")});
  }
  return out;
}

template <class All>
json list_of(const All& all) {
  json out = json::array();
  for (const auto& one : all) out.push_back(to_json(one));
  return out;
}

}  // namespace

std::string_view to_text(Operation operation) { return kOperations[static_cast<size_t>(operation)]; }

Domain* State::domain(std::string_view se_id, ByteView aid) {
  const auto found = std::find_if(domains.begin(), domains.end(),
                                  [&](const Domain& one) { return one.se_id == se_id && equal(one.aid, aid); });
  return found == domains.end() ? nullptr : &*found;
}

const Mismatch* State::mismatch(std::string_view se_id, ByteView aid, uint8_t key_version) const {
  const auto found = std::find_if(mismatches.begin(), mismatches.end(), [&](const Mismatch& one) {
    return one.se_id == se_id && equal(one.aid, aid) && one.key_version == key_version;
  });
  return found == mismatches.end() ? nullptr : &*found;
}

State StateFile::load() const {
  if (!std::filesystem::exists(file_)) return {};
  try {
    return state_of(json::parse(text_view(read_file(file_))));
  } catch (const json::exception&) {
    throw Error(ErrorKind::usage, "reading the state " + file_.string() +
                                      ": it is no state of a SEI-TSM, or was changed; name another file, or bring back "
                                      "the one that was");
  } catch (const Error& error) {
    throw error.within("reading the state " + file_.string());
  }
}

void StateFile::save(const State& state) const {
  json tasks = json::array();
  for (const auto& each : state.tasks) tasks.push_back(to_json(each.second));
  const json out = {{"format", kFormat},
                    {"tasks", tasks},
                    {"domains", list_of(state.domains)},
                    {"mismatches", list_of(state.mismatches)},
                    {"pushes", list_of(state.pushes)},
                    {"receipts", list_of(state.receipts)}};
  write_file_atomically(file_, view(out.dump(1) + "\n"), true);
}

}  // namespace cw::issuer
