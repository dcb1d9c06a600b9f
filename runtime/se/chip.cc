#include "chip_private.h"
#include "commands_private.h"
#include "keys_private.h"

namespace cw::se {
namespace {

// What one command may grow to when it comes in parts; more is refused with 6A86 (GPCS 11.1.5.1).
constexpr size_t kChainLimit = 4096;

// PUT KEY with P1 FF is a host that means the factory's version FF, not a part of a command.
bool chains_by_p1(const Command& command) {
  if (command.ins == ins::kPutKey) return command.p1 != 0xFF;
  return command.ins == ins::kDelete || command.ins == ins::kInstall;
}

// GPCS table 11-1: what a locked or terminated card still does.
void check_card_state(uint8_t card_state, uint8_t instruction) {
  const bool get_data = instruction == ins::kGetData || instruction == ins::kGetDataOdd;
  if (card_state == state::kTerminated && !get_data) refuse(sw::kConditions, "the card is TERMINATED");
  if (card_state != state::kCardLocked) return;
  switch (instruction) {
    case ins::kInitializeUpdate:
    case ins::kExternalAuthenticate:
    case ins::kGetData:
    case ins::kGetDataOdd:
    case ins::kGetStatus:
    case ins::kSetStatus:
      return;
    default:
      refuse(sw::kConditions, "the card is CARD_LOCKED");
  }
}

// The CLA row of each command's table in GPCS chapter 11, D and E: 80-8F, C0-CF, E0-EF for those that GlobalPlatform
// defines, every class for GET DATA, whose odd instruction is of ISO 7816-4 alone (table 11-27).
void check_domain_class(const Command& command) {
  switch (command.ins) {
    case ins::kInitializeUpdate:
    case ins::kExternalAuthenticate:
    case ins::kGetStatus:
    case ins::kSetStatus:
    case ins::kPutKey:
    case ins::kStoreData:
    case ins::kDelete:
    case ins::kInstall:
    case ins::kLoad:
      if (!command.globalplatform()) refuse(sw::kClass, "a command of GlobalPlatform in the class of ISO 7816-4");
      return;
    case ins::kSelect:
    case ins::kManageChannel:
    case ins::kGetDataOdd:
      if (command.globalplatform()) refuse(sw::kClass, "a command of ISO 7816-4 in the class of GlobalPlatform");
      return;
    default:
      return;
  }
}

Reply domain_command(Chip& chip, LogicalChannel& channel, const Command& command) {
  switch (command.ins) {
    case ins::kGetData:
    case ins::kGetDataOdd:
      return get_data(chip, channel, command);
    case ins::kGetStatus:
      return get_status(chip, channel, command);
    case ins::kSetStatus:
      return set_status(chip, channel, command);
    case ins::kPutKey:
      return put_key(chip, channel, command);
    case ins::kStoreData:
      return store_data(chip, channel, command);
    case ins::kDelete:
      return delete_content(chip, channel, command);
    case ins::kInstall:
      return install(chip, channel, command);
    case ins::kLoad:
      return load(chip, channel, command);
    default:
      refuse(sw::kInstruction, "a security domain has no such instruction");
  }
}

}  // namespace

Chip::Chip(const Flavor& with) : flavor(with), memory(factory_memory(with)) {}

Bytes Chip::power_up() {
  power_down();
  memory.roll_back();
  if (nvm().deletion) {
    finish_deletion(memory.write());
    memory.commit();
  }
  powered = true;
  channels[0].open = true;
  select_on(channels[0], default_application(nvm()).aid);
  return flavor.atr;
}

void Chip::power_down() {
  powered = false;
  for (LogicalChannel& channel : channels) channel = {};
  load.reset();
}

Bytes Chip::process(ByteView bytes) {
  why.clear();
  if (!powered) return {};
  std::optional<Tear> now;
  if (tear && tear_skip == 0) {
    now = tear;
    tear.reset();
  } else if (tear) {
    --tear_skip;
  }
  if (now == Tear::before) {
    power_down();
    return {};
  }
  const Reply reply = run(bytes, now != Tear::inside);
  if (now) {
    power_down();
    return {};
  }
  Bytes out;
  out.reserve(reply.data.size() + 2);
  append(out, reply.data);
  append_be(out, reply.status, 2);
  return out;
}

// Runs a command as one transaction. Without `commit` it stays open, for the next power-up to roll back.
Reply Chip::run(ByteView bytes, bool commit) {
  try {
    Reply reply = execute(bytes);
    check_space();
    if (commit) memory.commit();
    return reply;
  } catch (const Error& error) {
    memory.roll_back();
    why = error.message();
    return {{}, error.sw().value_or(sw::kUnknown)};
  }
}

Reply Chip::execute(ByteView bytes) {
  const std::optional<Command> parsed = Command::parse(bytes);
  if (!parsed) refuse(sw::kWrongLength, "the lengths of the APDU do not fit");
  const Command command = *parsed;
  if (!command.valid_class()) refuse(sw::kClass, "no such class");
  if (command.channel() >= flavor.channels || !channels[command.channel()].open) {
    refuse(sw::kChannel, "this logical channel is not open");
  }
  LogicalChannel& channel = channels[command.channel()];

  // Hosts fetch in the class of the command before, secure messaging included (osmocom/pysim transport/__init__.py).
  if (command.ins == ins::kGetResponse && (!command.secured() || !channel.response.empty())) {
    if (channel.response.empty()) refuse(sw::kConditions, "there is no response to fetch");
    return send(channel, {std::exchange(channel.response, {}), channel.response_status}, false);
  }
  channel.response.clear();

  if (command.ins == ins::kManageChannel && !command.globalplatform()) return manage_channel(*this, channel, command);
  if (command.ins == ins::kSelect && !command.globalplatform() && !command.secured()) {
    channel.parts.reset();
    return send(channel, select(*this, channel, command), command.extended);
  }
  check_card_state(nvm().card_state, command.ins);
  return send(channel, dispatch(channel, command), command.extended);
}

// Puts a command together that came in parts. Protection was applied before it was cut, so it is looked at only then.
Reply Chip::dispatch(LogicalChannel& channel, Command command) {
  const bool to_domain = selected(channel).kind == Kind::domain;
  const bool gp_chain = to_domain && chains_by_p1(command);
  const bool more = command.chained() || (gp_chain && (command.p1 & 0x80) != 0);
  command.cla = u8(command.cla & ~0x10);
  const uint16_t same = u16(command.p1p2() & (gp_chain ? 0x7FFF : 0xFFFF));

  if (channel.parts) {
    const Parts& parts = *channel.parts;
    if (parts.cla != command.cla || parts.ins != command.ins || (parts.p1p2 & 0x7FFF) != (same & 0x7FFF)) {
      channel.parts.reset();
      refuse(sw::kConditions, "another command came between the parts of a chained one");
    }
  }
  if (to_domain) check_domain_class(command);
  if (!more && !channel.parts) return protect(channel, command);

  if (!channel.parts) channel.parts = Parts{command.cla, command.ins, same, {}};
  append(channel.parts->data, command.data);
  if (channel.parts->data.size() > kChainLimit) {
    channel.parts.reset();
    refuse(sw::kWrongP1P2, "the chained command is too long for this card");
  }
  if (more) return {};
  const Bytes whole = std::move(channel.parts->data);
  channel.parts.reset();
  command.data = whole;
  return protect(channel, command);
}

// Takes the secure channel's protection off, has the plain command done, and protects the answer.
Reply Chip::protect(LogicalChannel& channel, Command command) {
  if (command.ins == ins::kInitializeUpdate) return initialize_update(*this, channel, command);
  if (command.ins == ins::kExternalAuthenticate && command.secured()) {
    return external_authenticate(*this, channel, command);
  }

  SecureSession* session = channel.session.get();
  if (session != nullptr && !session->authenticated()) {
    channel.session.reset();  // GPCS E.5.1: EXTERNAL AUTHENTICATE has to follow
    session = nullptr;
  }
  Bytes storage;
  const bool protection = session != nullptr && session->level() != 0;
  if (command.secured() != protection) {
    channel.session.reset();
    refuse(sw::kSecurity, protection ? "a command without C-MAC in a session that wants one; the session is over"
                                     : "a command with secure messaging, and no session has it");
  }
  if (protection && !session->unwrap(command, storage)) {
    channel.session.reset();
    refuse(sw::kSecurity, "the C-MAC or the padding is wrong; the session is over");
  }

  Reply reply = carry_out(channel, command);
  // Errors travel without R-MAC (Amd D 6.2.5).
  const bool warning_or_good = reply.status == sw::kOk || reply.status >> 8 == 0x62 || reply.status >> 8 == 0x63;
  if (protection && channel.session != nullptr && warning_or_good) channel.session->wrap(reply);
  return reply;
}

Reply Chip::carry_out(LogicalChannel& channel, const Command& command) {
  understood.assign({command.cla, command.ins, command.p1, command.p2});
  if (!command.data.empty()) append_lc(understood, command.data.size());
  append(understood, command.data);
  if (!forced_answer.empty()) {
    const Bytes answer = std::exchange(forced_answer, {});
    if (answer.size() < 2) return {{}, sw::kUnknown};
    const size_t size = answer.size() - 2;
    return {Bytes(answer.begin(), answer.end() - 2), u16(answer[size] << 8 | answer[size + 1])};
  }
  const bool to_domain = selected(channel).kind == Kind::domain;
  return to_domain ? domain_command(*this, channel, command) : applet_command(*this, channel, command);
}

// More than a short answer holds waits for GET RESPONSE (GPCS 11.1.5.2).
Reply Chip::send(LogicalChannel& channel, Reply reply, bool extended) {
  constexpr size_t kShort = 256;
  if (extended || reply.data.size() <= kShort) return reply;
  channel.response.assign(reply.data.begin() + kShort, reply.data.end());
  channel.response_status = reply.status;
  reply.data.resize(kShort);
  reply.status = u16(0x6100 | (channel.response.size() > 255 ? 0 : channel.response.size()));
  return reply;
}

void Chip::check_space() const {
  if (!memory.in_transaction()) return;
  // What does not grow is always written: a full card still counts, locks and deletes.
  const bool grows = nvm_used(nvm()) > nvm_used(memory.before());
  if (grows && used_nvm() > nvm_size() && !nvm().deletion) {
    refuse(sw::kNoMemory, "the non-volatile memory is full");
  }
  if (ram_used(nvm()) > flavor.ram_bytes) refuse(sw::kNoMemory, "the RAM is used up");
}

const Application& Chip::selected(const LogicalChannel& channel) const {
  const Application* application = find_application(nvm(), channel.selected);
  if (application == nullptr) refuse(sw::kConditions, "the selected application is gone");
  if (application->locked()) refuse(sw::kConditions, "the selected application is LOCKED");
  return *application;
}

const Application& Chip::performer(const LogicalChannel& channel) const {
  if (channel.session == nullptr || !channel.session->authenticated()) {
    refuse(sw::kSecurity, "this command wants a secure channel");
  }
  return selected(channel);
}

size_t Chip::used_nvm() const { return nvm_used(nvm()) + (load && load->code ? load->size : 0); }

size_t Chip::nvm_size() const { return std::min(nvm_limit.value_or(flavor.nvm_bytes), flavor.nvm_bytes); }

size_t Chip::free_nvm() const {
  const size_t used = used_nvm();
  return used > nvm_size() ? 0 : nvm_size() - used;
}

// splitmix64: repeatable, and nobody's keys depend on it.
Bytes Chip::random(size_t count) {
  ++random_draws;
  Bytes out;
  while (out.size() < count) {
    uint64_t value = random_state += 0x9E3779B97F4A7C15;
    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9;
    value = (value ^ value >> 27) * 0x94D049BB133111EB;
    append_be(out, value ^ value >> 31, 8);
  }
  out.resize(count);
  return out;
}

void Chip::select_on(LogicalChannel& channel, const Aid& aid) {
  channel = {};
  channel.open = true;
  channel.selected = aid;
}

unsigned Chip::number_of(const LogicalChannel& channel) const {
  return static_cast<unsigned>(&channel - channels.data());
}

bool Chip::selected_elsewhere(ByteView aid, const LogicalChannel* except) const {
  return std::any_of(channels.begin(), channels.end(), [&](const LogicalChannel& channel) {
    return channel.open && &channel != except && equal(channel.selected, aid);
  });
}

}  // namespace cw::se
