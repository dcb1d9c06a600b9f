#include <utility>
#include <vector>

#include "arguments_private.h"
#include "base/hex.h"
#include "card/apdu.h"
#include "card/status.h"
#include "command_private.h"
#include "data_private.h"
#include "exchange_private.h"
#include "lua/stack.h"
#include "modules/context.h"

namespace cw::modules {

namespace {

/// What a reply needs to know of a command that was sent.
struct Header {
  uint8_t cla = 0;
  uint8_t ins = 0;
  uint8_t p1 = 0;
  uint8_t p2 = 0;
};

Header header_of(const host::Command& command) { return {command.cla, command.ins, command.p1, command.p2}; }

/// Ends the secure channels that a command ends on the card: SELECT by name (GPCS 10.2.3), and MANAGE CHANNEL close,
/// which names a channel in P2, or its own with P2 00 (ISO 7816-4 11.1.2).
void note_sent(OpenChannels& channels, const Header& header) {
  if (header.cla & 0x80) return;  // proprietary class
  if (header.ins == 0xA4 && header.p1 == 0x04) channels.closed_on(card::channel_of(header.cla), "SELECT");
  if (header.ins == 0x70 && header.p1 == 0x80) {
    channels.closed_on(header.p2 ? header.p2 : card::channel_of(header.cla), "MANAGE CHANNEL");
  }
}

void push_answer(lua_State* L, const host::Answer& answer) {
  lua_createtable(L, 0, 2);
  lua::set_field(L, "data", ByteView(answer.data));
  lua::set_field(L, "sw", static_cast<int64_t>(answer.sw));
}

/// The logical channel that a plan travels on (ISO 7816-4 5.4.1). In a secure channel it is that channel's, and a class
/// without a channel is given it; outside, the classes name it, all the same one.
uint8_t place_on_channel(const Target& target, std::vector<host::Command>& plan) {
  if (target.channel) {
    for (host::Command& command : plan) {
      if (card::channel_of(command.cla) == 0) command.cla = card::with_channel(command.cla, target.logical_channel);
    }
    return target.logical_channel;
  }
  const unsigned wanted = card::channel_of(plan.front().cla);
  for (const host::Command& command : plan) {
    if (card::channel_of(command.cla) != wanted) {
      throw Error(ErrorKind::usage, "the commands of one plan travel on one logical channel, and these name channels " +
                                        std::to_string(wanted) + " and " +
                                        std::to_string(card::channel_of(command.cla)));
    }
  }
  return static_cast<uint8_t>(wanted);
}

/// Submits the plan; `push` gets the headers of what was sent and the answers, and pushes the results.
template <class Push>
int submit(lua_State* L, const Target& target, std::vector<host::Command> plan, Push push, bool stop_on_error = true,
           const std::string& backend = {}) {
  Context& context = context_of(L);
  if (target.channel) context.channels.check(target.channel);
  const uint8_t logical_channel = place_on_channel(target, plan);
  std::vector<Header> headers;
  headers.reserve(plan.size());
  for (const host::Command& command : plan) headers.push_back(header_of(command));
  if (!backend.empty()) context.channels.closed_on(logical_channel, "Card:relay");
  host::Exchange exchange{target.channel, logical_channel, std::move(plan), stop_on_error, backend};
  return context.submit(
      L, std::move(exchange), [headers = std::move(headers), push](lua_State* state, host::Reply& reply) {
        const auto& answers = reply_as<host::Answers>(reply).answers;
        if (answers.empty() || answers.size() > headers.size()) {
          throw Error(ErrorKind::internal, "the engine answered " + std::to_string(headers.size()) + " commands with " +
                                               std::to_string(answers.size()) + " answers");
        }
        OpenChannels& channels = context_of(state).channels;
        for (size_t i = 0; i < answers.size(); ++i) note_sent(channels, headers[i]);
        return push(state, headers, answers);
      });
}

std::string place_of(const Target& target, const char* verb) {
  return std::string(target.owner) + ":" + verb + ": argument 1";
}

std::vector<host::Command> check_plan(lua_State* L, int index, const std::string& place, PlanRoom& room) {
  const size_t count = check_list(L, index, place, room.commands);
  std::vector<host::Command> plan;
  plan.reserve(count);
  room.commands -= count;
  for (size_t i = 1; i <= count; ++i) {
    lua_rawgeti(L, index, static_cast<int>(i));
    plan.push_back(check_command(L, -1, place + "[" + std::to_string(i) + "]"));
    lua_pop(L, 1);
    const size_t memory = memory_of(plan.back().data);
    if (memory > room.memory) {
      throw Error(ErrorKind::usage, place + ": the commands have more than 4 MiB of data; send them in several plans");
    }
    room.memory -= memory;
  }
  return plan;
}

void push_answers(lua_State* L, const std::vector<host::Answer>& answers) {
  lua_createtable(L, static_cast<int>(answers.size()), 0);
  int at = 0;
  for (const host::Answer& answer : answers) {
    push_answer(L, answer);
    lua_rawseti(L, -2, ++at);
  }
}

}  // namespace

host::Exchange check_exchange(lua_State* L, int index, const Target& target, const std::string& place, PlanRoom& room) {
  if (target.channel) context_of(L).channels.check(target.channel);
  std::vector<host::Command> plan = check_plan(L, index, place, room);
  if (plan.empty()) throw Error(ErrorKind::usage, place + ": there is no command in it");
  const uint8_t logical_channel = place_on_channel(target, plan);
  return {target.channel, logical_channel, std::move(plan), /*stop_on_error=*/true};
}

void check_only_reads(const std::vector<host::Command>& plan, const std::string& place) {
  for (const host::Command& command : plan) {
    if (host::changes_nothing(command)) continue;
    throw Error(ErrorKind::usage, place + ": INS " + to_hex(command.ins) +
                                      " may do more than read, and would be sent " +
                                      "whatever becomes of those before it; send_all stops");
  }
}

void push_exchanged(lua_State* L, const std::vector<host::Command>& plan, const std::vector<host::Answer>& answers) {
  for (size_t i = 0; i < answers.size(); ++i) note_sent(context_of(L).channels, header_of(plan.at(i)));
  push_answers(L, answers);
}

int send(lua_State* L, const Target& target) {
  return submit(L, target, {check_command(L, 2, place_of(target, "send"))},
                [](lua_State* state, const auto&, const std::vector<host::Answer>& answers) {
                  push_answer(state, answers.front());
                  return 1;
                });
}

int expect(lua_State* L, const Target& target) {
  return expect(L, target, check_command(L, 2, place_of(target, "expect")));
}

int expect(lua_State* L, const Target& target, host::Command command) {
  std::vector<host::Command> plan;
  plan.push_back(std::move(command));
  return submit(L, target, std::move(plan),
                [](lua_State* state, const std::vector<Header>& sent, const std::vector<host::Answer>& answers) {
                  const host::Answer& answer = answers.front();
                  if (answer.sw != 0x9000) {
                    const Header& header = sent.front();
                    throw Error(ErrorKind::card, card::explain(answer.sw, header.cla, header.ins, header.p1),
                                answer.sw);
                  }
                  lua::push(state, ByteView(answer.data));
                  return 1;
                });
}

namespace {

int send_plan(lua_State* L, const Target& target, std::vector<host::Command> plan, bool stop_on_error,
              const std::string& backend = {}) {
  if (plan.empty()) {  // nothing to send, nothing to wait for
    lua_newtable(L);
    return 1;
  }
  const auto push = [](lua_State* state, const auto&, const std::vector<host::Answer>& answers) {
    push_answers(state, answers);
    return 1;
  };
  return submit(L, target, std::move(plan), push, stop_on_error, backend);
}

}  // namespace

int send_all(lua_State* L, const Target& target) {
  PlanRoom room;
  return send_plan(L, target, check_plan(L, 2, place_of(target, "send_all"), room), true);
}

int send_each(lua_State* L, const Target& target) {
  const std::string place = place_of(target, "send_each");
  PlanRoom room;
  std::vector<host::Command> plan = check_plan(L, 2, place, room);
  check_only_reads(plan, place);
  return send_plan(L, target, std::move(plan), false);
}

int relay(lua_State* L, const Target& target) {
  const std::string backend(lua::text(L, 2));
  if (backend.empty()) throw Error(ErrorKind::usage, "Card:relay: argument 1: expected the backend's URL");
  PlanRoom room;
  return send_plan(L, target, check_plan(L, 3, "Card:relay: argument 2", room), true, backend);
}

}  // namespace cw::modules
