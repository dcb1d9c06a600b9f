// A recording: all that some runs took in from outside, in the order they took it, as plain values. docs/RECORDINGS.md
// describes the text form. It lies above the secure channel: commands in canonical form, plain answers, and never the
// bytes of a key or of a secret argument. So a run can be replayed from it without card, key or network.
//
// Plain values; share freely.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "host/outside.h"

namespace cw::engine {

struct RecordedArgument {
  enum class Type : uint8_t { string, key, bytes, integer, boolean, secret, cap };
  std::string name{};
  Type type = Type::string;
  std::string text{};  // string; key: name of the set; cap: name of the file
  Bytes bytes{};       // bytes, also an AID; cap: SHA-256 of what LOAD carries
  int64_t number = 0;  // integer; boolean: 0 or 1; secret: its size
  bool operator==(const RecordedArgument&) const = default;
};

/// What a run was made of, beside what it took in.
struct RecordingHead {
  std::string flow{};    // its name; of a file that was added: the name in its table
  std::string card{};    // name of the reader
  std::string flavor{};  // name of the flavor; may be empty
  std::string bundle{};  // hash
  std::string policy{};
  std::string policy_hash{};
  bool all_answers = false;                   // nothing was left out: not safe to share
  std::vector<RecordedArgument> arguments{};  // by name
};

/// What was not for everybody: only its size is in the recording.
struct LeftOut {
  size_t size = 0;
};

struct RecordedAnswer {
  std::variant<Bytes, LeftOut> data{};
  uint16_t sw = 0;
};
/// A command of a plan that ended before it.
struct NoAnswer {};
/// What a backend said, without body and headers.
struct HttpLeftOut {
  int status = 0;
  size_t size = 0;  // of the body
};
struct RecordedDomains {
  std::vector<host::DomainRecord> domains{};
};
struct Done {};

/// What came back: for Bytes, an ATR, random bytes or a signature; for int64_t, the time in milliseconds since 1970, or
/// whether (1) or not (0) a signature is right.
using RecordedReply = std::variant<std::monostate, Bytes, int64_t, RecordedAnswer, NoAnswer, host::ChannelOpened,
                                   host::KeyInfo, host::HttpReply, HttpLeftOut, RecordedDomains, Done, Error>;

/// One line: something that was asked, and what came back.
struct RecordedLine {
  enum class Kind : uint8_t {
    attempt,   // an attempt begins
    reset,     // of the card
    command,   // first command of a plan, or its only one
    more,      // further command of the same plan
    open,      // a secure channel
    close,     // one
    http,      // a backend
    deliver,   // a result that is to reach a backend
    wait,      // by the clock
    time,      // was asked for
    random,    // bytes that a script sees
    keys,      // what a script may know of a key set
    verifies,  // whether a signature is that of a key
    sign,      // a message between parties
    domains,   // what is kept of the card's security domains, and what was put there
    unwrap,    // a key set that a backend sent, by custody
    step,      // of the flow came to its end; not an input, and there for people and for scenarios
    failed,    // the attempt, and another follows
    end,       // of the run
  };
  Kind kind = Kind::attempt;
  std::string request{};  // as it is written
  RecordedReply reply{};
  size_t line = 0;  // in the file
};

struct RecordedRun {
  RecordingHead head{};
  std::vector<RecordedLine> lines{};  // the last one is `end`, unless the recorder was stopped before it
  size_t line = 0;                    // where it begins
};

struct Recording {
  std::string name{};  // of the file, for errors
  std::vector<RecordedRun> runs{};

  /// Raises usage, with file and line: not a recording, another version, a line that is not as docs/RECORDINGS.md says.
  static Recording parse(std::string_view text, std::string name);
  /// Raises usage as parse() does, and where the file cannot be read.
  static Recording load(const std::filesystem::path& file);
};

}  // namespace cw::engine
