#include "journal/shadow.h"

#include <optional>

#include "engine/forwarding_outside.h"
#include "engine/line_taker.h"
#include "engine/recording_text.h"

namespace cw::journal {

/// Hands everything on, and has each request judged.
class ShadowedOutside : public engine::ForwardingOutside {
 public:
  ShadowedOutside(std::unique_ptr<engine::RunOutside> inner, Shadow& shadow)
      : ForwardingOutside(std::move(inner)), shadow_(shadow) {}

  void submit(host::Request request) override {
    try {
      inner_->submit(request);
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::policy) shadow_.judge_refused(request, card_);
      throw;
    }
    shadow_.judge(inner_->request(), card_);
  }
  host::Reply carry_out() override {
    host::Reply reply = inner_->carry_out();
    follow(reply);
    return reply;
  }
  host::KeyInfo unwrap(const host::WrappedKeys& keys) override {
    try {
      host::KeyInfo info = inner_->unwrap(keys);
      shadow_.judge(keys, false);
      return info;
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::policy) shadow_.judge(keys, true);
      throw;
    }
  }

 private:
  void follow(const host::Reply& reply) {
    const host::Request& asked = inner_->request();
    if (std::holds_alternative<host::Reset>(asked)) card_ = {};
    if (const auto* close = std::get_if<host::CloseChannel>(&asked)) card_.channels.erase(close->channel);
    if (const auto* open = std::get_if<host::OpenChannel>(&asked)) {
      const auto* done = std::get_if<host::ChannelOpened>(&reply);
      if (done == nullptr || done->channel != 0 || done->refused) card_.close_on(open->logical_channel);
      if (const auto* opened = std::get_if<host::ChannelOpened>(&reply)) {
        for (size_t i = 0; i < opened->before.size(); ++i) follow(open->before.at(i), opened->before[i]);
        if (opened->channel == 0) return;
        card_.opened(*open, *opened);
        shadow_.judge_opened(*open, *opened);
      }
    }
    const auto* call = std::get_if<host::HttpCall>(&asked);
    const auto* replied = std::get_if<host::HttpReply>(&reply);
    if (call != nullptr && replied != nullptr) shadow_.gate_.replied(*call, *replied);
    const auto* exchange = std::get_if<host::Exchange>(&asked);
    const auto* answers = std::get_if<host::Answers>(&reply);
    if (exchange != nullptr && answers != nullptr) follow(*exchange, *answers);
  }
  void follow(const host::Exchange& asked, const host::Answers& came) {
    for (size_t i = 0; i < came.answers.size(); ++i) card_.answered(asked.plan[i], came.answers[i]);
  }

  Shadow& shadow_;
  engine::CardState card_{};
};

namespace {

/// The Error that `ask` raises, or nothing.
template <class Ask>
std::optional<Error> refusal(Ask ask) {
  try {
    ask();
  } catch (const Error& error) {
    return error;
  }
  return {};
}

}  // namespace

Shadow::Shadow(std::shared_ptr<const engine::Policy> policy, const engine::Flow& flow, const engine::RunSetup& run)
    : policy_(policy),
      gate_(policy, flow.name, engine::declared_keys(flow, run.arguments),
            engine::declared_backends(flow, run.arguments), engine::isd_aid_of(run.flavor)) {
  gate_.begun_at(run.begun);
  const engine::Decision decision = policy->judge_begin(flow.name, run.begun);
  add("flow " + flow.name, decision.allowed ? std::nullopt : std::optional(Error(ErrorKind::policy, decision.because)));
}

std::unique_ptr<engine::RunOutside> Shadow::around(std::unique_ptr<engine::RunOutside> inner) {
  ++attempt_;
  return std::make_unique<ShadowedOutside>(std::move(inner), *this);
}

Verdict& Shadow::add(std::string request, const std::optional<Error>& refused) {
  Verdict verdict{attempt_, std::move(request)};
  if (denied_) {
    verdict.is = Verdict::Is::unreachable;
  } else if (refused) {
    verdict.is = Verdict::Is::denied;
    verdict.because = refused->message();
    denied_ = true;
  }
  verdicts_.push_back(std::move(verdict));
  return verdicts_.back();
}

void Shadow::judge(const host::Request& request, const engine::CardState& card) {
  if (const auto* open = std::get_if<host::OpenChannel>(&request)) {
    for (const host::Exchange& ahead : open->before) judge(ahead, card);
    add(engine::request_lines(request, true).back(), refusal([&] { gate_.admit(*open); }));
  } else if (const auto* call = std::get_if<host::HttpCall>(&request)) {
    add(engine::request_lines(request, true).front(), refusal([&] { gate_.admit(*call); }));
  } else if (const auto* parcel = std::get_if<host::Deliver>(&request)) {
    add(engine::request_lines(request, true).front(), refusal([&] { gate_.admit(parcel->call); }));
  } else if (const auto* exchange = std::get_if<host::Exchange>(&request)) {
    // One by one, so that the first command of a plan that is denied is the one that is named.
    const std::vector<std::string> lines = engine::request_lines(request, true);
    for (size_t i = 0; i < exchange->plan.size(); ++i) {
      host::Exchange one = *exchange;
      one.plan = {exchange->plan[i]};
      Verdict& verdict = add(lines[i], refusal([&] {
                               gate_.admit(one, card.facts(one.channel));
                               gate_.admit_keys(one);
                             }));
      verdict.command = engine::facts_of(one.plan[0], {}).name;
      verdict.considered = gate_.consider(one.plan[0], card.facts(one.channel));
    }
  }
}

void Shadow::judge_refused(const host::Request& request, const engine::CardState& card) {
  // Which command of a plan it was is not known: the plan is one question then.
  const size_t before = verdicts_.size();
  judge(request, card);
  if (verdicts_.size() == before) return;
  size_t kept = before;
  while (kept + 1 < verdicts_.size() && verdicts_[kept].is != Verdict::Is::denied) ++kept;
  verdicts_[before] = Verdict(verdicts_[kept]);
  verdicts_.resize(before + 1);
  verdicts_[before].was_refused = true;
}

void Shadow::judge(const host::WrappedKeys& keys, bool was_refused) {
  add(engine::unwrap_text(keys, false), refusal([&] { gate_.admit(keys); })).was_refused = was_refused;
}

void Shadow::judge_opened(const host::OpenChannel& asked, const host::ChannelOpened& opened) {
  const auto refused = refusal([&] { gate_.admit_protocol(opened.scp, asked.level); });
  if (refused) add("the card's answer to " + engine::request_lines(asked, true).back(), refused);
}

}  // namespace cw::journal
