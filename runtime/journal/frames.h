// What a journal's frames say, in text: the lines of a recording with every answer (docs/RECORDINGS.md), and between
// them what only a journal has (docs/JOURNAL.md): "next", what is about to be asked; "~", evidence of what travelled
// below.
//
// Owner: one run's journal. One thread.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "crypto/seal.h"
#include "engine/evidence.h"
#include "engine/past.h"
#include "engine/recording.h"
#include "journal/order_text.h"

namespace cw::journal {

/// A command as it travelled: MACs under the run's key, 16 bytes each, of the command and of what came back.
struct Wire {
  Bytes command{};
  Bytes answer{};  // empty: no answer came
};

/// What travelled for one thing that was asked: a plan has as many as were sent of it.
struct Travelled {
  std::string request{};  // its first line
  std::vector<Wire> wires{};
};

/// The MAC of a command that travelled, under a run's key.
Bytes command_mac(const crypto::SealingKey& key, ByteView travelled);
Bytes answer_mac(const crypto::SealingKey& key, ByteView travelled);

/// Collects one frame.
class FrameText {
 public:
  void line(const engine::RecordedLine& line);
  void next(const std::string& request);
  void wire(const Wire& wire);
  void channel(const engine::ChannelMaterial& material);
  void mark(host::ChannelId channel, const gp::Channel::Mark& mark);
  /// Attempts up to this one count no more: an operator let the run go on.
  void forgive(unsigned attempts);
  /// The card does not have these key sets.
  void refused(const std::vector<std::string>& sets);
  /// An operator ended the run.
  void stopped(const std::string& who);
  /// A card far away is about to get it.
  void order(const engine::OrderMade& order, ByteView mac, const std::vector<std::string>& charges);
  /// What its session is to be taken up with.
  void session(const std::string& text);

  bool empty() const { return text_.empty(); }
  std::string take() { return std::exchange(text_, {}); }
  /// Puts back what could not be written.
  void put_back(std::string text) { text_ = std::move(text) + text_; }

 private:
  std::string text_;
};

/// A request whose last order is out, as far as the journal knows.
struct OutLines {
  engine::SessionStand stand{};
  std::map<host::ChannelId, engine::ChannelPast> open{};  // when it began
  std::vector<OrderLine> orders{};
  bool answered = false;  // the last one was, in part or whole, and what came of that is not known
};

/// All frames of a run, read in order.
struct JournalLines {
  std::string recorded{};               // lines of the recording, each with its line feed
  size_t attempt_at = 0;                // where those of the last attempt begin
  std::vector<std::string> in_doubt{};  // asked and not answered, as far as the journal knows
  std::vector<Travelled> wires{};
  std::vector<engine::ChannelMaterial> channels{};        // in the order they were opened
  std::map<host::ChannelId, engine::ChannelPast> open{};  // of the last attempt, since its last reset
  std::optional<OutLines> out{};                          // of those in doubt
  size_t orders = 0;                                      // for a card far away, that went out, in all attempts
  bool reported = false;                                  // one of them was
  std::string session{};                                  // of its device, as the run was told last
  unsigned attempts = 0;
  unsigned forgiven = 0;
  std::set<std::string> refused{};  // key sets that the card does not have
  unsigned commands_before = 0;     // in attempts before the last
  unsigned commands = 0;            // in the last
  std::chrono::milliseconds waited_before{0};
  std::chrono::milliseconds waited{0};     // in the last attempt
  std::chrono::milliseconds last_wait{0};  // of these, the last
  std::vector<size_t> drawn{};             // in order: how many random bytes a script got; 0: it asked for the time
  bool waits = false;                      // the last line is a wait
  bool failed = false;                     // the last attempt did
  bool ended = false;                      // the run did
  bool stopped = false;                    // by an operator

  /// Raises store: a line that is none.
  void read(std::string_view frame);

 private:
  void read_line(std::string_view line);
  void read_evidence(std::string_view json);
  void read_order(const nlohmann::json& object);
  void settle(std::string_view request);
  std::vector<Wire> travelled_{};  // before the line that it belongs to
};

}  // namespace cw::journal
