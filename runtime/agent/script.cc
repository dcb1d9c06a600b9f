#include "agent/script.h"

#include <algorithm>
#include <array>

namespace cw::agent {

namespace {

constexpr uint8_t kCommands = 0xAA;
constexpr uint8_t kCommandsIndefinite = 0xAE;
constexpr uint8_t kCommand = 0x22;
constexpr uint8_t kAnswers = 0xAB;
constexpr uint8_t kAnswersIndefinite = 0xAF;
constexpr uint8_t kAnswer = 0x23;
constexpr uint8_t kExecuted = 0x80;
constexpr uint8_t kBadFormat = 0x90;
constexpr uint8_t kIndefinite = 0x80;
constexpr size_t kMostLengthBytes = 4;

/// Bytes that are taken from the front, with a note of what was wrong.
class Cursor {
 public:
  explicit Cursor(ByteView bytes) : rest_(bytes) {}

  bool empty() const { return rest_.empty(); }
  ByteView rest() const { return rest_; }
  uint8_t byte() {
    const uint8_t out = rest_.front();
    rest_ = rest_.subspan(1);
    return out;
  }
  bool is_indefinite() const { return !rest_.empty() && rest_.front() == kIndefinite; }

  /// A definite length and so many bytes; nothing: `bad` says why.
  std::optional<ByteView> value(std::optional<BadFormat>& bad) {
    if (rest_.empty()) return fail(bad, BadFormat::length_not_found);
    size_t length = byte();
    if (length >= kIndefinite) {
      const size_t count = length - kIndefinite;
      if (count == 0 || count > kMostLengthBytes) return fail(bad, BadFormat::wrong_length);
      if (count > rest_.size()) return fail(bad, BadFormat::length_not_found);
      length = 0;
      for (size_t i = 0; i < count; ++i) length = length << 8 | byte();
    }
    if (length > rest_.size()) return fail(bad, BadFormat::wrong_length);
    const ByteView out = rest_.first(length);
    rest_ = rest_.subspan(length);
    return out;
  }

 private:
  static std::optional<ByteView> fail(std::optional<BadFormat>& bad, BadFormat why) {
    bad = why;
    return {};
  }
  ByteView rest_;
};

/// The C-APDU TLVs; of an indefinite script up to its two end bytes, behind which is nothing.
void read_commands(Cursor cursor, CommandScript& out) {
  while (!cursor.empty()) {
    const uint8_t tag = cursor.byte();
    if (!out.definite && tag == 0x00) {
      if (cursor.rest().size() != 1 || cursor.rest()[0] != 0x00) out.bad = BadFormat::wrong_length;
      return;
    }
    if (tag != kCommand) {
      out.bad = BadFormat::unknown_tag;
      return;
    }
    const auto value = cursor.value(out.bad);
    if (!value) return;
    out.commands.emplace_back(value->begin(), value->end());
  }
  if (!out.definite) out.bad = BadFormat::length_not_found;
}

void put(Bytes& out, uint8_t tag, ByteView value) {
  out.push_back(tag);
  const size_t size = value.size();
  if (size >= 0x10000) {
    out.push_back(0x83);
    append_be(out, size, 3);
  } else if (size >= 0x100) {
    out.push_back(0x82);
    append_be(out, size, 2);
  } else {
    if (size >= 0x80) out.push_back(0x81);
    out.push_back(static_cast<uint8_t>(size));
  }
  append(out, value);
}

}  // namespace

CommandScript read_script(ByteView bytes) {
  CommandScript out;
  Cursor cursor(bytes);
  const uint8_t tag = cursor.empty() ? 0 : cursor.byte();
  out.definite = tag != kCommandsIndefinite;
  if (tag == kCommandsIndefinite && cursor.is_indefinite()) {
    cursor.byte();
    read_commands(cursor, out);
  } else if (tag == kCommands) {
    const auto content = cursor.value(out.bad);
    if (content) read_commands(Cursor(*content), out);
    if (content && !cursor.empty()) out.bad = BadFormat::wrong_length;
  } else {
    out.bad = tag == kCommandsIndefinite ? BadFormat::wrong_length : BadFormat::unknown_tag;
  }
  if (out.bad) out.commands.clear();
  return out;
}

Bytes print_answers(const std::vector<Bytes>& answers, const CommandScript& script) {
  Bytes content;
  if (script.definite) {
    // Small enough for two bytes: a script that long does not come over one HTTP answer.
    Bytes number;
    append_be(number, answers.size(), answers.size() < 0x80 ? 1 : 2);
    put(content, kExecuted, number);
  }
  for (const Bytes& answer : answers) put(content, kAnswer, answer);
  if (script.bad) put(content, kBadFormat, std::array{static_cast<uint8_t>(*script.bad)});
  Bytes out;
  if (script.definite) {
    put(out, kAnswers, content);
    return out;
  }
  out.reserve(content.size() + 4);
  append_be(out, kAnswersIndefinite << 8 | kIndefinite, 2);
  append(out, content);
  append_be(out, 0x0000, 2);
  return out;
}

bool goes_on(ByteView answer) {
  if (answer.size() < 2) return false;
  const uint8_t sw1 = answer[answer.size() - 2];
  const uint8_t sw2 = answer[answer.size() - 1];
  if (sw1 == 0x62 && sw2 == 0xF1) return false;
  constexpr std::array<uint8_t, 6> kGood{0x90, 0x91, 0x92, 0x9F, 0x62, 0x63};
  return std::find(kGood.begin(), kGood.end(), sw1) != kGood.end();
}

}  // namespace cw::agent
