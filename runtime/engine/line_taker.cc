#include "engine/line_taker.h"

#include "base/overloaded.h"
#include "engine/recording_text.h"

namespace cw::engine {

namespace {

using Kind = RecordedLine::Kind;

RecordedReply http_reply(const host::Reply& reply, bool all) {
  if (const auto* error = std::get_if<Error>(&reply)) return *error;
  const auto& http = std::get<host::HttpReply>(reply);
  if (all) return http;
  return HttpLeftOut{http.status, http.body.size()};
}

/// What could not be written down is no input: nothing was asked.
bool is_store_error(const host::Reply& reply) {
  const auto* error = std::get_if<Error>(&reply);
  return error != nullptr && error->kind() == ErrorKind::store;
}

}  // namespace

std::vector<std::string> request_lines(const host::Request& request, bool all_answers) {
  const auto plan_lines = [](const host::Exchange& exchange) {
    std::vector<std::string> out;
    for (size_t i = 0; i < exchange.plan.size(); ++i) out.push_back(command_text(exchange, i));
    return out;
  };
  return std::visit(
      Overloaded{
          [&](const host::Exchange& exchange) { return plan_lines(exchange); },
          [&](const host::OpenChannel& open) {
            std::vector<std::string> out;
            for (const host::Exchange& ahead : open.before) {
              for (std::string& line : plan_lines(ahead)) out.push_back(std::move(line));
            }
            out.push_back(request_text(open));
            return out;
          },
          [&](const host::HttpCall& call) { return std::vector<std::string>{request_text(call, all_answers)}; },
          [&](const host::Deliver& parcel) { return std::vector<std::string>{request_text(parcel, all_answers)}; },
          [](const host::Direction&) { return std::vector<std::string>(); },
          [](const auto& one) { return std::vector<std::string>{request_text(one)}; },
      },
      request);
}

Bytes TakingOutside::reset() {
  taker_.before(host::Reset{});
  try {
    Bytes atr = inner_->reset();
    taker_.take({Kind::reset, request_text(host::Reset{}), atr});
    return atr;
  } catch (const Error& error) {
    if (!inner_->difference() && error.kind() != ErrorKind::store) {
      taker_.take({Kind::reset, request_text(host::Reset{}), error});
    }
    throw;
  }
}

void TakingOutside::submit(host::Request request) {
  begun_ = false;
  inner_->submit(std::move(request));
  if (const auto* wait = std::get_if<host::Wait>(&inner_->request())) {
    taker_.take({Kind::wait, request_text(*wait), {}});
  }
}

void TakingOutside::begin() {
  if (begun_) return;
  begun_ = true;
  forbidden_.reset();
  try {
    taker_.before(inner_->request());
  } catch (const Error& error) {
    forbidden_ = error;
  }
}

const Order* TakingOutside::order() {
  begin();
  return forbidden_ ? nullptr : inner_->order();
}

host::Reply TakingOutside::carry_out() {
  begin();
  begun_ = false;
  if (forbidden_) return *forbidden_;
  host::Reply reply = inner_->carry_out();
  if (inner_->difference() || is_store_error(reply)) return reply;
  std::visit(Overloaded{
                 [&](const host::Reset& request) {
                   const auto* done = std::get_if<host::ResetDone>(&reply);
                   taker_.take({Kind::reset, request_text(request),
                                done ? RecordedReply(done->atr) : RecordedReply(std::get<Error>(reply))});
                 },
                 [&](const host::Exchange& request) {
                   const auto* answers = std::get_if<host::Answers>(&reply);
                   exchanged(request, answers, std::get_if<Error>(&reply));
                 },
                 [&](const host::OpenChannel& request) { opened(request, reply); },
                 [&](const host::CloseChannel& request) {
                   taker_.take({Kind::close, request_text(request), Done{}});
                 },
                 [&](const host::HttpCall& request) {
                   const bool all = taker_.all_answers();
                   taker_.take({Kind::http, request_text(request, all), http_reply(reply, all)});
                 },
                 [&](const host::Deliver& request) {
                   const auto* error = std::get_if<Error>(&reply);
                   taker_.take({Kind::deliver, request_text(request, taker_.all_answers()),
                                error ? RecordedReply(*error) : RecordedReply(Done{})});
                 },
                 [](const host::Wait&) {},       // taken down when it was asked for
                 [](const host::Direction&) {},  // a replay has a stage of its own
             },
             inner_->request());
  return reply;
}

void TakingOutside::exchanged(const host::Exchange& request, const host::Answers* answers, const Error* error) {
  for (size_t i = 0; i < request.plan.size(); ++i) {
    const host::Command& command = request.plan[i];
    RecordedReply back = NoAnswer{};
    if (answers != nullptr && i < answers->answers.size()) {
      back = taker_.kept(command, answers->answers[i]);
    } else {
      // Sent or not, it stands in the recording from here on.
      taker_.kept(command, {});
      if (error != nullptr && i == 0) back = *error;
    }
    taker_.take({i == 0 ? Kind::command : Kind::more, command_text(request, i), std::move(back)});
  }
}

/// What went ahead first. Whatever came of it, each request has its line.
void TakingOutside::opened(const host::OpenChannel& request, const host::Reply& reply) {
  const auto* opened = std::get_if<host::ChannelOpened>(&reply);
  const Error* error = std::get_if<Error>(&reply);
  for (size_t i = 0; i < request.before.size(); ++i) {
    exchanged(request.before[i], opened ? &opened->before.at(i) : nullptr, i == 0 ? error : nullptr);
  }
  RecordedReply back = NoAnswer{};
  if (error != nullptr && request.before.empty()) back = *error;
  if (opened != nullptr && opened->refused) back = *opened->refused;
  if (opened != nullptr && opened->channel != 0) back = *opened;
  taker_.take({Kind::open, request_text(request), std::move(back)});
}

int64_t TakingOutside::now() {
  const int64_t time = inner_->now();
  taker_.take({Kind::time, "time", time});
  return time;
}

Bytes TakingOutside::random(size_t count) {
  Bytes bytes = inner_->random(count);
  taker_.take({Kind::random, random_text(count), bytes});
  return bytes;
}

host::KeyInfo TakingOutside::key_info(const std::string& set) {
  try {
    host::KeyInfo info = inner_->key_info(set);
    taker_.take({Kind::keys, keys_text(set), info});
    return info;
  } catch (const Error& error) {
    // What the gate refuses, it refuses again.
    if (error.kind() != ErrorKind::policy && !inner_->difference()) taker_.take({Kind::keys, keys_text(set), error});
    throw;
  }
}

bool TakingOutside::verifies(const std::string& key, ByteView message, ByteView signature) {
  const std::string text = verifies_text(key, message, signature);
  try {
    const bool right = inner_->verifies(key, message, signature);
    taker_.take({Kind::verifies, text, int64_t{right}});
    return right;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::policy && !inner_->difference()) taker_.take({Kind::verifies, text, error});
    throw;
  }
}

