#include "scenario/tear_matrix.h"

#include <memory>
#include <utility>

#include "card/status.h"
#include "se/card.h"
#include "se/sim_reader.h"

namespace cw::scenario {

namespace {

constexpr uint8_t kInitializeUpdate = 0x50;
constexpr uint8_t kExternalAuthenticate = 0x82;

/// Notes which commands pass, and each handshake that failed: given up after the card's cryptogram, or refused.
class WatchingReader : public card::Reader {
 public:
  explicit WatchingReader(std::shared_ptr<se::Card> card) : inner_(std::move(card)) {}

  std::string name() const override { return inner_.name(); }
  Bytes reset() override {
    failed_handshakes_ = failed_handshakes();
    opening_ = false;
    return inner_.reset();
  }
  Bytes transmit(ByteView command) override {
    const uint8_t ins = command.size() > 1 ? command[1] : 0;
    names.push_back(command.size() < 4 ? "?"
                                       : card::command_name(static_cast<uint8_t>(command[0] & 0x80), ins, command[2]));
    if (opening_ && ins != kExternalAuthenticate) ++failed_handshakes_;
    opening_ = false;
    Bytes answer = inner_.transmit(command);
    const bool ok = answer.size() >= 2 && read_be(ByteView(answer).last(2)) == 0x9000;
    if (ins == kInitializeUpdate && ok) opening_ = true;
    if (ins == kExternalAuthenticate && !ok) ++failed_handshakes_;
    return answer;
  }

  /// One that was opened and never went on was given up.
  unsigned failed_handshakes() const { return failed_handshakes_ + (opening_ ? 1 : 0); }

  std::vector<std::string> names{};

 private:
  unsigned failed_handshakes_ = 0;
  se::SimReader inner_;
  bool opening_ = false;  // INITIALIZE UPDATE succeeded, and nothing came after it yet
};

std::shared_ptr<se::Card> card_of(const TearSetup& setup) {
  auto card = std::make_shared<se::Card>(se::Card::load(setup.memory));
  card->seed(setup.seed);
  return card;
}

/// A line of a digest for people. A hash of a PIN is as good as the PIN, so no hash is shown.
std::string without_hash(const std::string& line) {
  const size_t at = line.find("sha256:");
  return at == std::string::npos ? line : line.substr(0, at) + "..." + line.substr(line.find('"', at));
}

/// The first line in which two digests differ, for people.
std::string difference(const std::string& got, const std::string& wanted) {
  size_t begin = 0;
  for (size_t at = 0; at < std::min(got.size(), wanted.size()); ++at) {
    if (got[at] == '\n') begin = at + 1;
    if (got[at] != wanted[at]) break;
  }
  const auto line = [&](const std::string& text) {
    const size_t from = text.find_first_not_of(" ", begin);
    if (from == std::string::npos) return std::string("nothing");
    return without_hash(text.substr(from, text.find('\n', from) - from)).substr(0, 120);
  };
  return "the card differs from that of the untorn run: " + line(got) + ", expected " + line(wanted);
}

report::TearPoint::Cell tear(const TearSetup& setup, se::Tear when, const char* name, unsigned skip,
                             const std::string& wanted) {
  report::TearPoint::Cell cell;
  cell.when = name;
  const auto card = card_of(setup);
  WatchingReader reader(card);
  card->tear_next(when, skip);
  const engine::RunResult torn = setup.run(reader);
  if (!torn.error || torn.error->kind() != ErrorKind::reader) {
    cell.why = torn.error ? "the tear ended the run as: " + torn.error->message() : "the run did not notice the tear";
    return cell;
  }
  const engine::RunResult again = setup.run(reader);
  const std::string got = card->state_digest_text();
  if (again.error) {
    cell.why = "run again, it failed: " + again.error->message();
  } else if (reader.failed_handshakes() != 0) {
    cell.why = "a key was tried that the card does not have";
  } else if (got != wanted) {
    cell.why = difference(got, wanted);
  } else {
    cell.converged = true;
  }
  return cell;
}

}  // namespace

report::TearMatrix tear_everywhere(const TearSetup& setup) {
  const auto whole = card_of(setup);
  WatchingReader watched(whole);
  const engine::RunResult untorn = setup.run(watched);
  if (untorn.error) throw untorn.error->within("the untorn run of " + setup.flow);
  if (watched.names.empty()) {
    throw Error(ErrorKind::script, "flow " + setup.flow + " sends nothing, so there is nothing to tear");
  }
  const std::string wanted = whole->state_digest_text();

  report::TearMatrix matrix;
  matrix.flow = setup.flow;
  matrix.flavor = setup.flavor;
  for (unsigned skip = 0; skip < watched.names.size(); ++skip) {
    if (setup.check) setup.check();
    report::TearPoint point;
    point.number = skip + 1;
    point.command = watched.names[skip];
    point.cells.push_back(tear(setup, se::Tear::before, "before", skip, wanted));
    point.cells.push_back(tear(setup, se::Tear::inside, "inside", skip, wanted));
    point.cells.push_back(tear(setup, se::Tear::after, "after", skip, wanted));
    matrix.points.push_back(std::move(point));
  }
  return matrix;
}

}  // namespace cw::scenario
