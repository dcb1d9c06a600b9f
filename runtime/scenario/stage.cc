#include "scenario/stage.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/files.h"
#include "base/hex.h"
#include "base/suggest.h"
#include "crypto/digest.h"
#include "engine/direct_delivery.h"
#include "scenario/capabilities.h"
#include "scenario/tear_matrix.h"

namespace cw::scenario {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using Kind = report::Event::Kind;

[[noreturn]] void wrong(const std::string& what) { throw Error(ErrorKind::usage, what); }

std::string text_at(const json& data, const char* name) {
  const auto found = data.find(name);
  if (found == data.end() || !found->is_string()) wrong(std::string("the direction lacks a text '") + name + "'");
  return found->get<std::string>();
}

/// Names in a scenario are beside its file.
fs::path beside(const Scenario& scenario, const std::string& name) {
  const fs::path path(name);
  return path.is_absolute() ? path : fs::path(scenario.file).parent_path() / path;
}

/// One argument of a flow as a scenario gives it: {bytes: hex}, {file: path}, {secret: hex}, a number, a boolean.
engine::Setting setting_of(const Scenario& scenario, const engine::Flow& flow, const std::string& name,
                           const json& value) {
  const auto spec = std::find_if(flow.args.begin(), flow.args.end(), [&](const auto& one) { return one.name == name; });
  const bool known = spec != flow.args.end();  // Arguments::check names the nearest
  const bool secret = known && spec->type == engine::ArgumentType::secret;
  const bool given_secret = value.is_object() && value.contains("secret");
  if (known && given_secret && !secret)
    wrong("argument " + name + ": is no secret in " + flow.name + "; write it as it is");
  if (secret && !given_secret) wrong("argument " + name + ": is secret; write " + name + " = { secret = TEXT }");
  if (value.is_boolean()) return {name, std::string(value.get<bool>() ? "true" : "false")};
  if (value.is_number_integer()) return {name, std::to_string(value.get<int64_t>())};
  if (!value.is_object() || value.size() != 1)
    wrong("argument " + name + ": a text, a number, a boolean, { file = PATH } or { secret = TEXT }");
  if (value.contains("file")) return {name, beside(scenario, text_at(value, "file")).string()};
  if (value.contains("secret")) return {name, Secret::take(from_hex(text_at(value, "secret")))};
  const std::string hex = text_at(value, "bytes");
  const bool binary = known && (spec->type == engine::ArgumentType::bytes || spec->type == engine::ArgumentType::aid);
  if (binary) return {name, hex};
  return {name, to_string(from_hex(hex))};
}

json error_of(const Error& error) {
  json out = {{"kind", std::string(name_of(error.kind()))}, {"message", error.message()}};
  if (error.sw()) out["sw"] = *error.sw();
  if (!error.cause().empty()) out["cause"] = error.cause();
  return out;
}

json call_of(const host::HttpCall& call) {
  json headers = json::object();
  for (const auto& [name, value] : call.headers) headers[name] = value;
  return {{"method", call.method}, {"url", call.url}, {"headers", headers}, {"body", to_hex(view(call.body))}};
}

/// What the scenario's backend said: {status, headers, body: hex}.
host::HttpReply reply_of(const json& answer) {
  const json status = answer.value("status", json(200));
  if (!status.is_number_integer() || status < 100 || status > 599) {
    wrong("the answer of the scenario's backend: status is a whole number from 100 to 599");
  }
  const json headers = answer.value("headers", json::object());
  const bool texts = std::all_of(headers.begin(), headers.end(), [](const json& value) { return value.is_string(); });
  if (!texts || (!headers.is_object() && !headers.empty())) {
    wrong("the answer of the scenario's backend: headers is a table of texts by name");
  }
  host::HttpReply reply;
  reply.status = status.get<int>();
  reply.body = to_string(from_hex(answer.value("body", "")));
  for (const auto& [name, value] : headers.items()) reply.headers.emplace_back(name, value.get<std::string>());
  return reply;
}

/// What scripts and cards said need not be UTF-8.
std::string text_of(const json& data) { return data.dump(-1, ' ', false, json::error_handler_t::replace); }

}  // namespace

struct Stage::FlowCall {
  std::shared_ptr<const engine::Bundle> bundle{};
  std::string name{};
  std::shared_ptr<const engine::Flow> flow{};
  std::shared_ptr<const engine::Policy> policy{};
  json arguments{};
  std::optional<unsigned> attempts{};
};

