#include "engine/recording_text.h"

#include "base/hex.h"
#include "base/overloaded.h"

namespace cw::engine {

const std::string_view kRecordingVersion = "cardwright recording 1";

namespace {

void escape(std::string& out, char c) { out += "\\x" + to_hex(static_cast<uint8_t>(c)); }

bool printable(char c) { return c >= ' ' && c <= '~'; }

/// For canonical commands, which hold names that scripts choose. An arrow would be taken for the reply's.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || !printable(c) || (c == '>' && out.ends_with('='))) {
      escape(out, c);
    } else {
      out += c;
    }
  }
  return out;
}

std::string left_out(size_t size) { return "<" + std::to_string(size) + " bytes>"; }

std::string field(const char* name, ByteView bytes) { return std::string(" ") + name + "=" + to_hex(bytes); }

std::string headers_text(const std::vector<std::pair<std::string, std::string>>& headers) {
  std::string out;
  for (const auto& [name, value] : headers) out += " header " + quote(name) + " " + quote(value);
  return out;
}

std::string call_text(const host::HttpCall& request, bool all) {
  const std::string out = quote(request.method) + " ";
  if (all) return out + quote(request.url) + headers_text(request.headers) + " body " + quote(request.body);
  const size_t query = request.url.find('?');
  std::string url = quote(request.url.substr(0, query));
  if (query != std::string::npos) url += " query " + left_out(request.url.size() - query - 1);
  return out + url + " " + left_out(request.body.size());
}

std::string error_text(const Error& error) {
  std::string out = "error " + std::string(name_of(error.kind()));
  if (error.sw()) out += " sw=" + to_hex16(*error.sw());
  out += " " + quote(error.message());
  if (!error.cause().empty()) out += " cause " + quote(error.cause());
  return out;
}

std::string keys_reply(const host::KeyInfo& info) {
  std::string out = (info.type + " size=") + std::to_string(info.size) + " version=" + to_hex(info.version) + " kcvs=";
  for (size_t i = 0; i < info.kcvs.size(); ++i) out += (i == 0 ? "" : ",") + to_hex(info.kcvs[i]);
  return out;
}

std::string opened_text(const host::ChannelOpened& opened) {
  return std::to_string(opened.channel) + " scp=" + to_hex(opened.scp) + " i=" + to_hex(opened.i) +
         " level=" + to_hex(opened.level) + " version=" + to_hex(opened.key_version) +
         field("diversification", opened.diversification_data) + field("counter", opened.sequence_counter) +
         " max=" + std::to_string(opened.max_data) + (opened.keys.empty() ? "" : " keys=" + quote(opened.keys));
}

std::string answer_text(const RecordedAnswer& answer) {
  std::string data;
  if (const auto* size = std::get_if<LeftOut>(&answer.data)) {
    data = left_out(size->size) + " ";
  } else if (const Bytes& bytes = std::get<Bytes>(answer.data); !bytes.empty()) {
    data = to_hex(bytes) + " ";
  }
  return data + to_hex16(answer.sw);
}

std::string domain_text(const host::DomainRecord& domain) {
  std::string out = to_hex(domain.aid);
  for (const std::string* each :
       {&domain.state, &domain.se_id, &domain.issuer, &domain.management, &domain.keys, &domain.told}) {
    out += " " + quote(*each);
  }
  return out + " " + to_hex(domain.version);
}

std::string reply_text(const RecordedReply& reply) {
  return std::visit(Overloaded{
                        [](std::monostate) { return std::string(); },
                        [](const Bytes& bytes) { return to_hex(bytes); },
                        [](int64_t time) { return std::to_string(time); },
                        [](const RecordedAnswer& answer) { return answer_text(answer); },
                        [](NoAnswer) { return std::string("no answer"); },
                        [](const host::ChannelOpened& opened) { return opened_text(opened); },
                        [](const host::KeyInfo& info) { return keys_reply(info); },
                        [](const host::HttpReply& http) {
                          return std::to_string(http.status) + headers_text(http.headers) + " body " + quote(http.body);
                        },
                        [](HttpLeftOut http) { return std::to_string(http.status) + " " + left_out(http.size); },
                        [](const RecordedDomains& kept) {
                          std::string out = std::to_string(kept.domains.size());
                          for (const host::DomainRecord& domain : kept.domains) out += " " + domain_text(domain);
                          return out;
                        },
                        [](Done) { return std::string("done"); },
                        [](const Error& error) { return error_text(error); },
                    },
                    reply);
}

}  // namespace

