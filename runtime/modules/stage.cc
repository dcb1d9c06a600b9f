#include <utility>

#include "json_private.h"
#include "lua/stack.h"
#include "modules/context.h"
#include "open_private.h"

namespace cw::modules {

namespace {

constexpr size_t kMaxVerb = 64;

int ask(lua_State* L) {
  lua_settop(L, 2);
  host::Direction direction;
  direction.verb = lua::text(L, 1, kMaxVerb);
  const std::string place = "stage.ask: " + direction.verb;
  direction.arguments = json_text(to_json(L, 2, place), place);
  return context_of(L).submit(L, std::move(direction), [](lua_State* state, host::Reply& reply) {
    const auto& done = reply_as<host::DirectionDone>(reply);
    if (done.card_used) context_of(state).channels.closed_all("what the stage did with the card");
    push_json_text(state, done.result);
    return 1;
  });
}

}  // namespace

int open_stage(lua_State* L) {
  lua::push_module(L, {{"ask", lua::guard<ask>, /*waits=*/true}});
  return 1;
}

}  // namespace cw::modules
