// The parts of `cardwright ca`, and what they share.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "app/commands.h"
#include "app/keys_place.h"
#include "service/certificate_office.h"
#include "store/ledgers.h"

namespace cw::app {

void add_ca_issue(CLI::App& ca, Action& action);   // init, issue, renew
void add_ca_revoke(CLI::App& ca, Action& action);  // revoke, crl
void add_ca_query(CLI::App& ca, Action& action);   // list, show
void add_ca_serve(CLI::App& ca, Action& action);   // serve

/// The authority that a command is about where nothing else is said.
inline constexpr const char* kAuthority = "root";

void add_authority_to(CLI::App& command, std::string& authority);

/// A store and keys, open, for an office.
struct OpenOffice {
  std::shared_ptr<store::Store> store{};
  std::unique_ptr<store::Certificates> certificates{};
  std::shared_ptr<const crypto::KeyStore> keys{};

  service::CertificateOffice office() const;
};
/// `make`: a store that is not there is made. Raises usage, store.
OpenOffice open_office(const KeysPlace& place, bool make = false);

/// To `file`, else to standard output. `again`: how to have it once more, where the file cannot be written.
void give_out(const std::optional<std::filesystem::path>& file, ByteView content, const std::string& again);
/// What was issued: a line for people, or with `json` an object; its PEM into `file`, or after that line.
void give_out(const store::Certificate& certificate, const std::string& what,
              const std::optional<std::filesystem::path>& file, bool json);

}  // namespace cw::app
