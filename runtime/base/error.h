// The one error type. Thrown in C++, caught in two places: lua's guard, where it becomes the Lua error table with the
// same fields, and main.
//
// A message is one line: what was being done, to what, what went wrong in the card's own terms, likely cause first,
// and what to do next. It never holds key material or a secret argument.
#pragma once

#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <string_view>

namespace cw {

enum class ErrorKind : uint8_t {
  usage,     // the caller asked for something that makes no sense
  script,    // a flow's or policy's own Lua code failed
  card,      // the card answered, and said no
  reader,    // no answer: reader missing, card removed, torn, mute
  channel,   // secure channel: wrong cryptogram, wrong MAC, not open
  cap,       // a CAP file that is not one
  http,      // a backend did not answer as it should
  policy,    // the gate said no
  budget,    // instructions, memory, time, commands, attempts used up
  store,     // the journal or the budgets could not be kept: nothing more was sent
  internal,  // our fault
};

std::string_view name_of(ErrorKind kind);

class Error : public std::exception {
 public:
  Error(ErrorKind kind, std::string message, std::optional<uint16_t> sw = {}, std::string cause = {})
      : kind_(kind), message_(std::move(message)), sw_(sw), cause_(std::move(cause)) {}

  ErrorKind kind() const { return kind_; }
  const std::string& message() const { return message_; }
  /// Status word of the card, if a card said no.
  std::optional<uint16_t> sw() const { return sw_; }
  /// The message of the error beneath, or empty.
  const std::string& cause() const { return cause_; }

  /// The same error with `doing` ("loading wallet.cap") put in front of the message.
  Error within(std::string_view doing) const;

  const char* what() const noexcept override { return message_.c_str(); }

 private:
  ErrorKind kind_;
  std::string message_;
  std::optional<uint16_t> sw_;
  std::string cause_;
};

}  // namespace cw
