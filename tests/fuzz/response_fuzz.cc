// Everything a card's answer or a command of a stranger is read by: APDUs, data objects, registry, names for people.
// The first byte chooses the reader.
#include <cstdlib>

#include "base/error.h"
#include "card/describe.h"
#include "card/status.h"
#include "gp/card_data.h"
#include "gp/cplc.h"
#include "gp/key_information.h"
#include "gp/registry.h"

using namespace cw;

namespace {

void command(ByteView data) {
  const card::Apdu apdu = card::Apdu::parse(data);
  const std::string line = card::describe(apdu);
  if (line.find('\n') != std::string::npos) std::abort();
  card::Apdu back = card::Apdu::parse(apdu.encode());
  if (back.data != apdu.data || back.le != apdu.le) std::abort();
}

void answer(ByteView data) {
  const card::Response response = card::Response::parse(data);
  if (response.encode() != to_bytes(data)) std::abort();
  const uint8_t ins = response.data.empty() ? 0xE6 : response.data[0];
  if (card::explain(response.sw, 0x80, ins, 0x02).empty()) std::abort();
}

void read(uint8_t choice, ByteView data) {
  switch (choice % 8) {
    case 0:
      return command(data);
    case 1:
      return answer(data);
    case 2:
      gp::parse_registry(data);
      return;
    case 3:
      gp::parse_registry_legacy(data, gp::RegistryScope::load_files_and_modules);
      return;
    case 4:
      gp::parse_cplc(data);
      return;
    case 5:
      gp::parse_key_information(data);
      return;
    case 6:
      gp::parse_card_data(data);
      return;
    default:
      gp::parse_fixed_object(data);
      return;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  if (size == 0) return 0;
  try {
    read(bytes[0], ByteView(bytes + 1, size - 1));
  } catch (const Error&) {
  }
  return 0;
}
