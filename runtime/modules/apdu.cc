#include <utility>

#include "arguments_private.h"
#include "base/hex.h"
#include "card/status.h"
#include "command_private.h"
#include "data_private.h"
#include "lua/state.h"
#include "open_private.h"

namespace cw::modules {

namespace {

std::string meaning_of(uint16_t sw, const host::Command& command) {
  const card::Meaning meaning = card::meaning(sw, command.cla, command.ins, command.p1);
  return to_hex16(sw) + " " + meaning.text + (meaning.causes.empty() ? "" : " (" + meaning.causes + ")");
}

int command(lua_State* L) {
  lua::check_table(L, 1, {"cla", "ins", "p1", "p2", "data", "le"});
  host::Command command;
  command.cla = static_cast<uint8_t>(lua::integer_field(L, 1, "cla", 0, 0xFF, 0x80));
  command.ins = static_cast<uint8_t>(lua::integer_field(L, 1, "ins", 0, 0xFF));
  command.p1 = static_cast<uint8_t>(lua::integer_field(L, 1, "p1", 0, 0xFF, 0));
  command.p2 = static_cast<uint8_t>(lua::integer_field(L, 1, "p2", 0, 0xFF, 0));
  if (lua::has_field(L, 1, "le")) command.le = static_cast<uint32_t>(lua::integer_field(L, 1, "le", 1, 65536));
  if (lua::has_field(L, 1, "data")) {
    lua_getfield(L, 1, "data");
    command.data = check_data(L, -1, "apdu.command: field 'data'");
  }
  push_command(L, std::move(command));
  return 1;
}

int parse(lua_State* L) {
  lua::bytes(L, 1);
  push_command(L, check_command(L, 1, "apdu.parse: argument 1"));
  return 1;
}

int describe_(lua_State* L) {
  const std::string text = describe(check_command(L, 1, "apdu.describe: argument 1"));
  charge_bytes(L, text.size());
  lua::push(L, std::string_view(text));
  return 1;
}

int meaning(lua_State* L) {
  const auto sw = static_cast<uint16_t>(lua::integer(L, 1, 0, 0xFFFF));
  lua::push(L, std::string_view(meaning_of(sw, check_command(L, 2, "apdu.meaning: argument 2"))));
  return 1;
}

int token_input_(lua_State* L) {
  constexpr std::string_view kPlace = "apdu.token_input: argument ";
  Bytes input;
  if (!lua::is_absent(L, 2))
    input = token_input(check_command(L, 2, std::string(kPlace) + "2"), std::string(kPlace) + "2");
  append(input, token_input(check_command(L, 1, std::string(kPlace) + "1"), std::string(kPlace) + "1"));
  charge_bytes(L, input.size());
  lua::push(L, ByteView(input));
  return 1;
}

int data(lua_State* L) {
  host::Data joined;
  const int count = lua_gettop(L);
  for (int i = 1; i <= count; ++i) {
    const std::string place = "apdu.data: argument " + std::to_string(i);
    join(joined, check_data(L, i, place), place);
    lua::charge(L, joined.parts().size());
  }
  push_data(L, std::move(joined));
  return 1;
}

}  // namespace

int open_apdu(lua_State* L) {
  lua::push_module(L, {{"command", lua::guard<command>},
                       {"parse", lua::guard<parse>},
                       {"describe", lua::guard<describe_>},
                       {"meaning", lua::guard<meaning>},
                       {"token_input", lua::guard<token_input_>},
                       {"data", lua::guard<data>}});
  return 1;
}

}  // namespace cw::modules
