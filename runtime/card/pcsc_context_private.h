// A context of pcsc-lite, and the two questions it answers without a card. All on one thread; any call may hang.
#pragma once

#include <string>
#include <vector>

#include <winscard.h>

#include "card/pcsc.h"

namespace cw::card {

inline uint32_t pcsc_code(LONG code) { return static_cast<uint32_t>(code); }

class PcscContext {
 public:
  PcscContext() = default;
  ~PcscContext();
  PcscContext(const PcscContext&) = delete;
  PcscContext& operator=(const PcscContext&) = delete;

  /// Opens it if it is not open.
  LONG open();
  void close();
  SCARDCONTEXT get() const { return context_; }

  /// Names in pcscd's order; none is no error.
  LONG names(std::vector<std::string>& out);
  /// How each is now.
  LONG look(const std::vector<std::string>& names, std::vector<PcscReaderInfo>& out);
  /// Comes back when a reader is not as `seen`, a reader comes or goes, or `limit` is over.
  LONG wait(const std::vector<PcscReaderInfo>& seen, std::chrono::milliseconds limit);

 private:
  SCARDCONTEXT context_ = 0;
  bool open_ = false;
};

}  // namespace cw::card
