#include "gp/tokens.h"

#include <algorithm>

#include "base/error.h"
#include "card/tlv.h"

namespace cw::gp {

namespace {

constexpr uint8_t kForLoad = 0x02, kForInstall = 0x04, kForMakeSelectable = 0x08, kForExtradition = 0x10,
                  kForPersonalization = 0x20, kForRegistryUpdate = 0x40, kCombined = 0x0E;
constexpr uint8_t kInsInstall = 0xE6, kInsDelete = 0xE4, kTokenTag = 0x9E;

enum class Empty { refused, allowed };

Bytes aid(ByteView value, const char* of, Empty empty = Empty::refused) {
  if (value.empty() && empty == Empty::allowed) return {};
  if (value.size() < 5 || value.size() > 16) {
    throw Error(ErrorKind::usage, std::string("token input: AID of the ") + of + " has " +
                                      std::to_string(value.size()) + " bytes, an AID has 5 to 16");
  }
  return to_bytes(value);
}

Bytes privileges(ByteView value, Empty empty = Empty::refused) {
  if (value.size() != 1 && value.size() != 3 && !(value.empty() && empty == Empty::allowed)) {
    throw Error(ErrorKind::usage, "token input: privileges of " + std::to_string(value.size()) + " bytes, not 1 or 3");
  }
  return to_bytes(value);
}

Bytes load_part(uint8_t p1, uint8_t p2, const LoadFields& fields) {
  if (fields.hash.size() < 20 || fields.hash.size() > 64) {
    throw Error(ErrorKind::usage, "token input: a load token needs the load file data block hash, 20 to 64 bytes");
  }
  return token_input(p1, p2,
                     {aid(fields.elf, "load file"), aid(fields.sd, "security domain", Empty::allowed), fields.hash,
                      fields.parameters});
}

Bytes install_part(uint8_t p1, uint8_t p2, const InstallFields& fields) {
  return token_input(p1, p2,
                     {aid(fields.elf, "load file"), aid(fields.module, "module"), aid(fields.instance, "instance"),
                      privileges(fields.privileges), fields.parameters});
}

/// One field of length and value, the length as BER, 128 also as 80 alone (GPCS 11.5.2.3.1).
bool skip_field(ByteView& rest) {
  if (rest.empty()) return false;
  size_t header = 1, length = rest[0];
  if (length == 0x81 || length == 0x82) {
    header += length & 0x7F;
    if (rest.size() < header) return false;
    length = read_be(rest.subspan(1, header - 1));
  } else if (length > 0x80) {
    return false;
  }
  if (rest.size() < header + length) return false;
  rest = rest.subspan(header + length);
  return true;
}

Bytes with_header(uint8_t p1, uint8_t p2, ByteView data) {
  if (data.size() > 65535) throw Error(ErrorKind::usage, "token input: over 65535 bytes of data");
  Bytes out = {p1, p2};
  if (data.size() > 255) out.push_back(0x00);
  append_be(out, data.size(), data.size() > 255 ? 2 : 1);
  append(out, data);
  return out;
}

}  // namespace

Bytes token_input(uint8_t p1, uint8_t p2, const std::vector<Bytes>& fields) {
  Bytes data;
  for (const Bytes& field : fields) append(data, card::lv(field));
  return with_header(p1, p2, data);
}

Bytes load_token_input(const LoadFields& fields) { return load_part(kForLoad, 0x00, fields); }

Bytes install_token_input(const InstallFields& fields, bool make_selectable) {
  return install_part(make_selectable ? kForInstall | kForMakeSelectable : kForInstall, 0x00, fields);
}

Bytes make_selectable_token_input(ByteView instance, ByteView rights, ByteView parameters) {
  return token_input(kForMakeSelectable, 0x00,
                     {{}, {}, aid(instance, "instance"), privileges(rights), to_bytes(parameters)});
}

Bytes extradition_token_input(ByteView new_sd, ByteView application, ByteView parameters) {
  return token_input(kForExtradition, 0x00,
                     {aid(new_sd, "security domain"), {}, aid(application, "application"), {}, to_bytes(parameters)});
}

Bytes registry_update_token_input(ByteView new_sd, ByteView application, ByteView rights, ByteView parameters) {
  return token_input(kForRegistryUpdate, 0x00,
                     {aid(new_sd, "security domain", Empty::allowed),
                      {},
                      aid(application, "application", Empty::allowed),
                      privileges(rights, Empty::allowed),
                      to_bytes(parameters)});
}

Bytes delete_token_input(ByteView objects, bool with_related) {
  return with_header(0x00, with_related ? 0x80 : 0x00, objects);
}

Bytes combined_token_input(const LoadFields& load, const InstallFields& install) {
  constexpr uint8_t kAll = kForLoad | kForInstall | kForMakeSelectable;
  return concat({load_part(kAll, 0x01, load), install_part(kAll, 0x03, install)});
}

Bytes command_token_input(uint8_t p1, uint8_t p2, ByteView data) { return with_header(p1, p2, data); }

ByteView before_token(const card::Apdu& command) {
  const ByteView data = command.data;
  if (command.ins == kInsDelete) {
    for (ByteView rest = data; !rest.empty();) {
      const auto header = card::read_tlv_header(rest);
      if (!header) throw Error(ErrorKind::usage, "token input: the data objects of this DELETE are cut");
      if (header->tag == kTokenTag) return data.first(data.size() - rest.size());
      rest = rest.subspan(std::min(rest.size(), header->size + header->length));
    }
    return data;
  }
  const uint8_t kind = command.p1 & 0x7F;
  if (command.ins != kInsInstall || kind == kForPersonalization) {
    throw Error(ErrorKind::usage,
                "token input: only INSTALL and DELETE have tokens, and [for personalization] has none");
  }
  const bool load = kind == kForLoad || (kind == kCombined && command.p2 == 0x01);
  ByteView rest = data;
  for (int left = load ? 4 : 5; left > 0; --left) {
    if (!skip_field(rest)) throw Error(ErrorKind::usage, "token input: the fields of this INSTALL are cut");
  }
  return data.first(data.size() - rest.size());
}

}  // namespace cw::gp
