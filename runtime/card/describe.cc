#include "card/describe.h"

#include <optional>
#include <vector>

#include "base/hex.h"
#include "card/status.h"
#include "card/tlv.h"
#include "command_private.h"

namespace cw::card {

namespace {

constexpr size_t kMaxAid = 16;

std::string bytes_of(size_t count) { return std::to_string(count) + (count == 1 ? " byte" : " bytes"); }

/// Length-value fields to the end of the data, or nothing if they do not come out even.
std::optional<std::vector<ByteView>> lv_fields(ByteView data) {
  std::vector<ByteView> out;
  while (!data.empty()) {
    const size_t wide = data[0] == 0x81 ? 2 : 1;  // a token may be longer than 127 bytes
    if (data.size() < wide) return std::nullopt;
    const size_t length = data[wide - 1];
    if (length > data.size() - wide) return std::nullopt;
    out.push_back(data.subspan(wide, length));
    data = data.subspan(wide + length);
  }
  return out;
}

std::string aid_of(ByteView aid) {
  if (aid.empty()) return "no AID";
  if (aid.size() > kMaxAid) return bytes_of(aid.size()) + " where an AID should be";
  return to_hex(aid);
}

std::string optional_part(std::string_view what, ByteView field) {
  return field.empty() ? "" : ", " + std::string(what) + " " + bytes_of(field.size());
}

std::string describe_install(const Apdu& command) {
  const auto fields = lv_fields(command.data);
  if (!fields || fields->size() < 5) return bytes_of(command.data.size());
  const auto& f = *fields;
  switch (command.p1 & 0x7F) {
    case 0x02:
      return aid_of(f[0]) + (f[1].empty() ? "" : " into " + aid_of(f[1])) + optional_part("hash", f[2]) +
             optional_part("parameters", f[3]) + optional_part("token", f[4]);
    case 0x10:
      if (f.size() < 6) break;
      return aid_of(f[2]) + " to " + aid_of(f[0]) + optional_part("parameters", f[4]) + optional_part("token", f[5]);
    case 0x20:
      return aid_of(f[2]);
    case 0x40:
      if (f.size() < 6) break;
      return aid_of(f[2]) + ", privileges " + (f[3].size() <= 3 ? to_hex(f[3]) : bytes_of(f[3].size())) +
             optional_part("parameters", f[4]) + optional_part("token", f[5]);
    case 0x04:
    case 0x08:
    case 0x0C:
      if (f.size() < 6) break;
      return aid_of(f[2]) + (f[1].empty() ? "" : " from module " + aid_of(f[1])) +
             (f[0].empty() ? "" : " of " + aid_of(f[0])) + ", privileges " +
             (f[3].size() <= 3 ? to_hex(f[3]) : bytes_of(f[3].size())) + optional_part("parameters", f[4]) +
             optional_part("token", f[5]);
    default:
      break;
  }
  return bytes_of(command.data.size());
}

std::string describe_delete(const Apdu& command) {
  const auto header = read_tlv_header(command.data);
  if (!header || header->length > command.data.size() - header->size) return bytes_of(command.data.size());
  const std::string related = (command.p2 & 0x80) != 0 ? " and what belongs to it" : "";
  if (header->tag == 0x4F) return aid_of(ByteView(command.data).subspan(header->size, header->length)) + related;
  if (header->tag == 0xD0 || header->tag == 0xD2) return "key, " + bytes_of(command.data.size());
  return bytes_of(command.data.size());
}

std::string scope_of(uint8_t p1) {
  switch (p1) {
    case 0x80:
      return "the issuer security domain";
    case 0x60:
      return "security domain with its applications";
    case 0x40:
      return "applications and security domains";
    case 0x20:
      return "load files";
    case 0x10:
      return "load files and modules";
    default:
      return "P1 " + to_hex(p1);
  }
}

std::string describe_store_data(const Apdu& command) {
  static constexpr std::string_view kStructure[] = {"", ", DGI", ", BER-TLV", ", structure reserved"};
  static constexpr std::string_view kEncryption[] = {"", ", encryption by the application", ", encryption reserved",
                                                     ", encrypted"};
  return "block " + std::to_string(command.p2) + ((command.p1 & 0x80) != 0 ? " (last)" : "") +
         std::string(kStructure[(command.p1 >> 3) & 3]) + std::string(kEncryption[(command.p1 >> 5) & 3]) + ", " +
         bytes_of(command.data.size());
}

/// GPCS 11.1.4, 7816-4 5.4.1: whether CLA says secure messaging.
bool is_secured(uint8_t cla) { return (cla & 0x40) != 0 ? (cla & 0x20) != 0 : (cla & 0x0C) != 0; }

std::string details(const Apdu& command, Command kind) {
  const size_t size = command.data.size();
  if (kind == Command::get_data) return to_hex16(static_cast<uint16_t>(command.p1 << 8 | command.p2));
  if (kind == Command::load) {
    return "block " + std::to_string(command.p2) + ((command.p1 & 0x80) != 0 ? " (last)" : "") + ", " + bytes_of(size);
  }
  if (kind == Command::store_data) return describe_store_data(command);
  if (kind == Command::initialize_update) return "key version " + to_hex(command.p1);
  if (kind == Command::external_authenticate) return "security level " + to_hex(command.p1);
  if (kind == Command::put_key) {
    return (command.p1 == 0 ? "new key set" : "replacing key version " + to_hex(command.p1 & 0x7F)) +
           std::string(", first key ") + to_hex(static_cast<uint8_t>(command.p2 & 0x7F)) + ", " + bytes_of(size);
  }
  if (is_secured(command.cla)) return size == 0 ? "" : bytes_of(size) + " under secure messaging";
  switch (kind) {
    case Command::select:
      return size == 0 ? "the default application" : aid_of(command.data);
    case Command::install:
    case Command::install_for_personalization:
      return describe_install(command);
    case Command::delete_object:
      return describe_delete(command);
    case Command::get_status:
      return scope_of(command.p1) + ((command.p2 & 0x01) != 0 ? ", next part" : "");
    case Command::set_status:
      return aid_of(command.data) + " to " + to_hex(command.p2) + " (" + scope_of(command.p1) + ")";
    case Command::manage_channel:
      return command.p1 == 0x80 ? "close " + std::to_string(command.p2) : "open";
    default:
      return size == 0 ? "" : bytes_of(size);
  }
}

}  // namespace

std::string describe(const Apdu& command) {
  const Command kind = command_of(command.cla, command.ins, command.p1);
  std::string out = command_name(command.cla, command.ins, command.p1);
  if (kind == Command::unknown) {
    out = "command " + to_hex(Bytes{command.cla, command.ins, command.p1, command.p2});
  }
  const std::string more = details(command, kind);
  if (!more.empty()) out += " " + more;
  if (const unsigned channel = channel_of(command.cla); channel != 0) out += ", channel " + std::to_string(channel);
  return out;
}

}  // namespace cw::card
