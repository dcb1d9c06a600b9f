#include <algorithm>
#include <utility>

#include "arguments_private.h"
#include "base/hex.h"
#include "data_private.h"
#include "gp/dap.h"
#include "modules/context.h"
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

struct NamedHash {
  std::string_view name;
  crypto::Hash hash;
  uint8_t size;
};

/// The hash that the argument at `index` names.
NamedHash check_hash(lua_State* L, int index, const std::string& place) {
  static constexpr NamedHash kHashes[] = {{"sha1", crypto::Hash::sha1, 20},
                                          {"sha256", crypto::Hash::sha256, 32},
                                          {"sha384", crypto::Hash::sha384, 48},
                                          {"sha512", crypto::Hash::sha512, 64}};
  const std::string_view name = lua::text(L, index);
  for (const NamedHash& one : kHashes) {
    if (one.name == name) return one;
  }
  throw Error(ErrorKind::usage, place + ": the hash must be \"sha1\", \"sha256\", \"sha384\" or \"sha512\"");
}

int cap_hash(lua_State* L) {
  const CapHandle& handle = check_cap(L);
  const NamedHash hash = check_hash(L, 2, "Cap:hash: argument 1");
  charge_bytes(L, handle.load_file->content.size());
  lua::push(L, ByteView(handle.cap->hash(hash.hash)));
  return 1;
}

int cap_dap(lua_State* L) {
  const CapHandle& handle = check_cap(L);
  host::DapPart part;
  part.key = check_name(L, 2, "Cap:dap: argument 1");
  part.domain = to_bytes(lua::bytes(L, 3));
  part.hash = check_hash(L, 4, "Cap:dap: argument 3").size;
  part.file = handle.load_file;
  const Bytes blank(outside_of(L).key_info(part.key).size);
  part.size = static_cast<uint32_t>(gp::dap_block({part.domain, blank}).size());
  host::Data data;
  data.add(std::move(part));
  push_data(L, std::move(data));
  return 1;
}

/// `count` bytes from the front of a part, which goes on behind them.
host::Part take_front(host::Part& part, uint32_t count) {
  host::Part front = part;
  if (auto* bytes = std::get_if<Bytes>(&part)) {
    std::get<Bytes>(front).resize(count);
    bytes->erase(bytes->begin(), bytes->begin() + count);
  } else if (auto* file = std::get_if<host::FilePart>(&part)) {
    std::get<host::FilePart>(front).size = count;
    file->offset += count;
    file->size -= count;
  } else if (auto* dap = std::get_if<host::DapPart>(&part)) {
    std::get<host::DapPart>(front).size = count;
    dap->offset += count;
    dap->size -= count;
  } else {
    throw Error(ErrorKind::usage, "Cap:blocks: argument 2: bytes and DAP blocks come before a load file, and no names");
  }
  return front;
}

uint32_t size_of(const host::Part& part) {
  host::Data one;
  one.add(part);
  return static_cast<uint32_t>(one.size().value_or(1));
}

int cap_blocks(lua_State* L) {
  const CapHandle& handle = check_cap(L);
  const auto size = static_cast<uint32_t>(lua::integer(L, 2, 1, kMaxData));
  host::Data all;
  if (!lua::is_absent(L, 3)) all = check_data(L, 3, "Cap:blocks: argument 2");
  all.add(host::FilePart{handle.load_file, 0, static_cast<uint32_t>(handle.load_file->content.size())});
  lua_newtable(L);
  int at = 0;
  host::Data block;
  uint32_t room = size;
  const auto push_block = [&] {
    push_data(L, std::exchange(block, {}));
    lua_rawseti(L, -2, ++at);
    room = size;
  };
  for (host::Part part : all.parts()) {
    for (uint32_t left = size_of(part); left > 0; left = size_of(part)) {
      const uint32_t count = std::min(room, left);
      block.add(take_front(part, count));
      room -= count;
      if (room == 0) push_block();
    }
  }
  if (room < size) push_block();
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
      .methods = {{"hash", lua::guard<cap_hash>}, {"blocks", lua::guard<cap_blocks>}, {"dap", lua::guard<cap_dap>}},
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
