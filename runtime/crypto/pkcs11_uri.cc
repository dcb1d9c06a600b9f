#include "crypto/pkcs11_uri.h"

#include <optional>

#include "base/error.h"

namespace cw::crypto {

namespace {

constexpr std::string_view kScheme = "pkcs11:";

[[noreturn]] void refuse(const std::string& why) {
  throw Error(ErrorKind::usage,
              "reading a pkcs11: URI: " + why +
                  "; it is written pkcs11:token=LABEL;?module-path=/path/of/module.so&pin-source=file:/path/of/pin");
}

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const int letter = c | 0x20;
  return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

std::string decoded(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? digit(text[i + 1]) : -1, low = high >= 0 ? digit(text[i + 2]) : -1;
    if (low < 0) refuse("a '%' without two hexadecimal digits");
    out += static_cast<char>(high << 4 | low);
    i += 2;
  }
  if (out.find('\0') != std::string::npos) refuse("a zero byte");
  return out;
}

/// Calls `take(name, value)` for each "name=value".
template <typename Take>
void each(std::string_view text, char between, const Take& take) {
  while (!text.empty()) {
    const size_t end = text.find(between);
    const std::string_view one = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    if (one.empty()) continue;
    const size_t equals = one.find('=');
    if (equals == std::string_view::npos) refuse("'" + std::string(one) + "' is no name=value");
    take(one.substr(0, equals), decoded(one.substr(equals + 1)));
  }
}

void set(std::string& field, std::string_view name, std::string value) {
  if (!field.empty()) refuse(std::string(name) + " is given twice");
  if (value.empty()) refuse(std::string(name) + " is empty");
  field = std::move(value);
}

std::filesystem::path path_of(std::string_view value) {
  if (value.starts_with("file://")) return value.substr(7);
  return value.starts_with("file:") ? value.substr(5) : value;
}

}  // namespace

std::string Pkcs11Uri::name() const {
  if (!token.empty()) return "token '" + token + "'";
  if (!serial.empty()) return "the token of serial number " + serial;
  return "the token of " + (model.empty() ? manufacturer : model);
}

bool is_pkcs11_uri(std::string_view text) { return text.starts_with(kScheme); }

Pkcs11Uri parse_pkcs11_uri(std::string_view text) {
  if (!is_pkcs11_uri(text)) refuse("it does not begin with pkcs11:");
  text.remove_prefix(kScheme.size());
  const size_t mark = text.find('?');
  Pkcs11Uri out;
  each(text.substr(0, mark), ';', [&](std::string_view name, std::string value) {
    if (name == "token") return set(out.token, name, std::move(value));
    if (name == "serial") return set(out.serial, name, std::move(value));
    if (name == "manufacturer") return set(out.manufacturer, name, std::move(value));
    if (name == "model") return set(out.model, name, std::move(value));
    refuse("'" + std::string(name) + "' does not choose a token; token, serial, manufacturer and model do");
  });
  std::string module, pin;
  each(mark == std::string_view::npos ? std::string_view{} : text.substr(mark + 1), '&',
       [&](std::string_view name, std::string value) {
         if (name == "module-path") return set(module, name, std::move(value));
         if (name == "pin-source") return set(pin, name, std::move(value));
         if (name == "pin-value")
           refuse("a PIN has no place here: others see it; keep it in a file, pin-source names it");
         refuse("'" + std::string(name) + "' is unknown; there are module-path and pin-source");
       });
  if (out.token.empty() && out.serial.empty() && out.manufacturer.empty() && out.model.empty()) {
    refuse("nothing in it says which token");
  }
  if (module.empty()) refuse("module-path is missing");
  if (pin.empty()) refuse("pin-source is missing");
  out.module_path = module;
  out.pin_source = path_of(pin);
  if (out.pin_source.empty()) refuse("pin-source is empty");
  return out;
}

}  // namespace cw::crypto