struct Stage::Playing {
  std::string name{};
  size_t first_event = 0;
  std::unique_ptr<engine::Run> run{};
  engine::DirectDelivery deliveries{};

  /// What the run wants its backend to get; empty: it has it.
  std::optional<host::HttpCall> call() {
    const auto* parcel = std::get_if<host::Deliver>(&run->request());
    return parcel ? deliveries.call(*parcel) : std::get<host::HttpCall>(run->request());
  }
  /// What the run gets where its backend answered.
  host::Reply reply(host::HttpReply answer) {
    const auto* parcel = std::get_if<host::Deliver>(&run->request());
    if (parcel == nullptr) return answer;
    try {
      deliveries.answered(*parcel, answer);
      return host::HandedOver{};
    } catch (const Error& error) {
      return error;
    }
  }
};

Stage::Stage(const Scenario& scenario, Scenery scenery, PlayedCard& card, FaultyReader& reader, Witness& witness,
             const Bounds& bounds)
    : scenario_(scenario),
      scenery_(std::move(scenery)),
      card_(card),
      reader_(reader),
      witness_(witness),
      bounds_(bounds) {}

Stage::~Stage() = default;

host::DirectionDone Stage::direct(const host::Direction& direction) {
  bounds_.check();
  try {
    return perform(direction.verb, json::parse(direction.arguments, nullptr, false));
  } catch (const json::exception&) {
    wrong("the stage cannot read what '" + direction.verb + "' is to be done with; use cw.scenario");
  }
}

host::DirectionDone Stage::perform(const std::string& verb, const json& arguments) {
  if (verb == "run") return {text_of(run(arguments)), /*card_used=*/true};
  if (verb == "answer") return {text_of(answer(arguments)), /*card_used=*/true};
  if (verb == "tear") return {text_of(tear(arguments))};
  if (verb == "fault") return {text_of(fault(arguments))};
  if (verb == "memory") return {text_of(memory())};
  if (verb == "fail") return {text_of(fail(arguments))};
  const std::vector<std::string> verbs = {"run", "answer", "tear", "fault", "memory", "fail"};
  wrong("the stage has no verb '" + verb + "'" + did_you_mean(verb, verbs));
}

Stage::FlowCall Stage::flow_call(const json& arguments) const {
  FlowCall call;
  call.bundle = scenery_.bundle;
  call.name = text_at(arguments, "flow");
  if (call.name.ends_with(".lua")) {
    const fs::path file = beside(scenario_, call.name);
    call.bundle = call.bundle->with_file(file);
    call.name = file.generic_string();
  }
  call.flow = std::make_shared<engine::Flow>(engine::check_flow(*call.bundle, call.name));
  call.policy = scenery_.policy;
  if (arguments.contains("policy")) {
    call.policy = engine::Policy::load(beside(scenario_, text_at(arguments, "policy")), *scenery_.bundle);
  }
  call.arguments = arguments.value("args", json::object());
  if (arguments.contains("attempts")) call.attempts = arguments.at("attempts").get<unsigned>();
  return call;
}

engine::RunSetup Stage::setup_for(const FlowCall& call, card::Reader& reader, engine::Observer& observer) const {
  std::vector<engine::Setting> settings;
  for (const auto& [name, value] : call.arguments.items()) {
    settings.push_back(setting_of(scenario_, *call.flow, name, value));
  }
  engine::RunSetup setup;
  setup.bundle = call.bundle;
  setup.flow_name = call.name;
  setup.flow = call.flow;
  setup.policy = call.policy;
  setup.arguments = engine::Arguments::check(*call.flow, std::move(settings));
  put_on(setup, card_, reader);
  setup.observer = &observer;
  setup.inputs = engine::Inputs::repeatable(scenery_.seed);
  setup.attempts = call.attempts;
  setup.replay = card_.replay;
  setup.plays_backends = scenery_.plays_backends;
  return setup;
}

json Stage::run(const json& arguments) {
  const FlowCall call = flow_call(arguments);
  auto playing = std::make_unique<Playing>();
  playing->name = call.name;
  playing->first_event = witness_.events().size();
  witness_.add(Kind::run, "flow " + call.name);
  engine::RunSetup setup = setup_for(call, reader_, witness_);
  setup.recorder = scenery_.recorder;
  playing->run = std::make_unique<engine::Run>(std::move(setup));
  playing_ = std::move(playing);
  return go_on();
}

