// The first frame of a journal: what the run was made of, so that any process on the store can make it again. Files are
// named by their hash and kept beside; secret arguments are sealed a second time, so that who reads a journal's text
// does not read them.
//
// Plain values.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "crypto/seal.h"
#include "engine/run.h"
#include "journal/shelf.h"
#include "store/store.h"

namespace cw::journal {

/// Version of the journal's format. A run is built again only by the same, and the same of what scripts can call.
inline constexpr int kJournalFormat = 1;
using engine::kApi;

/// What only the program that started the run knows, and needs to start it again.
struct Origin {
  std::string card{};                   // as --card had it
  std::optional<std::string> flavor{};  // as --flavor had it
  std::optional<std::string> keys{};    // path of the key store; absent: none was named
  std::optional<std::string> card_state{};
  bool card_shared = false;
  std::optional<uint64_t> seed{};  // as --seed had it
};

/// What a frame says, and which files of the store it names.
struct HeadText {
  std::string text{};
  std::vector<std::string> files{};
};

/// Puts the bundle, the policy and CAP files into the store.
HeadText write_head(store::Store& store, const engine::RunSetup& setup, const engine::Flow& flow, const Origin& origin,
                    const crypto::SealingKey& key);

/// Who has to agree before the run does anything to its card.
struct ConsentNeeded {
  std::string domain{};                  // AID of the security domain, upper case hex digits; empty: nobody has to
  std::vector<std::string> providers{};  // beside those that the store knows
};

struct Head {
  int format = 0;
  int api = 0;
  Origin origin{};
  engine::RecordingHead recording{};
  engine::CardTraits traits{};
  engine::CardCounter counter{};
  int64_t begun = 0;    // when the run began, as its policy judges it
  std::string owner{};  // whose run it is; empty: the operator's own
  ConsentNeeded consent{};
  std::string arguments{};  // as written: read_setup() reads them
};

/// Raises store: not a head, or one of a newer format.
Head read_head(std::string_view text);

/// The run's bundle, policy, flow and arguments, as they were. Keys, reader and observer are whoever's who starts it.
/// Raises store: a file that is not there any more.
/// `shelf`: may be null.
engine::RunSetup read_setup(store::Store& store, const Head& head, const crypto::SealingKey& key,
                            Shelf* shelf = nullptr);

/// A file of the store, as it was put in. Raises store: it is not there, or is damaged.
Bytes stored_file(store::Store& store, const std::string& sha256);

}  // namespace cw::journal
