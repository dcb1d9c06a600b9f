#include "journal/frames.h"

#include <charconv>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/hex.h"
#include "engine/recording_text.h"

namespace cw::journal {

namespace {

using nlohmann::json;

constexpr std::string_view kNext = "next ";
constexpr std::string_view kEvidence = "~ ";

[[noreturn]] void damaged(std::string_view line) {
  throw Error(ErrorKind::store, "reading a journal: a line that is none: '" + std::string(line.substr(0, 60)) +
                                    "'; it was written by another version, or the store is damaged");
}

uint64_t number_after(std::string_view line, std::string_view word) {
  uint64_t out = 0;
  const char* begin = line.data() + word.size();
  const char* end = line.data() + line.size();
  if (std::from_chars(begin, end, out).ptr != end) damaged(line);
  return out;
}

void evidence(std::string& text, const json& object) { text += std::string(kEvidence) + object.dump() + "\n"; }

Bytes bytes_of(const json& object, const char* name) { return from_hex(object.at(name).get<std::string>()); }

json to_json(const engine::ChannelMaterial& material) {
  const host::OpenChannel& asked = material.asked;
  json out = {{"channel", material.channel},
              {"keys", asked.keys},
              {"key_version", asked.key_version},
              {"level", asked.level},
              {"aid", to_hex(asked.aid)},
              {"logical_channel", asked.logical_channel},
              {"s16", asked.s16},
              {"version", material.version},
              {"host_challenge", to_hex(material.host_challenge)},
              {"answer", to_hex(material.answer)}};
  if (asked.scp) out["scp"] = *asked.scp;
  if (asked.i) out["i"] = *asked.i;
  return out;
}

engine::ChannelMaterial material_of(const json& object) {
  engine::ChannelMaterial out;
  out.channel = object.at("channel");
  out.asked.keys = object.at("keys");
  out.asked.key_version = object.at("key_version");
  out.asked.level = object.at("level");
  out.asked.aid = bytes_of(object, "aid");
  out.asked.logical_channel = object.at("logical_channel");
  out.asked.s16 = object.at("s16");
  if (object.contains("scp")) out.asked.scp = object["scp"].get<uint8_t>();
  if (object.contains("i")) out.asked.i = object["i"].get<uint8_t>();
  out.version = object.at("version");
  out.host_challenge = bytes_of(object, "host_challenge");
  out.answer = bytes_of(object, "answer");
  return out;
}

}  // namespace

namespace {

constexpr size_t kMac = 16;

Bytes mac_of(const crypto::SealingKey& key, const char* purpose, ByteView bytes) {
  Bytes mac = key.mac(purpose, bytes);
  mac.resize(kMac);
  return mac;
}

}  // namespace

Bytes command_mac(const crypto::SealingKey& key, ByteView travelled) { return mac_of(key, "wire command", travelled); }
Bytes answer_mac(const crypto::SealingKey& key, ByteView travelled) { return mac_of(key, "wire answer", travelled); }

void FrameText::line(const engine::RecordedLine& line) { text_ += engine::line_text(line); }
void FrameText::next(const std::string& request) { text_ += std::string(kNext) + request + "\n"; }

void FrameText::wire(const Wire& wire) {
  evidence(text_, {{"wire", to_hex(wire.command)}, {"answer", to_hex(wire.answer)}});
}

void FrameText::channel(const engine::ChannelMaterial& material) { evidence(text_, to_json(material)); }

void FrameText::mark(host::ChannelId channel, const gp::Channel::Mark& mark) {
  json out = {{"at", channel}, {"counter", mark.counter}, {"chaining", to_hex(mark.chaining)}};
  if (!mark.response_chaining.empty()) out["response"] = to_hex(mark.response_chaining);
  evidence(text_, out);
}

void FrameText::forgive(unsigned attempts) { evidence(text_, {{"forgiven", attempts}}); }

void FrameText::refused(const std::vector<std::string>& sets) { evidence(text_, {{"refused", sets}}); }

void FrameText::order(const engine::OrderMade& order, ByteView mac, const std::vector<std::string>& charges) {
  if (order.after != nullptr) evidence(text_, to_json(*order.after));
  evidence(text_, to_json(order, mac, charges));
}

void FrameText::session(const std::string& text) { evidence(text_, {{"session", to_hex(view(text))}}); }

void FrameText::stopped(const std::string& who) { evidence(text_, {{"stopped", to_hex(view(who))}}); }

void JournalLines::read(std::string_view frame) {
  while (!frame.empty()) {
    const size_t end = frame.find('\n');
    if (end == std::string_view::npos) damaged(frame);
    const std::string_view line = frame.substr(0, end);
    frame.remove_prefix(end + 1);
    if (line.starts_with(kNext)) {
      in_doubt.emplace_back(line.substr(kNext.size()));
    } else if (line.starts_with(kEvidence)) {
      read_evidence(line.substr(kEvidence.size()));
    } else {
      read_line(line);
    }
  }
}

void JournalLines::read_evidence(std::string_view text) {
  try {
    const json object = json::parse(text);
    if (object.contains("wire")) {
      travelled_.push_back({bytes_of(object, "wire"), bytes_of(object, "answer")});
      if (out) out->answered = true;
      reported = reported || !travelled_.back().answer.empty();
    } else if (object.contains("order")) {
      read_order(object);
    } else if (object.contains("report")) {
      if (out) out->orders.back().past.report = report_of(object);
    } else if (object.contains("session")) {
      session = to_string(bytes_of(object, "session"));
    } else if (object.contains("at")) {
      gp::Channel::Mark mark{bytes_of(object, "chaining"), object.at("counter"), {}};
      if (object.contains("response")) mark.response_chaining = bytes_of(object, "response");
      const auto channel = open.find(object.at("at").get<host::ChannelId>());
      if (channel != open.end()) channel->second.mark = std::move(mark);
    } else if (object.contains("refused")) {
      for (const json& set : object.at("refused")) refused.insert(set.get<std::string>());
    } else if (object.contains("stopped")) {
      stopped = true;
    } else if (object.contains("forgiven")) {
      forgiven = object.at("forgiven");
    } else {
      channels.push_back(material_of(object));
      open[channels.back().channel] = {channels.back(), {}};
    }
  } catch (const json::exception&) {
    damaged(text);
  }
}

void JournalLines::read_order(const json& object) {
  ++orders;
  if (object.contains("stand")) out = OutLines{stand_of(object), open, {}};
  if (!out) return;
  out->orders.push_back(order_of(object));
  out->answered = false;
}

void JournalLines::settle(std::string_view request) {
  if (!in_doubt.empty() && in_doubt.front() == request) in_doubt.erase(in_doubt.begin());
  if (in_doubt.empty()) out.reset();
}

void JournalLines::read_line(std::string_view line) {
  const std::string_view request = line.substr(0, line.find(" =>"));
  settle(request);
  if (!travelled_.empty()) wires.push_back({std::string(request), std::exchange(travelled_, {})});
  if (request.starts_with("attempt ")) {
    in_doubt.clear();
    out.reset();
    commands_before += std::exchange(commands, 0);
    waited_before += std::exchange(waited, {});
    attempts = static_cast<unsigned>(number_after(request, "attempt "));
    attempt_at = recorded.size();
    open.clear();
    failed = false;
  } else if (request == "reset") {
    open.clear();
  } else if (request.starts_with("close ")) {
    open.erase(static_cast<host::ChannelId>(number_after(request, "close ")));
  } else if (request == "failed") {
    failed = true;
  } else if (request == "end") {
    ended = true;
  } else if (!request.empty() && request[0] >= '0' && request[0] <= '9') {
    ++commands;
  } else if (request == "time") {
    drawn.push_back(0);
  } else if (request.starts_with("random ")) {
    drawn.push_back(number_after(request, "random "));
  }
  waits = request.starts_with("wait ") || (waits && request.starts_with("step "));
  if (request.starts_with("wait ")) {
    last_wait = std::chrono::milliseconds(number_after(request, "wait "));
    waited += last_wait;
  }
  recorded.append(line);
  recorded += '\n';
}

}  // namespace cw::journal
