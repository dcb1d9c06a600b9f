// The parts of the page, each made by the file of its name. What comes from outside goes in through text() or, in the
// data, json_string(); nothing else touches it.
//
// Pure functions.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "report/coverage.h"
#include "report/results.h"
#include "text_private.h"

namespace cw::report {

/// Numbers for words that elements are marked with, so that no text from outside is in an attribute that is compared.
class Words {
 public:
  size_t number_of(const std::string& word);
  const std::vector<std::string>& all() const { return words_; }

 private:
  std::map<std::string, size_t> numbers_;
  std::vector<std::string> words_;
};

/// Text for an element or an attribute, of at most `most` characters: what is longer is read by nobody, and a browser
/// takes seconds to lay it out. Whole texts of events are in the data.
inline std::string text(std::string_view any, size_t most = 300) { return markup(cut(printable(any), most)); }
/// The same with its line ends.
inline std::string text_lines(std::string_view any, size_t most = 5000) {
  return markup(cut(printable_lines(any), most));
}

/// Commands beyond these are counted, not listed.
constexpr size_t kMostCommands = 300;

std::string html_style();
std::string_view html_script();
/// Cases, one below the other.
std::string html_cases(const Results& results, Words& flavors, Words& tags);
std::string html_matrices(const Results& results);
std::string html_timing(const std::vector<Timing>& rows);
std::string html_coverage(const std::vector<Seen>& seen, Words& flavors);
/// Traces and coverage for the script, as JSON.
std::string html_data(const Results& results, const std::vector<Seen>& seen, Words& flavors);

}  // namespace cw::report
