#include "engine/run.h"

#include <lua.hpp>

#include "crypto/digest.h"
#include "engine/gate.h"
#include "engine/load_state.h"
#include "modules/context.h"
#include "modules/modules.h"

namespace cw::engine {

namespace {

using std::chrono::seconds;

/// Live handles of a run. A large LOAD is one plan with two for each block; their memory is charged to the run besides.
constexpr size_t kHandles = 4096;

/// The part of the stdlib that turns a flow's table and this context into a running flow.
const lua::Chunk& boot_chunk() {
  static const lua::Chunk chunk = lua::compile("cw/boot.lua", "return require('cw.flow').start");
  return chunk;
}

lua::State::Setup state_setup(const Bundle& bundle, const Policy& policy, modules::Context& context) {
  lua::State::Setup setup;
  setup.limits.instructions = static_cast<uint64_t>(policy.limits().instructions);
  setup.limits.memory = static_cast<size_t>(policy.limits().memory_mib) << 20;
  setup.limits.handles = kHandles;
  setup.limits.awake = seconds(policy.limits().awake_s);
  setup.finder = [&bundle](std::string_view module) { return bundle.module(module); };
  setup.modules = &modules::modules();
  setup.host = &context;
  return setup;
}

void push_value(lua_State* L, const std::string& name, const ArgumentValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) lua::push(L, std::string_view(*text));
  if (const auto* bytes = std::get_if<Bytes>(&value)) lua::push(L, ByteView(*bytes));
  if (const auto* number = std::get_if<int64_t>(&value)) lua_pushnumber(L, static_cast<lua_Number>(*number));
  if (const auto* flag = std::get_if<bool>(&value)) lua_pushboolean(L, *flag);
  if (const auto* secret = std::get_if<SecretArgument>(&value)) modules::push_secret(L, name, secret->size);
  if (const auto* cap = std::get_if<CapArgument>(&value)) modules::push_cap(L, cap->load_file, cap->cap);
}

void push_flavor(lua_State* L, const Flavor& flavor) {
  lua_newtable(L);
  for (const auto& [name, value] : flavor) {
    if (const auto* flag = std::get_if<bool>(&value)) lua::set_field(L, name.c_str(), *flag);
    if (const auto* number = std::get_if<int64_t>(&value)) lua::set_field(L, name.c_str(), *number);
    if (const auto* text = std::get_if<std::string>(&value)) lua::set_field(L, name.c_str(), std::string_view(*text));
    if (const auto* bytes = std::get_if<Bytes>(&value)) lua::set_field(L, name.c_str(), ByteView(*bytes));
  }
}

/// One pass of the flow, from its top, on a card that was just reset.
class Attempt : public host::Outside {
 public:
  Attempt(const RunSetup& setup, Gate& gate, const Custody& custody, AttemptBudget& budget, Observer& observer)
      : setup_(setup),
        gate_(gate),
        custody_(custody),
        observer_(observer),
        session_(*setup.reader, custody, gate, budget, observer, setup.traits),
        context_(*this),
        state_(state_setup(*setup.bundle, *setup.policy, context_)) {}

  lua::State::Outcome start() {
    const Bytes atr = session_.perform(host::Reset{}).atr;
    const lua::Chunk& chunk = setup_.bundle->flow(setup_.flow_name);
    state_.load(boot_chunk(), LoadState::limits());
    state_.load(chunk, LoadState::limits());
    read_flow(state_.thread(), chunk, setup_.flow_name);
    push_context(atr);
    return state_.start(2);
  }

  lua::State::Outcome resume(host::Reply& reply) {
    return state_.resume([&](lua_State* L) { return context_.reply(L, reply); });
  }

  void submit(host::Request request) override {
    std::visit([this](const auto& wanted) { admit(wanted); }, request);
    request_ = std::move(request);
  }
  int64_t now() override { return setup_.inputs.now(); }
  Bytes random(size_t count) override { return setup_.inputs.random(count); }
  host::KeyInfo key_info(const std::string& set) override {
    gate_.admit_key(set);
    return custody_.info(set);
  }
  void note(host::Note note) override { observer_.noted(note); }

