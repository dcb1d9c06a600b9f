#include "journal/store_journal.h"

#include <algorithm>

#include "base/error.h"
#include "engine/recorder.h"
#include "engine/recording_text.h"

namespace cw::journal {

namespace {

using std::chrono::milliseconds;
using Kind = engine::RecordedLine::Kind;

int64_t wall_clock() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

/// What a request was, by the way it is written.
Kind kind_of(const std::string& request) {
  if (request == "reset") return Kind::reset;
  if (request.starts_with("open ")) return Kind::open;
  if (request.starts_with("http ")) return Kind::http;
  const size_t mark = request.find_first_of(">+");
  return mark != std::string::npos && request[mark] == '+' ? Kind::more : Kind::command;
}

}  // namespace

std::string frame_context(int64_t number) { return "frame " + std::to_string(number); }

StoreJournal::StoreJournal(std::shared_ptr<store::Store> store, crypto::SealingKey key, store::Lease lease,
                           std::string actor)
    : store_(std::move(store)), key_(std::move(key)), lease_(std::move(lease)), actor_(std::move(actor)) {}

StoreJournal::~StoreJournal() { left(); }

std::unique_ptr<StoreJournal> StoreJournal::begin(std::shared_ptr<store::Store> store, const engine::RunSetup& setup,
                                                  const Origin& origin, const std::string& actor) {
  crypto::SealingKey key = crypto::SealingKey::random();
  const engine::Flow flow = setup.flow ? *setup.flow : engine::check_flow(*setup.bundle, setup.flow_name);
  HeadText head = write_head(*store, setup, flow, origin, key);
  store::RunRow row;
  const Head read = read_head(head.text);
  row.flow = read.recording.flow;
  row.card = read.recording.card;
  row.flavor = read.recording.flavor;
  row.bundle = read.recording.bundle;
  row.policy = read.recording.policy;
  row.policy_hash = read.recording.policy_hash;
  row.files = std::move(head.files);
  row.id = store::new_run_id();
  store::Lease lease = store->runs().create(row, store->key().seal(key, store::run_key_context(row.id)),
                                            key.seal(view(head.text), frame_context(0)));
  std::unique_ptr<StoreJournal> journal(new StoreJournal(std::move(store), std::move(key), std::move(lease), actor));
  journal->audit("run begun", {{"flow", row.flow},
                               {"card", row.card},
                               {"bundle", row.bundle},
                               {"policy", row.policy},
                               {"policy_hash", row.policy_hash}});
  return journal;
}

crypto::SealingKey open_run_key(store::Store& store, const std::string& run) {
  return store.key().open_key(store.runs().key(run), store::run_key_context(run));
}

OpenedJournal open_journal(store::Store& store, const std::string& id) {
  store::RunRow row = store.runs().find(id);
  crypto::SealingKey key = open_run_key(store, row.id);
  OpenedJournal out{std::move(row), std::move(key)};
  const std::vector<Bytes> frames = store.runs().frames(out.row.id);
  if (frames.empty()) throw Error(ErrorKind::store, "run " + out.row.id + " has no journal in this store");
  for (size_t i = 0; i < frames.size(); ++i) {
    const Bytes text = out.key.open(frames[i], frame_context(static_cast<int64_t>(i)));
    if (i == 0) {
      out.head = read_head(text_view(text));
    } else {
      out.lines.read(text_view(text));
    }
  }
  return out;
}

engine::Past past_of(const store::RunRow& row, const Head& head, const JournalLines& lines) {
  engine::Past past;
  past.attempts = lines.attempts;
  past.counted = lines.attempts - std::min(lines.attempts, lines.forgiven);
  past.commands = lines.commands_before;
  past.card = row.card_id;
  past.waited = lines.waited_before;
  const bool goes_on = lines.attempts > 0 && lines.in_doubt.empty() && !lines.failed && head.api == kApi;
  if (!goes_on) return past;
  std::string text(engine::kRecordingVersion);
  text += "\n\n" + engine::head_text(head.recording) + lines.recorded.substr(lines.attempt_at);
  past.attempt = std::make_shared<const engine::Recording>(engine::Recording::parse(text, "journal of run " + row.id));
  for (const auto& [id, channel] : lines.open) past.channels.push_back(channel);
  if (lines.waits && row.wake > 0) past.left = milliseconds(std::max<int64_t>(0, row.wake - wall_clock()));
  return past;
}

StoreJournal::TakenUp StoreJournal::take_up(std::shared_ptr<store::Store> store, const std::string& id,
                                            const Patience& patience, const std::string& actor) {
  const std::string run = store->runs().find(id).id;
  store::Lease lease = store->runs().take(run, patience);
  OpenedJournal opened = open_journal(*store, run);
  TakenUp out;
  out.setup = read_setup(*store, opened.head, opened.key);
  out.head = opened.head;
  std::unique_ptr<StoreJournal> journal(
      new StoreJournal(std::move(store), std::move(opened.key), std::move(lease), actor));

  // What was asked and not answered may have been done or not; no script can say better than the card itself.
  JournalLines& lines = opened.lines;
  if (!lines.in_doubt.empty()) {
    const Error lost(ErrorKind::reader, "the process that ran this ended before it had the answer");
    const std::vector<std::string> in_doubt = lines.in_doubt;
    for (const std::string& request : in_doubt) {
      engine::RecordedLine line{kind_of(request), request, lost};
      if (line.kind == Kind::more) line.reply = engine::NoAnswer{};
      journal->take(std::move(line));
    }
    journal->attempt_failed(lost);
    lines.failed = true;
  }
  if (opened.row.state == store::RunState::stuck) {
    journal->frame_.forgive(lines.attempts);
    lines.forgiven = lines.attempts;
  }
  journal->change_.state = store::RunState::running;
  journal->audit("run taken up", {{"attempts", std::to_string(lines.attempts)}});
  out.setup.past = past_of(opened.row, opened.head, lines);
  out.journal = std::move(journal);
  return out;
}

bool StoreJournal::stop_if_free(std::shared_ptr<store::Store> store, const std::string& id, const std::string& actor) {
  store::Lease lease;
  try {
    lease = store->runs().take(id, [](milliseconds) { return false; });
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::store && error.cause() == "held") return false;
    throw;
  }
  crypto::SealingKey key = open_run_key(*store, id);
  StoreJournal journal(std::move(store), std::move(key), std::move(lease), actor);
  try {
    journal.end_as_stopped();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::usage) throw;
  }
  return true;
}

