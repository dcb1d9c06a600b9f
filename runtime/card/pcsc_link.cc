#include <array>

#include <reader.h>

#include "card/pcsc_features.h"
#include "pcsc_link_private.h"

namespace cw::card {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPolling{1'500};  // pcscd looks after its readers every 400 ms

bool no_daemon(LONG code) {
  return code == SCARD_E_INVALID_HANDLE || code == SCARD_E_NO_SERVICE || code == SCARD_E_SERVICE_STOPPED ||
         code == SCARD_F_COMM_ERROR;
}

}  // namespace

PcscLink::PcscLink(std::string reader, bool shared)
    : reader_(std::move(reader)), shared_(shared), buffer_(MAX_BUFFER_SIZE_EXTENDED) {}

PcscLink::~PcscLink() { close(); }

void PcscLink::reset() {
  now = Now::unknown;
  moved = false;
  mute = false;
  atr_now.clear();
  code = context_.open();
  if (code == SCARD_S_SUCCESS) code = connected_ ? power_cycle() : connect();
  // The card or the whole pcscd was another one meanwhile: what was open is of no use.
  if (code != SCARD_S_SUCCESS && connected_) {
    drop_card(SCARD_LEAVE_CARD);
    if (!no_daemon(code)) code = connect();
  }
  if (no_daemon(code)) {
    context_.close();
    code = context_.open();
    if (code == SCARD_S_SUCCESS) code = connect();
  }
  if (code == SCARD_S_SUCCESS) code = read_atr();
  if (code != SCARD_S_SUCCESS) {
    drop_card(SCARD_LEAVE_CARD);
    look_after_failure(false);
    return;
  }
  PcscReaderInfo info;
  if (look(info) == SCARD_S_SUCCESS) events_ = info.events;
}

LONG PcscLink::connect() {
  const LONG opened = SCardConnect(context_.get(), reader_.c_str(), share_mode(), SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1,
                                   &card_, &protocol_);
  if (opened != SCARD_S_SUCCESS) return opened;
  connected_ = true;
  transacting_ = false;
  if (!reader_limit) ask_limit();
  // The card may have had power from somebody before.
  return power_cycle();
}

LONG PcscLink::power_cycle() {
  if (transacting_) SCardEndTransaction(card_, SCARD_LEAVE_CARD);
  transacting_ = false;
  return SCardReconnect(card_, share_mode(), SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1, SCARD_UNPOWER_CARD, &protocol_);
}

LONG PcscLink::read_atr() {
  std::array<char, MAX_READERNAME> name;
  std::array<uint8_t, MAX_ATR_SIZE> atr;
  DWORD name_size = name.size();
  DWORD atr_size = atr.size();
  DWORD state = 0;
  const LONG read = SCardStatus(card_, name.data(), &name_size, &state, &protocol_, atr.data(), &atr_size);
  answer.assign(atr.begin(), atr.begin() + (read == SCARD_S_SUCCESS ? static_cast<long>(atr_size) : 0));
  t0 = protocol_ == SCARD_PROTOCOL_T0;
  return read;
}

void PcscLink::ask_limit() {
  std::array<uint8_t, MAX_BUFFER_SIZE> out;
  const auto control = [&](DWORD what, ByteView& got) {
    DWORD size = 0;
    if (SCardControl(card_, what, nullptr, 0, out.data(), out.size(), &size) != SCARD_S_SUCCESS) return false;
    got = ByteView(out.data(), std::min<size_t>(size, out.size()));
    return true;
  };
  ByteView got;
  if (!control(CM_IOCTL_GET_FEATURE_REQUEST, got)) return;
  const auto properties = pcsc_feature(got, FEATURE_GET_TLV_PROPERTIES);
  if (properties && control(*properties, got)) reader_limit = max_apdu_data(got);
}

void PcscLink::transmit() {
  now = Now::unknown;
  moved = false;
  code = connected_ ? SCARD_S_SUCCESS : SCARD_W_UNPOWERED_CARD;
  if (code == SCARD_S_SUCCESS && shared_ && !transacting_) {
    code = SCardBeginTransaction(card_);
    transacting_ = code == SCARD_S_SUCCESS;
  }
  DWORD size = buffer_.size();
  if (code == SCARD_S_SUCCESS) {
    code = SCardTransmit(card_, t0 ? SCARD_PCI_T0 : SCARD_PCI_T1, command.data(), command.size(), nullptr,
                         buffer_.data(), &size);
  }
  // Some drivers say that all is well when the card was pulled, and give nothing.
  if (code == SCARD_S_SUCCESS && size < 2) code = SCARD_E_NOT_TRANSACTED;
  if (code == SCARD_S_SUCCESS) {
    answer.assign(buffer_.begin(), buffer_.begin() + static_cast<long>(size));
    // What the card still holds of this answer (61xx, 6Cxx) is fetched before another program has its turn.
    const uint8_t sw1 = buffer_[size - 2];
    if (transacting_ && sw1 != 0x61 && sw1 != 0x6C) {
      SCardEndTransaction(card_, SCARD_LEAVE_CARD);
      transacting_ = false;
    }
    return;
  }
  look_after_failure(true);
}

void PcscLink::close() {
  drop_card(shared_ ? SCARD_LEAVE_CARD : SCARD_UNPOWER_CARD);
  context_.close();
}

void PcscLink::drop_card(DWORD disposition) {
  if (transacting_) SCardEndTransaction(card_, SCARD_LEAVE_CARD);
  if (connected_) SCardDisconnect(card_, disposition);
  transacting_ = false;
  connected_ = false;
}

LONG PcscLink::look(PcscReaderInfo& info) {
  std::vector<PcscReaderInfo> infos;
  const LONG looked = context_.look({reader_}, infos);
  if (looked == SCARD_S_SUCCESS) info = infos.front();
  return looked;
}

/// `lost`: a command got no answer. Then pcscd may not have noticed yet that the card is gone.
void PcscLink::look_after_failure(bool lost) {
  PcscReaderInfo info;
  LONG looked = look(info);
  if (lost && looked == SCARD_S_SUCCESS && info.present && info.events == events_ && code != SCARD_W_RESET_CARD) {
    context_.wait({info}, kPolling);
    looked = look(info);
  }
  now = Now::unknown;
  if (looked == SCARD_E_UNKNOWN_READER || looked == SCARD_E_NO_READERS_AVAILABLE) now = Now::unplugged;
  if (looked != SCARD_S_SUCCESS) return;
  now = info.present ? Now::present : Now::empty;
  moved = info.events != events_;
  mute = info.mute;
  atr_now = info.atr;
}

void PcscLink::wait(bool present, std::chrono::milliseconds limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  code = context_.open();
  for (;;) {
    PcscReaderInfo info;
    if (code == SCARD_S_SUCCESS) code = look(info);
    if (code == SCARD_E_UNKNOWN_READER) now = Now::unplugged;
    if (code != SCARD_S_SUCCESS) return;
    now = info.present ? Now::present : Now::empty;
    const auto left = std::chrono::duration_cast<milliseconds>(end - std::chrono::steady_clock::now());
    if (info.present == present || left <= milliseconds(0)) return;
    code = context_.wait({info}, left);
    if (code == SCARD_E_TIMEOUT) code = SCARD_S_SUCCESS;
  }
}

}  // namespace cw::card
