#include <algorithm>

#include "base/bytes.h"
#include "base/error.h"
#include "key_server_xml_private.h"

namespace cw::issuer {

namespace {

constexpr size_t kBytes = 64u << 10;
constexpr int kDepth = 8;
constexpr size_t kParts = 256;  // elements, and attributes

constexpr std::pair<std::string_view, char> kEntities[] = {
    {"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}};

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
bool begins_name(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool goes_on_name(char c) { return begins_name(c) || (c >= '0' && c <= '9') || c == '-' || c == '.'; }

/// How many bytes the character at the front has; 0: it is none that XML may have.
size_t character(ByteView text) {
  const uint8_t first = text[0];
  if (first < 0x80) return first >= 0x20 || is_space(static_cast<char>(first)) ? 1 : 0;
  const size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < size) return 0;
  uint32_t code = first & (0x7F >> size);
  for (const uint8_t more : text.subspan(1, size - 1)) {
    if ((more & 0xC0) != 0x80) return 0;
    code = code << 6 | (more & 0x3F);
  }
  const bool shortest = code >= (size == 4 ? 0x10000u : size == 3 ? 0x800u : 0x80u);
  const bool allowed = code <= 0x10FFFF && !(code >= 0xD800 && code <= 0xDFFF) && code != 0xFFFE && code != 0xFFFF;
  return shortest && allowed ? size : 0;
}

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  XmlElement document() {
    if (text_.size() > kBytes) fail("it has more than 64 KiB");
    take("\xEF\xBB\xBF");
    for (ByteView rest = view(text_).subspan(at_); !rest.empty();) {
      const size_t size = character(rest);
      if (size == 0) fail("it is not UTF-8, or has characters that XML does not");
      rest = rest.subspan(size);
    }
    if (next_is("<?xml") && at_ + 5 < text_.size() && is_space(text_[at_ + 5])) declaration();
    between();
    XmlElement out = element(1);
    between();
    if (at_ != text_.size()) fail("something follows the last element");
    return out;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    const std::string_view before = text_.substr(0, std::min(at_, text_.size()));
    throw Error(ErrorKind::usage,
                what + " (line " + std::to_string(std::count(before.begin(), before.end(), '\n') + 1) + ")");
  }

  bool next_is(std::string_view what) const { return text_.substr(at_).starts_with(what); }
  bool take(std::string_view what) {
    if (!next_is(what)) return false;
    at_ += what.size();
    return true;
  }
  bool space() {
    const size_t before = at_;
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
    return at_ != before;
  }
  /// Up to `end`, and behind it.
  std::string_view until(std::string_view end, const char* what) {
    const size_t found = text_.find(end, at_);
    if (found == std::string_view::npos) fail(std::string(what) + " does not end");
    const std::string_view out = text_.substr(at_, found - at_);
    at_ = found + end.size();
    return out;
  }

  void declaration() {
    at_ += 5;
    XmlElement said;
    attributes(said);
    if (!take("?>")) fail("the XML declaration does not end");
    if (said.attributes["version"] != "1.0") fail("it is not XML 1.0");
    std::string encoding = said.attributes["encoding"];
    std::transform(encoding.begin(), encoding.end(), encoding.begin(), [](unsigned char c) { return std::tolower(c); });
    if (!encoding.empty() && encoding != "utf-8" && encoding != "us-ascii") fail("its encoding is not UTF-8");
  }

  void comment() {
    if (until("--", "a comment"); !take(">")) fail("a comment has -- inside");
  }

  /// What may stand beside the one element of the document.
  void between() {
    for (space(); take("<!--"); space()) comment();
  }

  /// What begins here and is not read.
  void refuse_others() const {
    if (next_is("<!DOCTYPE") || next_is("<!doctype")) fail("it has a document type, and none is read here");
    if (next_is("<![CDATA[")) fail("it has a CDATA section, and none is read here");
    if (next_is("<?")) fail("it has a processing instruction, and none is read here");
    if (next_is("<!")) fail("it has a declaration, and none is read here");
  }

  std::string_view simple_name() {
    const size_t begin = at_;
    if (at_ == text_.size() || !begins_name(text_[at_])) fail("a name was to come");
    while (at_ < text_.size() && goes_on_name(text_[at_])) ++at_;
    return text_.substr(begin, at_ - begin);
  }

  void attributes(XmlElement& out) {
    while (space() && at_ < text_.size() && begins_name(text_[at_])) {
      if (++attributes_ > kParts) fail("it has more than 256 attributes");
      std::string name(simple_name());
      if (take(":")) name.append(":").append(simple_name());
      space();
      if (!take("=")) fail("an attribute has no value");
      space();
      const char quote = next_is("'") ? '\'' : '"';
      if (!take({&quote, 1})) fail("the value of an attribute has no quotes");
      std::string value;
      while (at_ < text_.size() && text_[at_] != quote) {
        if (text_[at_] == '<') fail("the value of an attribute has a <");
        value += one_character();
      }
      if (!take({&quote, 1})) fail("the value of an attribute does not end");
      if (!out.attributes.emplace(std::move(name), std::move(value)).second) fail("an attribute stands twice");
    }
  }

  char one_character() {
    if (text_[at_] != '&') return text_[at_++];
    for (const auto& [entity, character] : kEntities) {
      if (take(entity)) return character;
    }
    fail("it has an entity, and none but the five predefined is read here");
  }

  XmlElement element(int depth) {
    refuse_others();
    if (!take("<")) fail("an element was to come");
    if (depth > kDepth) fail("it is nested deeper than 8 levels");
    if (++elements_ > kParts) fail("it has more than 256 elements");
    XmlElement out;
    const size_t begin = at_;
    out.name = simple_name();
    if (take(":")) {
      out.prefix = std::move(out.name);
      out.name = simple_name();
    }
    const std::string_view written = text_.substr(begin, at_ - begin);
    attributes(out);
    if (take("/>")) return out;
    if (!take(">")) fail("a tag does not end");
    while (!take("</")) {
      if (at_ == text_.size()) fail("an element does not end");
      if (take("<!--")) {
        comment();
      } else if (text_[at_] == '<') {
        out.children.push_back(element(depth + 1));
      } else if (next_is("]]>")) {
        fail("it has ]]> in a text");
      } else {
        out.text += one_character();
      }
    }
    if (!take(written)) fail("an element ends with another name");
    space();
    if (!take(">")) fail("an element ends with another name");
    return out;
  }

  const std::string_view text_;
  size_t at_ = 0;
  size_t elements_ = 0;
  size_t attributes_ = 0;
};

}  // namespace

std::string XmlElement::name_space() const {
  const auto found = attributes.find(prefix.empty() ? "xmlns" : "xmlns:" + prefix);
  return found == attributes.end() ? "" : found->second;
}

std::string XmlElement::value() const {
  const auto begin = std::find_if_not(text.begin(), text.end(), is_space);
  const auto end = std::find_if_not(text.rbegin(), std::make_reverse_iterator(begin), is_space).base();
  return {begin, end};
}

XmlElement parse_xml(std::string_view text) { return Reader(text).document(); }

std::string xml_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto* const found =
        std::find_if(std::begin(kEntities), std::end(kEntities), [&](const auto& one) { return one.second == c; });
    if (found == std::end(kEntities)) {
      out += c >= 0x20 && c < 0x7F ? c : '?';
    } else {
      out += found->first;
    }
  }
  return out;
}

}  // namespace cw::issuer
