#include "card/pcsc_features.h"

namespace cw::card {

namespace {

constexpr uint8_t kMaxApduDataSize = 0x0A;

/// The value of a tag among objects of one byte tag, one byte length.
std::optional<ByteView> value_of(ByteView objects, uint8_t tag) {
  while (objects.size() >= 2) {
    const size_t length = objects[1];
    if (2 + length > objects.size()) return {};
    if (objects[0] == tag) return objects.subspan(2, length);
    objects = objects.subspan(2 + length);
  }
  return {};
}

}  // namespace

std::optional<uint32_t> pcsc_feature(ByteView features, uint8_t feature) {
  const auto value = value_of(features, feature);
  if (!value || value->size() != 4) return {};
  return static_cast<uint32_t>(read_be(*value));
}

std::optional<uint32_t> max_apdu_data(ByteView properties) {
  const auto value = value_of(properties, kMaxApduDataSize);
  if (!value || value->size() != 4) return {};
  const ByteView v = *value;  // little-endian, unlike the control codes
  return static_cast<uint32_t>(v[0] | v[1] << 8 | v[2] << 16) | static_cast<uint32_t>(v[3]) << 24;
}

}  // namespace cw::card
