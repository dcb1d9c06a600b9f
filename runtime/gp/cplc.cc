#include "gp/cplc.h"

#include <string>

#include "base/error.h"
#include "card/tlv.h"

namespace cw::gp {

namespace {

struct FieldRow {
  std::string_view name;
  size_t size;
};

constexpr FieldRow kFields[] = {
    {"ic_fabricator", 2},
    {"ic_type", 2},
    {"os_id", 2},
    {"os_release_date", 2},
    {"os_release_level", 2},
    {"ic_fabrication_date", 2},
    {"ic_serial_number", 4},
    {"ic_batch_identifier", 2},
    {"ic_module_fabricator", 2},
    {"ic_module_packaging_date", 2},
    {"icc_manufacturer", 2},
    {"ic_embedding_date", 2},
    {"ic_pre_personalizer", 2},
    {"ic_pre_perso_equipment_date", 2},
    {"ic_pre_perso_equipment_id", 4},
    {"ic_personalizer", 2},
    {"ic_personalization_date", 2},
    {"ic_perso_equipment_id", 4},
};
constexpr size_t kSize = 42;

}  // namespace

std::vector<CplcField> parse_cplc(ByteView data) {
  const auto header = card::read_tlv_header(data);
  const bool wrapped = header && header->tag == 0x9F7F && header->size + header->length == data.size();
  ByteView rest = wrapped ? data.subspan(header->size) : data;
  if (rest.size() != kSize) {
    throw Error(ErrorKind::card, "reading CPLC (9F7F): " + std::to_string(rest.size()) + " bytes in place of 42");
  }
  std::vector<CplcField> out;
  for (const FieldRow& field : kFields) {
    out.push_back({field.name, to_bytes(rest.first(field.size))});
    rest = rest.subspan(field.size);
  }
  return out;
}

}  // namespace cw::gp