  const host::Request& request() const { return *request_; }

  host::Reply carry_out() {
    try {
      return std::visit([this](const auto& wanted) -> host::Reply { return perform(wanted); }, *request_);
    } catch (const Error& error) {
      return error;
    }
  }

  lua::State& state() { return state_; }

 private:
  void admit(const host::Exchange& request) {
    gate_.admit(request, session_.channel(request.channel), session_.domain(request.channel));
    for (const host::Command& command : request.plan) admit_keys(command);
  }
  void admit(const host::OpenChannel& request) { gate_.admit(request); }
  void admit(const host::HttpCall& request) { gate_.admit(request); }
  void admit(const host::Reset&) {}
  void admit(const host::CloseChannel&) {}
  void admit(const host::Wait&) {}

  void admit_keys(const host::Command& command) const {
    for (const host::Part& part : command.data.parts()) {
      if (const auto* key = std::get_if<host::KeyPart>(&part)) gate_.admit_key(key->set);
    }
  }

  template <class T>
  host::Reply perform(const T& request) {
    return session_.perform(request);
  }
  host::Reply perform(const host::HttpCall& request) {
    if (!setup_.http) throw Error(ErrorKind::http, "this program was started without a network");
    return setup_.http(request);
  }
  host::Reply perform(const host::Wait&) { return host::Waited{}; }

  /// Leaves {card, args, flavor, name} on the thread's stack. Built in a protected call: memory may run out on the way.
  void push_context(ByteView atr) {
    struct Call {
      const Attempt* attempt;
      ByteView atr;
    } call{this, atr};
    lua_State* L = state_.thread();
    const auto build = [](lua_State* state) -> int {
      const Call& given = *static_cast<Call*>(lua_touserdata(state, 1));
      const RunSetup& setup = given.attempt->setup_;
      lua_pushlightuserdata(state, given.attempt->key());
      lua_newtable(state);
      modules::push_card(state, setup.reader->name(), given.atr);
      lua_setfield(state, -2, "card");
      push_flavor(state, setup.flavor);
      lua_setfield(state, -2, "flavor");
      lua::set_field(state, "name", std::string_view(setup.flow_name));
      lua_newtable(state);
      for (const auto& [name, value] : setup.arguments.values) {
        push_value(state, name, value);
        lua_setfield(state, -2, name.c_str());
      }
      lua_setfield(state, -2, "args");
      lua_rawset(state, LUA_REGISTRYINDEX);
      return 0;
    };
    if (lua_cpcall(L, build, &call) != 0) {
      lua_pop(L, 1);
      throw Error(ErrorKind::budget,
                  "the run's memory limit is too small for its arguments (policy limits.memory_mib)");
    }
    lua_pushlightuserdata(L, key());
    lua_rawget(L, LUA_REGISTRYINDEX);
  }
  void* key() const { return const_cast<Attempt*>(this); }

  const RunSetup& setup_;
  Gate& gate_;
  const Custody& custody_;
  Observer& observer_;
  CardSession session_;
  modules::Context context_;
  lua::State state_;
  std::optional<host::Request> request_;
};

/// The names a flow declared, with "$arg" replaced by what that argument of type key names.
std::vector<std::string> declared_keys(const Flow& flow, const Arguments& arguments) {
  std::vector<std::string> out;
  for (const std::string& name : flow.needs_keys) {
    if (!name.starts_with('$')) {
      out.push_back(name);
      continue;
    }
    const auto value = arguments.values.find(name.substr(1));
    const auto* text = value == arguments.values.end() ? nullptr : std::get_if<std::string>(&value->second);
    if (text != nullptr) out.push_back(*text);
  }
  return out;
}

Bytes isd_aid_of(const Flavor& flavor) {
  const auto found = flavor.find("isd_aid");
  const auto* aid = found == flavor.end() ? nullptr : std::get_if<Bytes>(&found->second);
  return aid ? *aid : Bytes();
}

}  // namespace

