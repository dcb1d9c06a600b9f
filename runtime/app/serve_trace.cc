#include "app/serve_trace.h"

#include "app/failure.h"
#include "app/trace.h"
#include "base/hex.h"
#include "card/apdu.h"
#include "card/describe.h"
#include "card/status.h"
#include "engine/shown.h"

namespace cw::app {

namespace {

constexpr size_t kStatusBytes = 2;
constexpr size_t kHeader = 4;

bool brings_secrets(uint8_t ins) {
  switch (ins) {
    case 0x20:  // VERIFY
    case 0x24:  // CHANGE REFERENCE DATA
    case 0x2C:  // RESET RETRY COUNTER
    case 0xD8:  // PUT KEY
    case 0xE2:  // STORE DATA
      return true;
    default:
      return false;
  }
}

std::string size_of(ByteView bytes) { return "<" + std::to_string(bytes.size()) + " bytes>"; }

}  // namespace

void ServeTrace::power(bool on, ByteView atr) {
  const std::lock_guard lock(guard_);
  out_ << card_ << (on ? "power on, ATR " + to_hex(atr) : "power off") << '\n' << std::flush;
}

void ServeTrace::exchanged(ByteView command, ByteView response, const std::string& why) {
  card::Apdu apdu;
  const auto broken = failure_of([&] { apdu = card::Apdu::parse(command); });
  const bool hidden = command.size() > kHeader && brings_secrets(command[1]);
  host::Command asked;
  asked.cla = apdu.cla;
  asked.ins = apdu.ins;
  asked.p1 = apdu.p1;
  asked.p2 = apdu.p2;

  const std::lock_guard lock(guard_);
  out_ << card_ << '#' << ++number_ << ' ' << (broken ? "no command APDU" : card::describe(apdu)) << '\n';
  out_ << card_ << "  > " << to_hex(command.first(hidden ? kHeader : command.size()))
       << (hidden ? " " + size_of(command.subspan(kHeader)) : "") << '\n';
  if (response.size() < kStatusBytes) {
    out_ << card_ << "  < no answer, the card lost power\n" << std::flush;
    return;
  }
  const ByteView data = response.first(response.size() - kStatusBytes);
  const auto sw = static_cast<uint16_t>(read_be(response.last(kStatusBytes)));
  if (!data.empty())
    out_ << card_ << "  < " << (engine::answer_is_public(asked) ? to_hex(data) : size_of(data)) << '\n';
  out_ << card_ << "  < " << (broken ? to_hex16(sw) : engine::describe(sw, asked)) << '\n';
  if (!why.empty()) out_ << card_ << "  the card: " << why << '\n';
  out_ << std::flush;
}

}  // namespace cw::app
