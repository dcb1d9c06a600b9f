#include "gp/command_data.h"

namespace cw::gp {

Bytes command_data(const std::vector<CommandField>& fields) {
  Bytes out;
  for (const CommandField& field : fields) {
    append(out, field.tag ? card::tlv(*field.tag, field.value) : card::lv(field.value));
  }
  return out;
}

}  // namespace cw::gp
