#include <algorithm>
#include <iostream>
#include <memory>

#include "app/json_text.h"
#include "app/key_source.h"
#include "app/moment.h"
#include "app/prompt.h"
#include "app/terminal.h"
#include "base/error.h"
#include "base/files.h"
#include "base/hex.h"
#include "cmd_keys_private.h"
#include "crypto/digest.h"
#include "crypto/key_components.h"
#include "gp/diversification.h"

namespace cw::app {

namespace {

using crypto::KeyPurpose;

struct Options {
  KeysPlace place{};
  NewKeyOptions key{};
  std::string kcv{};
  std::vector<std::string> component_kcvs{};
  std::vector<std::filesystem::path> component_files{};
  std::string from{};
  std::string with{};
  bool json = false;
};

/// ", to be used from ... until ...", where it says so.
std::string days_of(const crypto::KeyRecord& record) {
  std::string out;
  if (record.active_from > now_ms()) out += ", to be used from " + utc_text(record.active_from);
  if (record.expires != 0) out += (out.empty() ? ", to be used until " : " until ") + utc_text(record.expires);
  return out;
}

/// The store whose audit tells of a key that is about to be made or taken in; null: none was named. Raises policy: it
/// is an owner's that is not managed now.
std::shared_ptr<store::Store> audit_of_new(const KeysPlace& place, const crypto::KeyRecord& record) {
  const auto store = place.audit();
  const std::string owner = record.owner();
  if (!store || owner.empty()) return store;
  const std::vector<store::Standing> known = store->providers().list();
  const bool has_it = std::any_of(known.begin(), known.end(), [&](const auto& one) { return one.owner == owner; });
  if (has_it) store->providers().want_managed(owner);  // another may come to be one
  return store;
}

/// What generate_pair() wants to know: an RSA signature is as long as the modulus, others have two coordinates.
size_t pair_size(const crypto::KeyRecord& record) { return record.pair == "rsa" ? record.size : record.size / 2; }

ExitStatus generate(const Options& options) {
  crypto::KeyRecord record = options.key.record();
  record.origin = "generated";
  const auto store = audit_of_new(options.place, record);
  const crypto::KeyRecord made = options.place.open_to_change()->generate(record, options.key.exportable);
  KeyTaken{options.place, options.key, false, options.json}.tell(store, made, "key generated");
  return ExitStatus::ok;
}

ExitStatus assign(const Options& options) {
  const crypto::KeyRecord record = options.key.said();
  const auto store = audit_of_new(options.place, record);
  const crypto::KeyRecord made = options.place.token()->assign(record);
  tell_audit(store, "key assigned", made.name,
             {{"kcv", kcv_text(made)},
              {"purpose", std::string(name_of(made.purpose))},
              {"active from", made.active_from == 0 ? "" : utc_text(made.active_from)},
              {"expires", made.expires == 0 ? "" : utc_text(made.expires)}});
  if (options.json) {
    print_json(key_json(made));
  } else {
    std::cout << printable("key " + made.name + " is a " + std::string(name_of(made.purpose)) + " key now" +
                           days_of(made))
              << std::endl;
  }
  return ExitStatus::ok;
}

/// Of the same kind as the one it replaces, but for what options say.
ExitStatus update(const Options& options) {
  crypto::KeyRecord record = options.key.record();
  const crypto::KeyRecord before = options.place.vault()->record(options.key.name);
  if (const auto store = store_of_runs(options.place)) refuse_if_needed(*store, before);
  record.purpose = before.purpose;
  record.type = before.type;
  record.size = before.size;
  record.origin = "generated";
  record.pair = before.pair;
  if (!before.pair.empty()) record.size = pair_size(before);
  KeyTaken{options.place, options.key, true, options.json}.take(crypto::random_key(record), "key updated");
  return ExitStatus::ok;
}

/// The initial keys of a domain, as issuer and provider agreed to derive them.
ExitStatus derive(const Options& options) {
  crypto::KeyRecord record = options.key.record();
  const crypto::KeySet master = options.place.open()->find(options.from);
  if (master.diversification.empty()) {
    throw Error(ErrorKind::usage,
                "'" + options.from + "' is no master key with a diversification, so nothing is derived of it");
  }
  const crypto::KeySet set = gp::card_keys(master, from_hex(options.with));
  if (record.version == 0) record.version = master.version;
  record.origin = "derived of " + options.from + " with " + options.with;
  KeyTaken{options.place, options.key, false, options.json}.take({record, {set.enc, set.mac, set.dek}}, "key derived");
  return ExitStatus::ok;
}

ExitStatus component(const Options& options) {
  crypto::KeyRecord record = options.key.record();
  if (record.purpose == KeyPurpose::channel) {
    throw Error(ErrorKind::usage, "components give one key; --purpose kek, master, token, receipt, dap or message");
  }
  if (options.component_kcvs.size() < 2) {
    throw Error(ErrorKind::usage, "give --component-kcv for each component, two or more");
  }
  if (!options.component_files.empty() && options.component_files.size() != options.component_kcvs.size()) {
    throw Error(ErrorKind::usage, "give --component-file for each --component-kcv, or for none of them");
  }
  std::vector<crypto::KeyComponent> components;
  for (size_t i = 0; i < options.component_kcvs.size(); ++i) {
    crypto::KeyComponent one{{}, parse_kcv(options.component_kcvs[i])};
    if (!options.component_files.empty()) {
      one.digits = read_secret_file(options.component_files[i]);
    } else {
      std::optional<Secret> typed =
          prompt_secret("component " + std::to_string(i + 1) + " of " + std::to_string(options.component_kcvs.size()) +
                        ", hexadecimal, not shown: ");
      if (!typed) throw Error(ErrorKind::usage, "the ceremony was given up; nothing is kept");
      one.digits = std::move(*typed);
    }
    components.push_back(std::move(one));
  }
  record.origin = std::to_string(components.size()) + " components";
  const auto key = crypto::combine(record.type, record.size, components, parse_kcv(options.kcv));
  KeyTaken{options.place, options.key, false, options.json}.take({record, {key}}, "key from components");
  return ExitStatus::ok;
}

}  // namespace

void NewKeyOptions::add_to(CLI::App& command, Says says) {
  command.add_option("NAME", name, "how flows name it; an owner's is OWNER/NAME")->required()->type_name("");
  if (says == Says::all) {
    command.add_option("--type", type, "aes or des; of keys that sign also rsa, ec or sm2: a pair (default: aes)")
        ->check(CLI::IsMember({"aes", "des", "rsa", "ec", "sm2"}))
        ->type_name("TYPE");
    command
        .add_option(
            "--size", size,
            "bytes of each key: 16, 24, of AES also 32 (default: 16); of rsa the modulus, 256 (default), 384 or "
            "512; of ec a coordinate, 32 (default), 48 or 66")
        ->type_name("BYTES");
    command.add_flag("--exportable", exportable,
                     "in a token: it may leave it under another key, as what goes onto cards must");
  }
  if (says != Says::time) {
    command
        .add_option("--purpose", purpose,
                    "channel: three keys of a secure channel; master: one that card keys are derived of; kek: others "
                    "are wrapped under it; token, receipt, dap, message, certificate (default: channel)")
        ->type_name("PURPOSE");
    command.add_option("--diversification", diversification, "of a master key: none visa2 emv kdf3 gemvisa")
        ->type_name("METHOD");
  }
  command.add_option("--version", version, "key version number, hexadecimal (default: 00, as the card likes)")
      ->type_name("VERSION");
  command.add_option("--active-from", active_from, "not to be used before: 2027-01-01, or an age from now on: 7d")
      ->type_name("MOMENT");
  command.add_option("--expires", expires, "not to be used from then on: the same")->type_name("MOMENT");
}

crypto::KeyRecord NewKeyOptions::record() const {
  crypto::KeyRecord out = said();
  crypto::check_record(out);
  return out;
}

crypto::KeyRecord NewKeyOptions::said() const {
  crypto::KeyRecord out;
  out.name = name;
  out.type = type == "des" ? crypto::KeyType::des : crypto::KeyType::aes;
  if (type != "aes" && type != "des") out.pair = type;
  out.size = size != 0 ? size : out.pair.empty() ? 16 : out.pair == "rsa" ? 256 : 32;
  out.purpose = crypto::key_purpose(purpose);
  out.diversification = diversification;
  const Bytes number = from_hex(version);
  if (number.size() != 1 || number[0] > 0x7F) {
    throw Error(ErrorKind::usage, "'" + version + "' is no key version number: two hexadecimal digits up to 7F");
  }
  out.version = number[0];
  const int64_t now = now_ms();
  if (!active_from.empty()) out.active_from = parse_moment(active_from, now);
  if (!expires.empty()) out.expires = parse_moment(expires, now);
  if (out.expires != 0 && out.expires <= std::max(now, out.active_from)) {
    throw Error(ErrorKind::usage, "a key that expires before it may be used is none");
  }
  return out;
}

void KeyTaken::take(crypto::NewKey key, const std::string& action) const {
  // Where it is told comes first: nothing is changed that no audit can tell of.
  const auto store = audit_of_new(place, key.record);
  key.exportable = options.exportable;
  tell(store, update ? place.vault()->update(std::move(key)) : place.open_to_change()->put(std::move(key)), action);
}

void KeyTaken::tell(const std::shared_ptr<store::Store>& store, const crypto::KeyRecord& made,
                    const std::string& action) const {
  tell_audit(store, action, made.name,
             {{"generation", std::to_string(made.generation)}, {"kcv", kcv_text(made)}, {"origin", made.origin}});
  if (json) {
    print_json(key_json(made));
    return;
  }
  std::cout << printable("key " + made.name +
                         (update
                              ? " has generation " + std::to_string(made.generation) + " now, and the one before is " +
                                    made.name + "@" + std::to_string(made.generation - 1)
                              : " is in custody") +
                         "; check value " + kcv_text(made) + days_of(made))
            << std::endl;
}

Bytes parse_kcv(const std::string& text) {
  Bytes out = from_hex(text);
  if (out.size() == 3) return out;
  // Not the text: somebody may have given a key.
  throw Error(ErrorKind::usage, std::to_string(text.size()) + " digits are no check value: it has 6, hexadecimal");
}

void add_keys_make(CLI::App& keys, Action& action) {
  using Says = NewKeyOptions::Says;
  const auto add_one = [&](const char* name, const char* what, Says says, ExitStatus (*work)(const Options&)) {
    auto options = std::make_shared<Options>();
    CLI::App* command = keys.add_subcommand(name, what);
    options->key.add_to(*command, says);
    options->place.add_to(*command);
    command->add_flag("--json", options->json, "one JSON object");
    command->callback([options, work, &action] { action = [options, work] { return work(*options); }; });
    return std::pair(command, options);
  };
  add_one("generate", "Make a new key", Says::all, generate)
      .first->footer(
          "Examples:\n"
          "  cardwright keys generate isd --version 30 --keys keys.sealed\n"
          "  cardwright keys generate acme/master --purpose master --diversification kdf3 --keys keys.sealed\n"
          "  cardwright keys generate kek --purpose kek --size 32 --expires 365d --keys keys.sealed");
  add_one("assign", "Say what a key is for that other tools put into a token, and from when until when it may be used",
          Says::purpose, assign)
      .first->footer(
          "It sets CKA_ID, and what is not given stays as it is. What has no purpose in a token is used by nobody.\n"
          "Tools that find a certificate for a pair by CKA_ID no longer do: give the certificate the same one.\n"
          "\n"
          "Examples:\n"
          "  cardwright keys assign issuer.token --purpose token --expires 2030-01-01");
  add_one("update", "Replace a key by a new one; cards that hold the old one are opened with NAME@GENERATION",
          Says::time, update)
      .first->footer("Examples:\n  cardwright keys update isd --version 31 --keys keys.sealed");

  const auto [deriving, derived] =
      add_one("derive", "Three keys of a domain from a master key, as was agreed with its issuer", Says::time, derive);
  deriving->add_option("--from", derived->from, "master key with a diversification")->required()->type_name("MASTER");
  deriving->add_option("--with", derived->with, "what stands for the card's data: 20 hexadecimal digits")
      ->required()
      ->type_name("HEX");
  deriving->footer(
      "Examples:\n  cardwright keys derive ssd.first --from acme.root --with 00112233445566778899 --keys keys.sealed");

  const auto [command, options] = add_one(
      "component", "A key from components that several people type, each with its check value", Says::all, component);
  command->add_option("--kcv", options->kcv, "check value of the whole key")->required()->type_name("KCV");
  command->add_option("--component-kcv", options->component_kcvs, "check value of each component, in their order")
      ->allow_extra_args(false)
      ->type_name("KCV");
  command
      ->add_option("--component-file", options->component_files,
                   "private file of each component (default: each is asked for, and not shown)")
      ->allow_extra_args(false)
      ->type_name("FILE");
  command->footer(
      "Examples:\n"
      "  cardwright keys component kek --purpose kek --kcv 504A77 --component-kcv 8BAF47 --component-kcv FFCD73 \\\n"
      "    --keys keys.sealed");
}

}  // namespace cw::app
