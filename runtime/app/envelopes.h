// Personal data that providers send sealed: which key of ours opens it, and whose signature counts. The file that
// CARDWRIGHT_ENVELOPES names.
//
//   { "key": "tsm.key",
//     "senders": [ { "subject": "CN=perso,O=Acme", "authorities": "acme-ca.pem", "owner": "acme" } ] }
//
// Names of files are those beside it.
//
// Owner: whoever starts runs. Immutable.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "crypto/envelope.h"
#include "engine/arguments.h"
#include "store/store.h"

namespace cw::app {

class Envelopes {
 public:
  Envelopes() = default;
  /// Raises usage, naming file and field.
  static Envelopes load(const std::filesystem::path& file);
  /// That of CARDWRIGHT_ENVELOPES, else none. Raises as load.
  static Envelopes configured();

  /// Secret arguments whose file is an envelope become what is in it; all others stay. `owner`: whose run it is;
  /// senders of other owners do not count. `store`: may be null; its audit says whose data was opened. Raises usage:
  /// naming argument and file, and why it does not open.
  void open(const engine::Flow& flow, std::vector<engine::Setting>& settings, const std::string& owner,
            store::Store* store) const;

  /// For commands that open none: raises usage where the file of a secret argument is an envelope.
  static void refuse(const engine::Flow& flow, const std::vector<engine::Setting>& settings);

 private:
  struct Sender {
    crypto::EnvelopeSender sender{};
    std::string owner{};
  };
  std::filesystem::path key_{};  // empty: none
  std::vector<Sender> senders_{};
};

}  // namespace cw::app
