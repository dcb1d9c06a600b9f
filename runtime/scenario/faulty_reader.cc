#include "scenario/faulty_reader.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "base/error.h"
#include "card/status.h"

namespace cw::scenario {

namespace {

using Kind = Fault::Kind;

constexpr uint8_t kGetResponse = 0xC0;
constexpr uint8_t kInitializeUpdate = 0x50;
constexpr uint8_t kExternalAuthenticate = 0x82;
constexpr uint8_t kSelect = 0xA4;
constexpr uint8_t kManageChannel = 0x70;
constexpr uint16_t kBlocked = 0x6983;

/// Under secure messaging: b3 of a class of the first form, b6 of the further one (GPCS 11.1.4).
bool is_wrapped(ByteView command) {
  if (command.size() < 5) return false;
  const uint8_t cla = command[0];
  return (cla & 0x40) != 0 ? (cla & 0x20) != 0 : (cla & 0x0C) != 0;
}

/// Name of the command, by its header; the class of secure messaging is taken off first.
std::string name_of(ByteView command) {
  if (command.size() < 4) return "INS 00";
  const auto cla = static_cast<uint8_t>(command[0] & 0x80);
  return card::command_name(cla, command[1], command[2]);
}

/// Where the data of a short or extended command ends: the C-MAC is at its end.
size_t end_of_data(ByteView command) {
  const size_t short_end = 5u + command[4];
  if (command[4] != 0 || command.size() < 7) return std::min(short_end, command.size());
  return std::min<size_t>(7u + (command[5] << 8 | command[6]), command.size());
}

bool named(const Fault& fault, const std::string& name) {
  return fault.on.empty() || name == fault.on || name.starts_with(fault.on + " [");
}

bool passes_by(Kind kind) { return kind == Kind::nvm_full || kind == Kind::lock_keys || kind == Kind::reader_gone; }

}  // namespace

FaultyReader::~FaultyReader() {
  if (chip_ != nullptr) chip_->limit_nvm(0);
}

void FaultyReader::arm(Fault fault) {
  if (chip_ == nullptr && needs_chip(fault.kind)) {
    throw Error(ErrorKind::usage, "fault '" + fault.text() + "' needs a simulated card, and " + name() + " is none");
  }
  if (fault.kind == Kind::nvm_full) chip_->limit_nvm(std::max<uint32_t>(fault.amount, 1));
  if (fault.kind == Kind::reader_gone) gone_ = true;
  commands_ = 0;
  armed_.push_back({std::move(fault), 0, false});
  if (passes_by(armed_.back().fault.kind)) {
    armed_.back().happened = true;
    fired_(armed_.back().fault.text());
  }
}

void FaultyReader::disarm() {
  armed_.clear();
  again_.clear();
  gone_ = false;
  if (chip_ != nullptr) chip_->limit_nvm(0);
}

std::vector<Fault> FaultyReader::pending() const {
  std::vector<Fault> out;
  for (const Armed& armed : armed_) {
    if (!armed.happened) out.push_back(armed.fault);
  }
  return out;
}

Bytes FaultyReader::reset() {
  if (gone_) throw Error(ErrorKind::reader, "reader " + name() + " is gone: it was unplugged; plug it in again");
  again_.clear();
  Bytes atr = inner_.reset();
  powered_ = true;
  return atr;
}

bool FaultyReader::due(Armed& armed, ByteView command, const std::string& name) const {
  const Fault& fault = armed.fault;
  if (passes_by(fault.kind) || (armed.happened && !fault.always)) return false;
  if (fault.kind == Kind::wrong_mac && !is_wrapped(command)) return false;
  if (fault.number != 0) {
    ++armed.seen;
    return fault.always ? armed.seen >= fault.number : armed.seen == fault.number;
  }
  if (!named(fault, name)) return false;
  ++armed.seen;
  return fault.always ? armed.seen >= fault.nth : armed.seen == fault.nth;
}

Bytes FaultyReader::transmit(ByteView command) {
  if (gone_) throw Error(ErrorKind::reader, "reader " + name() + " is gone: it was unplugged; plug it in again");
  if (!powered_) throw Error(ErrorKind::reader, "reader " + name() + ": the card has no power; reset it");
  if (command.size() >= 2 && command[1] == kGetResponse) return send(command);  // a part of the command before

  const std::string called = name_of(command);
  const Fault* due_now = nullptr;
  for (Armed& armed : armed_) {
    if (!due(armed, command, called) || due_now != nullptr) continue;
    armed.happened = true;
    due_now = &armed.fault;
  }
  if (due_now != nullptr) {
    fired_(due_now->text() + (due_now->number != 0 ? " (" + called + ")" : ""));
    const Fault now = *due_now;  // the script may arm others meanwhile
    return happen(now, command);
  }
  const bool locked =
      std::any_of(armed_.begin(), armed_.end(), [](const Armed& armed) { return armed.fault.kind == Kind::lock_keys; });
  if (locked && command.size() >= 2 && command[1] == kInitializeUpdate) return refuse(kBlocked, command);
  return send(command);
}

Bytes FaultyReader::send(ByteView command) {
  Bytes answer = inner_.transmit(command);
  return again_.empty() ? answer : std::exchange(again_, {});
}

void FaultyReader::lose(const std::string& what) {
  powered_ = false;
  throw Error(ErrorKind::reader, "reader " + name() + ": " + what + "; reset the card and look at its state");
}

/// Inside a secure channel a simulated card answers itself, so that both sides stay in step; others are not asked.
Bytes FaultyReader::refuse(uint16_t sw, ByteView command) {
  const Bytes plain = {static_cast<uint8_t>(sw >> 8), static_cast<uint8_t>(sw)};
  const uint8_t ins = command.size() >= 2 ? command[1] : 0;
  const bool reaches =
      ins != kInitializeUpdate && ins != kExternalAuthenticate && ins != kSelect && ins != kManageChannel;
  if (chip_ == nullptr || !reaches || !is_wrapped(command)) return plain;
  chip_->answer_next(plain);
  return send(command);
}

Bytes FaultyReader::happen(const Fault& fault, ByteView command) {
  switch (fault.kind) {
    case Kind::tear_before:
      lose("the card lost power before it saw the command");
    case Kind::tear_inside:
      chip_->tear_next(se::Tear::inside);
      powered_ = false;
      return inner_.transmit(command);  // raises
    case Kind::tear_after:
      send(command);
      lose("the card lost power, and its answer with it");
    case Kind::drop:
      send(command);
      lose("no answer came");
    case Kind::card_removed:
      lose("the card was removed");
    case Kind::corrupt: {
      Bytes answer = send(command);
      if (answer.size() >= 2) answer[answer.size() > 2 ? answer.size() - 3 : 1] ^= 0x01;
      return answer;
    }
    case Kind::truncate: {
      Bytes answer = send(command);
      answer.resize(answer.size() / 2);
      return answer;
    }
    case Kind::duplicate: {
      Bytes answer = send(command);
      again_ = answer;
      return answer;
    }
    case Kind::delay: {
      Bytes answer = send(command);
      std::this_thread::sleep_for(std::chrono::milliseconds(fault.amount));
      return answer;
    }
    case Kind::wrong_mac: {
      Bytes changed = to_bytes(command);
      changed[end_of_data(command) - 1] ^= 0x01;
      return send(changed);
    }
    case Kind::status:
      return refuse(fault.sw, command);
    case Kind::reader_gone:
    case Kind::nvm_full:
    case Kind::lock_keys:
      break;  // act when they are armed
  }
  return send(command);
}

}  // namespace cw::scenario
