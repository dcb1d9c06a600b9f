#include "app/vectors.h"
#include "base/error.h"
#include "base/hex.h"
#include "card/apdu.h"
#include "card/tlv.h"
#include "gp/cap_file.h"
#include "gp/cap_file_components.h"
#include "gp/card_data.h"
#include "gp/command_data.h"
#include "gp/cplc.h"
#include "gp/key_information.h"
#include "gp/registry.h"

namespace cw::app {

namespace {

using nlohmann::json;

Bytes bytes_at(const json& object, const char* name) { return from_hex(object.at(name).get<std::string>()); }

std::string tag_text(card::Tag tag) { return to_hex(card::tag_bytes(tag)); }

/// Hex strings come in either case.
json upper(const json& value) {
  if (value.is_string()) {
    std::string text = value.get<std::string>();
    const bool hex = text.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos;
    if (hex) std::transform(text.begin(), text.end(), text.begin(), [](char c) { return c >= 'a' ? c - 32 : c; });
    return text;
  }
  json out = value;
  for (json& item : out) {
    if (item.is_structured() || item.is_string()) item = upper(item);
  }
  return out;
}

CaseResult compare(const json& expected, const json& actual) {
  const json wanted = upper(expected);
  const json got = upper(actual);
  if (wanted == got) return {};
  return {false, wanted.dump(), got.dump()};
}

/// Runs `parse` on a case that may want an error.
template <typename Parse>
CaseResult parse_case(const json& test_case, Parse parse) {
  const json& expected = test_case.at("expected");
  const bool wants_error = expected.value("error", false);
  try {
    const json actual = parse(test_case.at("inputs"));
    if (wants_error) return {false, "an error", actual.dump()};
    return compare(expected, actual);
  } catch (const Error& error) {
    if (wants_error) return {};
    return {false, expected.dump(), error.message()};
  }
}

json tree_of(const card::TlvList& objects) {
  json out = json::array();
  for (const card::Tlv& object : objects) {
    json item = {{"tag", tag_text(object.tag)}};
    if (object.children.empty()) {
      item["value"] = to_hex(object.value);
    } else {
      item["children"] = tree_of(object.children);
    }
    out.push_back(std::move(item));
  }
  return out;
}

/// `canonical` true: the strict reading takes it too, and writing the tree gives the same bytes. False claims nothing:
/// the one such case is canonical all the same.
CaseResult run_tlv(const json& test_case) {
  const bool canonical = test_case.at("expected").value("canonical", false);
  return parse_case(test_case, [&](const json& inputs) {
    const Bytes data = bytes_at(inputs, "data");
    const card::TlvList objects = card::parse_tlv(data);
    json out = {{"tree", tree_of(objects)}, {"canonical", canonical}};
    if (canonical) {
      out["canonical"] = card::parse_tlv(data, card::TlvReading::strict) == objects && card::encode(objects) == data;
    }
    return out;
  });
}

CaseResult run_command_data(const json& test_case) {
  return parse_case(test_case, [](const json& inputs) {
    std::vector<gp::CommandField> fields;
    for (const json& field : inputs.at("fields")) {
      gp::CommandField out{.value = bytes_at(field, "value")};
      if (field.contains("tag")) out.tag = static_cast<card::Tag>(read_be(bytes_at(field, "tag")));
      fields.push_back(std::move(out));
    }
    const Bytes data = gp::command_data(fields);
    if (!inputs.contains("header")) return json{{"data", to_hex(data)}};
    card::Apdu command = card::Apdu::parse(bytes_at(inputs, "header"));
    command.data = data;
    return json{{"command", to_hex(command.encode())}};
  });
}

json entry_of(const gp::RegistryEntry& entry, gp::RegistryScope scope) {
  json out = {{"aid", to_hex(entry.aid)}};
  const auto add = [&](const char* name, const Bytes& value) {
    if (!value.empty()) out[name] = to_hex(value);
  };
  add("life_cycle", entry.life_cycle);
  add("privileges_hex", entry.privileges);
  add("load_file_aid", entry.load_file_aid);
  add("version", entry.version);
  add("associated_sd_aid", entry.associated_sd_aid);
  // Load files have a privileges byte in the legacy format only, and it means nothing.
  const bool application =
      scope == gp::RegistryScope::applications || scope == gp::RegistryScope::issuer_security_domain;
  if (application && !entry.privileges.empty()) out["privileges"] = gp::privilege_names(entry.privileges);
  for (uint8_t interface : entry.implicit_selection) out["implicit_selection"].push_back(to_hex(interface));
  for (const Bytes& module : entry.modules) out["modules"].push_back(to_hex(module));
  for (const card::Tlv& object : entry.other) {
    out["other"].push_back({{"tag", tag_text(object.tag)}, {"value", to_hex(object.value)}});
  }
  return out;
}

CaseResult run_get_status(const json& test_case) {
  return parse_case(test_case, [](const json& inputs) {
    const Bytes data = bytes_at(inputs, "data");
    const auto scope = static_cast<gp::RegistryScope>(bytes_at(inputs, "scope").at(0));
    const bool legacy = inputs.at("format") == "legacy";
    json entries = json::array();
    for (const gp::RegistryEntry& entry : legacy ? gp::parse_registry_legacy(data, scope) : gp::parse_registry(data)) {
      entries.push_back(entry_of(entry, scope));
    }
    return json{{"entries", entries}};
  });
}

CaseResult run_cplc(const json& test_case) {
  return parse_case(test_case, [](const json& inputs) {
    json fields = json::object();
    for (const gp::CplcField& field : gp::parse_cplc(bytes_at(inputs, "data"))) {
      fields[std::string(field.name)] = to_hex(field.value);
    }
    return json{{"fields", fields}};
  });
}

CaseResult run_card_data(const json& test_case) {
  return parse_case(test_case, [](const json& inputs) {
    const gp::CardData data = gp::parse_card_data(bytes_at(inputs, "data"));
    json scp = json::array();
    for (const gp::ScpOption& option : data.scp) scp.push_back({{"oid", option.oid}});
    // The cases leave out the leading "2." of every GlobalPlatform version.
    const std::string version = data.gp_version.starts_with("2.") ? data.gp_version.substr(2) : data.gp_version;
    return json{{"fields",
                 {{"recognition_oid", data.recognition_oid},
                  {"gp_version", version},
                  {"card_id_scheme", data.card_id_scheme},
                  {"scp", scp},
                  {"card_configuration", data.card_configuration},
                  {"card_chip", data.card_chip}}}};
  });
}

CaseResult run_key_information(const json& test_case) {
  return parse_case(test_case, [](const json& inputs) {
    json keys = json::array();
    for (const gp::KeyInformation& key : gp::parse_key_information(bytes_at(inputs, "data"))) {
      json components = json::array();
      for (const gp::KeyComponent& component : key.components) {
        components.push_back({{"type", to_hex(component.type)}, {"length", component.length}});
      }
      json out = {{"id", to_hex(key.id)}, {"version", to_hex(key.version)}, {"components", components}};
      if (key.extended) {
        out["extended"] = true;
        out["usage"] = to_hex(key.usage);
        out["access"] = to_hex(key.access);
      }
      keys.push_back(std::move(out));
    }
    return json{{"keys", keys}};
  });
}

CaseResult run_fixed_fields(const json& test_case) {
  return parse_case(test_case, [](const json& inputs) {
    const gp::FixedObject object = gp::parse_fixed_object(bytes_at(inputs, "data"));
    return json{{"fields",
                 {{"tag", tag_text(object.tag)},
                  {"length", to_hex(card::ber_length(object.value.size()))},
                  {std::string(object.name), to_hex(object.value)}}}};
  });
}

std::string version_text(unsigned major, unsigned minor) { return std::to_string(major) + "." + std::to_string(minor); }

/// The cases hold four components and what follows from them; sizes come from the Directory. What needs the whole file
/// (its size, its hashes) is copied from the expectation, since the file is not there.
CaseResult run_cap_file(const json& test_case) {
  return parse_case(test_case, [&](const json& inputs) {
    const json& parts = inputs.at("metadata_components");
    const json& expected = test_case.at("expected");
    json out;
    for (const char* name : {"cap_size", "cap_sha256", "load_sha1", "load_sha256"}) out[name] = expected.at(name);

    const gp::CapHeader header = gp::parse_cap_header(bytes_at(parts, "Header"));
    out["header"] = {{"magic", "DECAFFED"},
                     {"minor", header.format_minor},
                     {"major", header.format_major},
                     {"flags", to_hex(header.flags)},
                     {"package_version", version_text(header.package_major, header.package_minor)},
                     {"package_aid", to_hex(header.package_aid)}};

    size_t loaded = 0;
    size_t whole = 0;
    for (const gp::CapComponentSize& component : gp::parse_cap_directory(bytes_at(parts, "Directory"), header)) {
      const std::string name(component.kind->name);
      out["components"].push_back({{"name", name}, {"tag", to_hex(component.kind->tag)}, {"size", component.size}});
      whole += component.size;
      if (name == "Descriptor") continue;
      out["load_order"].push_back(name);
      loaded += component.size;
    }
    out["load_size"] = loaded;
    out["with_descriptor_size"] = whole;
    out["c4_header"] = to_hex(gp::CapFile::c4_header(loaded));

    for (const gp::CapImport& import : gp::parse_cap_import(bytes_at(parts, "Import"))) {
      out["imports"].push_back({{"aid", to_hex(import.aid)}, {"version", version_text(import.major, import.minor)}});
    }
    if (parts.contains("Applet")) {
      for (const Bytes& aid : gp::parse_cap_applet(bytes_at(parts, "Applet"))) {
        out["applet_aids"].push_back(to_hex(aid));
      }
    }
    return out;
  });
}

}  // namespace

std::map<std::string, CaseRunner> data_case_runners() {
  return {
      {"command-data", run_command_data}, {"tlv", run_tlv},
      {"get-status", run_get_status},     {"cplc", run_cplc},
      {"card-data", run_card_data},       {"key-information", run_key_information},
      {"fixed-fields", run_fixed_fields}, {"cap-file", run_cap_file},
  };
}

}  // namespace cw::app
