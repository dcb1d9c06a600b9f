#include "issuer/key_server_config.h"

#include <charconv>
#include <set>

#include "base/error.h"
#include "base/files.h"
#include "base/hex.h"
#include "crypto/key_wrap.h"
#include "gp/diversification.h"
#include "issuer/key_server_messages.h"
#include "json_private.h"
#include "settings_private.h"

namespace cw::issuer {

namespace fs = std::filesystem;

namespace {

constexpr size_t kFileBytes = 1u << 20;
constexpr size_t kKeyData = 10;
constexpr unsigned kIndexes = 255;

/// All of `text` as a number.
std::optional<unsigned> whole_number(std::string_view text) {
  unsigned out = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), out);
  if (text.empty() || read.ec != std::errc() || read.ptr != text.data() + text.size()) return {};
  return out;
}

/// YYYY-MM-DD.
std::optional<std::chrono::sys_days> day_of(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return {};
  const auto year = whole_number(text.substr(0, 4)), month = whole_number(text.substr(5, 2)),
             day = whole_number(text.substr(8));
  if (!year || !month || !day) return {};
  const std::chrono::year_month_day out{std::chrono::year(static_cast<int>(*year)), std::chrono::month(*month),
                                        std::chrono::day(*day)};
  if (!out.ok()) return {};
  return std::chrono::sys_days(out);
}

class Reading {
 public:
  Reading(fs::path folder, std::vector<std::string>& problems) : folder_(std::move(folder)), problems_(problems) {}

  KeyServerConfiguration read(const nlohmann::json& value) {
    KeyServerConfiguration out;
    Settings top(value, "", problems_);
    out.listen = top.text("listen", true);
    out.url = top.text("url");
    if (!out.url.empty() && !out.url.starts_with("https://")) top.problem("url", "must begin with https://");
    top.object("tls", true, [&](Settings& tls) { out.tls = read_tls(tls, folder_); });
    out.keys = read_key_store_name(top, folder_);
    out.audit = read_file_name(top, "audit", folder_, true);
    top.each("tsms", true, [&](const std::string& id, Settings& tsm) { out.tsms.push_back(read_tsm(id, tsm)); });
    top.each("masters", true,
             [&](const std::string& name, Settings& master) { out.masters.push_back(read_master(name, master)); });
    top.finish();
    return out;
  }

 private:
  static std::chrono::sys_days read_day(Settings& from, const std::string& name) {
    const std::string text = from.text(name, true);
    const auto day = day_of(text);
    if (!day && !text.empty()) from.problem(name, "must be a day, as in 2026-01-31");
    return day.value_or(std::chrono::sys_days());
  }

  Tsm read_tsm(const std::string& id, Settings& from) {
    Tsm out;
    out.id = id;
    out.subject = read_subject(from, true);
    if (!out.subject.empty() && !subjects_.insert(out.subject).second) {
      from.problem("subject", "is that of another TSM too, so nobody could tell them apart");
    }
    out.issuer = from.text("issuer", false);
    out.from = read_day(from, "from");
    out.until = read_day(from, "until");
    if (out.until < out.from) from.problem("until", "is before the day of from");
    from.each("keks", true, [&](const std::string& index, Settings& kek) {
      out.keks.insert_or_assign(index_of(index, kek), read_kek(kek));
    });
    for (const std::string& one : from.texts("cards", true)) {
      try {
        out.cards.push_back(from_hex(one));
      } catch (const Error&) {
        from.problem("cards", "must be hexadecimal digits, two for each byte");
        break;
      }
      if (out.cards.back().empty() || out.cards.back().size() > kKeyData) {
        from.problem("cards", "the beginning of keyData has 1 to 10 bytes");
      }
    }
    return out;
  }

  static unsigned index_of(const std::string& text, Settings& kek) {
    const auto index = whole_number(text);
    if (!index || *index > kIndexes || std::to_string(*index) != text) {
      kek.problem("key", "the index of a KEK is a number from 0 to " + std::to_string(kIndexes));
    }
    return index.value_or(0);
  }

  Kek read_kek(Settings& from) {
    Kek out;
    out.key = from.text("key", true);
    if (!out.key.empty() && !keks_.insert(out.key).second) {
      from.problem("key", "is there already; a KEK is for one TSM and one index");
    }
    const std::vector<std::string> forms = {"aes-key-wrap", "aes-cbc", "des-ecb"};
    out.form = crypto::wrap_form(forms[from.one_of("wrap", forms, 0)]);
    return out;
  }

  MasterKeys read_master(const std::string& name, Settings& from) {
    MasterKeys out;
    out.name = name;
    out.cards = from.hex("cards", true, 1, kKeyData);
    const Bytes version = from.hex("version", true, 1, 1);
    out.version = version.empty() ? 0 : version[0];
    out.keys = from.text("keys", true);
    const std::vector<std::string> methods = gp::diversification_methods();
    if (!from.has("method")) from.text("method", true);  // says that it is missing
    out.method = methods[from.one_of("method", methods, 0)];
    const std::string which = to_hex(out.cards) + " " + to_hex(out.version) + " " + std::string(name_of(out.type()));
    if (!out.cards.empty() && !masters_.insert(which).second) {
      from.problem("version", "there are other master keys of this type for these cards and this version");
    }
    return out;
  }

  const fs::path folder_;
  std::vector<std::string>& problems_;
  std::set<std::string> subjects_{};
  std::set<std::string> keks_{};
  std::set<std::string> masters_{};  // cards, version, type
};

}  // namespace

crypto::KeyType MasterKeys::type() const { return method == "kdf3" ? crypto::KeyType::aes : crypto::KeyType::des; }

bool begins_with(ByteView data, ByteView beginning) {
  return data.size() >= beginning.size() && equal(data.first(beginning.size()), beginning);
}

ReadKeyServerConfiguration parse_key_server_configuration(std::string_view text, const fs::path& folder) {
  ReadKeyServerConfiguration out;
  try {
    const nlohmann::json value = read_json(text, true);
    out.configuration = Reading(folder, out.problems).read(value);
  } catch (const Error& error) {
    out.problems.push_back(error.message());
  }
  return out;
}

ReadKeyServerConfiguration read_key_server_configuration(const fs::path& file) {
  return parse_key_server_configuration(text_view(read_file(file, kFileBytes)), fs::absolute(file).parent_path());
}

}  // namespace cw::issuer
