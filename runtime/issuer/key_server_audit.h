// The key server's audit: a file that only grows, a line of JSON for each request, each with the hash of the line
// before and its own (SHA-256 over the line up to its hash). Never a key, wrapped or not.
//
//   {"number":7,"time":"2026-11-26T15:00:00.123Z","tsm":"acme",...,"previous":"...","hash":"..."}
//
// Owner: the key server; no other process has the file open. Thread rule: add() from any thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/fd.h"

namespace cw::issuer {

/// One request.
struct AuditedRequest {
  int64_t time = 0;       // milliseconds since 1970
  std::string tsm{};      // its id; empty: not on the list
  std::string subject{};  // of the certificate
  std::string address{};
  std::string form{};  // json, soap11, soap12
  Bytes key_data{};    // empty: it was not read
  std::optional<unsigned> kek{};
  std::optional<uint8_t> version{};
  std::string outcome{};  // answered, or the name of the refusal
  std::string why{};
};

class KeyServerAudit {
 public:
  /// Opens the file, or makes it, and follows its chain. A last line without its end was cut off while it was written,
  /// so nothing was answered for it: it is removed. Raises usage: the file cannot be written, another process has it;
  /// store: the chain is broken, and where.
  explicit KeyServerAudit(std::filesystem::path file);

  /// On the disk when it returns. Raises store, and the file is as it was.
  void add(const AuditedRequest& request);

  uint64_t size() const;

 private:
  void follow();
  void append_line(const std::string& line);

  const std::filesystem::path file_;
  Fd fd_;
  mutable std::mutex mutex_;
  uint64_t number_ = 0;
  uint64_t bytes_ = 0;
  std::string last_;     // hash of the last line, hexadecimal
  bool broken_ = false;  // what was written in part could not be removed
};

}  // namespace cw::issuer
