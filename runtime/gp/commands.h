// GlobalPlatform commands as plain APDUs (GPCS 11), before any secure channel: class 80, no Le where the answer is
// empty. PUT KEY is in put_key.h, INITIALIZE UPDATE in channel.h.
#pragma once

#include <vector>

#include "card/apdu.h"
#include "gp/registry.h"

namespace cw::gp {

/// SELECT by name (11.9); an empty AID selects the issuer security domain. `next`: the next occurrence of a partial
/// AID.
card::Apdu select(ByteView aid, bool next = false);

/// GET DATA (11.3) of a tag of one or two bytes: 00E0, 0066, 9F7F, 00C1, 00CF, ...
card::Apdu get_data(uint16_t tag);

/// GET STATUS (11.4); an empty search AID finds all. `next`: the next part after 6310.
card::Apdu get_status(RegistryScope scope, ByteView search_aid = {}, bool next = false, bool legacy = false);

/// SET STATUS (11.10). P1: 80 the card or ISD, 40 an application or security domain, 60 a security domain with all its
/// applications; `state` is the life cycle, or 80 to lock and 00 to unlock.
card::Apdu set_status(uint8_t p1, uint8_t state, ByteView aid);

/// DELETE (11.2) of an application or load file; `related` takes its instances too. The token (9E) may be empty.
card::Apdu delete_object(ByteView aid, bool related = false, ByteView token = {});
/// DELETE of keys (11.2.2.3.2): one by identifier, or all of a version with `key_id` 0.
card::Apdu delete_key(uint8_t key_version, uint8_t key_id = 0);

/// INSTALL [for load] (11.5.2.3.1). An empty hash, SD AID or token is sent as 00.
struct LoadParameters {
  Bytes load_file_aid{};
  Bytes security_domain_aid{};
  Bytes hash{};        // of the load file data block
  Bytes parameters{};  // EF { C6, C7, C8 }, ...
  Bytes token{};
};
card::Apdu install_for_load(const LoadParameters& wanted);

/// INSTALL [for install], [for make selectable], or both (11.5.2.3.2).
struct InstallParameters {
  Bytes load_file_aid{};
  Bytes module_aid{};
  Bytes application_aid{};
  Bytes privileges{0x00};        // 1 or 3 bytes
  Bytes parameters{0xC9, 0x00};  // C9 is mandatory, also when empty
  Bytes token{};
};
card::Apdu install_for_install(const InstallParameters& wanted);
card::Apdu install_for_make_selectable(const InstallParameters& wanted);
card::Apdu install_for_install_and_make_selectable(const InstallParameters& wanted);

/// INSTALL [for extradition] (11.5.2.3.4): an application or load file to another security domain.
card::Apdu install_for_extradition(ByteView security_domain_aid, ByteView aid, ByteView parameters = {},
                                   ByteView token = {});
/// INSTALL [for registry update] (11.5.2.3.5).
card::Apdu install_for_registry_update(ByteView security_domain_aid, ByteView aid, ByteView privileges,
                                       ByteView parameters = {}, ByteView token = {});
/// INSTALL [for personalization] (11.5.2.3.6): the STORE DATA that follow go to `aid`.
card::Apdu install_for_personalization(ByteView aid);

/// LOAD (11.6): the load file (C4 header, DAP blocks and all) cut into blocks. P1 80 marks the last; the block number
/// starts again at 00 after FF. Raises usage: an empty file, a block size of 0 or over 255.
std::vector<card::Apdu> load(ByteView load_file, size_t block_size);

/// P1 of STORE DATA (11.11, table 11-89) but for the last-block bit.
enum class StoreDataStructure : uint8_t { none = 0x00, dgi = 0x08, ber_tlv = 0x10 };
enum class StoreDataEncryption : uint8_t { none = 0x00, application_dependent = 0x20, encrypted = 0x60 };
/// One STORE DATA block. Raises usage: a block number over 255.
card::Apdu store_data(ByteView data, unsigned block, bool last, StoreDataStructure structure,
                      StoreDataEncryption encryption = StoreDataEncryption::none);

/// MANAGE CHANNEL (11.7).
card::Apdu open_channel();
card::Apdu close_channel(uint8_t channel);

}  // namespace cw::gp
