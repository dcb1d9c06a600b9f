#include "service/ticket.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/hex.h"

namespace cw::service {

namespace {

using nlohmann::json;

constexpr std::string_view kContext = "ticket";

[[noreturn]] void refuse() {
  throw Error(ErrorKind::usage,
              "the ticket is none of this service: it was changed on its way, or another store's key made it; ask "
              "whoever gave it for a new one");
}

}  // namespace

std::string seal_ticket(const crypto::SealingKey& key, const Ticket& ticket) {
  const json out = {{"run", ticket.run},     {"flow", ticket.flow},      {"settings", ticket.settings},
                    {"types", ticket.types}, {"flavor", ticket.flavor},  {"card", ticket.card},
                    {"owner", ticket.owner}, {"expires", ticket.expires}};
  std::string text;
  try {
    text = to_hex(key.seal(view(out.dump()), kContext));
  } catch (const json::exception&) {
    throw Error(ErrorKind::usage, "making a ticket: its flow and settings have to be UTF-8");
  }
  if (text.size() > kMaxTicket) {
    throw Error(ErrorKind::usage, "making a ticket: it would have " + std::to_string(text.size()) +
                                      " characters, and may have " + std::to_string(kMaxTicket) +
                                      ": put long arguments into files, NAME=@FILE");
  }
  return text;
}

Ticket open_ticket(const crypto::SealingKey& key, std::string_view text) {
  // One way to write it: a session goes by the ticket's text.
  if (text.size() > kMaxTicket || text.find_first_not_of("0123456789ABCDEF") != std::string_view::npos) refuse();
  try {
    const Bytes plain = key.open(from_hex(text), kContext);
    const json in = json::parse(text_view(plain));
    Ticket out;
    out.run = in.at("run");
    out.flow = in.at("flow");
    out.settings = in.at("settings");
    out.types = in.value("types", out.types);
    out.flavor = in.at("flavor");
    out.card = in.value("card", "");
    out.owner = in.value("owner", "");
    out.expires = in.at("expires");
    return out;
  } catch (const Error&) {
    refuse();
  } catch (const json::exception&) {
    refuse();
  }
}

}  // namespace cw::service
