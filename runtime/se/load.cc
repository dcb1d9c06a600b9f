// INSTALL [for load] and LOAD (GPCS 9.3.5, 11.5.2.3.1, 11.6). A load that fails or is interrupted leaves nothing.
#include "content_private.h"
#include "crypto/digest.h"

namespace cw::se {
namespace {

constexpr uint8_t kDapBlock = 0xE2;
constexpr uint8_t kLoadFileDataBlock = 0xC4;
constexpr uint8_t kCipheredDataBlock = 0xD4;
constexpr size_t kHeadLimit = 4096;  // DAP blocks before the code

std::optional<crypto::Hash> hash_of_size(size_t size) {
  switch (size) {
    case 20:
      return crypto::Hash::sha1;
    case 32:
      return crypto::Hash::sha256;
    case 48:
      return crypto::Hash::sha384;
    case 64:
      return crypto::Hash::sha512;
    default:
      return {};
  }
}

// Length field that may not be there yet in full.
enum class Header : uint8_t { incomplete, bad, read };
Header read_header(ByteView bytes, uint8_t& tag, size_t& header, size_t& length) {
  if (bytes.size() < 2) return Header::incomplete;
  tag = bytes[0];
  header = 2;
  length = bytes[1];
  if (length < 0x80) return Header::read;
  const size_t more = length & 0x7F;
  if (more == 0 || more > 3) return Header::bad;
  if (bytes.size() < 2 + more) return Header::incomplete;
  header += more;
  length = read_be(bytes.subspan(2, more));
  return Header::read;
}

// Goes through DAP blocks to the header of the code; what follows the header is the beginning of the code.
void read_head(Chip& chip, Load& load) {
  for (;;) {
    uint8_t tag = 0;
    size_t header = 0;
    size_t length = 0;
    const Header found = read_header(load.head, tag, header, length);
    if (found == Header::incomplete) return;
    if (found == Header::bad) refuse(sw::kWrongData, "the load file begins with a bad length");
    if (tag == kLoadFileDataBlock) {
      if (length > chip.free_nvm()) refuse(sw::kNoMemory, "the load file does not fit into the non-volatile memory");
      load.size = length;
      load.code = std::make_shared<Bytes>();
      load.code->reserve(length);
      append(*load.code, ByteView(load.head).subspan(header));
      load.head.clear();
      return;
    }
    if (tag == kCipheredDataBlock) refuse(sw::kConditions, "no domain of this card can decipher a load file");
    if (tag != kDapBlock) refuse(sw::kWrongData, "a load file begins with E2 or C4");
    if (header + length > kHeadLimit) refuse(sw::kWrongData, "the DAP blocks are too long");
    if (load.head.size() < header + length) return;
    // A block names the domain that is to verify it (4F) and carries its signature (C3).
    const std::vector<Tlv> dap = parse_tlvs(ByteView(load.head).subspan(header, length));
    const auto verifier = find_tlv(dap, 0x4F);
    const auto signature = find_tlv(dap, 0xC3);
    if (!verifier || !signature) refuse(sw::kWrongData, "a DAP block without domain or signature");
    if (find_application(chip.nvm(), *verifier) == nullptr) {
      refuse(sw::kNoReference, "the domain of a DAP block is not on the card");
    }
    if (load.hash.empty()) refuse(sw::kWrongData, "a DAP block, and INSTALL [for load] gave no hash");
    load.daps.push_back({to_bytes(*verifier), to_bytes(*signature)});
    load.head.erase(load.head.begin(), load.head.begin() + static_cast<std::ptrdiff_t>(header + length));
  }
}

void take_block(Chip& chip, Load& load, ByteView data) {
  if (load.code) {
    append(*load.code, data);
  } else {
    append(load.head, data);
    read_head(chip, load);
    if (!load.code && load.head.size() > kHeadLimit) refuse(sw::kWrongData, "no code after so many bytes");
  }
  if (load.code && load.code->size() > load.size) refuse(sw::kWrongData, "more code than the C4 header says");
}

LoadFile finished_file(const Load& load, const Nvm& nvm) {
  if (!load.code || load.code->size() != load.size) refuse(sw::kWrongData, "the last block, and code is missing");
  if (!load.hash.empty()) {
    const Bytes actual = crypto::digest(*hash_of_size(load.hash.size()), *load.code);
    if (!equal(actual, load.hash)) refuse(sw::kWrongData, "the hash of the load file data block differs");
  }
  check_dap(nvm, load);
  return read_load_file(load, nvm);
}

}  // namespace

Reply install_for_load(Chip& chip, LogicalChannel& channel, const Command& command, bool combined) {
  chip.load.reset();  // a new load ends one that was going on
  LvReader fields(command.data);
  const Aid aid = checked_aid(fields.next());
  const ByteView domain = fields.next();
  const ByteView hash = fields.next();
  const ByteView parameter_field = fields.next();
  const InstallParameters parameters = parse_parameters(parameter_field);
  const TokenUse use = read_token(command, fields, parameter_field);
  const Application& performer = content_manager(chip, channel, use, combined ? TokenDue::later : TokenDue::now);
  if (hash.empty() && !manages_content(chip.nvm(), performer)) {
    refuse(sw::kWrongData, "a load with a token, and no hash of the load file data block");  // GPCS 11.5.2.3.1
  }

  const Nvm& nvm = chip.nvm();
  if (find_load_file(nvm, aid) != nullptr || find_application(nvm, aid) != nullptr) {
    refuse(sw::kConditions, "this AID is in the registry already");
  }
  const Application* target = domain.empty() ? &performer : find_application(nvm, domain);
  if (target == nullptr) refuse(sw::kNoReference, "the security domain is not on the card");
  if (target->kind != Kind::domain) refuse(sw::kWrongData, "the load file's domain is no security domain");
  if (target != &performer) {
    // Loading into another domain is extradition (GPCS 9.3.5).
    if (!is_issuer_domain(nvm, *target) && target->state != state::kPersonalized) {
      refuse(sw::kConditions, "the load file's domain is not PERSONALIZED");
    }
    if (!accepts(nvm, *target, target->sd.accepts_in, performer)) {
      refuse(sw::kConditions, "the load file's domain does not accept it");
    }
  }
  if (!hash.empty() && !hash_of_size(hash.size())) refuse(sw::kWrongData, "no hash has that length");
  if (parameters.code > chip.free_nvm()) refuse(sw::kNoMemory, "the code that is announced does not fit");
  if (parameters.nvm > chip.free_nvm()) refuse(sw::kNoMemory, "the quota that is announced does not fit");

  Load load;
  load.channel = chip.number_of(channel);
  load.performer = performer.aid;
  load.aid = aid;
  load.domain = target->aid;
  load.hash = to_bytes(hash);
  load.token = to_bytes(use.token);
  load.token_input = use.input;
  load.token_reference = to_bytes(use.reference);
  load.combined = combined;
  chip.load = std::move(load);
  return {{0x00}};
}

Reply load(Chip& chip, LogicalChannel& channel, const Command& command) {
  const Application& performer = chip.performer(channel);
  if (!chip.flavor.content_management) refuse(sw::kInstruction, "this product has no card content management");
  if (!chip.load || chip.load->complete || chip.load->channel != chip.number_of(channel) ||
      chip.load->performer != performer.aid) {
    refuse(sw::kConditions, "no INSTALL [for load] came before");
  }
  if (command.data.size() > chip.flavor.load_block) refuse(sw::kWrongLength, "the block is too long for this card");

  // Whatever goes wrong from here on ends the load and gives its memory back.
  std::optional<Load> going = std::exchange(chip.load, {});
  try {
    if ((command.p1 & 0x7F) != 0) refuse(sw::kWrongP1P2, "LOAD has P1 00, or 80 for the last block");
    if (command.p2 != going->next_block) refuse(sw::kWrongP1P2, "a block is missing or came twice");
    ++going->next_block;
    take_block(chip, *going, command.data);
    if ((command.p1 & 0x80) == 0) {
      chip.load = std::move(going);
      return {{0x00}};
    }
    LoadFile file = finished_file(*going, chip.nvm());
    Bytes answer = {0x00};
    Nvm& nvm = chip.memory.write();
    nvm.failed_loads = 0;
    if (going->combined) {
      going->file = std::move(file);
      going->complete = true;
      chip.load = std::move(going);
    } else {
      Bytes fields;
      put_lv(fields, file.aid);
      put_lv(fields, file.domain);
      nvm.load_files.emplace_back(std::move(file));
      answer = confirmation(chip, going->performer, {going->token, going->token_input, going->token_reference}, fields);
    }
    return {answer};
  } catch (const Error&) {
    chip.memory.roll_back();
    count_failure(chip);
    throw;
  }
}

}  // namespace cw::se
