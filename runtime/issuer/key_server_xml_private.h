// XML as the key server reads it: a small, strict part of it. Elements, attributes, text, comments, the five predefined
// entities. No document type, no other entity, no processing instruction but the declaration, no CDATA, UTF-8 alone;
// so nothing in it is fetched, and nothing grows when it is read.
//
// Plain functions; safe from any thread.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace cw::issuer {

struct XmlElement {
  std::string prefix{};
  std::string name{};                               // without the prefix
  std::map<std::string, std::string> attributes{};  // names as written: "xmlns:soap"
  std::string text{};                               // its own, outside its children
  std::vector<XmlElement> children{};

  /// The namespace that its own attributes give its prefix; empty: none does.
  std::string name_space() const;
  /// The text without white space around it.
  std::string value() const;
};

/// The one element of the document. Raises usage: no such XML, more than 64 KiB, 8 levels, 256 elements or attributes.
XmlElement parse_xml(std::string_view text);

/// `text` as it stands between tags, and in attributes.
std::string xml_text(std::string_view text);

}  // namespace cw::issuer
