#include "engine/bundle.h"

#include <algorithm>

#include "base/files.h"
#include "base/hex.h"
#include "base/suggest.h"
#include "crypto/digest.h"

namespace cw::engine {

namespace {

namespace fs = std::filesystem;

constexpr size_t kFileLimit = 256u << 10;
constexpr size_t kFileCount = 4096;

void read_folder(const fs::path& root, const char* folder, std::map<std::string, std::string>& texts) {
  std::error_code error;
  fs::recursive_directory_iterator walk(root / folder, error);
  if (error) {
    throw Error(ErrorKind::usage, "cannot read the " + std::string(folder) + " folder " + (root / folder).string() +
                                      ": " + error.message() +
                                      "; set CARDWRIGHT_SHARE to where stdlib, scripts and "
                                      "policies are");
  }
  for (const fs::directory_entry& entry : walk) {
    if (!entry.is_regular_file() || entry.path().extension() != ".lua") continue;
    const std::string name = fs::relative(entry.path(), root).generic_string();
    texts[name] = to_string(read_file(entry.path(), kFileLimit));
    if (texts.size() > kFileCount) {
      throw Error(ErrorKind::usage, "cannot load " + root.string() + ": more than 4096 Lua files");
    }
  }
}

bool plain_module_name(std::string_view name) {
  return !name.empty() && name.size() <= 128 && name.front() != '.' && name.back() != '.' &&
         name.find("..") == std::string_view::npos && std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
                  c == '.';
         });
}

}  // namespace

std::shared_ptr<const Bundle> Bundle::load(const fs::path& share) {
  std::shared_ptr<Bundle> bundle(new Bundle);
  read_folder(share, "stdlib", bundle->texts_);
  read_folder(share, "scripts", bundle->texts_);
  bundle->seal();
  return bundle;
}

std::shared_ptr<const Bundle> Bundle::of(std::map<std::string, std::string> texts) {
  std::shared_ptr<Bundle> bundle(new Bundle);
  bundle->texts_ = std::move(texts);
  bundle->seal();
  return bundle;
}

std::shared_ptr<const Bundle> Bundle::with_added_of(const Bundle& other) const {
  std::shared_ptr<Bundle> bundle(new Bundle);
  bundle->texts_ = texts_;
  bundle->added_ = other.added_;
  bundle->base_ = base_;
  for (const std::string& name : other.added_) bundle->texts_[name] = other.texts_.at(name);
  bundle->seal();
  return bundle;
}

std::shared_ptr<const Bundle> Bundle::with_files(const std::vector<fs::path>& files) const {
  std::shared_ptr<Bundle> bundle(new Bundle);
  bundle->texts_ = texts_;
  bundle->added_ = added_;
  bundle->base_ = base_;
  for (const fs::path& file : files) {
    const std::string name = file.generic_string();
    bundle->texts_[name] = to_string(read_file(file, kFileLimit));
    bundle->added_.insert(name);
  }
  bundle->seal();
  return bundle;
}

namespace {

void pack_text(Bytes& out, std::string_view text) {
  append_be(out, text.size(), 4);
  append(out, view(text));
}

/// Takes one text off the front.
std::string unpack_text(ByteView& in) {
  const uint64_t size = in.size() < 4 ? UINT64_MAX : read_be(in.first(4));
  if (size > in.size() - 4) throw Error(ErrorKind::store, "a bundle kept in the store is damaged: it is cut short");
  std::string text = to_string(in.subspan(4, size));
  in = in.subspan(4 + size);
  return text;
}

}  // namespace

Bytes Bundle::pack() const {
  Bytes out;
  for (const bool added : {true, false}) {
    for (const auto& [name, text] : texts_) {
      if (added_.contains(name) != added) continue;
      pack_text(out, name);
      pack_text(out, text);
    }
    if (added) pack_text(out, "");
  }
  return out;
}

std::shared_ptr<const Bundle> Bundle::unpack(ByteView packed) {
  std::shared_ptr<Bundle> bundle(new Bundle);
  for (bool added = true; !packed.empty();) {
    std::string name = unpack_text(packed);
    if (added && name.empty()) {
      added = false;
      continue;
    }
    if (added) bundle->added_.insert(name);
    bundle->texts_[std::move(name)] = unpack_text(packed);
  }
  bundle->seal();
  return bundle;
}

void Bundle::seal() {
  Bytes all;
  for (const auto& [name, text] : texts_) {
    append_be(all, name.size(), 4);
    append(all, view(name));
    append_be(all, text.size(), 4);
    append(all, view(text));
  }
  hash_ = to_hex(crypto::digest(crypto::Hash::sha256, all));
  if (base_.empty()) base_ = hash_;
}

const lua::Chunk* Bundle::compiled(const std::string& file) const {
  const auto text = texts_.find(file);
  if (text == texts_.end()) return nullptr;
  const std::lock_guard lock(mutex_);
  auto chunk = chunks_.find(file);
  if (chunk == chunks_.end()) chunk = chunks_.emplace(file, lua::compile(file, text->second)).first;
  return &chunk->second;
}

const lua::Chunk* Bundle::module(std::string_view name) const {
  if (!plain_module_name(name)) return nullptr;
  std::string path(name);
  std::replace(path.begin(), path.end(), '.', '/');
  return compiled((path.starts_with("cw/") ? "stdlib/" : "scripts/") + path + ".lua");
}

const lua::Chunk& Bundle::flow(std::string_view name) const {
  const std::string added(name);
  const std::string file = added_.contains(added) ? added : "scripts/" + added + ".lua";
  if (const lua::Chunk* chunk = compiled(file)) return *chunk;
  throw Error(ErrorKind::usage, "no flow '" + std::string(name) + "' under the scripts folder" +
                                    did_you_mean(name, flow_names()) + "; list them with: cardwright flows");
}

std::vector<std::string> Bundle::flow_names() const {
  std::vector<std::string> names;
  for (const auto& [file, text] : texts_) {
    if (!file.starts_with("scripts/") || file.starts_with("scripts/_")) continue;
    names.push_back(file.substr(8, file.size() - 8 - 4));
  }
  return names;
}

}  // namespace cw::engine