std::string quote(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (!printable(c) || (c == '>' && out.ends_with('='))) {
      escape(out, c);
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string request_text(const host::Reset&) { return "reset"; }

std::string request_text(const host::OpenChannel& request) {
  std::string out = "open " + quote(request.keys);
  if (!request.or_keys.empty()) out += " or " + quote(request.or_keys);
  out += " level=" + to_hex(request.level);
  if (request.key_version) out += " version=" + to_hex(request.key_version);
  if (request.scp) out += " scp=" + to_hex(*request.scp);
  if (request.i) out += " i=" + to_hex(*request.i);
  if (!request.aid.empty()) out += field("aid", request.aid);
  if (request.logical_channel) out += " logical=" + std::to_string(request.logical_channel);
  if (request.s16) out += " s16";
  return out;
}

std::string request_text(const host::CloseChannel& request) { return "close " + std::to_string(request.channel); }

std::string request_text(const host::Wait& request) { return "wait " + std::to_string(request.time.count()); }

std::string request_text(const host::Deliver& request, bool all) {
  return "deliver " + quote(request.name) + " " + call_text(request.call, all);
}

std::string request_text(const host::HttpCall& request, bool all) { return "http " + call_text(request, all); }

std::string command_text(const host::Exchange& request, size_t at) {
  const std::string begin = std::to_string(request.channel) + (at > 0 ? "+ " : "> ");
  const std::string from = request.backend.empty() ? "" : " from " + quote(request.backend);
  return begin + escaped(host::canonical(request.plan.at(at))) + from;
}

std::string attempt_text(unsigned number) { return "attempt " + std::to_string(number); }

std::string random_text(size_t count) { return "random " + std::to_string(count); }

std::string keys_text(const std::string& set) { return "keys " + quote(set); }

std::string verifies_text(const std::string& key, ByteView message, ByteView signature) {
  return "verifies " + quote(key) + " " + to_hex(message) + " " + to_hex(signature);
}

std::string sign_text(const std::string& key, ByteView message) {
  return "sign " + quote(key) + (message.empty() ? "" : " ") + to_hex(message);
}

std::string domains_text(const std::optional<host::DomainRecord>& put) {
  if (!put) return "domains";
  return (put->ahead ? "domains expect " : "domains put ") + domain_text(*put);
}

std::string unwrap_text(const host::WrappedKeys& keys, bool all) {
  std::string out = "unwrap " + quote(keys.name) + " under " + quote(keys.under) + " " + keys.form + " " + keys.type +
                    " version=" + to_hex(keys.version) + " from " + quote(keys.backend) + " keys=";
  for (size_t i = 0; i < keys.keys.size(); ++i) {
    out += (i == 0 ? "" : ",") + (all ? to_hex(keys.keys[i]) : left_out(keys.keys[i].size()));
  }
  out += " kcvs=";
  for (size_t i = 0; i < keys.kcvs.size(); ++i) out += (i == 0 ? "" : ",") + to_hex(keys.kcvs[i]);
  return out;
}

std::string argument_text(const RecordedArgument& argument) {
  using Type = RecordedArgument::Type;
  const std::string name = quote(argument.name) + " ";
  switch (argument.type) {
    case Type::string:
      return name + "string " + quote(argument.text);
    case Type::key:
      return name + "key " + quote(argument.text);
    case Type::bytes:
      return name + "bytes" + (argument.bytes.empty() ? "" : " ") + to_hex(argument.bytes);
    case Type::integer:
      return name + "integer " + std::to_string(argument.number);
    case Type::boolean:
      return name + "boolean " + (argument.number ? "true" : "false");
    case Type::secret:
      return name + "secret " + left_out(static_cast<size_t>(argument.number));
    case Type::cap:
      return name + "cap " + quote(argument.text) + " " + to_hex(argument.bytes);
  }
  return name;
}

std::string head_text(const RecordingHead& head) {
  std::string out = "run " + quote(head.flow) + "\ncard " + quote(head.card) + "\nflavor " + quote(head.flavor) +
                    "\nbundle " + head.bundle + "\npolicy " + quote(head.policy) + " " + head.policy_hash + "\n";
  if (head.all_answers) out += "all answers\n";
  for (const RecordedArgument& argument : head.arguments) out += "argument " + argument_text(argument) + "\n";
  return out;
}

std::string line_text(const RecordedLine& line) {
  if (std::holds_alternative<std::monostate>(line.reply)) return line.request + "\n";
  const std::string reply = reply_text(line.reply);
  return line.request + " =>" + (reply.empty() ? "" : " ") + reply + "\n";
}

}  // namespace cw::engine