Bytes TakingOutside::sign(const std::string& key, ByteView message) {
  const std::string text = sign_text(key, message);
  try {
    Bytes signature = inner_->sign(key, message);
    taker_.take({Kind::sign, text, signature});
    return signature;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::policy && !inner_->difference()) taker_.take({Kind::sign, text, error});
    throw;
  }
}

std::vector<host::DomainRecord> TakingOutside::domains(const std::optional<host::DomainRecord>& put) {
  const std::string text = domains_text(put);
  try {
    std::vector<host::DomainRecord> all = inner_->domains(put);
    taker_.take({Kind::domains, text, RecordedDomains{all}});
    return all;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::store && !inner_->difference()) taker_.take({Kind::domains, text, error});
    throw;
  }
}

host::KeyInfo TakingOutside::unwrap(const host::WrappedKeys& keys) {
  const std::string text = unwrap_text(keys, taker_.all_answers());
  try {
    host::KeyInfo info = inner_->unwrap(keys);
    taker_.take({Kind::unwrap, text, info});
    return info;
  } catch (const Error& error) {
    // What could not be written down was not done.
    const bool known = error.kind() == ErrorKind::policy || error.kind() == ErrorKind::store;
    if (!known && !inner_->difference()) taker_.take({Kind::unwrap, text, error});
    throw;
  }
}

void TakingOutside::note(host::Note note) {
  const bool skipped = note.kind == host::Note::Kind::step_skip;
  if (skipped || note.kind == host::Note::Kind::step_end) {
    taker_.take({Kind::step, "step " + quote(note.name) + (skipped ? " skipped" : " done"), {}});
  }
  taker_.noted(note);
  inner_->note(std::move(note));
}

}  // namespace cw::engine
