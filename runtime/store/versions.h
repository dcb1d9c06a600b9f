// Versions of one thing that operators swap while runs go on (policies, bundles): what was loaded, which version is in
// use, which ones were before. A version is named by the hash of what it holds and never changes.
//
// Thread rule: any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "store/canary.h"

namespace cw::store {

struct Version {
  std::string hash{};       // of what it holds, 64 hex digits in capitals
  std::string name{};       // as it calls itself, or its file is called
  std::string origin{};     // the file that it was loaded from
  int64_t loaded = 0;       // milliseconds since 1970
  std::string loaded_by{};  // "user@host"
  int64_t discarded = 0;    // when; 0: it was not
  int64_t runs = 0;         // that began under it and are not over
};

/// From when on a version was the one that runs begin under.
struct Use {
  int64_t number = 0;  // from 1; one higher each time
  std::string hash{};
  int64_t since = 0;  // milliseconds since 1970
  std::string by{};
  std::string reason{};
};

class Versions {
 public:
  virtual ~Versions() = default;

  /// Puts it in, with what it holds, sealed in version_context(). One that is there stays as it is, and one that was
  /// discarded is back. False: it was there already. Raises store.
  virtual bool load(const Version& version, ByteView sealed) = 0;
  /// What it holds is the same, and another form of it is kept from now on: one with a signature. `why`: for the audit.
  /// Raises usage: it was discarded; store.
  virtual void replace(const std::string& hash, ByteView sealed, const std::string& by, const std::string& why) = 0;
  /// The newest first.
  virtual std::vector<Version> list() = 0;
  /// By its hash, the first digits of it (4 or more), or its name where no other version that may be used has it.
  /// Raises usage: none, or several.
  virtual Version find(const std::string& hash_or_name) = 0;
  /// What it holds, sealed. Raises usage: it was discarded.
  virtual Bytes content(const std::string& hash) = 0;

  /// The version in use; empty: none ever was.
  virtual std::optional<Use> in_use() = 0;
  /// The newest first.
  virtual std::vector<Use> history() = 0;
  /// Runs begin under this one from now on: once it returned, none begins under another, on any node. The audit keeps
  /// who did it and why. A canary that is under way ends: it was promoted, or replaced by another. Raises usage: it was
  /// discarded, is in use already, or is not there; store.
  virtual Use use(const std::string& hash, const std::string& by, const std::string& reason) = 0;
  /// Uses the version that was in use before this one. Raises usage: there was none, or it was discarded; a canary is
  /// under way; store.
  virtual Use roll_back(const std::string& by, const std::string& reason) = 0;
  /// No run can begin under it any more, and what it held is gone; runs that began under it keep their copy. Raises
  /// usage: it is in use, or a canary; store.
  virtual void discard(const std::string& hash, const std::string& by) = 0;

  /// The canary that is under way.
  virtual std::optional<Canary> canary() = 0;
  /// All that there were, the newest first.
  virtual std::vector<Canary> canaries() = 0;
  /// The version that a run of this subject begins under now (subject_of()); empty: none ever was in use.
  virtual std::string for_run(const std::string& subject) = 0;
  /// This share of the runs begins under it from now on, of kWhole; one that is under way gets this share. Raises
  /// usage: as use(), none is in use, another canary is under way; store.
  virtual Canary begin_canary(const std::string& hash, int64_t share, const std::string& by,
                              const std::string& reason) = 0;
  /// All runs begin under the version in use again. Raises usage: none is under way; store.
  virtual Canary end_canary(const std::string& by, const std::string& reason) = 0;
  /// Ends it if it does worse (does_worse()): asked by whoever ended a run that took part. Raises store.
  virtual void judge_canary(const std::string& by) = 0;
};

/// What a version's content is sealed as.
inline std::string version_context(const std::string& hash) { return "version " + hash; }

}  // namespace cw::store
