#include "journal/run_head.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/hex.h"
#include "base/overloaded.h"
#include "crypto/digest.h"
#include "engine/recorder.h"

namespace cw::journal {

namespace {

using nlohmann::json;

std::string sealed_context(const std::string& argument) { return "argument " + argument; }

/// Kept under the hash of what it is before it is sealed, so that the same file is kept once for all runs.
std::string keep_file(store::Store& store, ByteView content) {
  std::string sha256 = to_hex(crypto::digest(crypto::Hash::sha256, content));
  if (!store.keep_file(sha256)) store.put_file(sha256, store.key().seal(content, store::file_context(sha256)));
  return sha256;
}

/// Texts need not be UTF-8, and JSON has nothing else: they go in as hex.
std::string hex_text(const std::string& text) { return to_hex(view(text)); }
std::string text_of(const json& hex) { return to_string(from_hex(hex.get<std::string>())); }

json arguments_of(store::Store& store, const engine::Arguments& arguments, const crypto::SealingKey& key,
                  std::vector<std::string>& files) {
  json out = json::object();
  for (const auto& argument : arguments.values) {
    const std::string& name = argument.first;
    out[hex_text(name)] =
        std::visit(Overloaded{
                       [](const std::string& text) {
                         return json{{"text", hex_text(text)}};
                       },
                       [](const Bytes& bytes) {
                         return json{{"bytes", to_hex(bytes)}};
                       },
                       [](int64_t number) {
                         return json{{"number", number}};
                       },
                       [](bool flag) {
                         return json{{"flag", flag}};
                       },
                       [&](const engine::CapArgument& cap) {
                         files.push_back(keep_file(store, *cap.file));
                         return json{{"cap", files.back()}, {"name", hex_text(cap.load_file->name)}};
                       },
                       [&](const engine::SecretArgument&) {
                         return json{{"sealed", to_hex(key.seal(arguments.secrets.at(name), sealed_context(name)))}};
                       },
                   },
                   argument.second);
  }
  return out;
}

engine::FlavorValue flavor_value(const json& value) {
  if (value.contains("flag")) return value["flag"].get<bool>();
  if (value.contains("number")) return value["number"].get<int64_t>();
  if (value.contains("text")) return text_of(value["text"]);
  return from_hex(value.at("bytes").get<std::string>());
}

engine::ArgumentValue value_of(store::Store& store, const std::string& name, const json& value,
                               const crypto::SealingKey& key, engine::Arguments& arguments) {
  if (value.contains("text")) return text_of(value["text"]);
  if (value.contains("bytes")) return from_hex(value["bytes"].get<std::string>());
  if (value.contains("number")) return value["number"].get<int64_t>();
  if (value.contains("flag")) return value["flag"].get<bool>();
  if (value.contains("size")) {  // exported without its bytes
    arguments.secrets[name] = Secret::take(Bytes(value["size"].get<uint32_t>()));
    return engine::SecretArgument{value["size"].get<uint32_t>()};
  }
  if (value.contains("cap")) return engine::CapArgument::of(stored_file(store, value["cap"]), text_of(value["name"]));
  Secret secret = key.open_secret(from_hex(value.at("sealed").get<std::string>()), sealed_context(name));
  const engine::SecretArgument argument{static_cast<uint32_t>(secret.size())};
  arguments.secrets[name] = std::move(secret);
  return argument;
}

json counter_text(const engine::CardCounter& counter) {
  return {{"every_attempt", counter.every_attempt},
          {"set_back", counter.set_back},
          {"scope", static_cast<int>(counter.scope)},
          {"limit", counter.limit},
          {"load_failures", counter.load_failures}};
}

engine::CardCounter counter_of(const json& text) {
  engine::CardCounter out;
  out.every_attempt = text.at("every_attempt");
  out.set_back = text.at("set_back");
  const int scope = text.at("scope");
  if (scope == 1) out.scope = engine::CardCounter::Scope::domain;
  if (scope == 2) out.scope = engine::CardCounter::Scope::card;
  out.limit = text.at("limit");
  out.load_failures = text.at("load_failures");
  return out;
}

[[noreturn]] void damaged(const std::string& what) {
  throw Error(ErrorKind::store, "reading the head of a journal: " + what + "; the store is damaged");
}

/// As the run's arguments and its flavor say it.
ConsentNeeded consent_of(const engine::RunSetup& setup, const engine::Flow& flow) {
  ConsentNeeded out;
  if (flow.consent_domain.empty()) return out;
  const auto& values = setup.arguments.values;
  if (const auto given = values.find(flow.consent_domain); given != values.end()) {
    out.domain = to_hex(std::get<Bytes>(given->second));
  } else if (const auto own = setup.flavor.find("ssd_aid"); own != setup.flavor.end()) {
    out.domain = to_hex(std::get<Bytes>(own->second));
  }
  const auto of = values.find(flow.consent_of);
  const std::string names = of == values.end() ? std::string() : std::get<std::string>(of->second);
  for (size_t from = 0; from < names.size();) {
    const size_t end = std::min(names.find(',', from), names.size());
    const size_t first = std::min(names.find_first_not_of(' ', from), end);
    size_t last = end;
    while (last > first && names[last - 1] == ' ') --last;
    if (last > first) out.providers.push_back(names.substr(first, last - first));
    from = end + 1;
  }
  return out;
}

Scripts read_scripts(store::Store& store, const Head& head, const json& text) {
  Scripts out;
  out.bundle = engine::Bundle::unpack(stored_file(store, text.at("bundle").at("file")));
  if (out.bundle->hash() != head.recording.bundle) damaged("its bundle is another one");
  const json& policy = text.at("policy");
  const auto read_policy = [&](const json& of) {
    return engine::Policy::parse(text_of(of.at("origin")), to_string(stored_file(store, of.at("file"))), *out.bundle);
  };
  out.policy = read_policy(policy);
  if (!head.owner.empty()) {
    const bool has_own = text.contains("owner_policy");
    out.policy = out.policy->over(has_own ? read_policy(text["owner_policy"]) : nullptr, head.owner);
  }
  return out;
}

/// By the hash of each, and by the names that they have in messages.
std::string name_of_scripts(const Head& head, const json& text) {
  return head.recording.bundle + " " + head.recording.policy_hash + " " +
         text.at("policy").at("origin").get<std::string>() + " " + text.at("flow").get<std::string>() + " " +
         head.owner +
         (text.contains("owner_policy") ? " " + text["owner_policy"].at("hash").get<std::string>() + " " +
                                              text["owner_policy"].at("origin").get<std::string>()
                                        : "");
}

}  // namespace

Bytes stored_file(store::Store& store, const std::string& sha256) {
  const std::optional<Bytes> sealed = store.file(sha256);
  if (!sealed) {
    throw Error(ErrorKind::store, "file " + sha256.substr(0, 16) + "... that the run needs is not in the store " +
                                      store.where() + " any more");
  }
  return store.key().open(*sealed, store::file_context(sha256));
}

HeadText write_head(store::Store& store, const engine::RunSetup& setup, const engine::Flow& flow, const Origin& origin,
                    const crypto::SealingKey& key) {
  HeadText out;
  json head;
  head["journal"] = kJournalFormat;
  head["api"] = kApi;
  head["flow"] = hex_text(setup.flow_name);
  head["name"] = hex_text(flow.name);
  head["scenario"] = setup.scenario;
  head["reader"] = hex_text(engine::reader_name(setup));
  head["card"] = hex_text(origin.card);
  if (origin.flavor) head["flavor_option"] = *origin.flavor;
  if (origin.keys) head["keys"] = hex_text(*origin.keys);
  if (origin.card_state) head["card_state"] = hex_text(*origin.card_state);
  head["card_shared"] = origin.card_shared;
  if (origin.seed) head["seed"] = *origin.seed;
  head["extended_length"] = setup.traits.extended_length;
  head["encrypt_empty_data"] = setup.traits.encrypt_empty_data;
  json flavor_data = json::object();
  for (const auto& [field, value] : setup.flavor) {
    flavor_data[field] = std::visit(Overloaded{[](bool flag) {
                                                 return json{{"flag", flag}};
                                               },
                                               [](int64_t number) {
                                                 return json{{"number", number}};
                                               },
                                               [](const std::string& text) {
                                                 return json{{"text", hex_text(text)}};
                                               },
                                               [](const Bytes& bytes) {
                                                 return json{{"bytes", to_hex(bytes)}};
                                               }},
                                    value);
  }
  head["flavor_data"] = flavor_data;
  head["counter"] = counter_text(setup.card_counter);
  if (setup.begun != 0) head["begun"] = setup.begun;
  const auto flavor = setup.flavor.find("name");
  const auto* flavor_name = flavor == setup.flavor.end() ? nullptr : std::get_if<std::string>(&flavor->second);
  head["flavor"] = flavor_name ? *flavor_name : "";

  out.files.push_back(keep_file(store, setup.bundle->pack()));
  head["bundle"] = {{"hash", setup.bundle->hash()}, {"file", out.files.back()}};
  const auto keep_policy = [&](const engine::Policy& policy) -> json {
    out.files.push_back(keep_file(store, view(policy.text())));
    return {{"name", hex_text(policy.name())},
            {"origin", hex_text(policy.origin())},
            {"hash", policy.hash()},
            {"file", out.files.back()}};
  };
  head["policy"] = keep_policy(*setup.policy);
  if (!setup.owner.empty()) head["owner"] = setup.owner;
  if (const auto& owners = setup.policy->under()) head["owner_policy"] = keep_policy(*owners);
  if (const ConsentNeeded needed = consent_of(setup, flow); !needed.domain.empty()) {
    head["consent"] = {{"domain", needed.domain}, {"of", needed.providers}};
  }
  head["arguments"] = arguments_of(store, setup.arguments, key, out.files);
  out.text = head.dump();
  return out;
}

Head read_head(std::string_view text) {
  Head out;
  try {
    const json head = json::parse(text);
    out.format = head.at("journal");
    if (out.format > kJournalFormat) {
      throw Error(ErrorKind::store, "the journal is of format " + std::to_string(out.format) +
                                        ", and this cardwright reads " + std::to_string(kJournalFormat) +
                                        "; a newer one wrote it");
    }
    out.api = head.at("api");
    out.origin.card = text_of(head.at("card"));
    if (head.contains("flavor_option")) out.origin.flavor = head["flavor_option"].get<std::string>();
    if (head.contains("keys")) out.origin.keys = text_of(head["keys"]);
    if (head.contains("card_state")) out.origin.card_state = text_of(head["card_state"]);
    out.origin.card_shared = head.at("card_shared");
    if (head.contains("seed")) out.origin.seed = head["seed"].get<uint64_t>();
    out.traits.extended_length = head.at("extended_length");
    out.traits.encrypt_empty_data = head.at("encrypt_empty_data");
    out.counter = counter_of(head.at("counter"));
    out.begun = head.value("begun", int64_t{0});
    out.recording.flow = text_of(head.at("name"));
    out.recording.card = text_of(head.at("reader"));
    out.recording.flavor = head.at("flavor");
    out.recording.bundle = head.at("bundle").at("hash");
    out.recording.policy = text_of(head.at("policy").at("name"));
    out.recording.policy_hash = head.at("policy").at("hash");
    out.owner = head.value("owner", std::string());
    if (head.contains("consent")) {
      out.consent.domain = head["consent"].at("domain");
      out.consent.providers = head["consent"].at("of").get<std::vector<std::string>>();
    }
    out.recording.all_answers = head.value("all_answers", true);
  } catch (const json::exception&) {
    damaged("it is not as cardwright writes it");
  }
  out.arguments = text;
  return out;
}

engine::RunSetup read_setup(store::Store& store, const Head& head, const crypto::SealingKey& key, Shelf* shelf) {
  engine::RunSetup setup;
  try {
    const json text = json::parse(head.arguments);
    setup.flow_name = text_of(text.at("flow"));
    const auto read = [&] { return read_scripts(store, head, text); };
    Scripts scripts = shelf == nullptr ? read() : shelf->find(name_of_scripts(head, text), [&] {
      Scripts out = read();
      out.flow = std::make_shared<const engine::Flow>(engine::check_flow(*out.bundle, setup.flow_name));
      return out;
    });
    setup.bundle = std::move(scripts.bundle);
    setup.policy = std::move(scripts.policy);
    setup.flow = std::move(scripts.flow);
    for (const auto& [field, value] : text.at("flavor_data").items()) setup.flavor[field] = flavor_value(value);
    for (const auto& [hex, value] : text.at("arguments").items()) {
      const std::string name = to_string(from_hex(hex));
      setup.arguments.values[name] = value_of(store, name, value, key, setup.arguments);
    }
  } catch (const json::exception&) {
    damaged("it is not as cardwright writes it");
  }
  setup.traits = head.traits;
  setup.card_counter = head.counter;
  setup.begun = head.begun;
  setup.owner = head.owner;
  return setup;
}

}  // namespace cw::journal
