#include "service/ram_http.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/error.h"

namespace cw::service {

namespace {

using Status = RamHttpRequest::Status;

constexpr std::string_view kProtocol = "globalplatform-remote-admin/1.";
constexpr std::string_view kResponseType = "application/vnd.globalplatform.card-content-mgt-response";
constexpr size_t kMaxFrom = 8192;  // a ticket may be in it
constexpr std::string_view kStep = "step=";

constexpr std::array<std::pair<std::string_view, Status>, 7> kStatuses{{
    {"ok", Status::ok},
    {"unknown-application", Status::unknown_application},
    {"not-a-security-domain", Status::not_a_security_domain},
    {"security-error", Status::security_error},
    {"unavailable-se", Status::unavailable_se},
    {"temporarily-unavailable-application", Status::temporarily_unavailable_application},
    {"script-format-error", Status::script_format_error},
}};

[[noreturn]] void refuse(const std::string& why) {
  throw Error(ErrorKind::usage, "cannot read the request of RAM over HTTP: " + why);
}

/// The value of a header that may stand once; nothing: it is not there.
std::optional<std::string> header(const net::Headers& headers, const char* name) {
  if (net::count_headers(headers, name) > 1) refuse(std::string(name) + " stands twice");
  const std::string* value = net::find_header(headers, name);
  return value == nullptr ? std::nullopt : std::optional(*value);
}

Status status_of(const std::string& word) {
  for (const auto& [name, status] : kStatuses) {
    if (net::same_word(name, word)) return status;
  }
  refuse("X-Admin-Script-Status is none that is known");
}

/// Whether it is of that type; parameters behind it do not matter.
bool is_type(std::string_view value, std::string_view type) {
  const size_t end = value.find(';');
  std::string_view word = value.substr(0, end);
  while (word.ends_with(' ')) word.remove_suffix(1);
  return net::same_word(word, type);
}

std::optional<uint64_t> step_of(std::string_view target) {
  const size_t query = target.find('?');
  if (query == std::string_view::npos) return {};
  std::string_view rest = target.substr(query + 1);
  if (!rest.starts_with(kStep)) refuse("its URI is none that was sent to the device");
  rest.remove_prefix(kStep.size());
  uint64_t step = 0;
  const auto read = std::from_chars(rest.data(), rest.data() + rest.size(), step);
  if (read.ec != std::errc() || read.ptr != rest.data() + rest.size()) {
    refuse("its URI is none that was sent to the device");
  }
  return step;
}

void read_report(const net::Headers& headers, std::string_view body, RamHttpRequest& out) {
  if (const auto word = header(headers, "X-Admin-Script-Status")) out.status = status_of(*word);
  if (body.empty()) return;
  const auto type = header(headers, "Content-Type");
  if (!type || !is_type(*type, kResponseType)) refuse("its body is no " + std::string(kResponseType));
  if (!out.status) refuse("it has a response script and no X-Admin-Script-Status");
  out.script = read_response_script(view(body));
}

}  // namespace

RamHttpRequest read_ram_http(std::string_view target, const net::Headers& headers, std::string_view body) {
  const auto protocol = header(headers, "X-Admin-Protocol");
  if (!protocol || !protocol->starts_with(kProtocol)) {
    refuse("X-Admin-Protocol is not globalplatform-remote-admin/1.0");
  }
  RamHttpRequest out;
  out.from = header(headers, "X-Admin-From").value_or("");
  if (out.from.empty() || out.from.size() > kMaxFrom) {
    refuse("X-Admin-From must have 1 to " + std::to_string(kMaxFrom) + " characters");
  }
  if (const auto resume = header(headers, "X-Admin-Resume")) {
    out.resume = net::same_word(*resume, "true");
    if (!out.resume && !net::same_word(*resume, "false")) refuse("X-Admin-Resume is neither true nor false");
  }
  out.step = step_of(target);
  read_report(headers, body, out);
  return out;
}

}  // namespace cw::service
