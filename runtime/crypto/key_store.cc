#include "crypto/key_store.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include "base/error.h"
#include "base/files.h"
#include "base/suggest.h"
#include "secret_bytes_private.h"
#include "signing_section_private.h"

namespace cw::crypto {

namespace {

constexpr std::array<std::string_view, 5> kMethods = {"none", "visa2", "emv", "kdf3", "gemvisa"};

std::string_view trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

bool is_word(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  });
}

/// NAME, or OWNER/NAME.
bool is_name(std::string_view text) {
  const size_t mark = text.find('/');
  if (text.size() > 64 || mark == std::string_view::npos) return text.size() <= 64 && is_word(text);
  return is_word(text.substr(0, mark)) && is_word(text.substr(mark + 1));
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// One section while it is read. Errors name origin and line, and quote no value: it might be a key.
class Section {
 public:
  Section(std::string_view origin, std::string_view name, size_t line) : origin_(origin), name_(name), line_(line) {}

  const std::string& name() const { return name_; }

  void set(std::string_view field, std::string_view value, size_t line) {
    if (field == "type") {
      once(!type_name_.empty(), "type", line);
      if (value == "des") type_ = KeyType::des;
      if (value == "aes") type_ = KeyType::aes;
      const bool signs_only = value == "rsa" || value == "ec" || value == "sm2";
      if (!type_ && !signs_only) raise(line, "type is none of: des aes rsa ec sm2");
      type_name_ = value;
    } else if (field == "version") {
      once(version_.has_value(), "version", line);
      if (value.size() != 2 || hex_digit(value[0]) < 0 || hex_digit(value[1]) < 0) {
        raise(line, "version is no key version number: two hexadecimal digits, 00 lets the card choose");
      }
      version_ = static_cast<uint8_t>(hex_digit(value[0]) << 4 | hex_digit(value[1]));
    } else if (field == "diversification") {
      once(method_.has_value(), "diversification", line);
      if (std::find(kMethods.begin(), kMethods.end(), value) == kMethods.end()) {
        raise(line, "diversification is none of: none visa2 emv kdf3 gemvisa");
      }
      method_ = value;
    } else if (field == "purpose") {
      once(for_messages_, "purpose", line);
      if (value != "message") raise(line, "purpose is 'message', or left out");
      for_messages_ = true;
    } else if (is_signing_field(field)) {
      once(signing_.contains(field), field, line);
      signing_.emplace(field, FieldText{Secret::copy(view(value)), line});
    } else if (field == "enc" || field == "mac" || field == "dek" || field == "master") {
      once(keys_.contains(field), field, line);
      std::optional<Secret> bytes = secret_from_hex(value);
      if (!bytes) raise(line, std::string(field) + " is not hexadecimal");
      keys_.emplace(field, Value{std::move(*bytes), line});
    } else {
      raise(line,
            "unknown field; a key set has type, version, enc, mac, dek, master, diversification, a key that signs has "
            "type, key, private, public, curve, modulus, exponent");
    }
  }

  /// One single key, and no set of three.
  bool is_signing_key() const {
    return !signing_.empty() || type_name_ == "rsa" || type_name_ == "ec" || type_name_ == "sm2";
  }

  bool for_messages() const { return for_messages_; }

  std::shared_ptr<const SigningKey> finish_signing_key(const std::filesystem::path& folder) const {
    if (type_name_.empty()) raise(line_, "[" + name_ + "] has no type: write type = rsa, ec, aes or des");
    if (!keys_.empty() || version_ || method_) {
      raise(line_, "[" + name_ + "] is a single key that signs, and has fields of a key set: keep one or the other");
    }
    return signing_key_of(type_name_, signing_, line_, folder,
                          [&](size_t line, const std::string& what) { raise(line, what); });
  }

  KeySet finish() const {
    check_type();
    if (for_messages_) raise(line_, "[" + name_ + "] is a key set, and those sign no messages: leave out purpose");
    KeySet set;
    set.name = name_;
    set.version = version_.value_or(0);
    if (method_ && *method_ != "none") set.diversification = *method_;
    if (keys_.contains("master")) {
      if (keys_.size() != 1) raise(line_, "[" + name_ + "] has master and also enc, mac or dek: keep one or the other");
      if (!method_) {
        raise(line_, "[" + name_ + "] has a master key and no diversification: write the method, or none");
      }
      set.enc = set.mac = set.dek = key("master");
    } else {
      set.enc = key("enc");
      set.mac = key("mac");
      set.dek = key("dek");
    }
    return set;
  }

  [[noreturn]] void raise(size_t line, const std::string& what) const {
    throw Error(ErrorKind::usage, origin_ + ":" + std::to_string(line) + ": " + what);
  }

 private:
  struct Value {
    Secret bytes;
    size_t line;
  };

  void check_type() const {
    if (!type_) raise(line_, "[" + name_ + "] has no type: write type = aes or type = des");
  }

  void once(bool already, std::string_view field, size_t line) const {
    if (already) raise(line, std::string(field) + " is given twice in [" + name_ + "]");
  }

  std::shared_ptr<const Key> key(std::string_view field) const {
    const auto found = keys_.find(field);
    if (found == keys_.end()) raise(line_, "[" + name_ + "] has no " + std::string(field) + " key");
    try {
      return make_key(*type_, found->second.bytes);
    } catch (const Error& error) {
      raise(found->second.line, std::string(field) + ": " + error.message());
    }
  }

  std::string origin_;
  std::string name_;
  size_t line_;
  std::string type_name_{};
  bool for_messages_ = false;
  std::optional<KeyType> type_{};
  std::optional<uint8_t> version_{};
  std::optional<std::string> method_{};
  std::map<std::string, Value, std::less<>> keys_{};
  FieldTexts signing_{};
};

[[noreturn]] void raise_unknown(std::string_view what, std::string_view name, const std::vector<std::string>& near,
                                const std::vector<std::string>& has) {
  std::string known;
  for (const std::string& one : has) known += (known.empty() ? "" : ", ") + one;
  throw Error(ErrorKind::usage, "no " + std::string(what) + " '" + std::string(name) + "' in the key store" +
                                    did_you_mean(name, near) + "; it has: " + (known.empty() ? "none" : known));
}

}  // namespace