/// Until the flow ends, or calls a backend, which the scenario answers.
json Stage::go_on() {
  engine::Run& run = *playing_->run;
  for (;;) {
    drive(run, bounds_, /*backends_pause=*/scenery_.plays_backends);
    if (run.phase() != engine::Run::Phase::waiting) break;
    if (const std::optional<host::HttpCall> call = playing_->call()) {
      witness_.add(Kind::http, call->method + " " + call->url);
      return {{"http", call_of(*call)}, {"call", ++calls_}};
    }
    run.complete(host::HandedOver{});
  }
  const engine::RunResult& result = run.result();
  json out = witness_.since(playing_->first_event);
  out["flow"] = playing_->name;
  out["ok"] = !result.error;
  out["attempts"] = result.attempts;
  if (result.error) out["error"] = error_of(*result.error);
  if (result.error) witness_.add(Kind::failure, "flow " + playing_->name + ": " + result.error->message());
  playing_.reset();
  return out;
}

json Stage::answer(const json& arguments) {
  if (!playing_ || arguments.value("call", 0u) != calls_) {
    wrong("no flow waits for this answer of a backend: one that waits is given up when another flow is run");
  }
  if (arguments.contains("error")) {
    const std::string message = text_at(arguments, "error");
    witness_.add(Kind::http, "no answer: " + message);
    playing_->run->complete(Error(ErrorKind::http, message));
    return go_on();
  }
  host::HttpReply reply = reply_of(arguments);
  witness_.add(Kind::http,
               "answer " + std::to_string(reply.status) + ", " + std::to_string(reply.body.size()) + " bytes");
  playing_->run->complete(playing_->reply(std::move(reply)));
  return go_on();
}

json Stage::tear(const json& arguments) {
  const auto chip = card_.chip();
  if (!chip) wrong("tearing a flow everywhere needs a simulated card, since each tear begins with the same one");
  FlowCall call = flow_call(arguments);
  call.attempts = 1;
  TearSetup setup;
  setup.flow = call.name;
  setup.flavor = card_.product.name;
  setup.memory = chip->save();
  setup.seed = scenery_.seed;
  setup.check = [this] { bounds_.check(); };
  setup.run = [&](card::Reader& reader) {
    engine::Observer nobody;
    engine::Run run(setup_for(call, reader, nobody));
    Bounds bounds = bounds_;
    bounds.sleeps = false;
    drive(run, bounds, /*backends_pause=*/false);
    return run.result();
  };
  report::TearMatrix matrix = tear_everywhere(setup);
  json why = json::array();
  for (const report::TearPoint& point : matrix.points) {
    for (const report::TearPoint::Cell& cell : point.cells) {
      if (!cell.converged) {
        why.push_back(cell.when + " command " + std::to_string(point.number) + " " + point.command + ": " + cell.why);
      }
    }
  }
  const json out = {{"torn", matrix.torn()}, {"converged", matrix.converged()}, {"why", why}};
  witness_.add(Kind::log, "flow " + call.name + ": " + std::to_string(matrix.torn()) + " tear points, " +
                              std::to_string(matrix.converged()) + " converged");
  matrices_.push_back(std::move(matrix));
  return out;
}

json Stage::fault(const json& arguments) {
  if (arguments.is_object() && arguments.contains("clear")) {
    reader_.disarm();
    return nullptr;
  }
  if (card_.replay) return nullptr;  // what came of them is in the recording
  reader_.arm(Fault::parse(arguments));
  return nullptr;
}

json Stage::memory() const {
  const auto chip = card_.chip();
  if (!chip) wrong("only a simulated card shows its memory; say needs = { card = { \"simulated\" } }");
  const std::string text = chip->state_digest_text();
  return {{"hash", to_hex(crypto::digest(crypto::Hash::sha256, view(text)))}, {"nvm", chip->nvm_used()}};
}

/// What an expectation wants to have said before it raises.
json Stage::fail(const json& arguments) {
  report::Failure failure;
  failure.message = arguments.value("message", "");
  failure.expected = arguments.value("expected", "");
  failure.actual = arguments.value("actual", "");
  failure.likely = arguments.value("likely", "");
  failure_ = std::move(failure);
  return nullptr;
}

}  // namespace cw::scenario
