#include "journal/store_journal.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "engine/key_candidates.h"
#include "engine/recorder.h"
#include "engine/recording_text.h"
#include "journal/parcel.h"
#include "refusals_private.h"

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

/// Those of a seed, as they stand after what was drawn of them.
engine::Inputs inputs_after(uint64_t seed, const std::vector<size_t>& drawn) {
  engine::Inputs inputs = engine::Inputs::repeatable(seed);
  for (const size_t count : drawn) {
    if (count == 0) {
      inputs.now();
    } else {
      inputs.random(count);
    }
  }
  return inputs;
}

}  // namespace

StoreJournal::StoreJournal(std::shared_ptr<store::Store> store, crypto::SealingKey key, store::Lease lease,
                           std::string actor)
    : store_(std::move(store)), key_(std::move(key)), lease_(std::move(lease)), actor_(std::move(actor)) {}

StoreJournal::~StoreJournal() { left(); }

std::unique_ptr<StoreJournal> StoreJournal::begin(std::shared_ptr<store::Store> store, const engine::RunSetup& setup,
                                                  const Origin& origin, const std::string& actor,
                                                  const RunAhead& ahead) {
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
  row.owner = setup.owner;
  if (const auto& owners = setup.policy->under()) {
    row.owner_policy = owners->name();
    row.owner_policy_hash = owners->hash();
  }
  row.files = std::move(head.files);
  row.card_id = ahead.card;
  row.id = ahead.id.empty() ? store::new_run_id() : ahead.id;
  const Bytes first = key.seal(view(head.text), frame_context(0));
  store::Lease lease = store->runs().create(row, store->key().seal(key, store::run_key_context(row.id)), first,
                                            ahead.policy, ahead.bundle, ahead.quotas);
  std::unique_ptr<StoreJournal> journal(new StoreJournal(std::move(store), std::move(key), std::move(lease), actor));
  journal->hash_.add(first);
  journal->card_before_ = ahead.card;
  journal->is_of(setup);
  if (!ahead.card.empty()) journal->card_owner_ = journal->store_->owners().owner_of(ahead.card);
  journal->consent_ = read.consent;
  // Durable with the first frame that says what is sent.
  journal->store_->database().unhurried([&] {
    journal->audit("run begun", {{"flow", row.flow},
                                 {"card", row.card},
                                 {"bundle", row.bundle},
                                 {"policy", row.policy},
                                 {"policy_hash", row.policy_hash}});
  });
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
    out.hash.add(frames[i]);
    const Bytes text = out.key.open(frames[i], frame_context(static_cast<int64_t>(i)));
    if (i == 0) {
      out.head = read_head(text_view(text));
      if (out.head.begun == 0) out.head.begun = out.row.created;  // written before policies knew of times
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
  past.refused.assign(lines.refused.begin(), lines.refused.end());
  const bool told = lines.in_doubt.empty() || (lines.out && !lines.out->answered);
  const bool goes_on = lines.attempts > 0 && told && !lines.failed && head.api == kApi;
  if (!goes_on) {
    past.commands += lines.commands;
    past.waited += lines.waited;
    return past;
  }
  std::string text(engine::kRecordingVersion);
  text += "\n\n" + engine::head_text(head.recording) + lines.recorded.substr(lines.attempt_at);
  past.attempt = std::make_shared<const engine::Recording>(engine::Recording::parse(text, "journal of run " + row.id));
  for (const auto& [id, channel] : lines.out ? lines.out->open : lines.open) past.channels.push_back(channel);
  if (lines.out) {
    past.out = engine::OutPast{lines.in_doubt, lines.out->stand, {}};
    for (const OrderLine& order : lines.out->orders) past.out->orders.push_back(order.past);
  }
  // No longer than it was to be, whatever has become of the clock.
  if (lines.waits && row.wake > 0) {
    past.left = std::clamp(milliseconds(row.wake - wall_clock()), milliseconds(0), lines.last_wait);
  }
  return past;
}

StoreJournal::TakenUp StoreJournal::take_up(std::shared_ptr<store::Store> store, const std::string& id,
                                            const Patience& patience, const std::string& actor, Shelf* shelf) {
  const store::RunRow before = store->runs().find(id);
  const std::string& run = before.id;
  store->providers().want_managed(before.owner);
  if (before.owner.empty() && !before.card_id.empty()) {
    store->providers().want_managed(store->owners().owner_of(before.card_id));
  }
  store::Lease lease = store->runs().take(run, patience);
  OpenedJournal opened = open_journal(*store, run);
  TakenUp out;
  out.setup = read_setup(*store, opened.head, opened.key, shelf);
  out.head = opened.head;
  std::unique_ptr<StoreJournal> journal(
      new StoreJournal(std::move(store), std::move(opened.key), std::move(lease), actor));
  journal->hash_ = std::move(opened.hash);
  journal->is_of(out.setup);
  journal->consent_ = out.head.consent;

  // What was asked and not answered may have been done or not; no script can say better than the card itself.
  JournalLines& lines = opened.lines;
  journal->orders_ = lines.orders;
  journal->reported_ = lines.reported;
  journal->session_ = lines.session;
  const bool same_api = opened.head.api == kApi;
  if (same_api && lines.out && !lines.out->answered && !lines.failed) {
    journal->make_again(lines);
  } else if (!lines.in_doubt.empty()) {
    const Error lost(ErrorKind::reader, "the process that ran this ended before it had the answer");
    journal->in_doubt_ = lines.in_doubt;
    journal->attempt_failed(lost);
    lines.failed = true;
  } else if (lines.attempts > 0 && !lines.failed && !same_api) {
    // What its script called may be something else here. It may run all the same: from the top, on what the card is.
    journal->attempt_failed(Error(ErrorKind::store, "the attempt was begun by a program with API " +
                                                        std::to_string(opened.head.api) + ", and this one has " +
                                                        std::to_string(kApi) + ", so it is not built again"));
    lines.failed = true;
  }
  if (opened.row.state == store::RunState::stuck) {
    journal->frame_.forgive(lines.attempts);
    lines.forgiven = lines.attempts;
  }
  journal->card_before_ = opened.row.card_id;
  try {
    if (!opened.row.card_id.empty()) journal->want_own_card(opened.row.card_id);
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::policy) journal->finished(error, End::failed);
    throw;
  }
  journal->change_.state = store::RunState::running;
  try {
    // One that was laid to rest goes on with every report, and nobody else comes into it.
    const bool rested = journal->again_ && !before.held;
    journal->store_->database().unhurried([&] {
      if (!rested) journal->audit("run taken up", {{"attempts", std::to_string(lines.attempts)}});
    });
  } catch (const Error& error) {
    // Nothing more is written: a run that is stuck would go on, and no record would say so.
    journal->stop_here(error);
  }
  out.setup.past = past_of(opened.row, opened.head, lines);
  if (out.setup.past->out) out.setup.past->out->left = !before.held;
  // What was waited already counts, too.
  if (out.setup.past->attempt && lines.waits) out.setup.past->waited += lines.last_wait - out.setup.past->left;
  if (const auto& seed = opened.head.origin.seed) out.setup.inputs = inputs_after(*seed, lines.drawn);
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
  store::JournalHash hash;
  for (const Bytes& frame : store->runs().frames(id)) hash.add(frame);
  const std::string owner = store->runs().find(id).owner;
  StoreJournal journal(std::move(store), std::move(key), std::move(lease), actor);
  journal.owner_ = owner;
  journal.hash_ = std::move(hash);
  try {
    journal.end_as_stopped();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::usage) throw;
  }
  return true;
}

