#include <algorithm>
#include <array>
#include <optional>

#include <arpa/inet.h>
#include <openssl/x509v3.h>

#include "crypto/certificate.h"
#include "der_private.h"
#include "subject_private.h"

namespace cw::crypto {

namespace {

constexpr size_t kSubjectLimit = 1024;
constexpr size_t kNameLimit = 253;

// RFC 2253 2.3, and what parties have besides.
constexpr std::array<std::string_view, 12> kAttributes = {"CN",  "O",      "OU",           "C",  "L", "ST", "DC",
                                                          "UID", "street", "serialNumber", "SN", "GN"};

[[noreturn]] void refuse(std::string_view text, const std::string& why) {
  throw Error(ErrorKind::usage, "'" + std::string(text.substr(0, 80)) + "' is no subject: " + why +
                                    "; one is written as in CN=acme,O=Acme");
}

std::optional<uint8_t> hex_pair(std::string_view two) {
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    const char lower = static_cast<char>(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
  };
  if (two.size() != 2 || digit(two[0]) < 0 || digit(two[1]) < 0) return {};
  return static_cast<uint8_t>(digit(two[0]) * 16 + digit(two[1]));
}

/// Attribute and value of each part, in the order of the text.
std::vector<std::pair<std::string, std::string>> split(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> out;
  size_t at = 0;
  while (at <= text.size()) {
    while (at < text.size() && text[at] == ' ') ++at;
    const size_t equals = text.find('=', at);
    if (equals == std::string_view::npos) refuse(text, "a part of it has no '='");
    std::string value;
    size_t kept = 0;  // up to here blanks at the end were escaped
    size_t next = equals + 1;
    while (next < text.size() && text[next] == ' ') ++next;
    for (; next < text.size() && text[next] != ','; ++next) {
      const char c = text[next];
      if (c == '+') refuse(text, "'+' joins attributes, which is not taken here (a '+' of a value is written \\+)");
      if (c == '"' || c == '<' || c == '>' || c == ';' || (c == '#' && value.empty())) {
        refuse(text, std::string("'") + c + "' is written \\" + c);
      }
      if (c != '\\') {
        value += c;
        continue;
      }
      if (next + 1 == text.size()) refuse(text, "nothing follows its last '\\'");
      if (const auto byte = hex_pair(text.substr(next + 1, 2))) {
        value += static_cast<char>(*byte);
        next += 2;
      } else {
        value += text[++next];
      }
      kept = value.size();
    }
    while (value.size() > kept && value.back() == ' ') value.pop_back();
    std::string attribute(text.substr(at, equals - at));
    while (!attribute.empty() && attribute.back() == ' ') attribute.pop_back();
    out.emplace_back(std::move(attribute), std::move(value));
    at = next + 1;
    if (next == text.size()) break;
  }
  return out;
}

bool is_visible(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7F; });
}

Bytes address_of(const std::string& text) {
  Bytes out(16);
  if (::inet_pton(AF_INET, text.c_str(), out.data()) == 1) {
    out.resize(4);
    return out;
  }
  if (::inet_pton(AF_INET6, text.c_str(), out.data()) == 1) return out;
  throw Error(ErrorKind::usage, "'" + text + "' is no IP address");
}

bool is_host(std::string_view name) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_';
  };
  if (name.starts_with("*.")) name.remove_prefix(2);
  return !name.empty() && name.size() <= kNameLimit && name.front() != '.' && name.back() != '.' &&
         name.find("..") == std::string_view::npos && std::all_of(name.begin(), name.end(), fits);
}

}  // namespace

NamePtr subject_of(std::string_view text) {
  if (text.empty()) refuse(text, "it is empty");
  if (text.size() > kSubjectLimit) refuse(text, "it is longer than 1024 bytes");
  NamePtr out(X509_NAME_new());
  if (!out) raise_openssl("making a name");
  // The first part of the text is the last one of the name (RFC 2253 2.1).
  for (const auto& [attribute, value] : split(text)) {
    if (std::find(kAttributes.begin(), kAttributes.end(), attribute) == kAttributes.end()) {
      refuse(text, "'" + attribute.substr(0, 40) + "' is none of CN, O, OU, C, L, ST, DC, UID, serialNumber");
    }
    const auto* bytes = reinterpret_cast<const unsigned char*>(value.data());
    const bool added = !value.empty() && value.find('\0') == std::string::npos &&
                       X509_NAME_add_entry_by_txt(out.get(), attribute.c_str(), MBSTRING_UTF8, bytes,
                                                  static_cast<int>(value.size()), 0, 0) == 1;
    ERR_clear_error();
    if (!added) refuse(text, "the value of " + attribute + " is empty, too long, or not UTF-8 (C has two letters)");
  }
  return out;
}

std::string subject_text(std::string_view text) { return text_of(subject_of(text).get()); }

std::vector<std::string> texts_of(const GENERAL_NAMES* names) {
  std::vector<std::string> out;
  const auto add = [&](const char* kind, const ASN1_STRING* value) {
    const std::string text(reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
                           static_cast<size_t>(ASN1_STRING_length(value)));
    if (is_visible(text)) out.push_back(kind + text);
  };
  for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names, i);
    if (name->type == GEN_DNS) add("DNS:", name->d.dNSName);
    if (name->type == GEN_URI) add("URI:", name->d.uniformResourceIdentifier);
    if (name->type != GEN_IPADD) continue;
    const int size = ASN1_STRING_length(name->d.iPAddress);
    std::array<char, INET6_ADDRSTRLEN> text{};
    if ((size == 4 || size == 16) && ::inet_ntop(size == 4 ? AF_INET : AF_INET6,
                                                 ASN1_STRING_get0_data(name->d.iPAddress), text.data(), text.size())) {
      out.push_back(std::string("IP:") + text.data());
    }
  }
  return out;
}

bool has_other_names(const GENERAL_NAMES* names) {
  return names != nullptr && texts_of(names).size() != static_cast<size_t>(sk_GENERAL_NAME_num(names));
}

Bytes alternative_names(const std::vector<std::string>& texts) {
  // RFC 5280 4.2.1.6: dNSName [2], uniformResourceIdentifier [6], iPAddress [7].
  Bytes all;
  for (const std::string& text : texts) {
    const size_t colon = text.find(':');
    const std::string kind = text.substr(0, colon == std::string::npos ? 0 : colon);
    const std::string value = colon == std::string::npos ? std::string() : text.substr(colon + 1);
    if (kind == "DNS" && is_host(value)) {
      append(all, der::value(0x82, {view(value)}));
    } else if (kind == "IP") {
      append(all, der::value(0x87, {address_of(value)}));
    } else if (kind == "URI" && is_visible(value) && value.find(':') != std::string::npos && value.size() <= 1024) {
      append(all, der::value(0x86, {view(value)}));
    } else {
      throw Error(ErrorKind::usage,
                  "'" + text.substr(0, 80) +
                      "' is no alternative name; write DNS:host.example, IP:192.0.2.1 or URI:https://...");
    }
  }
  return der::sequence({all});
}

}  // namespace cw::crypto
