#include "engine/answer_filter.h"

#include <algorithm>

#include "crypto/digest.h"
#include "engine/shown.h"

namespace cw::engine {

namespace {

/// A shorter value may be the same by chance, and then tells what it is.
constexpr size_t kShortest = 4;
/// A run that sends more different values than this is not followed further.
constexpr size_t kMostValues = 4096;

constexpr uint8_t kLongLength = 0x81;

/// The value, if `answer` is one data object with the tag that GET DATA asked for in P1 P2, or a data group with that
/// identifier.
std::optional<ByteView> asked_for(const host::Command& command, ByteView answer) {
  if (command.ins != 0xCA && command.ins != 0xCB) return {};
  const uint8_t both[] = {command.p1, command.p2};
  for (const ByteView tag : {ByteView(both), ByteView(both).last(1)}) {
    if (tag.size() == 1 && command.p1 != 0) continue;
    if (answer.size() <= tag.size() || !equal(answer.first(tag.size()), tag)) continue;
    ByteView rest = answer.subspan(tag.size());
    if (rest[0] == kLongLength && rest.size() > 1) rest = rest.subspan(1);
    if (rest[0] == rest.size() - 1) return rest.subspan(1);
  }
  return {};
}

}  // namespace

AnswerFilter::AnswerFilter(const Arguments& arguments, bool all) : arguments_(arguments), all_(all) {
  for (const auto& [name, value] : arguments.values) {
    if (const auto* text = std::get_if<std::string>(&value)) known_.push_back(to_bytes(std::string_view(*text)));
    if (const auto* bytes = std::get_if<Bytes>(&value)) known_.push_back(*bytes);
  }
}

void AnswerFilter::sent(const host::Command& command) {
  if (all_ || !command.data.plain() || command.data.visible().size() < kShortest) return;
  if (known_.size() < kMostValues && !known(command.data.visible())) {
    known_.push_back(to_bytes(command.data.visible()));
  }
}

bool AnswerFilter::known(ByteView value) const {
  // Zeros are what an answer that was left out is replayed as: they must not be taken for it.
  const bool zeros = std::all_of(value.begin(), value.end(), [](uint8_t byte) { return byte == 0; });
  return value.size() >= kShortest && !zeros &&
         std::any_of(known_.begin(), known_.end(), [&](const Bytes& one) { return equal(one, value); });
}

bool AnswerFilter::shows(const host::Command& command, ByteView answer) const {
  if (all_ || answer.empty()) return true;
  const bool general = answer_is_public(command);
  for (const auto& [name, secret] : arguments_.secrets) {
    // What everybody may ask a card holds a few equal bytes by chance now and then; an applet's answer is not risked.
    if ((!general || secret.size() >= kShortest) && crypto::occurs_in(secret, answer)) return false;
  }
  if (general) return true;
  const std::optional<ByteView> value = asked_for(command, answer);
  return known(value.value_or(answer));
}

}  // namespace cw::engine
