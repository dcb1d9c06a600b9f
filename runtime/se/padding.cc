#include "session_private.h"

namespace cw::se {

std::optional<size_t> unpadded_size(ByteView data) {
  size_t size = data.size();
  while (size > 0 && data[size - 1] == 0x00) --size;
  if (size == 0 || data[size - 1] != 0x80) return {};
  return size - 1;
}

void pad(Bytes& data, size_t block) {
  data.push_back(0x80);
  data.resize((data.size() + block - 1) / block * block, 0x00);
}

}  // namespace cw::se
