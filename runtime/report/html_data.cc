#include "html_private.h"

namespace cw::report {

// The script reads what is here and nothing else:
//   strings   every text once
//   kinds     names of the kinds of event
//   cases     of each: [index of the event that failed, or -1; then nine numbers per event: kind, text, name, sent,
//             answer, status word or -1, its text, channel, nanoseconds]. Texts are indexes into strings.
//   coverage  rows of the table in their order; of each: [flavor, count of each class, ...] per flavor
std::string html_data(const Results& results, const std::vector<Seen>& seen, Words& flavors) {
  Words strings;
  strings.number_of("");
  std::string cases;
  const auto number = [&cases](auto value) { cases += std::to_string(value) + ','; };
  for (const Case& one : results.cases) {
    cases += cases.empty() ? "[" : ",[";
    if (one.failure && one.failure->at && *one.failure->at < one.events.size()) {
      number(*one.failure->at);
    } else {
      number(-1);
    }
    for (const Event& event : one.events) {
      number(static_cast<unsigned>(event.kind));
      number(strings.number_of(event.text));
      number(strings.number_of(event.name));
      number(strings.number_of(event.sent));
      number(strings.number_of(event.answer));
      number(event.sw ? static_cast<int>(*event.sw) : -1);
      number(strings.number_of(event.sw_text));
      number(event.channel);
      number(event.time.count());
    }
    cases.back() = ']';
  }

  std::string covered;
  const std::string* last = nullptr;
  size_t rows = 0;
  for (const Seen& one : seen) {
    if (last == nullptr || *last != one.name) {
      if (++rows > kMostCommands) break;
      covered += last == nullptr ? "[" : "],[";
      last = &one.name;
    } else {
      covered += ',';
    }
    covered += std::to_string(flavors.number_of(one.flavor));
    for (const size_t count : one.counts) covered += ',' + std::to_string(count);
  }
  if (last != nullptr) covered += ']';

  std::string kinds;
  for (unsigned kind = 0; kind <= static_cast<unsigned>(Event::Kind::run); ++kind) {
    kinds += std::string(kind == 0 ? "\"" : ",\"") + name_of(static_cast<Event::Kind>(kind)) + '"';
  }
  std::string out = "{\"kinds\":[" + kinds + "],\"classes\":" + std::to_string(kStatusClasses) + ",\"strings\":[";
  for (size_t i = 0; i < strings.all().size(); ++i) {
    if (i > 0) out += ',';
    out += json_string(printable(strings.all()[i]));
  }
  return out + "],\"cases\":[" + cases + "],\"coverage\":[" + covered + "]}";
}

}  // namespace cw::report
