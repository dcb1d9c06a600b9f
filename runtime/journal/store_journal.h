// The journal of one run, in a store: frames sealed under a key of the run's own.
//
// Owner: whoever starts the run; outlives it. One thread.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "engine/run_journal.h"
#include "journal/frames.h"
#include "journal/run_head.h"
#include "store/journal_hash.h"
#include "store/store.h"

namespace cw::journal {

/// How long is left until a run can be taken from a process that holds it; false gives up.
using Patience = std::function<bool(std::chrono::milliseconds)>;

/// What is settled of a run before it begins.
struct RunAhead {
  std::string id{};    // one of store::new_run_id() that somebody has written down already; empty: a new one
  std::string card{};  // that it is for, or the beginning of its identity; empty: whichever is in the reader
  store::PolicyIs policy = store::PolicyIs::any;
  std::string bundle{};  // hash of the one that has to be in use; empty: any may be
  std::vector<store::Quota> quotas{};
  bool refused_before = false;  // a quota had no room for it, and the audit says so
};

class StoreJournal : public engine::RunJournal {
 public:
  /// A new run, begun in the store. `actor` is for the audit. Raises store: as Runs::create().
  static std::unique_ptr<StoreJournal> begin(std::shared_ptr<store::Store> store, const engine::RunSetup& setup,
                                             const Origin& origin, const std::string& actor,
                                             const RunAhead& ahead = {});

  struct TakenUp;
  /// A run that is there, taken from whoever held it. What was in doubt is written down as lost. Raises store: it is
  /// held, or is over. `shelf`: may be null.
  static TakenUp take_up(std::shared_ptr<store::Store> store, const std::string& id, const Patience& patience,
                         const std::string& actor, Shelf* shelf = nullptr);

  /// Ends a run that an operator stopped, if no process works on it. Whether it did. Raises usage: it is over by now;
  /// store.
  static bool stop_if_free(std::shared_ptr<store::Store> store, const std::string& id, const std::string& actor);

  ~StoreJournal() override;

  const std::string& id() const { return lease_.run(); }
  bool stopped() const { return stopped_; }

  /// Orders that went to a card far away, over all attempts. Where `goes_on()`, the last one is out.
  size_t orders() const { return orders_; }
  bool goes_on() const { return again_.has_value(); }
  bool reported() const { return reported_; }
  /// What the session of a device is to be taken up with; kept with what is written next.
  const std::string& session() const { return session_; }
  void keep_session(const std::string& text);
  /// For who charges: a charge that was made before, while an order is made again; nothing: a new one is to be made,
  /// and told. Raises reader: there was none.
  std::optional<std::string> charged_before();
  void charged(const std::string& id) { charges_.push_back(id); }

  // RunJournal
  void card_is_far() override { far_ = true; }
  void attempt(unsigned number) override;
  void attempt_failed(const Error& error) override;
  void finished(const std::optional<Error>& error, End end) override;
  void waits(std::chrono::milliseconds time) override;
  void key_used(const std::string& key) override;
  void deliver(const host::Deliver& parcel) override;
  std::vector<host::DomainRecord> domains(const std::optional<host::DomainRecord>& put) override;
  void left() override;
  const Error* must_stop() const override { return must_stop_ ? &*must_stop_ : nullptr; }
  engine::Past past() override;

  // LineTaker
  void before(const host::Request& request) override;
  void take(engine::RecordedLine line) override;
  void noted(const host::Note& note) override;
  void noted_before(const host::Note& note) override;

  // Evidence
  void refused(const engine::Refusal& refusal) override;
  void ordered(const engine::OrderMade& order) override;
  void before_sending() override;
  void travelled(ByteView command, ByteView answer) override;
  void keys_refused(const std::vector<std::string>& sets) override;
  void keys_unwrapped(const host::WrappedKeys& keys, const Error* why) override;
  void channel_opened(const engine::ChannelMaterial& material) override;
  void channel_moved(host::ChannelId channel, const gp::Channel::Mark& mark) override {
    if (!again_) frame_.mark(channel, mark);
  }

  /// What the card is, as its own answers say; kept with the run.
  void card_is(const std::string& identity) override;

