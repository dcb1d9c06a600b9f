#include "issuer/config.h"

#include <algorithm>
#include <cctype>

#include "base/error.h"
#include "base/files.h"
#include "base/hex.h"
#include "json_private.h"
#include "settings_private.h"

namespace cw::issuer {

namespace fs = std::filesystem;

namespace {

constexpr size_t kFileBytes = 1u << 20;

bool is_local(const std::string& listen) {
  return listen.starts_with("127.") || listen.starts_with("localhost:") || listen.starts_with("[::1]:") ||
         listen.starts_with("unix:");
}

class Reading {
 public:
  Reading(fs::path folder, std::vector<std::string>& problems) : folder_(std::move(folder)), problems_(problems) {}

  Configuration read(const nlohmann::json& value) {
    Configuration out;
    Settings top(value, "", problems_);
    out.id = top.text("sei_tsm_id", true);
    out.listen = top.text("listen", true);
    top.object("tls", false, [&](Settings& tls) { out.tls = read_tls(tls, folder_); });
    if (!out.tls && !top.has("tls") && !out.listen.empty() && !is_local(out.listen)) {
      top.problem("tls", "is missing; without it only this machine may ask, so listen on 127.0.0.1");
    }
    out.admin = read_file_name(top, "admin", folder_);
    out.keys = read_key_store_name(top, folder_);
    out.state = read_file_name(top, "state", folder_, true);
    out.task_life = std::chrono::seconds(top.number("task_seconds", 600, 1, 86'400));
    out.first_retry = std::chrono::milliseconds(top.number("retry_ms", 500, 10, 60'000));
    out.number_codes = top.one_of("result_code", {"string", "number"}, 0) == 1;
    top.object("operations", false, [&](Settings& words) { read_operations(words, out.operations); });
    const bool named = out.tls.has_value();
    top.each("tenants", true,
             [&](const std::string& id, Settings& tenant) { out.tenants.push_back(read_tenant(id, tenant, named)); });
    top.each("cards", true,
             [&](const std::string& name, Settings& card) { out.cards.push_back(read_card(name, card)); });
    top.each("faults", false, [&](const std::string&, Settings& fault) { out.faults.push_back(read_fault(fault)); });
    top.finish();
    return out;
  }

  static Fault read_fault(Settings& from) {
    Fault out;
    const std::string word = from.text("fault", true);
    if (const auto kind = fault_kind(word)) {
      out.kind = *kind;
    } else if (!word.empty()) {
      from.one_of("fault", fault_words(), 0);  // says which there are
    }
    const std::vector<std::string> calls = fault_calls();
    const size_t call = from.one_of("call", calls, calls.size());
    if (call < calls.size()) out.call = calls[call];
    out.skip = static_cast<unsigned>(from.number("skip", 0, 0, 1'000'000));
    out.count = static_cast<unsigned>(from.number("count", 1, 1, 1'000'000));
    out.milliseconds = static_cast<unsigned>(from.number("ms", 1000, 1, 600'000));
    return out;
  }

 private:
  /// {"CREATE_SSD": ["CREATE", ...]}
  static void read_operations(Settings& from, std::map<std::string, std::string>& out) {
    const std::vector<std::string> known = {"CREATE_SSD", "LOCK_SSD", "UNLOCK_SSD", "DELETE_SSD", "CREATE_TOKEN"};
    for (const std::string& name : known) {
      if (!from.has(name)) continue;
      for (const std::string& word : from.texts(name)) {
        const bool taken =
            std::find(known.begin(), known.end(), word) != known.end() || !out.emplace(word, name).second;
        if (taken) from.problem(name, "the word \"" + shown(word) + "\" has a meaning already");
      }
    }
  }

  Tenant read_tenant(const std::string& id, Settings& from, bool named) {
    Tenant out;
    out.id = id;
    out.subject = read_subject(from, named);
    out.callback = from.text("callback");
    if (!out.callback.empty() && !out.callback.starts_with("https://") && !out.callback.starts_with("http://")) {
      from.problem("callback", "must be a URL that begins with https://, or http:// on this machine");
    }
    if (out.callback.starts_with("http://") && !is_local(out.callback.substr(7))) {
      from.problem("callback", "must begin with https://, since it is not on this machine");
    }
    while (out.callback.ends_with('/')) out.callback.pop_back();
    out.ca_file = read_file_name(from, "callback_ca", folder_).string();
    out.revoked = read_file_name(from, "callback_revoked", folder_).string();
    if (!out.revoked.empty() && out.ca_file.empty()) {
      from.problem("callback_revoked", "are lists of the authorities in callback_ca; give that too");
    }
    out.certificate = read_file_name(from, "callback_certificate", folder_).string();
    out.key = read_file_name(from, "callback_key", folder_).string();
    if (out.certificate.empty() != out.key.empty()) {
      from.problem("callback_key", "goes together with callback_certificate; give both, or neither");
    }
    out.transport_key = from.text("transport_key", !out.callback.empty());
    const std::vector<std::string> wraps = {"aes-key-wrap", "aes-cbc", "des-ecb"};
    out.key_wrap = wraps[from.one_of("key_wrap", wraps, 0)];
    out.message_key = from.text("message_key");
    out.receipt_key = from.text("receipt_key");
    for (const std::string& one : from.texts("aids", true)) {
      try {
        out.aids.push_back(from_hex(one));
      } catch (const Error&) {
        from.problem("aids", "must be hexadecimal digits, two for each byte");
        break;
      }
      if (out.aids.back().size() > 16) from.problem("aids", "an AID has at most 16 bytes");
    }
    for (const std::string& may : from.texts("may", true)) {
      if (may == "DM") out.delegated = true;
      if (may == "AM") out.authorized = true;
      if (may == "DAP") out.dap = true;
      if (may != "DM" && may != "AM" && may != "DAP" && may != "SD") {
        from.problem("may", "each is one of SD, DM, AM, DAP");
      }
    }
    return out;
  }

  static std::optional<ScpConfig> read_scp(Settings& from, const std::string& name, bool required) {
    const std::string text = from.text(name, required);
    if (text.empty()) return {};
    const auto out = ScpConfig::parse(text);
    if (!out) from.problem(name, "must be protocol and option in four digits, 0255 or 0370");
    return out;
  }

  CardProfile read_card(const std::string& name, Settings& from) {
    CardProfile out;
    out.name = name;
    out.se_ids = from.texts("se_ids", true);
    for (std::string& one : out.se_ids) {
      std::transform(one.begin(), one.end(), one.begin(), [](unsigned char c) { return std::toupper(c); });
    }
    out.isd_aid = from.hex("isd_aid", true, 5, 16);
    out.keys = from.text("keys", true);
    out.scp = read_scp(from, "scp", true);
    out.encrypt_empty_data = from.flag("encrypt_empty_data", false);
    out.package = from.hex("ssd_package", true, 5, 16);
    out.module = from.hex("ssd_module", true, 5, 16);
    out.privilege_bytes = from.number("privilege_bytes", 3, 1, 3) == 1 ? 1 : 3;
    out.protocol_form = static_cast<ProtocolForm>(from.one_of("c9", {"tlv", "old", "empty"}, 0));
    out.parameters = from.hex("c9_more", false, 0, 100);
    from.object("ssd_keys", true, [&](Settings& keys) {
      const std::string scp02 = keys.text("scp02"), scp03 = keys.text("scp03");
      if (!scp02.empty()) out.domain_keys[2] = scp02;
      if (!scp03.empty()) out.domain_keys[3] = scp03;
    });
    out.set_personalized = from.flag("set_personalized", false);
    out.lock_p1 = from.one_of("lock", {"with_applications", "alone"}, 0) == 0 ? 0x60 : 0x40;
    out.look_first = from.flag("look_first", true);
    out.token_key = from.text("token_key");
    out.card_receipt_key = from.text("receipt_key");
    return out;
  }

  const fs::path folder_;
  std::vector<std::string>& problems_;
};

}  // namespace

std::optional<ScpConfig> ScpConfig::parse(std::string_view text) {
  if (text.size() != 4) return {};
  for (const char c : text) {
    if (!std::isxdigit(static_cast<unsigned char>(c))) return {};
  }
  const Bytes bytes = from_hex(text);
  if (bytes[0] != 2 && bytes[0] != 3) return {};
  return ScpConfig{bytes[0], bytes[1]};
}

std::string ScpConfig::text() const { return to_hex(scp) + to_hex(i); }

bool CardProfile::is_for(std::string_view se_id) const {
  return std::any_of(se_ids.begin(), se_ids.end(), [&](const std::string& one) {
    return one.ends_with('*') ? se_id.starts_with(std::string_view(one).substr(0, one.size() - 1)) : se_id == one;
  });
}

const Tenant* Configuration::tenant(std::string_view tenant_id) const {
  const auto found =
      std::find_if(tenants.begin(), tenants.end(), [&](const Tenant& one) { return one.id == tenant_id; });
  return found == tenants.end() ? nullptr : &*found;
}

const CardProfile* Configuration::card(std::string_view se_id) const {
  const auto found = std::find_if(cards.begin(), cards.end(), [&](const auto& one) { return one.is_for(se_id); });
  return found == cards.end() ? nullptr : &*found;
}

ReadConfiguration parse_configuration(std::string_view text, const fs::path& folder) {
  ReadConfiguration out;
  try {
    const nlohmann::json value = read_json(text, true);
    out.configuration = Reading(folder, out.problems).read(value);
  } catch (const Error& error) {
    out.problems.push_back(error.message());
  }
  return out;
}

ReadConfiguration read_configuration(const fs::path& file) {
  return parse_configuration(text_view(read_file(file, kFileBytes)), fs::absolute(file).parent_path());
}

std::vector<Fault> parse_faults(std::string_view text) {
  std::vector<std::string> problems;
  std::vector<Fault> out;
  const nlohmann::json value = read_json(text, false);
  Settings top(value, "", problems);
  top.each("faults", false, [&](const std::string&, Settings& fault) { out.push_back(Reading::read_fault(fault)); });
  top.finish();
  if (!problems.empty()) throw Error(ErrorKind::usage, problems.front());
  return out;
}

}  // namespace cw::issuer
