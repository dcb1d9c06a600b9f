// The text form of a recording, written: docs/RECORDINGS.md. Lines are ASCII; whatever else is in a text is escaped, so
// no card, script or file can make a line of its own. What two runs ask is the same exactly when its text is.
#pragma once

#include <string>
#include <string_view>

#include "engine/recording.h"

namespace cw::engine {

/// The first line of a file.
extern const std::string_view kRecordingVersion;

/// In quotes; \" \\ and \xHH for all that is not printable ASCII.
std::string quote(std::string_view text);

/// What was asked, as it stands before " => ".
std::string request_text(const host::Reset& request);
std::string request_text(const host::OpenChannel& request);
std::string request_text(const host::CloseChannel& request);
std::string request_text(const host::Wait& request);
/// `all`: also query, headers and body, which may tell of persons.
std::string request_text(const host::HttpCall& request, bool all);
std::string request_text(const host::Deliver& request, bool all);
/// The command at this place of its plan.
std::string command_text(const host::Exchange& request, size_t at);
std::string attempt_text(unsigned number);
std::string random_text(size_t count);
std::string keys_text(const std::string& set);
std::string sign_text(const std::string& key, ByteView message);
std::string domains_text(const std::optional<host::DomainRecord>& put);
std::string verifies_text(const std::string& key, ByteView message, ByteView signature);
/// `all`: also the wrapped keys, which whoever gets the KEK can unwrap.
std::string unwrap_text(const host::WrappedKeys& keys, bool all);

/// Lines of a run's head, and one other line; each ends with a line feed.
std::string head_text(const RecordingHead& head);
std::string line_text(const RecordedLine& line);
/// `number string "4711"`.
std::string argument_text(const RecordedArgument& argument);

}  // namespace cw::engine
