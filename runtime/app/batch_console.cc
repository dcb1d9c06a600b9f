#include "app/batch_console.h"

#include <algorithm>
#include <cstdio>

namespace cw::app {

namespace {

using Colour = Terminal::Colour;

constexpr size_t kLinesShown = 16;  // more would scroll away on a small terminal
constexpr std::chrono::milliseconds kBetweenDraws{50};

std::string number(double value, const char* format) {
  char text[48];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

std::string named(const batch::Result& row) {
  return row.row + " (line " + std::to_string(row.line) + ") on " + row.reader;
}

/// Where a person looks for what happened; nothing, where no run is kept.
std::string kept(const std::string& run) { return run.empty() ? "" : "; run " + run; }

std::string known(const std::string& card) { return card.empty() ? "a card that tells no identity" : "card " + card; }

}  // namespace

std::string counted_rows(size_t count) { return std::to_string(count) + (count == 1 ? " row" : " rows"); }

/// The step that a reader's run is in.
class BatchConsole::Steps : public engine::Observer {
 public:
  Steps(BatchConsole& console, size_t reader, std::string row)
      : console_(console), reader_(reader), row_(std::move(row)) {}
  void noted(const host::Note& note) override {
    if (note.kind == host::Note::Kind::step_begin) console_.show(reader_, row_ + "  " + note.name);
  }

 private:
  BatchConsole& console_;
  size_t reader_;
  std::string row_;
};

BatchConsole::BatchConsole(std::ostream& out, const Terminal& terminal) : out_(out), terminal_(terminal) {}
BatchConsole::~BatchConsole() = default;

void BatchConsole::line(Colour colour, const std::string& word, const std::string& text) {
  erase();
  out_ << terminal_.paint(colour, word) << ' ' << printable(text) << '\n' << std::flush;
  draw();
}

void BatchConsole::erase() {
  if (drawn_ > 0) out_ << "\x1b[" << drawn_ << "A\x1b[J";
  drawn_ = 0;
}

void BatchConsole::draw() {
  if (!terminal_.interactive) return;
  erase();
  for (const Line& each : lines_) {
    if (++drawn_ > kLinesShown) break;
    const std::string counts = std::to_string(each.done) + " done" +
                               (each.failed > 0 ? ", " + std::to_string(each.failed) + " failed" : std::string());
    const std::string text = printable("  " + each.name + "  " + counts + "  " + each.now);
    out_ << head_of(text, terminal_.width - 1) << '\n';
  }
  drawn_ = std::min(drawn_, kLinesShown);
  out_ << std::flush;
  drawn_at_ = Clock::now();
}

void BatchConsole::show(size_t reader, const std::string& now) {
  lines_[reader].now = now;
  if (terminal_.interactive && Clock::now() - drawn_at_ >= kBetweenDraws) draw();
}

void BatchConsole::begins(const batch::Plan& plan) {
  plan_ = plan;
  for (const std::string& name : plan.readers) lines_.push_back({name});
  std::string text = counted_rows(plan.rows) + ", " + std::to_string(plan.to_do) + " to do";
  if (plan.done_before > 0) text += ", " + std::to_string(plan.done_before) + " done before";
  if (plan.failed_before > 0) text += ", " + std::to_string(plan.failed_before) + " failed before";
  if (plan.quarantined_before > 0) text += ", " + std::to_string(plan.quarantined_before) + " in quarantine";
  if (plan.over_limit > 0) text += ", " + std::to_string(plan.over_limit) + " over --limit";
  out_ << printable(plan.flow + ": " + text) << '\n';
  for (const batch::Plan::HalfWay& row : plan.half_way) {
    out_ << printable("row " + row.row + " was begun on card " + row.card + kept(row.run) +
                      ": put that card in, and it is finished; if another gets the row, that one is of no use")
         << '\n';
  }
  out_ << std::flush;
  draw();
}

void BatchConsole::waits(size_t reader) { show(reader, "waits for a card"); }

void BatchConsole::row_begins(size_t reader, const batch::Result& row) { show(reader, row.row); }

engine::Observer* BatchConsole::run(size_t reader, const batch::Result& row) {
  lines_[reader].steps = std::make_unique<Steps>(*this, reader, row.row);
  return lines_[reader].steps.get();
}

void BatchConsole::row_ends(size_t reader, const batch::Result& result) {
  using batch::State;
  Line& on = lines_[reader];
  on.steps.reset();
  switch (result.state) {
    case State::done:
      ++on.done;
      if (terminal_.interactive) return show(reader, "");
      return line(Colour::green, "done", named(result) + ", " + number(result.seconds, "%.2f s") + kept(result.run));
    case State::stopped:
      return line(Colour::yellow, "stopped", named(result) + kept(result.run));
    case State::quarantined:
      ++on.failed;
      return line(Colour::red, "quarantined",
                  named(result) + ", " + known(result.card) + ": " + result.message + kept(result.run));
    case State::started:
    case State::failed:
      ++on.failed;
      return line(Colour::red, "failed", named(result) + ": " + result.message + kept(result.run));
  }
}

void BatchConsole::row_resumed(size_t, const batch::Result& result) {
  line(Colour::green, "done",
       result.row + " (line " + std::to_string(result.line) + "): " + result.message + kept(result.run));
}

void BatchConsole::card_refused(size_t reader, const std::string& card, const std::string& why) {
  line(Colour::yellow, "refused", known(card) + " on " + lines_[reader].name + ": " + why + "; put another card in");
}

void BatchConsole::card_unreadable(size_t reader, const Error& error) {
  ++lines_[reader].failed;
  line(Colour::red, "unreadable", "card on " + lines_[reader].name + ": " + error.message());
}

void BatchConsole::reader_ends(size_t reader, const std::string& why) {
  show(reader, why.empty() ? "finished" : why);
  if (!why.empty()) line(Colour::yellow, "out", lines_[reader].name + ": " + why);
}

void BatchConsole::ends(const batch::Summary& summary) {
  erase();
  std::string text = counted_rows(summary.done) + " done, " + std::to_string(summary.failed) + " failed, " +
                     std::to_string(summary.quarantined) + " quarantined, " + std::to_string(plan_.done_before) +
                     " skipped";
  if (summary.left + summary.stopped > 0) text += ", " + std::to_string(summary.left + summary.stopped) + " left";
  if (summary.cards_refused > 0) text += ", " + std::to_string(summary.cards_refused) + " cards refused";
  text += "; " + number(summary.seconds, "%.1f s");
  if (summary.done > 0 && summary.seconds > 0) {
    text += ", " + number(static_cast<double>(summary.done) * 60 / summary.seconds, "%.0f cards a minute");
  }
  const bool good = summary.failed + summary.quarantined + summary.left + summary.stopped == 0;
  out_ << terminal_.paint(good ? Colour::green : Colour::red, text) << '\n' << std::flush;
}

}  // namespace cw::app
