#include "service/config.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/error.h"
#include "base/files.h"
#include "config_reader_private.h"
#include "crypto/key_wrap.h"
#include "crypto/pkcs11_uri.h"
#include "service/json_reader.h"

namespace cw::service {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr size_t kFileBytes = 1u << 20;

bool is_server(const std::string& where) {
  return where.starts_with("postgres://") || where.starts_with("postgresql://");
}

class Reading {
 public:
  Reading(fs::path folder, std::vector<std::string>& problems) : folder_(std::move(folder)), problems_(problems) {}

  Configuration read(const json& value) {
    Configuration out;
    ConfigReader top(value, "", problems_);
    if (auto store = top.object("store")) {
      read_store(*store, out.store);
    } else if (!top.has("store")) {
      top.problem("store", "is missing");
    }
    if (auto log = top.object("log")) read_log(*log, out.log);
    if (auto supervisor = top.object("supervisor")) {
      out.supervisor.heart = std::chrono::seconds(supervisor->number("heart_seconds", 10, 1, 3600));
      out.supervisor.patience = std::chrono::seconds(supervisor->number("patience_seconds", 30, 0, 3600));
      supervisor->finish();
    }
    if (auto bundles = top.object("bundles")) {
      for (const std::string& each : bundles->texts("require_signed", true)) {
        out.bundles.require_signed.push_back(folder_ / each);
      }
      bundles->finish();
    }
    if (auto doors = top.object("doors")) read_doors(*doors, out);
    if (!top.has("doors")) top.problem("doors", "is missing; without a door nobody can reach the service");
    top.finish();
    return out;
  }

 private:
  std::optional<fs::path> file(ConfigReader& reader, const std::string& key, bool required = false) {
    const std::string text = reader.text(key, required);
    if (text.empty()) return {};
    return folder_ / text;
  }

  /// A file, or the URI of a token, which is no path.
  std::optional<fs::path> key_store(ConfigReader& reader) {
    const std::string text = reader.text("keys");
    if (text.empty()) return {};
    return crypto::is_pkcs11_uri(text) ? fs::path(text) : folder_ / text;
  }

  void read_store(ConfigReader& reader, StoreConfig& out) {
    out.where = reader.text("where", true);
    if (!out.where.empty() && !is_server(out.where)) out.where = (folder_ / out.where).string();
    out.key = file(reader, "key");
    if (is_server(out.where) && !out.key) {
      reader.problem("key", "is missing; a store on a server needs a key file, the same one on every node");
    }
    out.node = reader.text("node");
    out.audit_roots = file(reader, "audit_roots");
    reader.finish();
  }

  void read_log(ConfigReader& reader, LogConfig& out) {
    out.level = static_cast<log::Level>(reader.one_of("level", {"debug", "info", "warn", "error"}, 1));
    out.format = static_cast<LogFormat>(reader.one_of("format", {"auto", "json", "text"}, 0));
    reader.finish();
  }

  void read_doors(ConfigReader& reader, Configuration& out) {
    if (auto door = reader.object("operator")) read_operator(*door, out.operators);
    if (auto door = reader.object("metrics")) {
      const std::string listen = door->text("listen");
      if (!listen.empty()) out.metrics.listen = listen;
      door->finish();
    }
    if (auto door = reader.object("device")) read_device(*door, out.devices.emplace());
    if (auto door = reader.object("issuer")) read_issuer(*door, out.issuers.emplace());
    if (!reader.has("operator")) reader.problem("operator", "is missing");
    reader.finish();
  }

  void read_operator(ConfigReader& reader, OperatorDoorConfig& out) {
    if (const auto path = file(reader, "unix")) out.unix_socket = path->string();
    if (auto https = reader.object("https")) read_https(*https, out.https.emplace());
    if (auto roles = reader.object("roles")) read_roles(*roles, out.roles);
    if (!reader.has("unix") && !reader.has("https")) {
      reader.problem("unix", "is missing, and so is https; an operator needs one of them");
    }
    reader.finish();
  }

  void read_https(ConfigReader& reader, HttpsConfig& out) {
    out.listen = reader.text("listen", true);
    out.tls.certificate = file(reader, "certificate", true).value_or("");
    out.tls.key = file(reader, "key", true).value_or("");
    out.tls.clients = net::ClientCertificates::demanded;
    for (const std::string& each : reader.texts("authorities", true)) out.tls.authorities.push_back(folder_ / each);
    if (const auto revoked = file(reader, "revoked")) out.tls.revoked = *revoked;
    reader.finish();
  }

