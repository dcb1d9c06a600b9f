#include <iostream>
#include <memory>

#include "app/json_text.h"
#include "app/key_source.h"
#include "app/terminal.h"
#include "base/error.h"
#include "base/files.h"
#include "base/hex.h"
#include "cmd_keys_private.h"
#include "crypto/key_wrap.h"
#include "crypto/tr31.h"

namespace cw::app {

namespace {

using crypto::KeyPurpose;
using nlohmann::ordered_json;
using SomeKeys = std::vector<std::shared_ptr<const crypto::Key>>;

constexpr const char* kTr31 = "tr31";
constexpr const char* kParts[] = {"enc", "mac", "dek"};

struct Options {
  KeysPlace place{};
  NewKeyOptions key{};
  std::vector<std::string> wrapped{};
  std::vector<std::string> kcvs{};
  std::string under{};
  std::string form = "aes-key-wrap";
  std::string from{};
  std::optional<std::filesystem::path> pem{};
  bool update = false;
  bool json = false;
};

/// "enc" of a set, else empty.
std::string part_of(size_t count, size_t index) { return count == 3 ? kParts[index] : ""; }

/// What a key block says that its key is for (X9.143 table 2): K0 wraps keys, D0 encrypts data, M6 and M3 are MACs by
/// CMAC and by the retail MAC, E7 is an issuer's master key.
std::string tr31_usage(KeyPurpose purpose, const std::string& part, crypto::KeyType type) {
  const std::string mac = type == crypto::KeyType::aes ? "M6" : "M3";
  switch (purpose) {
    case KeyPurpose::channel:
      return part == "enc" ? "D0" : part == "mac" ? mac : "K0";
    case KeyPurpose::master:
      return "E7";
    case KeyPurpose::kek:
      return "K0";
    default:
      return mac;
  }
}

/// Raises usage: a key that wraps keys is to become another one, or the other way round.
void check_usage(const crypto::Tr31Head& head, KeyPurpose purpose, const std::string& part) {
  const bool wraps = head.usage[0] == 'K';
  const bool wanted = purpose == KeyPurpose::kek || part == "dek";
  if (wraps == wanted) return;
  throw Error(ErrorKind::usage, "the key block says that its key is for " + head.usage + ", and a " +
                                    std::string(name_of(purpose)) + " key" + (part.empty() ? "" : " (" + part + ")") +
                                    (wanted ? " is for K0" : " wraps no keys") + "; import it for what it is");
}

std::string text_of(const std::string& word) {
  if (!word.starts_with('@')) return word;
  std::string out = to_string(read_file(word.substr(1), 1u << 16));
  while (!out.empty() && (out.back() == '\n' || out.back() == '\r')) out.pop_back();
  return out;
}

SomeKeys unwrapped(const Options& options, const crypto::KeyRecord& record, const crypto::KeyStore& custody) {
  const auto kek = custody.find_key(options.under);
  const bool blocks = options.form == kTr31;
  if (!options.kcvs.empty() && options.kcvs.size() != options.wrapped.size()) {
    throw Error(ErrorKind::usage, "give --kcv for each wrapped key, in their order");
  }
  if (!blocks && options.form != name_of(crypto::WrapForm::aes_key_wrap) && options.kcvs.empty()) {
    throw Error(ErrorKind::usage, options.form + " does not notice a change: give --kcv for each wrapped key");
  }
  SomeKeys out;
  for (size_t i = 0; i < options.wrapped.size(); ++i) {
    const std::string text = text_of(options.wrapped[i]);
    const Bytes kcv = options.kcvs.empty() ? Bytes{} : parse_kcv(options.kcvs[i]);
    if (!blocks) {
      out.push_back(
          crypto::unwrap_key(*kek, crypto::wrap_form(options.form), {record.type, record.size, kcv}, from_hex(text)));
      continue;
    }
    crypto::Tr31Key opened = crypto::tr31_unwrap(*kek, text);
    if (opened.key->type() != record.type || opened.key->size() != record.size) {
      throw Error(ErrorKind::usage, "the key of the block has " + std::to_string(opened.key->size()) +
                                        " bytes or another type than --type and --size say");
    }
    if (opened.head.exportability == 'N' && options.key.exportable) {
      throw Error(ErrorKind::usage, "the key block forbids that its key goes out again; leave out --exportable");
    }
    check_usage(opened.head, record.purpose, part_of(options.wrapped.size(), i));
    if (!kcv.empty() && opened.key->kcv() != kcv) {
      throw Error(ErrorKind::usage, "the key of the block has another check value than " + to_hex(kcv));
    }
    out.push_back(std::move(opened.key));
  }
  return out;
}

/// From a text file that is private: the set or the key of the same name, with its version and diversification.
crypto::NewKey taken_over(const Options& options) {
  const auto text = open_key_store(options.from);
  crypto::NewKey out{key_record(*text, options.key.name), keys_named(*text, options.key.name)};
  const crypto::KeyRecord asked = options.key.record();
  if (out.record.purpose == KeyPurpose::kek && asked.purpose != KeyPurpose::channel) out.record.purpose = asked.purpose;
  out.record.active_from = asked.active_from;
  out.record.expires = asked.expires;
  out.record.origin = "from a file";
  return out;
}

ExitStatus import(const Options& options) {
  const KeyTaken taken{options.place, options.key, options.update, options.json};
  const std::string action = options.update ? "key updated" : "key imported";
  if (options.pem) {
    if (!options.wrapped.empty() || !options.from.empty()) {
      throw Error(ErrorKind::usage, "--pem takes a key pair of a file, and other keys are given too");
    }
    crypto::KeyRecord record = options.key.record();
    record.origin = "from a file";
    taken.take({record, {}, read_secret_file(*options.pem)}, action);
    return ExitStatus::ok;
  }
  if (!options.from.empty()) {
    if (!options.wrapped.empty())
      throw Error(ErrorKind::usage, "--from takes keys of a file, and wrapped ones are given too");
    taken.take(taken_over(options), action);
    return ExitStatus::ok;
  }
  if (options.wrapped.empty() || options.under.empty()) {
    throw Error(ErrorKind::usage,
                "give --under KEK and the wrapped key (of a channel three: ENC MAC DEK), or --from FILE");
  }
  crypto::KeyRecord record = options.key.record();
  record.origin = "imported under " + options.under;
  const auto custody = options.place.open();
  if (options.update) record.purpose = key_record(*custody, record.name).purpose;
  taken.take({record, unwrapped(options, record, *custody)}, action);
  return ExitStatus::ok;
}

ExitStatus export_key(const Options& options) {
  const auto store = options.place.audit();
  const auto custody = options.place.open();
  const auto kek = custody->find_key(options.under);
  const crypto::KeyRecord record = key_record(*custody, options.key.name);
  const SomeKeys keys = keys_named(*custody, options.key.name);
  ordered_json out = {{"name", record.title()}, {"under", options.under}, {"form", options.form}, {"keys", {}}};
  for (size_t i = 0; i < keys.size(); ++i) {
    const std::string part = part_of(keys.size(), i);
    const std::string wrapped =
        options.form == kTr31
            ? crypto::tr31_wrap(*kek, {tr31_usage(record.purpose, part, record.type), 'N', "00", 'S'}, *keys[i])
            : to_hex(crypto::wrap_key(*kek, crypto::wrap_form(options.form), *keys[i]));
    out["keys"].push_back({{"part", part}, {"wrapped", wrapped}, {"kcv", to_hex(keys[i]->kcv())}});
  }
  tell_audit(store, "key exported", record.title(),
             {{"under", options.under}, {"form", options.form}, {"kcv", kcv_text(record)}});
  if (options.json) {
    print_json(out);
    return ExitStatus::ok;
  }
  for (const ordered_json& key : out["keys"]) std::cout << text_in(key, "wrapped") << '\n';
  std::cout << std::flush;
  return ExitStatus::ok;
}

void add_form(CLI::App& command, Options& options) {
  command.add_option("--under", options.under, "key that it is wrapped under, by its name in the key store")
      ->type_name("KEK");
  command
      .add_option("--form", options.form,
                  "aes-key-wrap (RFC 3394), aes-cbc, des-ecb, tr31: version D under AES, B under DES (default: "
                  "aes-key-wrap)")
      ->check(CLI::IsMember({"aes-key-wrap", "aes-cbc", "des-ecb", kTr31}))
      ->type_name("FORM");
  command.add_flag("--json", options.json, "one JSON object");
}

}  // namespace

void add_keys_wrap(CLI::App& keys, Action& action) {
  auto taken = std::make_shared<Options>();
  CLI::App* importing = keys.add_subcommand("import", "Take a key in that is wrapped under another one");
  taken->key.add_to(*importing, NewKeyOptions::Says::all);
  importing
      ->add_option("WRAPPED", taken->wrapped, "hexadecimal, a TR-31 key block, or @FILE with one; of a channel three")
      ->type_name("");
  taken->place.add_to(*importing);
  add_form(*importing, *taken);
  importing->add_option("--kcv", taken->kcvs, "check value of each key, in their order")
      ->allow_extra_args(false)
      ->type_name("KCV");
  importing->add_option("--from", taken->from, "take NAME over from a text key file, which only its owner may read")
      ->type_name("FILE");
  importing
      ->add_option("--pem", taken->pem,
                   "a key pair that signs: its private half, in a file that only its owner may read")
      ->type_name("FILE");
  importing->add_flag("--update", taken->update, "as the next generation of NAME, which it replaces");
  importing->footer(
      "Examples:\n"
      "  cardwright keys import isd --version 30 --under kek 1FA68B0A... 96778B25... 64E8C3F9... --keys keys.sealed\n"
      "  cardwright keys import transport --purpose kek --under kek --form tr31 @block.txt --keys keys.sealed\n"
      "  cardwright keys import isd --from keys.txt --keys keys.sealed\n"
      "  cardwright keys import issuer.token --purpose token --pem token.pem --keys keys.sealed");
  importing->callback([taken, &action] { action = [taken] { return import(*taken); }; });

  auto given = std::make_shared<Options>();
  CLI::App* exporting = keys.add_subcommand("export", "Give a key out, wrapped under another one: a line for each");
  exporting->add_option("NAME", given->key.name, "as cardwright keys list has it")->required()->type_name("");
  given->place.add_to(*exporting);
  add_form(*exporting, *given);
  exporting->get_option("--under")->required();
  exporting->footer(
      "Examples:\n"
      "  cardwright keys export isd --under kek --keys keys.sealed\n"
      "  cardwright keys export transport --under kek --form tr31 --json --keys keys.sealed");
  exporting->callback([given, &action] { action = [given] { return export_key(*given); }; });
}

}  // namespace cw::app
