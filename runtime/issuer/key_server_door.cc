#include "issuer/key_server_door.h"

#include <algorithm>
#include <cctype>

#include "base/error.h"
#include "base/log.h"

namespace cw::issuer {

namespace {

constexpr const char* kJson = "application/json; charset=utf-8";
constexpr const char* kKeys = "/keyserver/v1/keys";
constexpr const char* kSoap = "/keyserver";

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return std::tolower(c); });
  return out;
}

/// "text/xml" and "utf-8" of: text/xml; charset="UTF-8"
struct MediaType {
  std::string type{};
  std::string charset{};
};

MediaType media_type(std::string_view header) {
  const std::string text = lower(header);
  MediaType out;
  out.type = text.substr(0, text.find(';'));
  out.type.erase(out.type.find_last_not_of(" \t") + 1);
  if (const size_t at = text.find("charset="); at != std::string::npos) {
    for (const char c : text.substr(at + 8)) {
      if (c == ';' || c == ' ') break;
      if (c != '"') out.charset += c;
    }
  }
  return out;
}

net::ServerAnswer http_answer(const KeyServerAnswer& answer, const std::optional<SoapVersion>& soap) {
  const auto* keys = std::get_if<DiversifiedKeys>(&answer);
  const auto* refused = std::get_if<Refused>(&answer);
  const int status = keys != nullptr ? 200 : soap ? status_of(refused->why, *soap) : status_of(refused->why);
  std::string body;
  if (soap) {
    body = keys != nullptr ? to_soap(*keys, *soap) : to_soap(*refused, *soap);
  } else {
    body = keys != nullptr ? to_json(*keys) : to_json(*refused);
  }
  return {
      status, {{"Content-Type", soap ? content_type(*soap) : kJson}, {"Cache-Control", "no-store"}}, std::move(body)};
}

net::ServerAnswer json_error(int status, const std::string& why) {
  return {status, {{"Content-Type", kJson}}, to_json(Refused{Refusal::malformed, why})};
}

}  // namespace

KeyServerDoor::KeyServerDoor(const KeyServerConfiguration& configuration, const KeyServerDesk& desk,
                             KeyServerAudit& audit, Clock clock)
    : configuration_(configuration), desk_(desk), audit_(audit), clock_(std::move(clock)) {}

std::string KeyServerDoor::Form::name() const {
  if (!soap) return "json";
  return *soap == SoapVersion::v11 ? "soap11" : "soap12";
}

KeyServerDoor::Form KeyServerDoor::form_of(const net::ServerRequest& request, bool soap) {
  const MediaType media = media_type(request.header("Content-Type"));
  const bool utf8 = media.charset.empty() || media.charset == "utf-8" || media.charset == "us-ascii";
  if (!soap) return {{}, utf8 && media.type == "application/json"};
  const bool v12 = media.type == "application/soap+xml";
  return {v12 ? SoapVersion::v12 : SoapVersion::v11, utf8 && (v12 || media.type == "text/xml")};
}

void KeyServerDoor::handle(const net::ServerRequest& request, net::Reply reply) {
  const size_t mark = request.target.find('?');
  const std::string path = request.target.substr(0, mark);
  const std::string query = mark == std::string::npos ? "" : lower(request.target.substr(mark + 1));
  if (path != kKeys && path != kSoap) {
    return reply.send(json_error(404, "there is no such path; see /keyserver/v1/keys and /keyserver?wsdl"));
  }
  if (path == kSoap && request.method == "GET" && query == "wsdl") {
    return reply.send({200, {{"Content-Type", content_type(SoapVersion::v11)}}, wsdl(location(request))});
  }
  if (request.method != "POST") return reply.send(json_error(405, "only POST is answered here"));
  answer(request, form_of(request, path == kSoap), std::move(reply));
}

void KeyServerDoor::answer(const net::ServerRequest& request, const Form& form, net::Reply reply) {
  AuditedRequest audited;
  audited.time = clock_();
  audited.address = request.peer.address;
  audited.form = form.name();
  KeyServerAnswer out = decide(request, form, audited);
  if (const auto* keys = std::get_if<DiversifiedKeys>(&out)) {
    audited.outcome = "answered";
    audited.version = keys->version;
  } else {
    const Refused& refused = std::get<Refused>(out);
    audited.outcome = name_of(refused.why);
    audited.why = refused.message;
  }
  try {
    audit_.add(audited);
  } catch (const Error& error) {
    log::error(error.message());
    out = Refused{Refusal::unavailable, "the audit cannot be written, so nothing is answered"};
  }
  reply.send(http_answer(out, form.soap));
}

KeyServerAnswer KeyServerDoor::decide(const net::ServerRequest& request, const Form& form,
                                      AuditedRequest& audited) const {
  // What strangers send is not read.
  if (request.peer.certificate) audited.subject = request.peer.certificate->subject;
  const Tsm* tsm = audited.subject.empty() ? nullptr : desk_.tsm(audited.subject, request.peer.certificate->issuer);
  if (tsm == nullptr) return Refused{Refusal::not_accredited, "your certificate is no accredited TSM's"};
  audited.tsm = tsm->id;
  if (auto refused = KeyServerDesk::refuse(*tsm, audited.time)) return *refused;
  if (!form.known) {
    return Refused{Refusal::media_type, form.soap
                                            ? "Content-Type must be text/xml for SOAP 1.1 or application/soap+xml "
                                              "for SOAP 1.2, in UTF-8"
                                            : "Content-Type must be application/json, in UTF-8"};
  }
  const ReadRequest read = form.soap ? parse_soap_request(request.body, *form.soap) : parse_json_request(request.body);
  if (const auto* refused = std::get_if<Refused>(&read)) return *refused;
  const auto& asked = std::get<DiversifiedKeysRequest>(read);
  audited.key_data = asked.key_data;
  audited.kek = asked.kek;
  return desk_.answer(*tsm, asked);
}

/// What cards name, or else how the client called us.
std::string KeyServerDoor::location(const net::ServerRequest& request) const {
  return configuration_.url.empty() ? "https://" + std::string(request.header("Host")) + kSoap : configuration_.url;
}

}  // namespace cw::issuer