/// Straight into wiped memory; nothing if it is not hexadecimal.
std::optional<Secret> secret_from_hex(std::string_view text) {
  if (text.empty() || text.size() % 2 != 0) return {};
  Secret out = SecretBytes::zeros(text.size() / 2);
  const auto to = SecretBytes::writable(out);
  for (size_t i = 0; i < to.size(); ++i) {
    const int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);
    if (high < 0 || low < 0) return {};
    to[i] = static_cast<uint8_t>(high << 4 | low);
  }
  return out;
}

void KeyStore::want_usable(std::string_view) const {}

std::shared_ptr<const SigningKey> KeyStore::find_message_key(std::string_view name) const {
  return find_signing_key(name, knows_purposes() ? SigningUse::message : SigningUse::any);
}

std::shared_ptr<const Key> KeyStore::find_key(std::string_view name) const {
  if (std::shared_ptr<const Key> shared = find_signing_key(name)->shared()) return shared;
  throw Error(ErrorKind::usage,
              "key '" + std::string(name) + "' signs; what other keys are wrapped under is an AES or a DES key");
}

std::shared_ptr<const SigningKey> KeyStore::find_signing_key(std::string_view name, SigningUse /*use*/) const {
  raise_unknown("key that signs", name, {}, {});
}

FileKeyStore FileKeyStore::load(const std::filesystem::path& path) {
  return parse(read_secret_file(path), path.string(), path.parent_path());
}

FileKeyStore FileKeyStore::parse(const Secret& text, std::string_view origin, const std::filesystem::path& folder) {
  FileKeyStore store;
  std::optional<Section> section;
  const auto close = [&] {
    if (!section) return;
    if (section->is_signing_key()) {
      store.signing_keys_.push_back({section->name(), section->finish_signing_key(folder), section->for_messages()});
    } else {
      store.sets_.push_back(section->finish());
    }
  };
  std::string_view rest = text_view(SecretBytes::view(text));
  for (size_t number = 1; !rest.empty(); ++number) {
    const size_t end = rest.find('\n');
    std::string_view line = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    line = trimmed(line.substr(0, line.find('#')));
    if (line.empty()) continue;
    const auto raise = [&](const std::string& what) { Section(origin, "", number).raise(number, what); };
    if (line.front() == '[') {
      const std::string_view name = line.back() == ']' ? trimmed(line.substr(1, line.size() - 2)) : std::string_view{};
      if (!is_name(name))
        raise("no [name] of a key set: letters, digits, '.', '_' and '-', at most 64; an owner's is [OWNER/NAME]");
      close();
      for (const std::string& known : store.names()) {
        if (known == name) raise("key set [" + known + "] is there twice");
      }
      section.emplace(origin, name, number);
      continue;
    }
    const size_t equals = line.find('=');
    if (equals == std::string_view::npos) raise("neither [name] nor field = value");
    if (!section) raise("a field before the first [name]");
    section->set(trimmed(line.substr(0, equals)), trimmed(line.substr(equals + 1)), number);
  }
  close();
  return store;
}

KeySet FileKeyStore::find(std::string_view name) const {
  for (const KeySet& set : sets_) {
    if (set.name == name) return set;
  }
  std::vector<std::string> known;
  for (const KeySet& set : sets_) known.push_back(set.name);
  raise_unknown("key set", name, known, known);
}

std::shared_ptr<const SigningKey> FileKeyStore::find_signing_key(std::string_view name, SigningUse use) const {
  std::vector<std::string> known;
  for (const NamedSigningKey& one : signing_keys_) {
    if (one.name == name) {
      const bool wanted = use == SigningUse::any || one.for_messages == (use == SigningUse::message);
      if (wanted) return one.key;
      throw Error(ErrorKind::usage, one.for_messages ? "key '" + one.name + "' signs messages, and nothing else"
                                                     : "key '" + one.name +
                                                           "' signs no messages; if it is for those, its section says "
                                                           "purpose = message");
    }
    known.push_back(one.name);
  }
  raise_unknown("key that signs", name, known, known);
}

std::vector<std::string> FileKeyStore::names() const {
  std::vector<std::string> out;
  for (const KeySet& set : sets_) out.push_back(set.name);
  for (const NamedSigningKey& one : signing_keys_) out.push_back(one.name);
  return out;
}

}  // namespace cw::crypto
