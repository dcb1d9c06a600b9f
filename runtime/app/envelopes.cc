#include "app/envelopes.h"

#include <algorithm>
#include <cstdlib>

#include "app/moment.h"
#include "app/operator_name.h"
#include "base/error.h"
#include "base/files.h"
#include "service/json_reader.h"

namespace cw::app {

namespace {

[[noreturn]] void fail(const std::filesystem::path& file, const std::string& what) {
  throw Error(ErrorKind::usage, "envelopes " + file.string() + ": " + what);
}

std::string text_of(const std::filesystem::path& file, const nlohmann::json& object, const char* name, bool required) {
  if (!object.contains(name)) {
    if (required) fail(file, std::string(name) + " is missing");
    return {};
  }
  if (!object.at(name).is_string()) fail(file, std::string(name) + " must be a string");
  return object.at(name).get<std::string>();
}

void want_known(const std::filesystem::path& file, const nlohmann::json& object, std::vector<std::string> known) {
  for (const auto& [name, value] : object.items()) {
    if (std::find(known.begin(), known.end(), name) == known.end()) fail(file, "unknown field '" + name + "'");
  }
}

/// What is in the file of a secret argument, if that is an envelope.
std::optional<Bytes> envelope_of(const engine::Flow& flow, const engine::Setting& setting) {
  const auto* from = std::get_if<engine::Setting::FromFile>(&setting.value);
  const bool secret = std::any_of(flow.args.begin(), flow.args.end(), [&](const engine::ArgumentSpec& spec) {
    return spec.name == setting.name && spec.type == engine::ArgumentType::secret;
  });
  if (from == nullptr || !secret || !std::filesystem::is_regular_file(from->path)) return {};
  Bytes content = read_file(from->path, crypto::kEnvelopeLimit);
  if (!crypto::is_envelope(text_view(content))) {
    wipe(content);
    return {};
  }
  return content;
}

}  // namespace

Envelopes Envelopes::load(const std::filesystem::path& file) {
  nlohmann::json all;
  try {
    all = service::read_json(text_view(read_file(file)), {.depth = 4, .comments = true});
  } catch (const Error& error) {
    fail(file, error.message());
  }
  if (!all.is_object()) fail(file, "expected { \"key\": FILE, \"senders\": [...] }");
  want_known(file, all, {"key", "senders"});
  Envelopes out;
  out.key_ = file.parent_path() / text_of(file, all, "key", true);
  if (!all.contains("senders") || !all.at("senders").is_array() || all.at("senders").empty()) {
    fail(file, "senders must be a list of those whose signature counts");
  }
  for (const nlohmann::json& one : all.at("senders")) {
    if (!one.is_object()) fail(file, "a sender is { \"subject\", \"authorities\", \"owner\" }");
    want_known(file, one, {"subject", "authorities", "owner"});
    Sender sender;
    sender.sender.subject = text_of(file, one, "subject", true);
    sender.owner = text_of(file, one, "owner", false);
    const std::filesystem::path authorities = file.parent_path() / text_of(file, one, "authorities", true);
    sender.sender.authorities = to_string(read_file(authorities, 1u << 20));
    out.senders_.push_back(std::move(sender));
  }
  return out;
}

Envelopes Envelopes::configured() {
  const char* named = std::getenv("CARDWRIGHT_ENVELOPES");
  return named != nullptr && *named != 0 ? load(named) : Envelopes();
}

void Envelopes::refuse(const engine::Flow& flow, const std::vector<engine::Setting>& settings) {
  for (const engine::Setting& setting : settings) {
    if (const std::optional<Bytes> content = envelope_of(flow, setting)) {
      throw Error(ErrorKind::usage,
                  "argument " + setting.name +
                      ": its file is a CMS envelope, which only cardwright run and devices open; give "
                      "each row its own run");
    }
  }
}

void Envelopes::open(const engine::Flow& flow, std::vector<engine::Setting>& settings, const std::string& owner,
                     store::Store* store) const {
  for (engine::Setting& setting : settings) {
    const std::optional<Bytes> content = envelope_of(flow, setting);
    if (!content) continue;
    // What no run may use is not opened.
    if (store != nullptr) store->providers().want_managed(owner);
    const std::filesystem::path& file = std::get<engine::Setting::FromFile>(setting.value).path;
    const std::string what = "argument " + setting.name + ": opening " + file.string();
    if (key_.empty()) {
      throw Error(ErrorKind::usage, what +
                                        ": it is a CMS envelope; CARDWRIGHT_ENVELOPES names the file that says which "
                                        "key opens it, and whose signature counts");
    }
    std::vector<crypto::EnvelopeSender> senders;
    for (const Sender& one : senders_) {
      if (one.owner == owner) senders.push_back(one.sender);
    }
    try {
      crypto::Opened opened =
          crypto::open_envelope(text_view(*content), read_secret_file(key_), senders, now_ms() / 1000);
      if (store != nullptr) {
        store::AuditEntry entry{
            operator_name(),
            "personal data opened",
            flow.name,
            {{"argument", setting.name}, {"from", opened.from.name}, {"certificate", opened.from.fingerprint}}};
        if (!owner.empty()) entry.details.emplace_back("owner", owner);
        store->audit().add(entry);
      }
      setting.value = std::move(opened.content);
    } catch (const Error& error) {
      throw error.within(what);
    }
  }
}

}  // namespace cw::app
