#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/hex.h"
#include "bundle_manifest_private.h"
#include "crypto/digest.h"
#include "engine/bundle.h"

namespace cw::engine {

namespace {

using nlohmann::ordered_json;

constexpr int kForm = 1;

std::string sha256(std::string_view text) { return to_hex(crypto::digest(crypto::Hash::sha256, view(text))); }

[[noreturn]] void refuse(const std::string& why) { throw Error(ErrorKind::script, why); }

/// A whole number of the manifest; 0: it has none of that name.
int64_t number_of(const ordered_json& manifest, const char* name) {
  const auto found = manifest.find(name);
  return found != manifest.end() && found->is_number_integer() ? found->get<int64_t>() : 0;
}

/// Nothing of a stranger's text is nested deeper than a manifest is.
bool shallow(int depth, ordered_json::parse_event_t /*event*/, ordered_json& /*value*/) {
  constexpr int kDeepest = 4;
  if (depth > kDeepest) refuse("manifest.json is no manifest");
  return true;
}

}  // namespace

std::string write_manifest(const std::string& hash, const std::map<std::string, std::string>& texts) {
  ordered_json files = ordered_json::array();
  for (const auto& [name, text] : texts) {
    files.push_back({{"name", name}, {"size", text.size()}, {"sha256", sha256(text)}});
  }
  const ordered_json all = {{"bundle", kForm}, {"api", kApi}, {"hash", hash}, {"files", files}};
  return all.dump(1) + "\n";
}

void check_manifest(std::string_view manifest, const std::string& hash,
                    const std::map<std::string, std::string>& texts) {
  if (manifest == write_manifest(hash, texts)) return;
  const ordered_json said = ordered_json::parse(manifest, shallow, false);
  if (!said.is_object()) refuse("manifest.json is no manifest");
  if (const int64_t form = number_of(said, "bundle"); form != kForm) {
    refuse("it is a bundle of form " + std::to_string(form) + ", and this cardwright reads form " +
           std::to_string(kForm));
  }
  if (const int64_t api = number_of(said, "api"); api != kApi) {
    refuse("its scripts are for API " + std::to_string(api) + ", and this cardwright has API " + std::to_string(kApi));
  }
  const auto listed = said.find("files");
  if (listed == said.end() || !listed->is_array() || listed->size() != texts.size()) {
    refuse("manifest.json lists other files than there are");
  }
  auto file = listed->begin();
  for (const auto& [name, text] : texts) {
    const ordered_json is = {{"name", name}, {"size", text.size()}, {"sha256", sha256(text)}};
    if (*file++ != is) refuse(name + " is not what manifest.json says of it");
  }
  const auto named = said.find("hash");
  if (named == said.end() || *named != hash) refuse("its hash is not the one that manifest.json says");
  refuse("manifest.json does not list these files as cardwright does");
}

}  // namespace cw::engine
