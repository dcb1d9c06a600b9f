#include "witness.h"

#include <set>

#include "base/error.h"
#include "base/hex.h"

namespace cw::journal {

namespace {

constexpr uint8_t kInitializeUpdate = 0x50, kExternalAuthenticate = 0x82, kGetResponse = 0xC0, kGetData = 0xCA,
                  kSelect = 0xA4;

/// What was about to be asked, in the order it was written down.
std::vector<std::string> intents_of(store::Store& store, const std::string& id) {
  const crypto::SealingKey key = open_run_key(store, id);
  const std::vector<Bytes> frames = store.runs().frames(id);
  std::vector<std::string> out;
  for (size_t i = 1; i < frames.size(); ++i) {
    const std::string text = to_string(key.open(frames[i], frame_context(static_cast<int64_t>(i))));
    for (size_t from = 0; from < text.size();) {
      const size_t end = text.find('\n', from);
      const std::string line = text.substr(from, end - from);
      if (line.starts_with("next ")) out.push_back(line.substr(5));
      from = end + 1;
    }
  }
  return out;
}

/// Whether the intent lets this go to the card.
bool covers(const std::string& intent, const Seen& seen) {
  if (seen.command.empty()) return intent == "reset";
  const uint8_t ins = seen.command[1];
  // Where attempts are counted, the card is asked who it is.
  if (intent == "reset") return !is_wrapped(seen.command) && (ins == kGetData || ins == kSelect || ins == kGetResponse);
  if (intent.starts_with("open ")) return ins == kInitializeUpdate || ins == kExternalAuthenticate;
  const size_t mark = intent.find_first_of(">+");
  if (mark == std::string::npos || intent.starts_with("http ")) return false;
  return ins == kGetResponse || intent.substr(mark + 4, 2) == to_hex(ins);
}

std::string shown(const Seen& seen) {
  return seen.command.empty() ? "reset" : to_hex(seen.command) + " (answer " + to_hex(seen.answer) + ")";
}

bool is_ok(const Seen& seen) { return seen.answer.size() >= 2 && read_be(ByteView(seen.answer).last(2)) == 0x9000; }

}  // namespace

bool is_wrapped(ByteView command) {
  const uint8_t cla = command[0];
  return (cla & 0x40) != 0 ? (cla & 0x20) != 0 : (cla & 0x0C) != 0;
}

std::vector<std::string> complaints(const Bench& bench, const std::string& id, const std::vector<Seen>& seen) {
  std::vector<std::string> out;
  std::set<std::string> wrapped;
  std::vector<std::string> intents;
  try {
    const auto store = bench.open_store();
    const OpenedJournal opened = open_journal(*store, id);
    intents = intents_of(*store, id);
  } catch (const Error& error) {
    return {error.message()};
  }
  size_t at = 0;
  for (size_t i = 0; i < seen.size(); ++i) {
    const Seen& one = seen[i];
    while (at < intents.size() && !covers(intents[at], one)) ++at;
    if (at == intents.size()) {
      out.push_back("no intent in the journal for " + shown(one));
      break;
    }
    if (one.command.empty()) continue;
    if (is_wrapped(one.command) && !wrapped.insert(to_hex(one.command)).second)
      out.push_back("sent twice: " + shown(one));
    if (one.command[1] == kExternalAuthenticate && !one.answer.empty() && !is_ok(one)) {
      out.push_back("a key was refused: " + shown(one));
    }
    const bool goes_on = i + 1 < seen.size() && seen[i + 1].line == one.line;
    const bool given_up = goes_on && (seen[i + 1].command.empty() || seen[i + 1].command[1] != kExternalAuthenticate);
    if (one.command[1] == kInitializeUpdate && is_ok(one) && given_up) {
      out.push_back("a cryptogram of the card was wrong: " + shown(one));
    }
  }
  return out;
}

}  // namespace cw::journal