engine::Past StoreJournal::past() {
  steps_ = 0;  // the attempt is built again, and tells of them again
  const OpenedJournal opened = open_journal(*store_, id());
  return past_of(opened.row, opened.head, opened.lines);
}

void StoreJournal::commit() {
  if (must_stop_) throw *must_stop_;
  std::string text = frame_.take();
  unwritten_ = false;
  try {
    const Bytes sealed = key_.seal(view(text), frame_context(lease_.next));
    store::JournalHash hash = hash_;
    hash.add(sealed);
    if (change_.record) {
      change_.record->details.emplace_back("frames", std::to_string(hash.frames()));
      change_.record->details.emplace_back("journal", hash.text(key_));
    }
    store_->runs().append(lease_, sealed, change_);
    hash_ = std::move(hash);
    change_ = {};
  } catch (const Error& error) {
    frame_.put_back(std::move(text));
    stop_here(error);
  }
}

void StoreJournal::stop_here(const Error& why) {
  must_stop_ = why.within("run " + id() + " stops here and can be resumed");
  throw *must_stop_;
}

void StoreJournal::attempt(unsigned number) {
  take({Kind::attempt, engine::attempt_text(number), {}});
  change_.attempts = number;
  change_.state = store::RunState::running;
  steps_ = 0;
  not_begun_ = at_boundary_ = false;
}

