#include "card/pcsc_reader.h"

#include <optional>

#include "base/error.h"
#include "base/hex.h"
#include "card/atr.h"
#include "card/pcsc_error.h"
#include "card/status.h"
#include "card/t0.h"
#include "card/watched_thread.h"
#include "pcsc_link_private.h"

namespace cw::card {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kClosing{5'000};
constexpr milliseconds kSlack{5'000};  // pcscd comes back a little late
constexpr int kPatience = 10;          // times the slowest answer so far is never too long

std::string command_of(ByteView command) {
  return command.size() < 4 ? "a command" : command_name(command[0], command[1], command[2]);
}

std::string seconds(milliseconds time) { return std::to_string(time.count() / 1000) + " s"; }

/// Why the card cannot be opened: what is in the reader says more than what pcscd stumbled over.
uint32_t failure_to_open(const PcscLink& link) {
  switch (link.now) {
    case PcscLink::Now::unplugged:
      return pcsc_code(SCARD_E_READER_UNAVAILABLE);
    case PcscLink::Now::empty:
      return pcsc_code(SCARD_E_NO_SMARTCARD);
    case PcscLink::Now::present:
      if (link.mute && link.code != SCARD_E_SHARING_VIOLATION) return pcsc_code(SCARD_W_UNRESPONSIVE_CARD);
      break;
    case PcscLink::Now::unknown:
      break;
  }
  return pcsc_code(link.code);
}

/// pcscd knew that the card was gone, or found out with this command.
std::string when(const PcscLink& link, const std::string& command) {
  const bool known = link.code == SCARD_W_REMOVED_CARD || link.code == SCARD_E_NO_SMARTCARD;
  return (known ? "before " : "in the middle of ") + command;
}

/// Why a command got no answer, in one line.
Error no_answer(const std::string& reader, const std::string& command, const PcscLink& link, ByteView atr) {
  const auto error = [&](const std::string& text) {
    return Error(ErrorKind::reader, "reader " + reader + ": " + text);
  };
  if (link.now == PcscLink::Now::unplugged) {
    return error("the reader was unplugged in the middle of " + command + "; plug it in, look at the card's state");
  }
  if (link.now == PcscLink::Now::empty) {
    return error("the card was removed " + when(link, command) + "; put it in, and run again");
  }
  if (link.now == PcscLink::Now::present && link.moved) {
    return error(equal(link.atr_now, atr)
                     ? "the card was removed and put in again, or one like it, before " + command +
                           " was answered; run again"
                     : "another card was put in before " + command + " was answered (ATR " + to_hex(link.atr_now) +
                           ", was " + to_hex(atr) + "); run again if it is the right one");
  }
  if (link.now == PcscLink::Now::present && link.code == SCARD_E_NOT_TRANSACTED) {
    return error(command +
                 " got no answer, and the card is still there (SCARD_E_NOT_TRANSACTED, 80100016): it hangs, or "
                 "its contact is bad; look at its state, clean the contacts, try another reader");
  }
  return pcsc_error(reader, command, pcsc_code(link.code));
}

}  // namespace

PcscReader::PcscReader(std::string name, PcscOptions options) : name_(std::move(name)), options_(options) {}

PcscReader::~PcscReader() {
  // Closing may hang like any other call.
  if (thread_) thread_->run([link = std::move(link_)] { link->close(); }, kClosing);
}

std::string PcscReader::name() const { return "pcsc:" + name_; }

PcscLink& PcscReader::call(std::function<void(PcscLink&)> job, milliseconds limit, std::string_view doing) {
  if (!thread_) {
    thread_ = std::make_unique<WatchedThread>();
    link_ = std::make_shared<PcscLink>(name_, options_.shared);
  }
  if (thread_->run([link = link_, job = std::move(job)] { job(*link); }, limit)) return *link_;
  // The thread goes on waiting, and drops the link when it is done; the next reset begins with new ones.
  thread_.reset();
  link_.reset();
  throw Error(ErrorKind::reader, "reader " + name_ + ": " + std::string(doing) + " did not end within " +
                                     seconds(limit) + ", pcscd or the reader's driver hangs; unplug the reader and " +
                                     "plug it in again, or start pcscd anew");
}

Bytes PcscReader::reset() {
  extended_length_ = false;
  const PcscLink& link = call([](PcscLink& on) { on.reset(); }, options_.connect_limit, "opening the card");
  if (link.code != SCARD_S_SUCCESS) {
    const uint32_t failure = failure_to_open(link);
    if (failure == pcsc_code(SCARD_E_NO_SMARTCARD) && !removed_.empty()) {
      throw Error(ErrorKind::reader, "reader " + name_ + ": the card was removed " + removed_ +
                                         ", and is not back; put it in, and run again");
    }
    throw pcsc_error(name_, "opening the card", failure);
  }
  removed_.clear();
  atr_ = link.answer;
  t0_ = link.t0;
  const std::optional<Atr> atr = Atr::parse(atr_);
  extended_length_ = !t0_ && atr && atr->extended_length() && link.reader_limit.value_or(1) != 0;
  return atr_;
}

Bytes PcscReader::transmit(ByteView command) {
  if (!link_) throw Error(ErrorKind::reader, "reader " + name_ + ": the card is not open; reset it first");
  link_->command = t0_ ? t0_command(command) : to_bytes(command);
  const auto begin = std::chrono::steady_clock::now();
  const std::string name = command_of(command);
  const PcscLink& link =
      call([](PcscLink& on) { on.transmit(); }, std::max(options_.answer_limit, slowest_ * kPatience), name);
  if (link.code == SCARD_S_SUCCESS) {
    slowest_ = std::max(slowest_, std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - begin));
    return link.answer;
  }
  if (link.now == PcscLink::Now::empty) removed_ = when(link, name);
  throw no_answer(name_, name, link, atr_);
}

bool PcscReader::wait_until(bool present, milliseconds limit) {
  const PcscLink& link = call([=](PcscLink& on) { on.wait(present, limit); }, limit + kSlack, "waiting for a card");
  if (link.code != SCARD_S_SUCCESS) throw pcsc_error(name_, "waiting for a card", pcsc_code(link.code));
  return (link.now == PcscLink::Now::present) == present;
}

bool PcscReader::wait_for_card(milliseconds limit) { return wait_until(true, limit); }

bool PcscReader::wait_for_removal(milliseconds limit) { return wait_until(false, limit); }

}  // namespace cw::card
