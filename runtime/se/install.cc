// INSTALL [for install], [for make selectable], and both (GPCS 9.3.6, 9.3.7, 11.5.2.3.2): instances from modules.
#include "content_private.h"

namespace cw::se {
namespace {

const Aid kAccessRuleModule = {0xA0, 0x00, 0x00, 0x01, 0x51, 0x41, 0x43, 0x4C, 0x00};

// C9 of a security domain (GP UICC Configuration 4.3.2). Older hosts put other things there, which are left alone.
Domain parse_domain_parameters(ByteView bytes, const Flavor& flavor) {
  Domain domain;
  TlvReader reader(bytes);
  std::vector<Tlv> all;
  while (!reader.done()) {
    const std::optional<Tlv> one = reader.next();
    if (!one) return domain;
    all.push_back(*one);
  }
  for (const Tlv& one : all) {
    switch (one.tag) {
      case 0x81:
        if (one.value.size() != 2) refuse(sw::kWrongData, "a secure channel protocol has two bytes");
        // "SCP02 as it is": what GlobalPlatformPro writes, since INITIALIZE UPDATE does not tell the option
        // (GPSession.java openSecureChannel, GPTool.java --domain).
        if (one.value[0] == 0x02 && one.value[1] == 0x00 && flavor.scp02_i) {
          domain.scp02_i = flavor.scp02_i;
        } else if (one.value[0] == 0x02 && knows_scp02(one.value[1])) {
          domain.scp02_i = one.value[1];
        } else if (one.value[0] == 0x03 && knows_scp03(one.value[1])) {
          domain.scp03_i = one.value[1];
        } else {
          refuse(sw::kWrongData, "the card does not have this secure channel protocol and option");
        }
        break;
      case 0x82:
        domain.accepts_in = one.value.empty() ? u8(0) : one.value[0];
        break;
      case 0x83:
        domain.accepts_deletion = one.value.empty() ? u8(0) : one.value[0];
        break;
      case 0x84:
        domain.personalized_explicitly = true;
        break;
      case 0x87:
        domain.accepts_out = one.value.empty() ? u8(0) : one.value[0];
        break;
      default:
        break;
    }
  }
  return domain;
}

bool is_module_of(const LoadFile& file, ByteView module) {
  return std::any_of(file.modules.begin(), file.modules.end(), [&](const Aid& aid) { return equal(aid, module); });
}

// Card Reset makes an application the default one; there is only one of those (GPCS 6.6.2.2).
void take_card_reset(Nvm& nvm, const Application& taker) {
  if (!taker.has(privilege::kCardReset)) return;
  for (auto& entry : nvm.applications) {
    if (entry->has(privilege::kCardReset) && entry->aid != taker.aid) entry.edit().privileges &= ~privilege::kCardReset;
  }
}

}  // namespace

Reply install_for_install(Chip& chip, LogicalChannel& channel, const Command& command, bool combined) {
  LvReader fields(command.data);
  const ByteView file_aid = fields.next();
  const ByteView module = fields.next();
  const ByteView instance = fields.next();
  const uint32_t privileges = checked_privileges(chip.flavor, fields.next());
  const ByteView parameter_field = fields.next();
  const InstallParameters parameters = parse_parameters(parameter_field);
  TokenUse use = read_token(command, fields, parameter_field);
  if (combined) {
    const bool ready = chip.load && chip.load->complete && chip.load->channel == chip.number_of(channel);
    if (!ready) refuse(sw::kConditions, "the last INSTALL of a combined load, and no load is complete");
    use.input = concat({chip.load->token_input, use.input});  // GPCS C.4.7
  }
  const Application& performer = content_manager(chip, channel, use);

  if (combined) {
    if (!file_aid.empty() && !equal(file_aid, chip.load->aid)) {
      refuse(sw::kWrongData, "the combined load is of another load file");
    }
    chip.memory.write().load_files.emplace_back(std::move(*chip.load->file));
  }
  const Aid loaded = combined ? chip.load->aid : to_bytes(file_aid);
  if (combined) chip.load.reset();

  const LoadFile* file = find_load_file(chip.nvm(), loaded);
  if (file == nullptr) refuse(sw::kNoReference, "the load file is not on the card");
  if (!is_module_of(*file, module)) refuse(sw::kNoReference, "the load file has no such module");

  Application application;
  application.aid = checked_aid(instance.empty() ? module : instance);
  if (find_application(chip.nvm(), application.aid) != nullptr ||
      find_load_file(chip.nvm(), application.aid) != nullptr) {
    refuse(sw::kConditions, "this AID is in the registry already");
  }
  const bool domain_module = equal(module, chip.flavor.ssd_module);
  if (domain_module != ((privileges & privilege::kSecurityDomain) != 0)) {
    refuse(sw::kWrongData, "the Security Domain privilege goes with the module of security domains, and only with it");
  }
  application.load_file = loaded;
  application.module = to_bytes(module);
  // An application inherits its load file's domain (GPCS 9.3.6); code in ROM serves whoever installs from it.
  application.domain = file->built_in ? performer.aid : file->domain;
  if (!file->built_in) {
    const Application& owner = parent(chip.nvm(), application);
    if (!is_at_or_above(chip.nvm(), performer, owner.aid) &&
        !accepts(chip.nvm(), owner, owner.sd.accepts_in, performer)) {
      refuse(sw::kConditions, "the load file's domain does not accept the installation");
    }
  }
  application.kind = domain_module                      ? Kind::domain
                     : equal(module, kAccessRuleModule) ? Kind::access_rules
                                                        : Kind::applet;
  application.privileges = privileges;
  application.state = (command.p1 & 0x08) != 0 ? state::kSelectable : state::kInstalled;
  application.nvm_quota = parameters.nvm;
  application.ram_quota = parameters.ram;
  if (domain_module) application.sd = parse_domain_parameters(parameters.application, chip.flavor);
  application.parameters = parameters.application;

  Nvm& nvm = chip.memory.write();
  take_card_reset(nvm, application);
  Bytes receipt_fields;
  put_lv(receipt_fields, application.load_file);
  put_lv(receipt_fields, application.aid);
  if (combined) put_lv(receipt_fields, application.domain);
  nvm.applications.emplace_back(std::move(application));
  return {confirmation(chip, performer.aid, use, receipt_fields)};
}

Reply install_for_make_selectable(Chip& chip, LogicalChannel& channel, const Command& command) {
  LvReader fields(command.data);
  fields.next();
  fields.next();
  const ByteView instance = fields.next();
  const ByteView privileges = fields.next();
  const ByteView parameters = fields.next();
  parse_parameters(parameters);
  const TokenUse use = read_token(command, fields, parameters);
  const Application& performer = content_manager(chip, channel, use);

  const Application* application = find_application(chip.nvm(), instance);
  if (application == nullptr) refuse(sw::kNoReference, "the application is not on the card");
  if (!is_at_or_above(chip.nvm(), performer, application->domain)) {
    refuse(sw::kConditions, "the application belongs to a domain outside this one's hierarchy");
  }
  const uint32_t wanted = privileges.empty() ? 0 : checked_privileges(chip.flavor, privileges);
  // What is SELECTABLE may still be made the default one: GlobalPlatformPro's makeDefaultSelected, GPSession.java.
  const bool default_only = application->state == state::kSelectable && (wanted & privilege::kCardReset) != 0;
  if (application->state != state::kInstalled && !default_only) {
    refuse(sw::kConditions, "the application is not INSTALLED");
  }
  Application& entry = edit_application(chip.memory.write(), instance);
  entry.state = state::kSelectable;
  if (!privileges.empty()) {
    // Only Card Reset may change here (GPCS 11.5.2.3.3).
    entry.privileges = (entry.privileges & ~privilege::kCardReset) | (wanted & privilege::kCardReset);
    take_card_reset(chip.memory.write(), entry);
  }
  Bytes receipt_fields;
  put_lv(receipt_fields, entry.load_file);
  put_lv(receipt_fields, entry.aid);
  return {confirmation(chip, performer.aid, use, receipt_fields)};
}

}  // namespace cw::se
