#include "issuer/card_receipt.h"

#include "base/error.h"
#include "card/tlv.h"
#include "crypto/digest.h"

namespace cw::issuer {

namespace {

[[noreturn]] void wrong(const std::string& what) { throw Error(ErrorKind::card, "receipt: " + what); }

class Reader {
 public:
  explicit Reader(ByteView rest) : rest_(rest) {}
  bool done() const { return rest_.empty(); }
  ByteView rest() const { return rest_; }

  ByteView take(size_t count) {
    if (count > rest_.size()) wrong("it is cut");
    const ByteView out = rest_.first(count);
    rest_ = rest_.subspan(count);
    return out;
  }
  /// One byte, or 81 and one, or 82 and two.
  ByteView lv() {
    const size_t first = take(1)[0];
    if (first == 0x81) return take(take(1)[0]);
    if (first == 0x82) return take(read_be(take(2)));
    if (first > 0x80) wrong("a length that is none");
    return take(first);
  }

 private:
  ByteView rest_;
};

/// What stands behind the confirmation data (C.5.1 to C.5.6).
Bytes confirmed(const TokenData& wanted, ByteView performer) {
  const Bytes sd = card::lv(performer), application = card::lv(wanted.application), file = card::lv(wanted.load_file);
  const Bytes target = wanted.domain.empty() ? sd : card::lv(wanted.domain);
  switch (wanted.kind) {
    case TokenKind::load:
      return concat({file, target});
    case TokenKind::install:
      return concat({file, application});
    case TokenKind::extradition:
      return concat({sd, application, target});
    case TokenKind::remove:
      return application;
    case TokenKind::combined:
      return concat({file, application, target});
    case TokenKind::registry_update:
      return concat({Bytes{0x00}, application, Bytes{0x00}, card::lv(wanted.privileges), card::lv(wanted.parameters)});
    case TokenKind::make_selectable:
      break;
  }
  wrong("that of INSTALL [for make selectable] names the load file, which its token does not; it is not checked here");
}

}  // namespace

CardReceipt verify_card_receipt(const crypto::SigningKey& key, const TokenData& wanted, ByteView token_input,
                                ByteView performer, ByteView answer) {
  if (equal(answer, Bytes{0x00})) wrong("the card made none");
  Reader all(answer);
  Reader confirmation(all.lv());
  if (!all.done()) wrong("there are bytes behind it");
  const ByteView signature = confirmation.lv();
  const ByteView data = confirmation.rest();
  if (!key.verify(concat({data, confirmed(wanted, performer)}), signature)) {
    wrong("it is of another key, or of another command");
  }
  CardReceipt out;
  if (confirmation.take(1)[0] != 2) wrong("its counter has not two bytes");
  out.counter = static_cast<uint16_t>(read_be(confirmation.take(2)));
  out.chip = to_bytes(confirmation.lv());
  if (!confirmation.done()) out.token_id = to_bytes(confirmation.lv());
  if (!confirmation.done()) out.digest = to_bytes(confirmation.lv());
  if (!confirmation.done()) wrong("there are bytes behind its data");
  if (!out.digest.empty() && out.digest != crypto::digest(crypto::Hash::sha256, token_input)) {
    wrong("it is of another token");
  }
  return out;
}

}  // namespace cw::issuer
