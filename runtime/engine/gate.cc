#include "engine/gate.h"

#include <algorithm>
#include <charconv>

#include "base/hex.h"
#include "card/apdu.h"
#include "card/status.h"

namespace cw::engine {

namespace {

/// What a command acts on, where that can be seen and is an AID (ISO 7816-5 8.2.1.1).
std::string shown_aid(const Field<Bytes>& aid) {
  if (aid.is_absent() || aid.is_hidden()) return {};
  const Bytes& value = aid.value();
  return value.size() < 5 || value.size() > 16 ? "" : to_hex(value);
}

/// The command as a backend writes it; empty if names are in it.
std::string hex_of(const host::Command& command) {
  if (!command.data.plain()) return {};
  card::Apdu apdu;
  apdu.cla = command.cla;
  apdu.ins = command.ins;
  apdu.p1 = command.p1;
  apdu.p2 = command.p2;
  apdu.data = to_bytes(command.data.visible());
  apdu.le = command.le;
  return to_hex(apdu.encode());
}

/// In upper case as far as it may be hex digits.
std::string upper_of(std::string text) {
  for (char& c : text) c = static_cast<char>(c >= 'a' && c <= 'f' ? c - 32 : c);
  return text;
}

std::string without_space(std::string text) {
  std::erase_if(text, [](char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; });
  return text;
}

/// JSON writes a character also as \u0041, and whoever reads it sees "A".
std::string unescaped(const std::string& text) {
  std::string out;
  for (size_t at = 0; at < text.size(); ++at) {
    unsigned code = 0;
    const char* digits = text.data() + at + 2;
    const bool escape = text.compare(at, 4, "\\u00") == 0 && text.size() - at >= 6;
    if (escape && std::from_chars(digits, digits + 4, code, 16).ptr == digits + 4) {
      out += static_cast<char>(code);
      at += 5;
    } else {
      out += text[at];
    }
  }
  return out;
}

bool is_hex_digit(char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F'); }

/// Whether these hex digits stand in the text, and no others beside them.
bool has_word(const std::string& text, const std::string& word) {
  if (word.empty()) return false;
  for (size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) {
    const size_t end = at + word.size();
    if ((at == 0 || !is_hex_digit(text[at - 1])) && (end == text.size() || !is_hex_digit(text[end]))) return true;
  }
  return false;
}

}  // namespace

const std::string& Gate::name_of(const Decision& decision) const {
  return decision.by.empty() ? policy_->name() : decision.by;
}

void Gate::refuse(const Error& error, const std::string& what, const std::string& because, const Facts* facts,
                  const std::string& by) {
  refusal_ = {what, facts ? shown_aid(facts->aid) : "", flow_, by.empty() ? policy_->name() : by, because};
  throw error;
}

void Gate::refuse(const std::string& what, const Decision& decision, const Facts* facts) {
  refuse(Error(ErrorKind::policy, what + " is not allowed by policy " + name_of(decision) + ": " + decision.because +
                                      "; nothing was sent"),
         what, decision.because, facts, decision.by);
}

Gate::Gate(std::shared_ptr<const Policy> policy, std::string flow, std::vector<std::string> keys,
           std::vector<std::string> backends, Bytes isd_aid)
    : policy_(std::move(policy)),
      flow_(std::move(flow)),
      keys_(std::move(keys)),
      backends_(std::move(backends)),
      isd_aids_(isd_aid.empty() ? known_isd_aids() : std::vector<Bytes>{std::move(isd_aid)}) {}

void Gate::count() {
  if (static_cast<int64_t>(++commands_) > policy_->limits().commands) {
    refuse(Error(ErrorKind::budget, "the run has used its " + std::to_string(policy_->limits().commands) +
                                        " commands (policy limits.commands)"),
           "one command more", "limits.commands: " + std::to_string(policy_->limits().commands));
  }
}

void Gate::admit(const host::Command& command, const Circumstances& around) {
  count();
  const Facts facts = facts_of(command, around);

  // Authentication has a budget, which only Card:open_channel keeps. In any class: some cards do not look at it.
  if (command.ins == 0x50 || command.ins == 0x82) {
    refuse(Error(ErrorKind::policy, facts.name + " cannot be sent as a plain command, since it costs the card an "
                                                 "authentication attempt; open channels with Card:open_channel"),
           facts.name, "authentications have a budget, and go by Card:open_channel alone", &facts);
  }
  if (facts.opaque) {
    refuse(facts.name + " with secure messaging in its class byte",
           {false, "it was wrapped elsewhere, and goes by Card:relay alone, which says by which backend", {}}, &facts);
  }
  judge(command, facts);
}

void Gate::judge(const host::Command& command, const Facts& facts) {
  if (facts.has_key && command.ins != 0xD8 && command.ins != 0xE2) {
    refuse(Error(ErrorKind::policy, "a stored key travels in PUT KEY or STORE DATA, and not in " + facts.name),
           facts.name, "a stored key travels in PUT KEY or STORE DATA", &facts);
  }
  if (const Decision decision = policy_->judge(facts); !decision.allowed) {
    refuse(facts.name, decision, &facts);
  }
}

/// What is judged is what travels: on the channel that the request names, and whole (ISO 7816-4 5.1.1.1, 5.4.1).
void Gate::check_class(const host::Command& command, uint8_t logical_channel) const {
  if (card::channel_of(command.cla) != logical_channel) {
    throw Error(ErrorKind::usage, "class " + to_hex(command.cla) + " names logical channel " +
                                      std::to_string(card::channel_of(command.cla)) + "; commands travel on channel " +
                                      std::to_string(logical_channel));
  }
  const bool has_chaining_bit = (command.cla & 0x60) != 0x20;
  if (has_chaining_bit && (command.cla & 0x10)) {
    throw Error(ErrorKind::usage, "class " + to_hex(command.cla) +
                                      " sends a command in pieces, which cannot be judged one by one; send the whole "
                                      "command, and it is cut on the way if it has to be");
  }
}

bool Gate::is_isd(ByteView aid) const { return Circumstances{.isd_aids = isd_aids_}.is_isd(aid); }

Circumstances Gate::circumstances(const std::optional<ChannelFacts>& channel) const {
  Circumstances around;
  around.in_channel = channel.has_value();
  if (channel) {
    around.scp = channel->scp;
    around.level = channel->level;
    around.domain = channel->domain;
  }
  around.isd_aids = isd_aids_;
  around.flow = flow_;
  around.begun = begun_;
  return around;
}

std::vector<Considered> Gate::consider(const host::Command& command, const std::optional<ChannelFacts>& channel) const {
  return policy_->consider(facts_of(command, circumstances(channel)));
}

void Gate::admit(const host::Exchange& request, const std::optional<ChannelFacts>& channel) {
  const Circumstances around = circumstances(channel);
  if (!request.backend.empty()) return admit_relayed(request, around);
  for (const host::Command& command : request.plan) {
    check_class(command, request.logical_channel);
    admit(command, around);
  }
}

void Gate::replied(const host::HttpCall& call, const host::HttpReply& reply) {
  constexpr size_t kMost = 1u << 18;  // no list of commands is longer
  if (!policy_->judge_relayed(call.url, "").allowed && !policy_->judge_keys(call.url, "").allowed) return;
  // Where a server says what was wrong with a request, the request speaks.
  const bool answers = reply.status >= 200 && reply.status < 300 && reply.body.size() <= kMost;
  told_by_ = call.url;
  told_words_ = answers ? upper_of(unescaped(reply.body)) : std::string();
  told_ = without_space(told_words_);
  std::string asked = call.url + "\n" + call.body;
  for (const auto& [name, value] : call.headers) asked += "\n" + value;
  asked_ = without_space(upper_of(unescaped(asked)));
}

void Gate::admit_relayed(const host::Exchange& request, const Circumstances& around) {
  if (!is_declared(request.backend)) {
    refuse(Error(ErrorKind::policy, "flow " + flow_ + " did not declare the backend " + request.backend +
                                        " that these commands are to be from; add it to needs.backends in the flow"),
           "relaying commands of a backend", "the flow did not declare it in needs.backends");
  }
  if (const Decision any = policy_->judge_relayed(request.backend, ""); !any.allowed) {
    refuse("relaying commands of " + request.backend, any);
  }
  if (!told_by_.starts_with(request.backend)) {
    refuse(Error(ErrorKind::policy, "commands are relayed only as " + request.backend +
                                        " sent them, and it answered nothing yet, or it is not the last that did"),
           "relaying commands of a backend", "a backend's commands are those of its last answer");
  }
  for (const host::Command& command : request.plan) admit_relayed(command, around, request);
}

/// Of what was wrapped, only the header is there to be judged: a rule that asks about more refuses.
void Gate::admit_relayed(const host::Command& command, const Circumstances& around, const host::Exchange& request) {
  count();
  const std::string& backend = request.backend;
  const Facts facts = facts_of(command, around);
  const bool authenticates = command.ins == 0x50 || command.ins == 0x82;
  // What was wrapped may come in pieces, since its header tells all that there is to judge; a handshake may not.
  if (!facts.opaque || authenticates) check_class(command, request.logical_channel);
  const std::string word = hex_of(command);
  // What the request had in it may have come back, and the script made that.
  if (!has_word(told_, word) || has_word(asked_, word)) {
    refuse(Error(ErrorKind::policy, facts.name + " is not among the commands that " + backend +
                                        " answered with last, so it is not relayed; send commands of the flow's own "
                                        "with Card:send"),
           facts.name, "a backend's commands are those of its last answer", &facts);
  }
  if (facts.opaque || authenticates) {
    const Decision named = policy_->judge_relayed(backend, authenticates ? "" : facts.instruction);
    if (!named.allowed) refuse(facts.name + " of " + backend, named, &facts);
  }
  if (command.ins == 0x82) {
    // Cryptogram and MAC, 8 bytes each or 16 (GPCS E.5.2, Amd D 7.1.2).
    const size_t size = command.data.visible().size();
    if (!facts.opaque || (size != 16 && size != 32)) {
      refuse(
          Error(ErrorKind::policy, "EXTERNAL AUTHENTICATE of " + backend + " is none: it has " + std::to_string(size) +
                                       " bytes, and not a cryptogram and its MAC; nothing was sent"),
          facts.name, "a handshake has its form", &facts);
    }
    admit_protocol(0, command.p1);
  }
  judge(command, facts);
}

void Gate::admit(const host::OpenChannel& request) {
  count();
  admit_key(request.keys);
  if (!request.or_keys.empty()) admit_key(request.or_keys);
  admit_protocol(request.scp.value_or(0), request.level);
}

void Gate::admit_protocol(uint8_t scp, uint8_t level) {
  if (const Decision decision = policy_->judge_channel(scp, level); !decision.allowed) {
    refuse("opening this secure channel", decision);
  }
}

void Gate::admit(const host::WrappedKeys& keys) {
  // Each one is memory of custody, objects of a token, a line of the audit, and one more look at what a KEK makes of
  // it.
  constexpr unsigned kMost = 32;
  if (++unwraps_ > kMost) {
    refuse(Error(ErrorKind::budget, "the run has had keys unwrapped " + std::to_string(kMost) +
                                        " times, and it is no more; ask a backend for the keys of a card once"),
           "keys of a backend", "a run has keys unwrapped " + std::to_string(kMost) + " times at most");
  }
  admit_key(keys.under);
  if (!is_declared(keys.backend)) {
    refuse(Error(ErrorKind::policy, "flow " + flow_ + " did not declare the backend " + keys.backend +
                                        " that these keys are to be from; add it to needs.backends in the flow"),
           "keys of a backend", "the flow did not declare it in needs.backends");
  }
  if (const Decision decision = policy_->judge_keys(keys.backend, keys.under); !decision.allowed) {
    refuse("taking keys of " + keys.backend + " under '" + keys.under + "'", decision);
  }
  const auto said = [&](const Bytes& value) { return value.empty() || has_word(told_words_, to_hex(value)); };
  const bool sent = told_by_.starts_with(keys.backend) &&
                    std::all_of(keys.keys.begin(), keys.keys.end(),
                                [&](const Bytes& key) {
                                  return said(key) && !key.empty() && asked_.find(to_hex(key)) == std::string::npos;
                                }) &&
                    std::all_of(keys.kcvs.begin(), keys.kcvs.end(), said);
  if (sent) return;
  refuse(Error(ErrorKind::policy, "these wrapped keys and check values are not in the last answer of " + keys.backend +
                                      ", so they are not unwrapped under '" + keys.under +
                                      "'; give keys.unwrap what the backend sent, as it sent it"),
         "keys of a backend", "a backend's keys are those of its last answer");
}

bool Gate::is_declared(const std::string& backend) const {
  return backend.ends_with('/') && std::find(backends_.begin(), backends_.end(), backend) != backends_.end();
}

void Gate::admit_key(const std::string& name) {
  if (name.starts_with(host::kUnwrapped)) return;  // custody has it, or not
  if (std::find(keys_.begin(), keys_.end(), name) != keys_.end()) return;
  refuse(Error(ErrorKind::policy,
               "flow " + flow_ + " did not declare the key set '" + name + "'; add it to needs.keys in the flow"),
         "using a key set", "the flow did not declare it in needs.keys");
}

/// When the attempt is over, nobody here has keys that were unwrapped.
void Gate::admit_key_for_card(const std::string& name) {
  admit_key(name);
  if (!name.starts_with(host::kUnwrapped)) return;
  refuse(Error(ErrorKind::policy, "key set '" + name +
                                      "' is a backend's and lasts as long as this attempt, so it opens channels and is "
                                      "put onto no card; give the card a key set of custody"),
         "PUT KEY with keys of a backend", "a card is given keys that custody keeps");
}

void Gate::admit_keys(const host::Exchange& request) {
  for (const host::Command& command : request.plan) {
    for (const host::Part& part : command.data.parts()) {
      if (const auto* key = std::get_if<host::KeyPart>(&part)) admit_key_for_card(key->set);
      if (const auto* token = std::get_if<host::TokenPart>(&part)) admit_key(token->key);
      if (const auto* dap = std::get_if<host::DapPart>(&part)) admit_key(dap->key);
    }
  }
}

void Gate::admit(const host::HttpCall& request) {
  // A prefix names a folder, and a URL cannot climb out of it.
  const bool climbs = request.url.find("..") != std::string::npos || request.url.find("%2e") != std::string::npos ||
                      request.url.find("%2E") != std::string::npos || request.url.find('\\') != std::string::npos;
  const auto declared = !climbs && std::any_of(backends_.begin(), backends_.end(), [&](const std::string& prefix) {
    return prefix.ends_with('/') && request.url.starts_with(prefix);
  });
  if (!declared) {
    refuse(Error(ErrorKind::policy, "flow " + flow_ + " did not declare a backend that " + request.url +
                                        " belongs to; add its prefix, ending in '/', to needs.backends in the flow"),
           "calling a backend", "the flow did not declare it in needs.backends");
  }
  if (const Decision decision = policy_->judge_http(request.url); !decision.allowed) {
    refuse(Error(ErrorKind::policy, "calling " + request.url + " is not allowed by policy " + name_of(decision) + ": " +
                                        decision.because + "; nothing was sent"),
           "calling a backend", decision.because, nullptr, decision.by);
  }
}

}  // namespace cw::engine
