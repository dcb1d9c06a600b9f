#include <algorithm>
#include <cstdlib>
#include <utility>

#include "memory_private.h"

namespace cw::lua {

void Memory::set_limit(size_t limit) {
  limit_ = limit;
  collect_at_ = limit - limit / 4;
}

void* Memory::resize(void* block, size_t old_size, size_t new_size) {
  if (new_size == 0) {
    std::free(block);
    subtract(old_size);
    return nullptr;
  }
  if (new_size > old_size && armed_) {
    if (new_size > kLargestBlock) {
      refusal_ = Refusal::block;
      return nullptr;
    }
    if (used_ + (new_size - old_size) > limit_ + reserve_) {
      refusal_ = Refusal::limit;
      return nullptr;
    }
  }
  void* moved = std::realloc(block, new_size);
  if (moved == nullptr) {
    refusal_ = Refusal::limit;
    return nullptr;
  }
  if (new_size > old_size) {
    add(new_size - old_size);
  } else {
    subtract(old_size - new_size);
  }
  large_seen_ = large_seen_ || new_size >= kLargeBlock;
  return moved;
}

void Memory::charge(size_t bytes) { add(bytes); }
void Memory::release(size_t bytes) { subtract(bytes); }

bool Memory::take_pressure() { return std::exchange(pressure_, false); }

void Memory::add(size_t bytes) {
  used_ += bytes;
  peak_ = std::max(peak_, used_);
  if (used_ >= collect_at_) {
    pressure_ = true;
    collect_at_ = used_ + room_between_collections();
  }
}

void Memory::subtract(size_t bytes) {
  used_ -= std::min(used_, bytes);
  collect_at_ = std::min(collect_at_, std::max(used_ + room_between_collections(), limit_ - limit_ / 4));
}

}  // namespace cw::lua
