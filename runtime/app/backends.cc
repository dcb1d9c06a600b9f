#include "app/backends.h"

#include <cstdlib>

#include "base/error.h"
#include "base/files.h"
#include "service/json_reader.h"

namespace cw::app {

namespace {

[[noreturn]] void fail(const std::filesystem::path& file, const std::string& what) {
  throw Error(ErrorKind::usage, "backends " + file.string() + ": " + what);
}

}  // namespace

Backends Backends::load(const std::filesystem::path& file) {
  const Bytes text = read_file(file);
  nlohmann::json all;
  try {
    all = service::read_json({reinterpret_cast<const char*>(text.data()), text.size()}, {.depth = 3, .comments = true});
  } catch (const Error& error) {
    fail(file, error.message());
  }
  if (!all.is_object()) fail(file, "expected an object of URLs");
  Backends out;
  for (const auto& [url, entry] : all.items()) {
    const bool is_prefix = url.starts_with("https://") && url.ends_with('/') && url.size() > 9;
    if (!is_prefix) fail(file, "'" + url + "' is no beginning of a URL, https:// to a '/'");
    if (!entry.is_object()) fail(file, url + ": expected { \"ca\": FILE, \"certificate\": FILE, \"key\": FILE }");
    Access access;
    for (const auto& [name, value] : entry.items()) {
      std::string* place = name == "ca"            ? &access.ca
                           : name == "revoked"     ? &access.revoked
                           : name == "certificate" ? &access.certificate
                           : name == "key"         ? &access.key
                                                   : nullptr;
      if (place == nullptr)
        fail(file, url + ": unknown field '" + name + "'; there are ca, revoked, certificate and key");
      if (!value.is_string()) fail(file, url + ": " + name + " is the name of a file");
      const std::filesystem::path named = file.parent_path() / value.get<std::string>();
      if (!std::filesystem::is_regular_file(named)) fail(file, url + ": there is no file " + named.string());
      *place = named.string();
    }
    if (access.certificate.empty() != access.key.empty()) {
      fail(file, url + ": a certificate of ours and its key come together");
    }
    if (!access.revoked.empty() && access.ca.empty()) {
      fail(file, url + ": revocation lists are of the authorities in ca, and none is named");
    }
    out.access_.emplace(url, std::move(access));
  }
  return out;
}

Backends Backends::configured() {
  const char* named = std::getenv("CARDWRIGHT_BACKENDS");
  return named != nullptr && *named != 0 ? load(named) : Backends();
}

net::HttpLimits Backends::limits(const std::string& url) const {
  net::HttpLimits out;
  size_t longest = 0;
  for (const auto& [prefix, access] : access_) {
    if (!url.starts_with(prefix) || prefix.size() < longest) continue;
    longest = prefix.size();
    out.ca_file = access.ca;
    out.revoked = access.revoked;
    out.certificate = access.certificate;
    out.key = access.key;
  }
  return out;
}

engine::HttpTransport Backends::transport() const {
  return [*this](const host::HttpCall& call) {
    net::HttpResponse answer = net::send({call.method, call.url, call.headers, call.body}, limits(call.url));
    return host::HttpReply{answer.status, std::move(answer.headers), std::move(answer.body)};
  };
}

}  // namespace cw::app