  void read_device(ConfigReader& reader, DeviceDoorConfig& out) {
    if (auto https = reader.object("https")) read_https(*https, out.https.emplace());
    if (auto shared = reader.object("shared_key")) {
      out.shared_key.emplace().listen = shared->text("listen", true);
      out.shared_key->keys = file(*shared, "keys", true).value_or("");
      shared->finish();
    }
    if (!reader.has("https") && !reader.has("shared_key")) {
      reader.problem("https", "is missing, and so is shared_key; a device needs one of them");
    }
    out.keys = key_store(reader);
    out.threads = static_cast<unsigned>(reader.number("threads", 16, 1, 64));
    out.delay = std::chrono::milliseconds(reader.number("delay_ms", 500, 0, 60'000));
    out.silence = std::chrono::seconds(reader.number("silence_seconds", 300, 10, 86'400));
    out.sessions = static_cast<size_t>(reader.number("sessions", 20'000, 1, 1'000'000));
    out.awake = static_cast<size_t>(reader.number("awake", 2'000, 1, 1'000'000));
    reader.finish();
  }

  void read_issuer(ConfigReader& reader, IssuerDoorConfig& out) {
    if (auto https = reader.object("https")) read_https(*https, out.https);
    if (!reader.has("https")) reader.problem("https", "is missing");
    if (const auto keys = file(reader, "keys")) out.keys = *keys;
    const auto path = [&](const char* key, std::string& kept) {
      const std::string text = reader.text(key);
      if (!text.empty() && text[0] != '/') reader.problem(key, "must begin with '/'");
      if (!text.empty()) kept = text;
    };
    path("keys_path", out.keys_path);
    path("state_path", out.state_path);
    if (out.keys_path == out.state_path) reader.problem("state_path", "is the same as keys_path");
    out.number_codes = reader.one_of("result_code", {"string", "number"}, 0) == 1;
    if (auto senders = reader.object("senders")) {
      for (const std::string& id : senders->keys()) {
        if (auto sender = senders->object(id)) read_sender(*sender, id, out.senders.emplace_back());
      }
    }
    for (size_t i = 0; i < out.senders.size(); ++i) {
      for (size_t k = i + 1; k < out.senders.size(); ++k) {
        const SenderConfig &a = out.senders[i], &b = out.senders[k];
        const bool same = !a.maker && !b.maker && a.url == b.url && a.owner == b.owner;
        if (same)
          reader.problem("senders." + b.id,
                         "has url and owner of " + a.id + ", and one of them tells of those domains");
      }
    }
    if (out.senders.empty()) reader.problem("senders", "names nobody, so nobody could tell anything");
    reader.finish();
  }

  void read_sender(ConfigReader& reader, const std::string& id, SenderConfig& out) {
    out.id = id;
    out.subject = reader.text("subject", true);
    if (!out.subject.empty() && out.subject.find('=') == std::string::npos) {
      reader.problem("subject", "is no subject of a certificate; one is written as in CN=sei,O=Acme");
    }
    out.maker = reader.one_of("is", {"issuer", "maker"}, 0) == 1;
    out.notify = reader.text("notify");
    if (!out.notify.empty() && !out.notify.starts_with("https://") && !out.notify.starts_with("http://")) {
      reader.problem("notify", "is no URL: https://...");
    }
    out.message_key = reader.text("message_key");
    if (!out.maker) {
      out.url = reader.text("url", true);
      if (!out.url.empty() && !out.url.ends_with('/')) reader.problem("url", "must end in '/', as flows name it");
      out.owner = reader.text("owner");
      out.tenant = reader.text("tenant");
      out.kek = reader.text("kek");
      out.receipt_key = reader.text("receipt_key");
      const std::vector<std::string> forms = {"aes-key-wrap", "aes-cbc", "des-ecb"};
      out.wrap = crypto::wrap_form(forms[reader.one_of("wrap", forms, 0)]);
    }
    reader.finish();
  }

  /// "viewer", or {"role": "viewer", "owner": "acme"}.
  void read_roles(ConfigReader& reader, Roles& out) {
    const auto role_of = [](ConfigReader& of, const std::string& name) {
      return static_cast<Role>(of.one_of(name, {"viewer", "operator", "approver"}, 0));
    };
    for (const std::string& subject : reader.keys()) {
      if (!reader.is_object(subject)) {
        out[subject].role = role_of(reader, subject);
      } else if (auto both = reader.object(subject)) {
        out[subject] = {role_of(*both, "role"), both->text("owner", true)};
        both->finish();
      }
      if (subject.find('=') == std::string::npos) {
        reader.problem(subject, "is no subject of a certificate; one is written as in CN=alice,O=Acme");
      }
    }
  }

  const fs::path folder_;
  std::vector<std::string>& problems_;
};

}  // namespace

bool IssuerDoorConfig::wants_keys() const {
  return std::any_of(senders.begin(), senders.end(), [](const SenderConfig& one) {
    return !one.kek.empty() || !one.message_key.empty() || !one.receipt_key.empty();
  });
}

ReadConfiguration parse_configuration(std::string_view text, const fs::path& folder) {
  ReadConfiguration out;
  json value;
  try {
    value = read_json(text, {.depth = 8, .comments = true});
  } catch (const Error& error) {
    out.problems.push_back(error.message());
    return out;
  }
  if (!value.is_object()) {
    out.problems.emplace_back("the whole of it must be a JSON object");
    return out;
  }
  out.configuration = Reading(folder, out.problems).read(value);
  return out;
}

ReadConfiguration read_configuration(const fs::path& file) {
  return parse_configuration(text_view(read_file(file, kFileBytes)), fs::absolute(file).parent_path());
}

void take_live(Configuration& now, const Configuration& next) {
  now.log.level = next.log.level;
  now.operators.roles = next.operators.roles;
  if (now.operators.https && next.operators.https) now.operators.https->tls = next.operators.https->tls;
  if (now.devices && next.devices && now.devices->https && next.devices->https) {
    now.devices->https->tls = next.devices->https->tls;
  }
  if (now.issuers && next.issuers) {
    now.issuers->https.tls = next.issuers->https.tls;
    if (now.issuers->wants_keys() || !next.issuers->wants_keys()) now.issuers->senders = next.issuers->senders;
  }
}

std::vector<std::string> needs_restart(const Configuration& now, const Configuration& next) {
  std::vector<std::string> out;
  const auto compare = [&](const char* what, const auto& a, const auto& b) {
    if (a != b) out.push_back(std::string(what) + " is another; it counts from the next start on");
  };
  const auto listen = [](const Configuration& it) { return it.operators.https ? it.operators.https->listen : ""; };
  compare("store.where", now.store.where, next.store.where);
  compare("store.key", now.store.key, next.store.key);
  compare("store.node", now.store.node, next.store.node);
  compare("store.audit_roots", now.store.audit_roots, next.store.audit_roots);
  compare("log.format", now.log.format, next.log.format);
  compare("supervisor.heart_seconds", now.supervisor.heart, next.supervisor.heart);
  compare("supervisor.patience_seconds", now.supervisor.patience, next.supervisor.patience);
  compare("doors.operator.unix", now.operators.unix_socket, next.operators.unix_socket);
  compare("doors.operator.https.listen", listen(now), listen(next));
  compare("doors.device", now.devices.has_value(), next.devices.has_value());
  if (now.devices && next.devices) {
    const auto listen_of = [](const auto& way) { return way ? way->listen : std::string(); };
    const auto keys_of = [](const auto& way) { return way ? way->keys : std::filesystem::path(); };
    compare("doors.device.https.listen", listen_of(now.devices->https), listen_of(next.devices->https));
    compare("doors.device.shared_key.listen", listen_of(now.devices->shared_key), listen_of(next.devices->shared_key));
    compare("doors.device.shared_key.keys", keys_of(now.devices->shared_key), keys_of(next.devices->shared_key));
    compare("doors.device.keys", now.devices->keys, next.devices->keys);
    compare("doors.device.threads", now.devices->threads, next.devices->threads);
    compare("doors.device.delay_ms", now.devices->delay, next.devices->delay);
    compare("doors.device.silence_seconds", now.devices->silence, next.devices->silence);
    compare("doors.device.sessions", now.devices->sessions, next.devices->sessions);
    compare("doors.device.awake", now.devices->awake, next.devices->awake);
  }
  compare("doors.issuer", now.issuers.has_value(), next.issuers.has_value());
  if (now.issuers && next.issuers) {
    compare("doors.issuer.https.listen", now.issuers->https.listen, next.issuers->https.listen);
    compare("doors.issuer.keys", now.issuers->keys, next.issuers->keys);
    compare("doors.issuer.keys_path", now.issuers->keys_path, next.issuers->keys_path);
    compare("doors.issuer.state_path", now.issuers->state_path, next.issuers->state_path);
    if (!now.issuers->wants_keys() && next.issuers->wants_keys()) {
      out.emplace_back("doors.issuer.senders want keys, and no key file is open; they count from the next start on");
    }
    compare("doors.issuer.result_code", now.issuers->number_codes, next.issuers->number_codes);
  }
  compare("bundles.require_signed", now.bundles.require_signed, next.bundles.require_signed);
  compare("doors.metrics.listen", now.metrics.listen, next.metrics.listen);
  return out;
}

}  // namespace cw::service
