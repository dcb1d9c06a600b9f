#include "card/pcsc_error.h"

#include "base/hex.h"

namespace cw::card {

namespace {

struct Row {
  uint32_t code;
  std::string_view name;
  std::string_view text;
};

constexpr std::string_view kUnplugged =
    "pcscd does not have this reader any more, it was unplugged; plug it in, and see cardwright readers";
constexpr std::string_view kNoService =
    "pcscd does not answer, it is not running; start it (systemctl start pcscd.socket, or pcscd)";
constexpr std::string_view kStopped = "pcscd ended meanwhile; start it again, and begin anew";
constexpr std::string_view kLink =
    "reader and card do not understand each other; clean the contacts, put the card in again, try another reader";

/// Names and values as in pcsclite.h of pcsc-lite; PC/SC part 5.
constexpr Row kRows[] = {
    {0x80100001, "SCARD_F_INTERNAL_ERROR", "pcscd failed inside; its log says more"},
    {0x80100002, "SCARD_E_CANCELLED", "the call was cancelled; begin anew"},
    {0x80100003, "SCARD_E_INVALID_HANDLE", kStopped},
    {0x80100004, "SCARD_E_INVALID_PARAMETER", "the driver of the reader does not take this; its log says more"},
    {0x80100006, "SCARD_E_NO_MEMORY", "pcscd is out of memory, or has too many clients; end some of them"},
    {0x80100008, "SCARD_E_INSUFFICIENT_BUFFER", "the answer is longer than an APDU can be; try another reader"},
    {0x80100009, "SCARD_E_UNKNOWN_READER", kUnplugged},
    {0x8010000A, "SCARD_E_TIMEOUT", "pcscd gave up waiting for the driver; unplug the reader and plug it in again"},
    {0x8010000B, "SCARD_E_SHARING_VIOLATION",
     "another program holds the card for itself; end that program, and try again"},
    {0x8010000C, "SCARD_E_NO_SMARTCARD", "there is no card in the reader; put one in"},
    {0x8010000F, "SCARD_E_PROTO_MISMATCH",
     "the card speaks neither T=0 nor T=1 with this reader, or another program opened it with the other one; end that "
     "program, or try another reader"},
    {0x80100010, "SCARD_E_NOT_READY", "the reader is not ready; wait a moment, and try again"},
    {0x80100011, "SCARD_E_INVALID_VALUE", "the driver of the reader does not take this; its log says more"},
    {0x80100013, "SCARD_F_COMM_ERROR", "the connection to pcscd or to the card broke; try again"},
    {0x80100014, "SCARD_F_UNKNOWN_ERROR", "the driver of the reader failed without saying why; its log may say more"},
    {0x80100015, "SCARD_E_INVALID_ATR", "the card's ATR makes no sense; clean the contacts, try another reader"},
    {0x80100016, "SCARD_E_NOT_TRANSACTED", kLink},
    {0x80100017, "SCARD_E_READER_UNAVAILABLE", kUnplugged},
    {0x80100019, "SCARD_E_PCI_TOO_SMALL", kLink},
    {0x8010001A, "SCARD_E_READER_UNSUPPORTED", "the driver does not know this reader; install the right driver"},
    {0x8010001C, "SCARD_E_CARD_UNSUPPORTED", "the reader cannot work with this card; try another reader"},
    {0x8010001D, "SCARD_E_NO_SERVICE", kNoService},
    {0x8010001E, "SCARD_E_SERVICE_STOPPED", kStopped},
    {0x8010001F, "SCARD_E_UNSUPPORTED_FEATURE", "the reader cannot do this; try another reader"},
    {0x8010002E, "SCARD_E_NO_READERS_AVAILABLE", "pcscd knows no reader; plug one in, and see cardwright readers"},
    {0x8010002F, "SCARD_E_COMM_DATA_LOST", kLink},
    {0x80100031, "SCARD_E_SERVER_TOO_BUSY", "pcscd has too many clients; end some of them"},
    {0x80100065, "SCARD_W_UNSUPPORTED_CARD",
     "the card's ATR names nothing the reader can do; clean the contacts, try another reader"},
    {0x80100066, "SCARD_W_UNRESPONSIVE_CARD",
     "the card is mute, it does not answer the reset; see that it lies the right way round and clean the contacts"},
    {0x80100067, "SCARD_W_UNPOWERED_CARD",
     "the card has no power; put it in again, or plug the reader into a port that gives more current"},
    {0x80100068, "SCARD_W_RESET_CARD",
     "the card was reset by another program, and its channels are closed; end that program, and run again"},
    {0x80100069, "SCARD_W_REMOVED_CARD", "the card was removed; put it in, and run again"},
    {0x8010006A, "SCARD_W_SECURITY_VIOLATION",
     "pcscd does not let this user near the reader; a rule of polkit can allow it (org.debian.pcsc-lite.access_card)"},
};

const Row* find_row(uint32_t code) {
  for (const Row& row : kRows) {
    if (row.code == code) return &row;
  }
  return nullptr;
}

}  // namespace

std::string_view pcsc_code_name(uint32_t code) {
  const Row* row = find_row(code);
  return row ? row->name : "a code PC/SC does not know";
}

Error pcsc_error(const std::string& reader, std::string_view doing, uint32_t code) {
  const Row* row = find_row(code);
  std::string text = reader.empty() ? "" : "reader " + reader + ": ";
  text += std::string(doing) + ": ";
  text += row ? row->text : "pcscd failed; its log says more";
  text += " (" + std::string(pcsc_code_name(code)) + ", " + to_hex16(static_cast<uint16_t>(code >> 16)) +
          to_hex16(static_cast<uint16_t>(code)) + ")";
  return {ErrorKind::reader, text};
}

}  // namespace cw::card
