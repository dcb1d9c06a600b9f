#include "gp/commands.h"

#include "base/error.h"
#include "gp/command_data.h"

namespace cw::gp {

namespace {

constexpr uint8_t kClass = 0x80;
constexpr uint32_t kAnyLength = 256;

enum Ins : uint8_t {
  kManageChannel = 0x70,
  kSelect = 0xA4,
  kGetData = 0xCA,
  kStoreData = 0xE2,
  kDelete = 0xE4,
  kInstall = 0xE6,
  kLoad = 0xE8,
  kSetStatus = 0xF0,
  kGetStatus = 0xF2,
};

card::Apdu command(Ins ins, uint8_t p1, uint8_t p2, Bytes data = {}) {
  return {.cla = kClass, .ins = ins, .p1 = p1, .p2 = p2, .data = std::move(data)};
}

/// INSTALL answers a confirmation or one 00 (GPCS 11.5.3), so it carries Le.
card::Apdu install(uint8_t p1, std::initializer_list<ByteView> fields) {
  Bytes data;
  for (ByteView field : fields) append(data, card::lv(field));
  card::Apdu out = command(kInstall, p1, 0x00, std::move(data));
  out.le = kAnyLength;
  return out;
}

card::Apdu install_application(uint8_t p1, const InstallParameters& wanted) {
  return install(p1, {wanted.load_file_aid, wanted.module_aid, wanted.application_aid, wanted.privileges,
                      wanted.parameters, wanted.token});
}

}  // namespace

card::Apdu select(ByteView aid, bool next) {
  return {.cla = 0x00,
          .ins = kSelect,
          .p1 = 0x04,
          .p2 = static_cast<uint8_t>(next ? 0x02 : 0x00),
          .data = to_bytes(aid),
          .le = kAnyLength};
}

card::Apdu get_data(uint16_t tag) {
  card::Apdu out = command(kGetData, static_cast<uint8_t>(tag >> 8), static_cast<uint8_t>(tag));
  out.le = kAnyLength;
  return out;
}

card::Apdu get_status(RegistryScope scope, ByteView search_aid, bool next, bool legacy) {
  const auto p2 = static_cast<uint8_t>((legacy ? 0x00 : 0x02) | (next ? 0x01 : 0x00));
  card::Apdu out = command(kGetStatus, static_cast<uint8_t>(scope), p2, card::tlv(0x4F, search_aid));
  out.le = kAnyLength;
  return out;
}

card::Apdu set_status(uint8_t p1, uint8_t state, ByteView aid) { return command(kSetStatus, p1, state, to_bytes(aid)); }

card::Apdu delete_object(ByteView aid, bool related, ByteView token) {
  std::vector<CommandField> fields = {{0x4F, to_bytes(aid)}};
  if (!token.empty()) fields.push_back({0x9E, to_bytes(token)});
  card::Apdu out = command(kDelete, 0x00, related ? 0x80 : 0x00, command_data(fields));
  out.le = kAnyLength;
  return out;
}

card::Apdu delete_key(uint8_t key_version, uint8_t key_id) {
  std::vector<CommandField> fields;
  if (key_id != 0) fields.push_back({0xD0, {key_id}});
  fields.push_back({0xD2, {key_version}});
  card::Apdu out = command(kDelete, 0x00, 0x00, command_data(fields));
  out.le = kAnyLength;
  return out;
}

card::Apdu install_for_load(const LoadParameters& wanted) {
  return install(0x02,
                 {wanted.load_file_aid, wanted.security_domain_aid, wanted.hash, wanted.parameters, wanted.token});
}

card::Apdu install_for_install(const InstallParameters& wanted) { return install_application(0x04, wanted); }

card::Apdu install_for_make_selectable(const InstallParameters& wanted) {
  return install(0x08, {{}, {}, wanted.application_aid, wanted.privileges, wanted.parameters, wanted.token});
}

card::Apdu install_for_install_and_make_selectable(const InstallParameters& wanted) {
  return install_application(0x0C, wanted);
}

card::Apdu install_for_extradition(ByteView security_domain_aid, ByteView aid, ByteView parameters, ByteView token) {
  return install(0x10, {security_domain_aid, {}, aid, {}, parameters, token});
}

card::Apdu install_for_registry_update(ByteView security_domain_aid, ByteView aid, ByteView privileges,
                                       ByteView parameters, ByteView token) {
  return install(0x40, {security_domain_aid, {}, aid, privileges, parameters, token});
}

card::Apdu install_for_personalization(ByteView aid) { return install(0x20, {{}, {}, aid, {}, {}, {}}); }

std::vector<card::Apdu> load(ByteView load_file, size_t block_size) {
  if (load_file.empty()) throw Error(ErrorKind::usage, "LOAD: the load file is empty");
  if (block_size == 0 || block_size > 255) {
    throw Error(ErrorKind::usage, "LOAD: blocks of " + std::to_string(block_size) + " bytes, 1 to 255 fit");
  }
  std::vector<card::Apdu> out;
  for (size_t at = 0; at < load_file.size(); at += block_size) {
    const size_t size = std::min(block_size, load_file.size() - at);
    const bool last = at + size == load_file.size();
    // The number takes one byte and starts again at 00 after FF; cards count the same way.
    out.push_back(
        command(kLoad, last ? 0x80 : 0x00, static_cast<uint8_t>(out.size()), to_bytes(load_file.subspan(at, size))));
    out.back().le = kAnyLength;
  }
  return out;
}

card::Apdu store_data(ByteView data, unsigned block, bool last, StoreDataStructure structure,
                      StoreDataEncryption encryption) {
  if (block > 255)
    throw Error(ErrorKind::usage, "STORE DATA: block " + std::to_string(block) + ", the last one is 255");
  const auto p1 =
      static_cast<uint8_t>((last ? 0x80 : 0x00) | static_cast<uint8_t>(structure) | static_cast<uint8_t>(encryption));
  return command(kStoreData, p1, static_cast<uint8_t>(block), to_bytes(data));
}

card::Apdu open_channel() { return {.cla = 0x00, .ins = kManageChannel, .p1 = 0x00, .p2 = 0x00, .le = 1}; }

card::Apdu close_channel(uint8_t channel) { return {.cla = 0x00, .ins = kManageChannel, .p1 = 0x80, .p2 = channel}; }

}  // namespace cw::gp
