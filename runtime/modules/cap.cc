#include <algorithm>
#include <utility>

#include "arguments_private.h"
#include "base/hex.h"
#include "data_private.h"
#include "modules/modules.h"
#include "open_private.h"

namespace cw::modules {

namespace {

constexpr size_t kMaxName = 255;

struct CapHandle : lua::Handle {
  CapHandle(std::shared_ptr<const host::File> f, std::shared_ptr<const gp::CapFile> c)
      : load_file(std::move(f)), cap(std::move(c)), block_size(cap->load_file_data_block().size()) {}
  const std::shared_ptr<const host::File> load_file;
  const std::shared_ptr<const gp::CapFile> cap;
  const size_t block_size;  // without C4 and length
};

const CapHandle& check_cap(lua_State* L) { return static_cast<const CapHandle&>(lua::check_handle(L, 1, cap_type())); }

void push_cap_charged(lua_State* L, std::shared_ptr<const host::File> load_file, std::shared_ptr<const gp::CapFile> cap,
                      size_t cost) {
  lua::push_handle(L, cap_type(), std::make_unique<CapHandle>(std::move(load_file), std::move(cap)), cost);
}

std::string version_text(uint8_t major, uint8_t minor) { return std::to_string(major) + "." + std::to_string(minor); }

void push_imports(lua_State* L, const gp::CapFile& cap) {
  lua_createtable(L, static_cast<int>(cap.imports().size()), 0);
  int at = 0;
  for (const gp::CapImport& import : cap.imports()) {
    lua_createtable(L, 0, 2);
    lua::set_field(L, "aid", ByteView(import.aid));
    lua::set_field(L, "version", std::string_view(version_text(import.major, import.minor)));
    lua_rawseti(L, -2, ++at);
  }
}

int cap_index(lua_State* L) {
  const CapHandle& handle = check_cap(L);
  const gp::CapFile& cap = *handle.cap;
  const std::string_view field = lua::text(L, 2);
  if (field == "name") {
    lua::push(L, std::string_view(handle.load_file->name));
  } else if (field == "package_aid") {
    lua::push(L, ByteView(cap.package_aid()));
  } else if (field == "version") {
    lua::push(L, std::string_view(version_text(cap.package_major(), cap.package_minor())));
  } else if (field == "applets") {
    lua_createtable(L, static_cast<int>(cap.applets().size()), 0);
    int at = 0;
    for (const Bytes& aid : cap.applets()) {
      lua::push(L, ByteView(aid));
      lua_rawseti(L, -2, ++at);
    }
  } else if (field == "imports") {
    push_imports(L, cap);
  } else if (field == "extended") {
    lua_pushboolean(L, cap.extended());
  } else if (field == "size") {
    lua_pushinteger(L, static_cast<lua_Integer>(handle.block_size));
  } else {
    lua_pushnil(L);
  }
  return 1;
}

int cap_tostring(lua_State* L) {
  const CapHandle& handle = check_cap(L);
  lua::push(L, std::string_view(handle.load_file->name + " " + to_hex(handle.cap->package_aid())));
  return 1;
}

int cap_hash(lua_State* L) {
  const CapHandle& handle = check_cap(L);
  const std::string_view name = lua::text(L, 2);
  static constexpr std::pair<std::string_view, crypto::Hash> kHashes[] = {{"sha1", crypto::Hash::sha1},
                                                                          {"sha256", crypto::Hash::sha256},
                                                                          {"sha384", crypto::Hash::sha384},
                                                                          {"sha512", crypto::Hash::sha512}};
  for (const auto& [known, hash] : kHashes) {
    if (known != name) continue;
    charge_bytes(L, handle.load_file->content.size());
    lua::push(L, ByteView(handle.cap->hash(hash)));
    return 1;
  }
  throw Error(ErrorKind::usage,
              "Cap:hash: argument 1: the hash must be \"sha1\", \"sha256\", \"sha384\" or \"sha512\"");
}

int cap_blocks(lua_State* L) {
  const CapHandle& handle = check_cap(L);
  const auto size = static_cast<uint32_t>(lua::integer(L, 2, 1, kMaxData));
  const auto total = static_cast<uint32_t>(handle.load_file->content.size());
  lua_newtable(L);
  int at = 0;
  for (uint32_t offset = 0; offset < total; offset += size) {
    host::Data data;
    data.add(host::FilePart{handle.load_file, offset, std::min(size, total - offset)});
    push_data(L, std::move(data));
    lua_rawseti(L, -2, ++at);
  }
  return 1;
}

int parse(lua_State* L) {
  const ByteView bytes = lua::bytes(L, 1);
  const std::string name = lua::is_absent(L, 2) ? "cap" : std::string(lua::text(L, 2, kMaxName));
  charge_bytes(L, 4 * bytes.size());
  auto cap = std::make_shared<const gp::CapFile>(gp::CapFile::parse(bytes, name));
  auto load_file = load_file_of(*cap, name);
  size_t cost = sizeof(CapHandle) + load_file->content.size();
  for (const gp::CapComponent& component : cap->components()) cost += component.content.size();
  charge_bytes(L, cost);
  push_cap_charged(L, std::move(load_file), std::move(cap), cost);
  return 1;
}

}  // namespace

const lua::HandleType& cap_type() {
  static const lua::HandleType type = {
      .name = "Cap",
      .methods = {{"hash", lua::guard<cap_hash>}, {"blocks", lua::guard<cap_blocks>}},
      .metamethods = {{"__index", lua::guard<cap_index>}, {"__tostring", lua::guard<cap_tostring>}},
  };
  return type;
}

void push_cap(lua_State* L, std::shared_ptr<const host::File> load_file, std::shared_ptr<const gp::CapFile> cap) {
  // The caller's file, shared by runs: only the handle is the script's.
  push_cap_charged(L, std::move(load_file), std::move(cap), sizeof(CapHandle));
}

std::shared_ptr<const host::File> load_file_of(const gp::CapFile& cap, std::string name) {
  const Bytes block = cap.load_file_data_block();
  Bytes content = concat({ByteView(gp::CapFile::c4_header(block.size())), ByteView(block)});
  Bytes hash = crypto::digest(crypto::Hash::sha256, content);
  return std::make_shared<const host::File>(host::File{std::move(name), std::move(content), std::move(hash)});
}

int open_cap(lua_State* L) {
  lua::push_module(L, {{"parse", lua::guard<parse>}});
  return 1;
}

}  // namespace cw::modules