 private:
  StoreJournal(std::shared_ptr<store::Store> store, crypto::SealingKey key, store::Lease lease, std::string actor);
  /// What was there when the run was taken up: a request whose orders are made again.
  struct Again {
    std::vector<std::string> asked{};
    std::vector<OrderLine> orders{};
    size_t next = 0;
    std::deque<std::string> charges{};
  };
  void make_again(const JournalLines& lines);
  /// What was asked and not answered has an error for an answer from now on.
  void lose_in_doubt(const Error& why);
  /// These requests had this error for an answer.
  void answer(const std::vector<std::string>& requests, const Error& error);
  /// Writes what was collected as one frame, durably.
  void commit();
  /// Raises usage, after it is written down.
  [[noreturn]] void end_as_stopped();
  /// The run can go on elsewhere, and not here. Raises `why`.
  [[noreturn]] void stop_here(const Error& why);
  bool stop_is_asked();
  /// The run stops here if nothing of whose it is, or of whose the card is, is managed any more. Raises policy.
  void want_managed();
  /// Raises policy: nothing of whose the card is is managed.
  void want_managed_card();
  /// With the frame that comes next, the run needs these keys until it is over.
  void needs(const store::NamedKeys& keys);
  void needs_keys_of(const host::Request& request);
  void lose_charges();
  /// With what became of this run, a canary may have turned out worse.
  void judge_canaries();
  /// Goes to the audit with the next frame, and what the journal comes to with that.
  void audit_end(const std::string& state, const std::string& error = {});
  using Details = std::vector<std::pair<std::string, std::string>>;
  void audit(const std::string& action, const Details& details);
  Details with_owner(Details details) const;
  /// Whose run it is, and which cards are its.
  void is_of(const engine::RunSetup& setup);
  /// Raises policy: the card is another's.
  void want_own_card(const std::string& identity);
  /// Raises policy: somebody has something in the domain that the run is about, and has not agreed.
  void want_consent(const std::string& identity);
  /// Of the card that the run is on.
  std::string named_card();
  bool is_agreed(const std::string& aid) const;
  /// Raises policy, usage: the run may not make that of the domain.
  void want_ending(const store::Domain& domain);
  void want_deletable(const host::Request& request);
  /// The run is over: nothing else would come of it if it was taken up. Raises `why`.
  [[noreturn]] void end_here(const Error& why);

  std::shared_ptr<store::Store> store_;
  crypto::SealingKey key_;
  store::Lease lease_;
  std::string actor_;
  std::string owner_{};  // empty: the operator
  bool unowned_cards_ = false;
  std::string card_owner_{};  // whose the card is, as of when it last said who it is; empty: nobody's, or not known yet
  ConsentNeeded consent_{};
  std::set<std::pair<std::string, store::DomainState>> expected_{};  // what the run was let make of which domain
  FrameText frame_{};
  store::RunChange change_{};
  store::JournalHash hash_{};                           // of what is written
  std::set<std::pair<std::string, int64_t>> needed_{};  // keys that were written down
  std::set<std::string> used_{};                        // single keys that the audit has
  std::optional<Error> must_stop_{};
  std::string card_before_{};  // that the run is for, or a process before was on, until this one has seen its own
  int steps_ = 0;              // begun and not ended
  bool not_begun_ = false;     // the outermost of them: an operator said stop before
  bool at_boundary_ = false;   // the outermost of them: it has asked for nothing yet
  bool far_ = false;           // the card is
  bool unwritten_ = false;     // what is asked next, and goes to the disk right before its bytes go out
  std::optional<Again> again_{};
  std::vector<std::string> in_doubt_{};  // asked when the run was taken up, and no line says what came of it
  std::vector<std::string> charges_{};   // for the order that comes next
  size_t orders_ = 0;
  bool reported_ = false;
  std::string session_{};
  bool over_ = false;
  bool stopped_ = false;
  std::set<engine::Refusal> refusals_{};  // in the audit
};

struct StoreJournal::TakenUp {
  std::unique_ptr<StoreJournal> journal{};
  Head head{};
  engine::RunSetup setup{};  // with `past`; without what is whoever's who goes on with it
};

/// What a run did so far. `row`: as it stands now.
engine::Past past_of(const store::RunRow& row, const Head& head, const JournalLines& lines);

/// What frame `number` is sealed in; each run has a key of its own.
using store::frame_context;
crypto::SealingKey open_run_key(store::Store& store, const std::string& run);

/// A run's journal, opened: its head and its lines. Raises store.
struct OpenedJournal {
  store::RunRow row{};
  crypto::SealingKey key;
  Head head{};
  JournalLines lines{};
  store::JournalHash hash{};
};
OpenedJournal open_journal(store::Store& store, const std::string& id);

}  // namespace cw::journal
