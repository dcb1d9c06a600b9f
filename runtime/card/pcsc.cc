#include "card/pcsc.h"

#include <algorithm>
#include <functional>
#include <memory>

#include "base/error.h"
#include "base/suggest.h"
#include "card/pcsc_error.h"
#include "card/watched_thread.h"
#include "pcsc_context_private.h"

namespace cw::card {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kAnswer{10'000};  // pcscd answers these without asking a card

struct Listing {
  LONG code = SCARD_S_SUCCESS;
  std::vector<std::string> names{};
  std::vector<PcscReaderInfo> readers{};
};

/// Makes a context on a thread of its own, and gives it to `ask`.
std::shared_ptr<Listing> ask_pcscd(const std::function<LONG(PcscContext&, Listing&)>& ask, milliseconds limit) {
  auto listing = std::make_shared<Listing>();
  WatchedThread thread;
  const bool done = thread.run(
      [listing, ask] {
        PcscContext context;
        listing->code = context.open();
        if (listing->code == SCARD_S_SUCCESS) listing->code = ask(context, *listing);
      },
      limit);
  if (!done) {
    throw Error(ErrorKind::reader, "listing the readers: pcscd does not answer for " +
                                       std::to_string(limit.count() / 1000) +
                                       " s, so a driver may hang; start pcscd anew, or unplug the reader");
  }
  if (listing->code != SCARD_S_SUCCESS) throw pcsc_error("", "listing the readers", pcsc_code(listing->code));
  return listing;
}

/// A reader that goes between the list and the look makes another list necessary.
LONG list(PcscContext& context, Listing& listing) {
  LONG code = SCARD_S_SUCCESS;
  for (int tries = 0; tries < 10; ++tries) {
    code = context.names(listing.names);
    if (code == SCARD_S_SUCCESS) code = context.look(listing.names, listing.readers);
    if (code != SCARD_E_UNKNOWN_READER) return code;
  }
  return code;
}

std::string lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

std::string shown(const std::vector<std::string>& names) {
  std::string out;
  for (size_t i = 0; i < names.size(); ++i) {
    out += (i == 0 ? "" : ", ") + std::string("'") + names[i] + "'";
  }
  return out;
}

/// "0", "12": nothing else is an index.
bool is_index(const std::string& text) {
  return !text.empty() && text.size() <= 4 && text.find_first_not_of("0123456789") == std::string::npos;
}

}  // namespace

std::string PcscReaderInfo::state() const {
  if (!present) return "no card";
  if (mute) return "card, mute";
  if (exclusive) return "card, held by another program";
  return in_use ? "card, in use" : "card";
}

std::vector<PcscReaderInfo> pcsc_readers() { return ask_pcscd(list, kAnswer)->readers; }

std::string find_pcsc_reader(const std::string& wanted) {
  return find_pcsc_reader(
      wanted,
      ask_pcscd([](PcscContext& context, Listing& listing) { return context.names(listing.names); }, kAnswer)->names);
}

std::string find_pcsc_reader(const std::string& wanted, const std::vector<std::string>& names) {
  if (names.empty()) {
    throw Error(ErrorKind::reader, "there is no reader: pcscd runs and has none; plug one in, and see its driver");
  }
  if (std::find(names.begin(), names.end(), wanted) != names.end()) return wanted;
  if (is_index(wanted) && std::stoul(wanted) < names.size()) return names[std::stoul(wanted)];
  std::vector<std::string> having;
  for (const std::string& name : names) {
    if (lower(name).find(lower(wanted)) != std::string::npos) having.push_back(name);
  }
  if (having.size() == 1) return having.front();
  if (having.empty()) {
    throw Error(ErrorKind::usage, "no reader is called '" + wanted + "'" + did_you_mean(wanted, names) + "; there is " +
                                      shown(names) + "; or give its index, see cardwright readers");
  }
  throw Error(ErrorKind::usage, (wanted.empty() ? "which reader is meant?" : "'" + wanted + "' fits several readers") +
                                    std::string(": ") + shown(having) +
                                    "; give more of the name, or the index, see cardwright readers");
}

std::string_view PcscChange::text() const {
  switch (what) {
    case What::reader_added:
      return "reader added";
    case What::reader_removed:
      return "reader removed";
    case What::card_inserted:
      return "card inserted";
    case What::card_removed:
      return "card removed";
    case What::state_changed:
      return "state changed";
  }
  return "state changed";
}

std::vector<PcscChange> pcsc_changes(const std::vector<PcscReaderInfo>& before,
                                     const std::vector<PcscReaderInfo>& after) {
  using What = PcscChange::What;
  const auto find = [](const std::vector<PcscReaderInfo>& list, const std::string& name) {
    return std::find_if(list.begin(), list.end(), [&](const PcscReaderInfo& one) { return one.name == name; });
  };
  std::vector<PcscChange> out;
  for (const PcscReaderInfo& old : before) {
    if (find(after, old.name) == after.end()) out.push_back({What::reader_removed, old});
  }
  for (const PcscReaderInfo& now : after) {
    const auto was = find(before, now.name);
    if (was == before.end()) {
      out.push_back({What::reader_added, now});
      continue;
    }
    const bool moved = was->events != now.events;
    if (was->present && (!now.present || moved)) {
      PcscChange removed{What::card_removed, now};
      removed.reader.present = false;
      removed.reader.atr.clear();
      out.push_back(std::move(removed));
    }
    if (now.present && (!was->present || moved)) {
      out.push_back({What::card_inserted, now});
    } else if (now.present == was->present && now.state() != was->state()) {
      out.push_back({What::state_changed, now});
    }
  }
  return out;
}

std::vector<PcscReaderInfo> wait_for_pcsc_change(const std::vector<PcscReaderInfo>& seen, milliseconds limit) {
  const auto ask = [seen, limit](PcscContext& context, Listing& listing) -> LONG {
    const LONG code = context.wait(seen, limit);
    if (code != SCARD_S_SUCCESS && code != SCARD_E_TIMEOUT && code != SCARD_E_UNKNOWN_READER) return code;
    return list(context, listing);
  };
  return ask_pcscd(ask, limit + kAnswer)->readers;
}

}  // namespace cw::card