void StoreJournal::attempt_failed(const Error& error) {
  lose_in_doubt(error);
  take({Kind::failed, "failed", error});
}

/// As an answer that never came: whatever the reason, the script does not hear of it.
void StoreJournal::lose_in_doubt(const Error& why) {
  const Error lost(ErrorKind::reader, why.message());
  answer(std::exchange(in_doubt_, {}), lost);
}

void StoreJournal::answer(const std::vector<std::string>& requests, const Error& error) {
  for (const std::string& request : requests) {
    engine::RecordedLine line{kind_of(request), request, error};
    if (line.kind == Kind::more) line.reply = engine::NoAnswer{};
    take(std::move(line));
  }
}

void StoreJournal::take(engine::RecordedLine line) {
  again_.reset();
  if (!in_doubt_.empty() && in_doubt_.front() == line.request) in_doubt_.erase(in_doubt_.begin());
  frame_.line(line);
}

void StoreJournal::noted(const host::Note& note) {
  using What = host::Note::Kind;
  // A step that would begin after an operator said stop is not begun.
  if (note.kind == What::step_begin && steps_ == 0) {
    not_begun_ = stop_is_asked();
    at_boundary_ = true;
  }
  noted_before(note);
}

void StoreJournal::noted_before(const host::Note& note) {
  using What = host::Note::Kind;
  if (note.kind == What::step_begin) ++steps_;
  if (note.kind == What::step_end && steps_ > 0) --steps_;
}

/// As of now: it may be long since the last frame.
bool StoreJournal::stop_is_asked() {
  try {
    lease_.stop_asked = lease_.stop_asked || store_->runs().find(id()).stop_asked;
  } catch (const Error&) {
    // The next frame says what is the matter.
  }
  return lease_.stop_asked;
}

void StoreJournal::before(const host::Request& request) {
  if (must_stop_) throw *must_stop_;
  if (again_) {
    not_begun_ = at_boundary_ = false;  // it was begun before anybody said stop
    return;
  }
  charges_.clear();
  // These three ask nothing of card or backend.
  if (std::holds_alternative<host::Wait>(request) || std::holds_alternative<host::CloseChannel>(request) ||
      std::holds_alternative<host::Direction>(request)) {
    return;
  }
  if (lease_.stop_asked && (steps_ == 0 || not_begun_)) end_as_stopped();
  if (steps_ == 0 || at_boundary_) want_managed();
  at_boundary_ = false;
  try {
    want_deletable(request);
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::store) stop_here(error);
    answer(engine::request_lines(request, true), error);
    end_here(error);
  }
  // A parcel is put into the outbox again if that is in doubt, and is the same one.
  if (!std::holds_alternative<host::Deliver>(request)) {
    for (const std::string& line : engine::request_lines(request, true)) frame_.next(line);
  }
  needs_keys_of(request);
  if (far_) {
    unwritten_ = true;
  } else {
    commit();
  }
}

void StoreJournal::needs(const store::NamedKeys& keys) {
  if (keys.set.starts_with(host::kUnwrapped)) return;  // the KEK is needed for them
  if (needed_.emplace(keys.set, keys.version).second) change_.keys.push_back(keys);
}

