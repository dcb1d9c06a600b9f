// Text of cards, scripts and backends, made safe for each kind of report. Whatever a field holds, it comes out as valid
// UTF-8 without anything that moves a cursor, turns the direction of writing or ends an element.
//
// Pure functions.
#pragma once

#include <chrono>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace cw::report {

/// One line: control characters, line ends among them, and what is no UTF-8 become \xHH.
std::string printable(std::string_view text);
/// The same, but line ends stay.
std::string printable_lines(std::string_view text);

/// Columns on a terminal, one per character of UTF-8.
size_t columns_of(std::string_view text);
/// At most `columns` of `text`; what is cut off is shown as "..". 0: all.
std::string cut(std::string text, size_t columns);
/// `text` and spaces up to `columns`.
std::string padded(std::string text, size_t columns);
/// Lines of at most `columns`, broken at spaces where there are any; 0: only where `text` has line ends.
std::vector<std::string> wrapped(std::string_view text, size_t columns);

/// The parts, one after the other.
std::string joined(std::initializer_list<std::string_view> parts);

/// For element content and attributes of HTML and XML. Takes printable text.
std::string markup(std::string_view printable);
/// A JSON string with its quotes, which may stand in a script element. Takes printable text.
std::string json_string(std::string_view printable);
/// A double-quoted scalar of YAML. Takes printable text.
std::string yaml_string(std::string_view printable);

/// "3.21 ms", "120 µs", "4.5 s": three digits, a dot in every locale.
std::string time_text(std::chrono::nanoseconds time, bool utf8 = true);
/// "1.234567": seconds, for machines.
std::string seconds(std::chrono::nanoseconds time);

}  // namespace cw::report
