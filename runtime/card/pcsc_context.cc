#include "pcsc_context_private.h"

namespace cw::card {

namespace {

constexpr size_t kPerCall = 16;  // readers in one SCardGetStatusChange (LudovicRousseau/PCSC#8)
constexpr const char* kHotPlug = "\\\\?PnP?\\Notification";

PcscReaderInfo info_of(const SCARD_READERSTATE& state, unsigned index) {
  PcscReaderInfo info;
  info.index = index;
  info.name = state.szReader;
  info.present = (state.dwEventState & SCARD_STATE_PRESENT) != 0;
  info.mute = (state.dwEventState & SCARD_STATE_MUTE) != 0;
  info.in_use = (state.dwEventState & SCARD_STATE_INUSE) != 0;
  info.exclusive = (state.dwEventState & SCARD_STATE_EXCLUSIVE) != 0;
  info.events = static_cast<unsigned>(state.dwEventState >> 16) & 0xFFFF;
  if (info.present) info.atr.assign(state.rgbAtr, state.rgbAtr + std::min<size_t>(state.cbAtr, MAX_ATR_SIZE));
  return info;
}

/// The other way: what pcscd would have said for it.
DWORD state_of(const PcscReaderInfo& info) {
  DWORD state = static_cast<DWORD>(info.events) << 16;
  state |= info.present ? SCARD_STATE_PRESENT : SCARD_STATE_EMPTY;
  if (info.mute) state |= SCARD_STATE_MUTE;
  if (info.in_use) state |= SCARD_STATE_INUSE;
  if (info.exclusive) state |= SCARD_STATE_EXCLUSIVE;
  return state;
}

SCARD_READERSTATE named(const char* name) {
  SCARD_READERSTATE state{};
  state.szReader = name;
  return state;
}

}  // namespace

PcscContext::~PcscContext() { close(); }

LONG PcscContext::open() {
  if (open_) return SCARD_S_SUCCESS;
  const LONG code = SCardEstablishContext(SCARD_SCOPE_SYSTEM, nullptr, nullptr, &context_);
  open_ = code == SCARD_S_SUCCESS;
  return code;
}

void PcscContext::close() {
  if (open_) SCardReleaseContext(context_);
  open_ = false;
}

LONG PcscContext::names(std::vector<std::string>& out) {
  out.clear();
  // A reader may come between the two calls; then the list is longer than its length was.
  for (int tries = 0; tries < 10; ++tries) {
    DWORD length = 0;
    LONG code = SCardListReaders(context_, nullptr, nullptr, &length);
    std::string list(length + 1, '\0');
    if (code == SCARD_S_SUCCESS) code = SCardListReaders(context_, nullptr, list.data(), &length);
    if (code == SCARD_E_NO_READERS_AVAILABLE) return SCARD_S_SUCCESS;
    if (code == SCARD_E_INSUFFICIENT_BUFFER) continue;
    if (code != SCARD_S_SUCCESS) return code;
    for (const char* name = list.c_str(); *name != '\0'; name += out.back().size() + 1) out.emplace_back(name);
    return SCARD_S_SUCCESS;
  }
  return SCARD_E_INSUFFICIENT_BUFFER;
}

LONG PcscContext::look(const std::vector<std::string>& names, std::vector<PcscReaderInfo>& out) {
  out.clear();
  for (size_t at = 0; at < names.size(); at += kPerCall) {
    std::vector<SCARD_READERSTATE> states;
    for (size_t i = at; i < std::min(names.size(), at + kPerCall); ++i) states.push_back(named(names[i].c_str()));
    const LONG code = SCardGetStatusChange(context_, 0, states.data(), states.size());
    if (code != SCARD_S_SUCCESS && code != SCARD_E_TIMEOUT) return code;
    for (const SCARD_READERSTATE& state : states) out.push_back(info_of(state, static_cast<unsigned>(out.size())));
  }
  return SCARD_S_SUCCESS;
}

LONG PcscContext::wait(const std::vector<PcscReaderInfo>& seen, std::chrono::milliseconds limit) {
  using std::chrono::milliseconds;
  // What does not fit beside the notice of new readers is looked at in turns.
  constexpr size_t kWithNotice = kPerCall - 1;
  constexpr milliseconds kTurn{200};
  const auto end = std::chrono::steady_clock::now() + limit;
  for (;;) {
    const auto left = std::chrono::duration_cast<milliseconds>(end - std::chrono::steady_clock::now());
    for (size_t at = 0; at == 0 || at < seen.size(); at += kWithNotice) {
      std::vector<SCARD_READERSTATE> states;
      for (size_t i = at; i < std::min(seen.size(), at + kWithNotice); ++i) {
        states.push_back(named(seen[i].name.c_str()));
        states.back().dwCurrentState = state_of(seen[i]);
      }
      states.push_back(named(kHotPlug));
      const milliseconds turn = seen.size() > kWithNotice ? std::min(left, kTurn) : left;
      const LONG code = SCardGetStatusChange(context_, static_cast<DWORD>(std::max<int64_t>(turn.count(), 0)),
                                             states.data(), states.size());
      if (code != SCARD_E_TIMEOUT) return code;
    }
    if (left <= milliseconds(0)) return SCARD_E_TIMEOUT;
  }
}

}  // namespace cw::card
