// What a state's memory adds up to, and where it ends. Refuses a growing block once the limit is armed: over the limit,
// or a single block over 1 MiB. The state turns a refusal into the end of the run, since what a script does after
// running out would depend on when garbage was collected.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cw::lua {

/// 1 MiB of content, and what Lua puts around it.
inline constexpr size_t kLargestBlock = (1u << 20) + 64;
/// Blocks from here on make single instructions slow: the clock is looked at more often.
inline constexpr size_t kLargeBlock = 64u << 10;

class Memory {
 public:
  enum class Refusal { none, limit, block };

  void set_limit(size_t limit);
  size_t limit() const { return limit_; }
  /// Unarmed while the host works on the state: its own calls must not run out.
  void arm(bool armed) { armed_ = armed; }
  /// Room for what a killed script still does on its way out.
  void open_reserve() { reserve_ = kReserve; }

  /// As lua_Alloc asks. Null with refusal() set: refused.
  void* resize(void* block, size_t old_size, size_t new_size);
  /// C++ memory that a handle holds on behalf of the script. May pass the limit; the next growing block is refused
  /// then.
  void charge(size_t bytes);
  void release(size_t bytes);
  bool over_limit() const { return used_ > limit_; }

  /// True once each time that 75 % is passed: time for a full collection, since LuaJIT has no emergency one.
  bool take_pressure();
  Refusal refusal() const { return refusal_; }
  bool large_seen() const { return large_seen_; }
  size_t used() const { return used_; }
  size_t peak() const { return peak_; }

 private:
  static constexpr size_t kReserve = 256u << 10;

  /// No sliver: close to the limit a script would do nothing but collect.
  size_t room_between_collections() const { return limit_ / 16; }
  void add(size_t bytes);
  void subtract(size_t bytes);

  size_t used_ = 0;
  size_t peak_ = 0;
  size_t limit_ = SIZE_MAX;
  size_t reserve_ = 0;
  size_t collect_at_ = SIZE_MAX;
  bool armed_ = false;
  bool pressure_ = false;
  bool large_seen_ = false;
  Refusal refusal_ = Refusal::none;
};

}  // namespace cw::lua
