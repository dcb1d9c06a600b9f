// What the card keeps in non-volatile memory: the registry of GPCS 6.5 and everything that hangs from it. Plain values;
// the entries are shared until changed (Cow), so that a transaction's copy of the whole memory costs a few pointers.
//
// Key bytes are here as a chip has them: they are the simulated card's own, published test keys or what the host
// loaded into a simulation. They never leave the card but by save().
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "base/bytes.h"

namespace cw::se {

using Aid = Bytes;

/// A value shared between copies until one of them edits it.
template <class T>
class Cow {
 public:
  Cow() : value_(std::make_shared<T>()) {}
  explicit Cow(T value) : value_(std::make_shared<T>(std::move(value))) {}

  const T& operator*() const { return *value_; }
  const T* operator->() const { return value_.get(); }
  T& edit() {
    if (value_.use_count() > 1) value_ = std::make_shared<T>(*value_);
    return *value_;
  }

 private:
  std::shared_ptr<T> value_;
};

/// Privileges of GPCS 11.1.2, the three bytes as one number.
namespace privilege {
inline constexpr uint32_t kSecurityDomain = 0x800000;
inline constexpr uint32_t kDap = 0x400000;
inline constexpr uint32_t kDelegatedManagement = 0x200000;
inline constexpr uint32_t kCardLock = 0x100000;
inline constexpr uint32_t kCardTerminate = 0x080000;
inline constexpr uint32_t kCardReset = 0x040000;
inline constexpr uint32_t kMandatedDap = 0x010000;
inline constexpr uint32_t kAuthorizedManagement = 0x004000;
inline constexpr uint32_t kTokenManagement = 0x002000;
inline constexpr uint32_t kGlobalDelete = 0x001000;
inline constexpr uint32_t kGlobalLock = 0x000800;
inline constexpr uint32_t kGlobalRegistry = 0x000400;
inline constexpr uint32_t kFinalApplication = 0x000200;
inline constexpr uint32_t kReceiptGeneration = 0x000080;
}  // namespace privilege

/// Life cycle states of GPCS 11.1.1.
namespace state {
inline constexpr uint8_t kLoaded = 0x01;
inline constexpr uint8_t kInstalled = 0x03;
inline constexpr uint8_t kSelectable = 0x07;
inline constexpr uint8_t kPersonalized = 0x0F;
inline constexpr uint8_t kLockedBit = 0x80;
inline constexpr uint8_t kOpReady = 0x01;
inline constexpr uint8_t kInitialized = 0x07;
inline constexpr uint8_t kSecured = 0x0F;
inline constexpr uint8_t kCardLocked = 0x7F;
inline constexpr uint8_t kTerminated = 0xFF;
}  // namespace state

namespace key_type {
inline constexpr uint8_t kDes = 0x80;
inline constexpr uint8_t kAes = 0x88;
}  // namespace key_type

struct KeyComponent {
  uint8_t type = 0;
  Bytes value{};
};

struct CardKey {
  uint8_t id = 0;
  uint8_t version = 0;
  std::vector<KeyComponent> parts{};  // one, or several for RSA and ECC
  uint8_t usage = 0;
  uint8_t access = 0;

  uint8_t type() const { return parts.empty() ? 0 : parts[0].type; }
  size_t size() const { return parts.empty() ? 0 : parts[0].value.size(); }
};

/// What a security domain has beyond an application.
struct Domain {
  std::vector<CardKey> keys{};               // in the order they came
  std::map<uint8_t, uint32_t> counters{};    // sequence counter of each key version
  std::map<uint8_t, unsigned> attempts{};    // authentications not yet proved good, by key version; 00 is the domain
  std::map<uint16_t, Bytes> objects{};       // STORE DATA: 42, 45, 66, 5F50 ...
  std::map<uint16_t, Bytes> certificates{};  // content of BF21, by key identifier and version (Amd F)
  uint16_t confirmations = 0;                // counter of the next receipt (GPCS C.5)
  std::optional<uint8_t> scp02_i{};          // C9 tag 81; neither: as the card has them
  std::optional<uint8_t> scp03_i{};
  std::optional<uint8_t> accepts_in{};        // C9 tag 82: extradition into this domain
  std::optional<uint8_t> accepts_deletion{};  // C9 tag 83: deletion of its content by another domain
  std::optional<uint8_t> accepts_out{};       // C9 tag 87: extradition away from it
  bool personalized_explicitly = false;       // C9 tag 84
};

/// What an applet instance keeps of its personalization.
struct Contents {
  std::map<uint16_t, Bytes> groups{};  // by DGI
  std::vector<Bytes> blocks{};         // STORE DATA without DGIs, as it came; ARA-M: its rules
  bool personalized = false;
  uint8_t pin_tries = 3;
  uint64_t refresh_tag = 0;  // ARA-M
};

enum class Kind : uint8_t { domain, applet, access_rules };

struct Application {
  Aid aid{};
  Aid load_file{};
  Aid module{};
  Aid domain{};  // associated security domain; the ISD's own AID for the ISD
  Kind kind = Kind::applet;
  uint32_t privileges = 0;
  uint8_t state = state::kInstalled;  // the ISD's is the card's, Nvm::card_state
  size_t nvm_quota = 0;
  size_t ram_quota = 0;
  Bytes parameters{};  // C9
  Domain sd{};
  Contents contents{};

  bool locked() const { return (state & state::kLockedBit) != 0; }
  bool has(uint32_t privilege) const { return (privileges & privilege) == privilege; }
};

struct LoadFile {
  Aid aid{};
  Aid domain{};
  uint16_t version = 0;  // major, minor
  std::vector<Aid> modules{};
  std::vector<Aid> imports{};
  std::shared_ptr<const Bytes> code{};  // load file data block
  bool built_in = false;                // in ROM
};

/// A DELETE that has begun (GPCS 9.5): completed in this card session or the next.
struct Deletion {
  std::vector<Aid> applications{};
  std::optional<Aid> load_file{};
};

struct Nvm {
  uint8_t card_state = state::kOpReady;
  std::vector<Cow<Application>> applications{};  // the first is the ISD
  std::vector<Cow<LoadFile>> load_files{};
  std::optional<Deletion> deletion{};
  unsigned failed_loads = 0;
};

}  // namespace cw::se