void StoreJournal::needs_keys_of(const host::Request& request) {
  if (const auto* open = std::get_if<host::OpenChannel>(&request)) {
    for (const host::Exchange& ahead : open->before) needs_keys_of(ahead);
    for (const std::string& set : engine::key_candidates(*open)) needs({set, open->key_version});
  } else if (const auto* exchange = std::get_if<host::Exchange>(&request)) {
    for (const host::Command& command : exchange->plan) {
      for (const host::Part& part : command.data.parts()) {
        if (const auto* key = std::get_if<host::KeyPart>(&part)) needs({key->set, 0});
        if (const auto* token = std::get_if<host::TokenPart>(&part)) needs({token->key, 0});
        if (const auto* dap = std::get_if<host::DapPart>(&part)) needs({dap->key, 0});
      }
    }
  }
}

/// Once for each key of a run: how often a command was sent, its journal has.
void StoreJournal::key_used(const std::string& key) {
  if (again_ || !used_.insert(key).second) return;
  try {
    store_->database().unhurried([&] { audit("key used", {{"keys", key}}); });
  } catch (const Error& error) {
    stop_here(error);
  }
}

void StoreJournal::end_as_stopped() {
  const Error why(ErrorKind::usage, "run " + id() + " was stopped before its next command; the audit says by whom");
  frame_.stopped(actor_);
  change_.state = store::RunState::stopped;
  change_.error = std::string(name_of(why.kind()));
  audit_end("stopped");
  commit();
  over_ = stopped_ = true;
  lose_charges();
  must_stop_ = why;
  throw why;
}

void StoreJournal::finished(const std::optional<Error>& error, End end) {
  using store::RunState;
  if (error) lose_in_doubt(*error);
  if (end == End::stuck) {
    take({Kind::failed, "failed", *error});
    change_.state = RunState::stuck;
  } else {
    take({Kind::end, "end", error ? engine::RecordedReply(*error) : engine::RecordedReply(engine::Done{})});
    change_.state = end == End::done ? RunState::done : RunState::failed;
  }
  change_.error = error ? std::string(name_of(error->kind())) : std::string();
  audit_end(std::string(name_of(*change_.state)), *change_.error);
  commit();
  over_ = true;
  lose_charges();
  judge_canaries();
}

void StoreJournal::waits(milliseconds time) {
  change_.state = store::RunState::waiting;
  change_.wake = wall_clock() + time.count();
  commit();
  change_.state = store::RunState::running;
}

void StoreJournal::deliver(const host::Deliver& parcel) {
  before_sending();
  try {
    store_->outbox().put(sealed_parcel(key_, id(), parcel, wall_clock()));
  } catch (const Error& error) {
    stop_here(error);
  }
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
    stop_here(error);
  }
  if (unwritten_) commit();
}

void StoreJournal::travelled(ByteView command, ByteView answer) {
  if (again_) return;
  reported_ = reported_ || !answer.empty();
  frame_.wire({command_mac(key_, command), answer.empty() ? Bytes() : answer_mac(key_, answer)});
}

/// What a run that is over left open, nobody settles any more.
void StoreJournal::lose_charges() {
  try {
    store_->budgets().lose(id());
  } catch (const Error&) {
    // The next run on the card does it.
  }
}

/// At once: what else was answered may wait, but a process that dies now is not to leave the run without that.
void StoreJournal::keys_refused(const std::vector<std::string>& sets) {
  if (again_) return;
  frame_.refused(sets);
  commit();
}

void StoreJournal::channel_opened(const engine::ChannelMaterial& material) {
  if (again_) return;
  frame_.channel(material);
  needs({material.asked.keys, material.version});
  try {
    store_->database().unhurried([&] {
      audit("key used", {{"keys", material.asked.keys}, {"version", std::to_string(material.version)}});
    });
  } catch (const Error& error) {
    stop_here(error);
  }
}

}  // namespace cw::journal