Inputs Inputs::real() {
  return {[] {
            using namespace std::chrono;
            return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
          },
          [](size_t count) { return crypto::random_bytes(count); }};
}

struct Run::Impl {
  explicit Impl(RunSetup given)
      : setup(std::move(given)),
        flow(check_flow(*setup.bundle, setup.flow_name)),
        observer(setup.observer ? *setup.observer : silent),
        custody(*setup.keys, setup.arguments.secrets),
        gate(setup.policy, flow.name, declared_keys(flow, setup.arguments), flow.needs_backends,
             isd_aid_of(setup.flavor)),
        budget(static_cast<unsigned>(setup.policy->limits().auth_attempts), setup.card_counts_every_attempt) {
    if (const Decision decision = setup.policy->judge_flow(flow.name); !decision.allowed) {
      throw Error(ErrorKind::policy,
                  "flow " + flow.name + " is not allowed by policy " + setup.policy->name() + ": " + decision.because);
    }
    for (const std::string& name : declared_keys(flow, setup.arguments)) custody.info(name);
  }

  void take(lua::State::Outcome outcome) {
    result.instructions = attempt->state().usage().instructions;
    result.peak_memory = attempt->state().usage().peak_memory;
    switch (outcome) {
      case lua::State::Outcome::finished:
        finish({});
        return;
      case lua::State::Outcome::waiting:
        phase = Phase::waiting;
        return;
      case lua::State::Outcome::failed:
        result.traceback = attempt->state().traceback();
        end_attempt(attempt->state().error());
        return;
    }
  }

  /// An answer that was lost ends the attempt, and the next one starts the flow from its top on a reset card. All else
  /// ends the run: the card, the policy or the flow said no, and would again.
  void end_attempt(const Error& error) {
    const bool again = error.kind() == ErrorKind::reader && result.attempts < setup.policy->limits().attempts;
    observer.attempt_failed(error, again);
    if (!again) {
      finish(error);
      return;
    }
    attempt.reset();
    phase = Phase::ready;
  }

  void finish(std::optional<Error> error) {
    result.error = std::move(error);
    result.commands = gate.commands();
    attempt.reset();
    phase = Phase::done;
  }

  RunSetup setup;
  Flow flow;
  Observer silent;
  Observer& observer;
  Custody custody;
  Gate gate;
  AttemptBudget budget;
  std::unique_ptr<Attempt> attempt;
  std::optional<host::Reply> reply;
  Phase phase = Phase::ready;
  RunResult result;
};

Run::Run(RunSetup setup) : impl_(std::make_unique<Impl>(std::move(setup))) {}
Run::~Run() = default;

Run::Phase Run::phase() const { return impl_->phase; }
const host::Request& Run::request() const { return impl_->attempt->request(); }
host::Reply Run::carry_out() { return impl_->attempt->carry_out(); }
const RunResult& Run::result() const { return impl_->result; }

void Run::advance() {
  Impl& run = *impl_;
  try {
    if (!run.attempt) {
      ++run.result.attempts;
      run.observer.attempt_begins(run.result.attempts);
      run.attempt = std::make_unique<Attempt>(run.setup, run.gate, run.custody, run.budget, run.observer);
      run.take(run.attempt->start());
    } else {
      host::Reply reply = std::move(*run.reply);
      run.reply.reset();
      run.take(run.attempt->resume(reply));
    }
  } catch (const Error& error) {
    run.end_attempt(error);
  }
}

void Run::complete(host::Reply reply) {
  // What the card did is unknown: no script can say better than the card itself, so it is asked again from the top.
  if (const Error* error = std::get_if<Error>(&reply); error && error->kind() == ErrorKind::reader) {
    impl_->end_attempt(*error);
    return;
  }
  impl_->reply = std::move(reply);
  impl_->phase = Phase::ready;
}

void Run::stop(Error why) { impl_->finish(std::move(why)); }

}  // namespace cw::engine
