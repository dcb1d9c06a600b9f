#include "app/repl.h"

#include <thread>

#include "app/backends.h"
#include "app/failure.h"
#include "app/moment.h"
#include "base/error.h"
#include "engine/run_state.h"
#include "modules/modules.h"

namespace cw::app {

namespace {

constexpr const char* kName = "repl";  // as a flow, for the policy

// Where the state keeps what every entry needs.
constexpr const char* kRunner = "cardwright.repl.runner";
constexpr const char* kGiven = "cardwright.repl.given";

/// What the host hands over once, when a state is made; read back by prepare().
struct Given {
  std::string reader;
  ByteView atr;
  engine::Flavor flavor;
};

/// Leaves {card, flavor} on the stack. Runs protected: memory may run out.
int push_given(lua_State* L) {
  const Given& given = *static_cast<Given*>(lua_touserdata(L, 1));
  lua_newtable(L);
  modules::push_card(L, given.reader, given.atr);
  lua_setfield(L, -2, "card");
  engine::push_flavor(L, given.flavor);
  lua_setfield(L, -2, "flavor");
  lua_setfield(L, LUA_REGISTRYINDEX, kGiven);
  return 0;
}

/// Whether more lines could make it complete: the text ends where the parser wants more.
bool is_incomplete(const std::string& text) {
  for (const char* head : {"return ", ""}) {
    const auto failure = failure_of([&] { lua::compile("entry", head + text); });
    if (failure && failure->message().find("near '<eof>'") != std::string::npos) return true;
  }
  return false;
}

}  // namespace

Repl::Repl(Session& session, engine::Observer& observer)
    : session_(session),
      inputs_(session.inputs()),
      http_(Backends::configured().transport()),
      outgoing_([this](const host::Deliver& parcel) { direct_.deliver(parcel, http_); }),
      custody_(*session.keys(), no_secrets_),
      gate_(session.shared_policy(), kName, session.keys()->names(), {}, session.card().host_flavor().isd_aid),
      counted_(session.counted(kName)),
      budgets_(counted_ ? counted_->ledger() : nullptr, session.policy().limits(), session.card().counter()),
      outside_({&session.card().reader(),
                {},
                {},
                gate_,
                custody_,
                budgets_,
                observer,
                session.card().traits(),
                inputs_,
                http_,
                outgoing_,
                keep_domains_,
                no_stage_,
                evidence_,
                counted_ ? counted_->key_watch() : no_watch_}) {
  if (const engine::Decision decision = session.policy().judge_begin(kName, now_ms()); !decision.allowed) {
    throw Error(ErrorKind::policy, "a prompt (flow \"repl\") is not allowed by policy " + session.policy().name() +
                                       ": " + decision.because);
  }
  atr_ = outside_.reset();
  make_state();
}

void Repl::make_state() {
  state_.reset();
  context_ = std::make_unique<modules::Context>(outside_);
  state_ = std::make_unique<lua::State>(engine::run_state_setup(session_.bundle(), session_.policy(), *context_));

  Given given{session_.card().reader().name(), atr_, session_.card().flavor()};
  if (lua_cpcall(state_->thread(), push_given, &given) != 0) {
    throw Error(ErrorKind::budget, "the policy's memory limit is too small for a prompt (limits.memory_mib)");
  }
  state_->load(session_.bundle().flow("_tools/repl"), lua::Limits{});
  lua_setfield(state_->thread(), LUA_REGISTRYINDEX, kRunner);
}

/// Names in front, on the first line, so that lines in errors are those typed. The chunk gives a function of them. An
/// expression is not returned as it is: a tail call would leave no trace of the entry in errors.
lua::Chunk Repl::compile(const std::string& text) {
  const std::string name = "entry " + std::to_string(entries_);
  const std::string head = "return function(_show, card, flavor, my, gp, sd, perso, apdu, tlv, hex, json, keys) ";
  std::optional<lua::Chunk> chunk;
  if (!failure_of([&] { chunk = lua::compile(name, head + "return _show(" + text + "\n)\nend"); })) return *chunk;
  return lua::compile(name, head + text + "\nend");
}

Repl::Entered Repl::enter(const std::string& text, const std::atomic<bool>& stop) {
  ++entries_;
  std::optional<lua::Chunk> chunk;
  if (const auto failure = failure_of([&] { chunk = compile(text); })) {
    if (!is_incomplete(text)) throw *failure;
    --entries_;
    return Entered::incomplete;
  }
  lua_State* L = state_->thread();
  lua_settop(L, 0);
  lua_getfield(L, LUA_REGISTRYINDEX, kRunner);
  state_->load(*chunk, lua::Limits{});
  lua_getfield(L, LUA_REGISTRYINDEX, kGiven);
  lua::State::Outcome outcome = state_->start(2);
  while (outcome == lua::State::Outcome::waiting) {
    host::Reply reply =
        stop ? host::Reply(Error(ErrorKind::usage, "stopped before the next command")) : outside_.carry_out();
    if (const auto* wait = std::get_if<host::Wait>(&outside_.request()); wait && !stop) {
      std::this_thread::sleep_for(wait->time);
    }
    outcome = state_->resume([&](lua_State* thread) { return context_->reply(thread, reply); });
  }
  if (outcome == lua::State::Outcome::finished) {
    // The runner gives the entry's error as text.
    if (lua_type(L, 1) == LUA_TSTRING) {
      const Error error(ErrorKind::script, lua_tostring(L, 1));
      throw without_place(error, "scripts/_tools/repl.lua");
    }
    return Entered::done;
  }
  // Raised past the entry's own pcall: a budget is used up, and the state with it.
  const Error error = state_->error();
  make_state();
  throw Error(error.kind(), error.message() + "; the prompt begins anew, and `my` is empty");
}

}  // namespace cw::app
