#include <nlohmann/json.hpp>

#include "base/hex.h"
#include "persistence_private.h"
#include "registry_private.h"

namespace cw::se {
namespace {

using nlohmann::json;

constexpr const char* kFormat = "cardwright-card";
constexpr int kVersion = 1;

[[noreturn]] void broken(const std::string& what) {
  throw Error(ErrorKind::usage,
              "the saved card cannot be read: " + what + "; delete the file to begin with a fresh card");
}

// Writing.

json hex(ByteView bytes) { return to_hex(bytes); }

json hex_list(const std::vector<Bytes>& list) {
  json out = json::array();
  for (const Bytes& one : list) out.push_back(hex(one));
  return out;
}

json hex_map(const std::map<uint16_t, Bytes>& map) {
  json out = json::object();
  for (const auto& [key, value] : map) out[to_hex16(key)] = hex(value);
  return out;
}

template <class Number>
json number_map(const std::map<uint8_t, Number>& map) {
  json out = json::object();
  for (const auto& [key, value] : map) out[to_hex(key)] = value;
  return out;
}

void put_optional(json& out, const char* name, const std::optional<uint8_t>& value) {
  if (value) out[name] = *value;
}

json write(const CardKey& key) {
  json parts = json::array();
  for (const KeyComponent& part : key.parts) parts.push_back({{"type", part.type}, {"value", hex(part.value)}});
  return {{"id", key.id}, {"version", key.version}, {"parts", parts}, {"usage", key.usage}, {"access", key.access}};
}

json write(const Domain& domain) {
  json out = {{"counters", number_map(domain.counters)},
              {"attempts", number_map(domain.attempts)},
              {"objects", hex_map(domain.objects)},
              {"personalized_explicitly", domain.personalized_explicitly},
              {"keys", json::array()}};
  for (const CardKey& key : domain.keys) out["keys"].push_back(write(key));
  if (!domain.certificates.empty()) out["certificates"] = hex_map(domain.certificates);
  if (domain.confirmations != 0) out["confirmations"] = domain.confirmations;
  put_optional(out, "scp02_i", domain.scp02_i);
  put_optional(out, "scp03_i", domain.scp03_i);
  put_optional(out, "accepts_in", domain.accepts_in);
  put_optional(out, "accepts_deletion", domain.accepts_deletion);
  put_optional(out, "accepts_out", domain.accepts_out);
  return out;
}

json write(const Contents& contents) {
  return {{"groups", hex_map(contents.groups)},
          {"blocks", hex_list(contents.blocks)},
          {"personalized", contents.personalized},
          {"pin_tries", contents.pin_tries},
          {"refresh_tag", contents.refresh_tag}};
}

json write(const Application& application) {
  json out = {{"aid", hex(application.aid)},        {"load_file", hex(application.load_file)},
              {"module", hex(application.module)},  {"domain", hex(application.domain)},
              {"kind", application.kind},           {"privileges", application.privileges},
              {"state", application.state},         {"nvm_quota", application.nvm_quota},
              {"ram_quota", application.ram_quota}, {"parameters", hex(application.parameters)}};
  if (application.kind == Kind::domain) {
    out["sd"] = write(application.sd);
  } else {
    out["contents"] = write(application.contents);
  }
  return out;
}

json write(const LoadFile& file) {
  json out = {{"aid", hex(file.aid)},
              {"domain", hex(file.domain)},
              {"version", file.version},
              {"modules", hex_list(file.modules)},
              {"imports", hex_list(file.imports)},
              {"built_in", file.built_in}};
  if (file.code) out["code"] = hex(*file.code);
  return out;
}

// Reading. nlohmann's own errors name the field; load_chip turns them into ours.

Bytes bytes_at(const json& in, const char* name) { return from_hex(in.at(name).get_ref<const std::string&>()); }

Aid aid_at(const json& in, const char* name) {
  Aid aid = bytes_at(in, name);
  if (aid.size() < 5 || aid.size() > 16) broken(std::string(name) + " is no AID");
  return aid;
}

std::vector<Bytes> bytes_list(const json& in) {
  std::vector<Bytes> out;
  for (const json& one : in) out.push_back(from_hex(one.get_ref<const std::string&>()));
  return out;
}

std::map<uint16_t, Bytes> bytes_map(const json& in) {
  std::map<uint16_t, Bytes> out;
  for (const auto& [key, value] : in.items()) {
    out[u16(read_be(from_hex(key.substr(0, 4))))] = from_hex(value.get_ref<const std::string&>());
  }
  return out;
}

template <class Number>
std::map<uint8_t, Number> read_numbers(const json& in) {
  std::map<uint8_t, Number> out;
  for (const auto& [key, value] : in.items())
    out[u8(read_be(from_hex(key.substr(0, 2))))] = value.template get<Number>();
  return out;
}

std::optional<uint8_t> optional_at(const json& in, const char* name) {
  if (!in.contains(name)) return {};
  return in.at(name).get<uint8_t>();
}

CardKey read_key(const json& in) {
  CardKey key;
  key.id = in.at("id").get<uint8_t>();
  key.version = in.at("version").get<uint8_t>();
  key.usage = in.at("usage").get<uint8_t>();
  key.access = in.at("access").get<uint8_t>();
  for (const json& part : in.at("parts"))
    key.parts.push_back({part.at("type").get<uint8_t>(), bytes_at(part, "value")});
  const bool symmetric = key.type() == key_type::kDes || key.type() == key_type::kAes;
  const size_t size = key.size();
  if (key.parts.empty() || (symmetric && size != 16 && size != 24 && (size != 32 || key.type() == key_type::kDes))) {
    broken("a key has a length that its type does not have");
  }
  return key;
}

Domain read_domain(const json& in) {
  Domain domain;
  for (const json& key : in.at("keys")) domain.keys.push_back(read_key(key));
  domain.counters = read_numbers<uint32_t>(in.at("counters"));
  domain.attempts = read_numbers<unsigned>(in.at("attempts"));
  domain.objects = bytes_map(in.at("objects"));
  if (in.contains("certificates")) domain.certificates = bytes_map(in.at("certificates"));
  domain.personalized_explicitly = in.at("personalized_explicitly").get<bool>();
  if (in.contains("confirmations")) domain.confirmations = in.at("confirmations").get<uint16_t>();
  domain.scp02_i = optional_at(in, "scp02_i");
  domain.scp03_i = optional_at(in, "scp03_i");
  if ((domain.scp02_i && !knows_scp02(*domain.scp02_i)) || (domain.scp03_i && !knows_scp03(*domain.scp03_i))) {
    broken("a secure channel option that the card does not have");
  }
  domain.accepts_in = optional_at(in, "accepts_in");
  domain.accepts_deletion = optional_at(in, "accepts_deletion");
  domain.accepts_out = optional_at(in, "accepts_out");
  return domain;
}

Contents read_contents(const json& in) {
  Contents contents;
  contents.groups = bytes_map(in.at("groups"));
  contents.blocks = bytes_list(in.at("blocks"));
  contents.personalized = in.at("personalized").get<bool>();
  contents.pin_tries = in.at("pin_tries").get<uint8_t>();
  contents.refresh_tag = in.at("refresh_tag").get<uint64_t>();
  return contents;
}

Application read_application(const json& in) {
  Application application;
  application.aid = aid_at(in, "aid");
  application.load_file = bytes_at(in, "load_file");
  application.module = bytes_at(in, "module");
  application.domain = aid_at(in, "domain");
  const auto kind = in.at("kind").get<unsigned>();
  if (kind > static_cast<unsigned>(Kind::access_rules)) broken("an application of an unknown kind");
  application.kind = static_cast<Kind>(kind);
  application.privileges = in.at("privileges").get<uint32_t>();
  application.state = in.at("state").get<uint8_t>();
  application.nvm_quota = in.at("nvm_quota").get<size_t>();
  application.ram_quota = in.at("ram_quota").get<size_t>();
  application.parameters = bytes_at(in, "parameters");
  if (application.kind == Kind::domain) {
    application.sd = read_domain(in.at("sd"));
  } else {
    application.contents = read_contents(in.at("contents"));
  }
  return application;
}

LoadFile read_file(const json& in) {
  LoadFile file;
  file.aid = aid_at(in, "aid");
  file.domain = aid_at(in, "domain");
  file.version = in.at("version").get<uint16_t>();
  file.modules = bytes_list(in.at("modules"));
  file.imports = bytes_list(in.at("imports"));
  file.built_in = in.at("built_in").get<bool>();
  if (in.contains("code")) file.code = std::make_shared<const Bytes>(bytes_at(in, "code"));
  return file;
}

json parse(std::string_view text) {
  json in = json::parse(text, nullptr, false);
  if (!in.is_object() || in.value("format", json()) != kFormat) broken("it is not a card that cardwright saved");
  const json& version = in.contains("version") ? in.at("version") : json();
  if (version != kVersion) {
    broken("its format version is " + version.dump() + ", this program reads " + std::to_string(kVersion));
  }
  return in;
}

Nvm read_memory(const json& in) {
  Nvm nvm;
  nvm.card_state = in.at("card_state").get<uint8_t>();
  nvm.failed_loads = in.at("failed_loads").get<unsigned>();
  for (const json& one : in.at("applications")) nvm.applications.emplace_back(read_application(one));
  for (const json& one : in.at("load_files")) nvm.load_files.emplace_back(read_file(one));
  if (nvm.applications.empty() || nvm.applications.front()->kind != Kind::domain)
    broken("it has no issuer security domain");
  if (in.contains("deletion")) {
    Deletion deletion{bytes_list(in.at("deletion").at("applications")), {}};
    if (in.at("deletion").contains("load_file")) deletion.load_file = aid_at(in.at("deletion"), "load_file");
    const Aid& isd = issuer_domain(nvm).aid;
    std::erase(deletion.applications, isd);
    nvm.deletion = std::move(deletion);
  }
  return nvm;
}

}  // namespace

std::string save_chip(const Chip& chip) {
  Memory memory = chip.memory;
  memory.roll_back();  // what an interrupted transaction left is not there for anyone
  const Nvm& nvm = memory.read();
  json out = {{"format", kFormat},
              {"version", kVersion},
              {"flavor", chip.flavor.name},
              {"random_state", chip.random_state},
              {"card_state", nvm.card_state},
              {"failed_loads", nvm.failed_loads},
              {"applications", json::array()},
              {"load_files", json::array()}};
  for (const auto& application : nvm.applications) out["applications"].push_back(write(*application));
  for (const auto& file : nvm.load_files) out["load_files"].push_back(write(*file));
  if (nvm.deletion) {
    json deletion = {{"applications", hex_list(nvm.deletion->applications)}};
    if (nvm.deletion->load_file) deletion["load_file"] = hex(*nvm.deletion->load_file);
    out["deletion"] = deletion;
  }
  return out.dump(1);
}

std::string saved_flavor(std::string_view text) {
  const json in = parse(text);
  if (!in.contains("flavor") || !in.at("flavor").is_string()) broken("it names no flavor");
  return in.at("flavor").get<std::string>();
}

void load_chip(Chip& chip, std::string_view text) {
  const json in = parse(text);
  try {
    chip.memory = Memory(read_memory(in));
    chip.random_state = in.at("random_state").get<uint64_t>();
  } catch (const json::exception& error) {
    broken(error.what());
  } catch (const Error& error) {
    if (error.message().starts_with("the saved card")) throw;
    broken(error.message());
  }
}

}  // namespace cw::se
