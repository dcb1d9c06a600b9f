#include "modules/modules.h"

#include "command_private.h"
#include "data_private.h"
#include "open_private.h"

namespace cw::modules {

const std::vector<lua::NativeModule>& modules() {
  static const std::vector<lua::NativeModule> all = {
      {"apdu", open_apdu}, {"cap", open_cap},       {"clock", open_clock}, {"domains", open_domains},
      {"hex", open_hex},   {"http", open_http},     {"json", open_json},   {"keys", open_keys},
      {"log", open_log},   {"random", open_random}, {"stage", open_stage}, {"tlv", open_tlv},
  };
  return all;
}

const std::vector<const lua::HandleType*>& handle_types() {
  static const std::vector<const lua::HandleType*> all = {&cap_type(),     &card_type(), &channel_type(),
                                                          &command_type(), &data_type(), &secret_type()};
  return all;
}

}  // namespace cw::modules
