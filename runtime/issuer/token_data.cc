#include "issuer/token_data.h"

#include "base/error.h"
#include "base/hex.h"

namespace cw::issuer {

namespace {

[[noreturn]] void wrong(const std::string& what) { throw Error(ErrorKind::usage, "rawData: " + what); }

class Fields {
 public:
  explicit Fields(ByteView rest) : rest_(rest) {}

  bool done() const { return rest_.empty(); }

  ByteView take(size_t count, const char* what) {
    if (count > rest_.size()) wrong(std::string(what) + " is cut");
    const ByteView out = rest_.first(count);
    rest_ = rest_.subspan(count);
    return out;
  }
  uint8_t byte(const char* what) { return take(1, what)[0]; }

  /// Of a command: one byte up to 255, or 00 and two.
  ByteView command_data() {
    size_t length = byte("the length");
    const bool is_long = length == 0;
    if (is_long) length = read_be(take(2, "the length"));
    if (is_long && length < 256) wrong("a length of three bytes, and one would do");
    return take(length, "the data");
  }

  /// Length and value; the shortest BER form.
  Bytes lv(const char* what, size_t least, size_t most) {
    size_t length = byte(what);
    if (length > 0x7F) {
      if (length != 0x81 && length != 0x82) wrong(std::string(what) + " has a length that is none");
      const bool two = length == 0x82;
      length = read_be(take(two ? 2 : 1, what));
      if (length < (two ? 256u : 128u)) wrong(std::string(what) + " has a length in more bytes than needed");
    }
    if (length < least || length > most) {
      wrong(std::string(what) + " has " + std::to_string(length) + " bytes, " + std::to_string(least) + " to " +
            std::to_string(most) + " are right");
    }
    return to_bytes(take(length, what));
  }
  Bytes aid(const char* what) { return lv(what, 5, 16); }
  Bytes aid_or_none(const char* what) {
    Bytes out = lv(what, 0, 16);
    if (!out.empty() && out.size() < 5) wrong(std::string(what) + " has fewer than 5 bytes");
    return out;
  }
  void none(const char* what) { lv(what, 0, 0); }
  Bytes privileges(bool may_be_empty) {
    Bytes out = lv("privileges", may_be_empty ? 0 : 1, 3);
    if (out.size() == 2) wrong("privileges have one or three bytes");
    return out;
  }
  void end(const char* what) const {
    if (!rest_.empty()) wrong("there are bytes behind " + std::string(what));
  }

 private:
  ByteView rest_;
};

constexpr size_t kMostParameters = 2048;

void read_load(Fields fields, TokenData& out) {
  out.load_file = fields.aid("the load file's AID");
  out.domain = fields.aid_or_none("the security domain's AID");
  out.hash = fields.lv("the load file's hash", 20, 64);
  out.load_parameters = fields.lv("the load parameters", 0, kMostParameters);
  fields.end("the load parameters");
}

void read_install(Fields fields, TokenData& out) {
  out.load_file = fields.aid("the load file's AID");
  out.module = fields.aid("the module's AID");
  out.application = fields.aid("the application's AID");
  out.privileges = fields.privileges(false);
  out.parameters = fields.lv("the install parameters", 2, kMostParameters);
  fields.end("the install parameters");
}

void read_make_selectable(Fields fields, TokenData& out) {
  fields.none("the first field");
  fields.none("the second field");
  out.application = fields.aid("the application's AID");
  out.privileges = fields.privileges(true);
  out.parameters = fields.lv("the parameters", 0, kMostParameters);
  fields.end("the parameters");
}

void read_extradition(Fields fields, TokenData& out) {
  out.domain = fields.aid("the new security domain's AID");
  fields.none("the second field");
  out.application = fields.aid("the AID of what moves");
  fields.none("the fourth field");
  out.parameters = fields.lv("the parameters", 0, kMostParameters);
  fields.end("the parameters");
}

void read_registry_update(Fields fields, TokenData& out) {
  out.domain = fields.aid_or_none("the new security domain's AID");
  fields.none("the second field");
  out.application = fields.aid_or_none("the application's AID");
  out.privileges = fields.privileges(true);
  out.parameters = fields.lv("the parameters", 0, kMostParameters);
  fields.end("the parameters");
}

/// 4F, and B6 with what identifies the issuer and the token.
void read_remove(Fields fields, TokenData& out) {
  if (fields.byte("the data") != 0x4F) wrong("DELETE begins with 4F");
  out.application = fields.aid("the AID");
  if (!fields.done()) {
    if (fields.byte("the data") != 0xB6) wrong("behind the AID of DELETE stands B6, or nothing");
    fields.lv("B6", 0, 127);
  }
  fields.end("the data of DELETE");
}

}  // namespace

TokenData parse_token_data(ByteView bytes) {
  Fields all(bytes);
  TokenData out;
  const uint8_t p1 = all.byte("P1"), p2 = all.byte("P2");
  const Fields data(all.command_data());
  if (p1 == 0x0E && p2 == 0x01) {
    out.kind = TokenKind::combined;
    read_load(data, out);
    const Bytes loaded = out.load_file;
    if (all.byte("P1") != 0x0E || all.byte("P2") != 0x03) wrong("behind the load part of 0E01 comes one of 0E03");
    read_install(Fields(all.command_data()), out);
    if (out.load_file != loaded) wrong("its two parts name two load files");
    all.end("the second part");
    return out;
  }
  all.end("the data");
  if (p2 != 0x00 && !(p1 == 0x00 && p2 == 0x80)) wrong("no token is for P1 " + to_hex(p1) + " with P2 " + to_hex(p2));
  switch (p1) {
    case 0x02:
      out.kind = TokenKind::load;
      read_load(data, out);
      return out;
    case 0x04:
    case 0x0C:
      out.kind = TokenKind::install;
      read_install(data, out);
      return out;
    case 0x08:
      out.kind = TokenKind::make_selectable;
      read_make_selectable(data, out);
      return out;
    case 0x10:
      out.kind = TokenKind::extradition;
      read_extradition(data, out);
      return out;
    case 0x40:
      out.kind = TokenKind::registry_update;
      read_registry_update(data, out);
      return out;
    case 0x00:
      out.kind = TokenKind::remove;
      out.related = p2 == 0x80;
      read_remove(data, out);
      return out;
    default:
      wrong("no token is for P1 " + to_hex(p1) + " with P2 " + to_hex(p2));
  }
}

}  // namespace cw::issuer