engine::Past StoreJournal::past() {
  const OpenedJournal opened = open_journal(*store_, id());
  return past_of(opened.row, opened.head, opened.lines);
}

void StoreJournal::commit() {
  if (must_stop_) throw *must_stop_;
  std::string text = frame_.take();
  try {
    store_->runs().append(lease_, key_.seal(view(text), frame_context(lease_.next)), change_);
    change_ = {};
  } catch (const Error& error) {
    frame_.put_back(std::move(text));
    must_stop_ = error.within("run " + id() + " stops here and can be resumed");
    throw *must_stop_;
  }
}

void StoreJournal::attempt(unsigned number) {
  take({Kind::attempt, engine::attempt_text(number), {}});
  change_.attempts = number;
  change_.state = store::RunState::running;
  in_step_ = false;
}

void StoreJournal::attempt_failed(const Error& error) { take({Kind::failed, "failed", error}); }

void StoreJournal::take(engine::RecordedLine line) { frame_.line(line); }

void StoreJournal::noted(const host::Note& note) {
  using What = host::Note::Kind;
  // A step that begins after an operator said stop is not begun.
  if (note.kind == What::step_begin) in_step_ = !lease_.stop_asked;
  if (note.kind == What::step_end) in_step_ = false;
}

void StoreJournal::before(const host::Request& request) {
  if (must_stop_) throw *must_stop_;
  // These three ask nothing of card or backend.
  if (std::holds_alternative<host::Wait>(request) || std::holds_alternative<host::CloseChannel>(request) ||
      std::holds_alternative<host::Direction>(request)) {
    return;
  }
  if (lease_.stop_asked && !in_step_) end_as_stopped();
  for (const std::string& line : engine::request_lines(request, true)) frame_.next(line);
  commit();
}

void StoreJournal::end_as_stopped() {
  const Error why(ErrorKind::usage, "run " + id() + " was stopped by an operator before its next command");
  frame_.stopped(actor_);
  change_.state = store::RunState::stopped;
  change_.error = std::string(name_of(why.kind()));
  commit();
  over_ = stopped_ = true;
  audit("run ended", {{"state", "stopped"}});
  must_stop_ = why;
  throw why;
}

void StoreJournal::finished(const std::optional<Error>& error, End end) {
  using store::RunState;
  if (end == End::stuck) {
    take({Kind::failed, "failed", *error});
    change_.state = RunState::stuck;
  } else {
    take({Kind::end, "end", error ? engine::RecordedReply(*error) : engine::RecordedReply(engine::Done{})});
    change_.state = end == End::done ? RunState::done : RunState::failed;
  }
  change_.error = error ? std::string(name_of(error->kind())) : std::string();
  const std::string state(name_of(*change_.state));
  commit();
  over_ = true;
  audit("run ended", {{"state", state}, {"error", error ? std::string(name_of(error->kind())) : ""}});
}

void StoreJournal::waits(milliseconds time) {
  change_.state = store::RunState::waiting;
  change_.wake = wall_clock() + time.count();
  commit();
  change_.state = store::RunState::running;
}

void StoreJournal::left() {
  try {
    if (!over_ && !must_stop_ && !frame_.empty()) commit();
    store_->runs().release(lease_);
  } catch (const Error&) {
    // It stays as it stands, and its lease runs out by itself.
  }
}

void StoreJournal::before_sending() {
  try {
    lease_.check();
  } catch (const Error& error) {
    must_stop_ = error.within("run " + id() + " stops here and can be resumed");
    throw *must_stop_;
  }
}

void StoreJournal::travelled(ByteView command, ByteView answer) {
  frame_.wire({command_mac(key_, command), answer.empty() ? Bytes() : answer_mac(key_, answer)});
}

void StoreJournal::card_is(const std::string& identity) { change_.card_id = identity; }

void StoreJournal::audit(const std::string& action, const std::vector<std::pair<std::string, std::string>>& details) {
  store_->audit().add({actor_, action, id(), details});
}

}  // namespace cw::journal
