#include "base/error.h"

namespace cw {

std::string_view name_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::usage:
      return "usage";
    case ErrorKind::script:
      return "script";
    case ErrorKind::card:
      return "card";
    case ErrorKind::reader:
      return "reader";
    case ErrorKind::channel:
      return "channel";
    case ErrorKind::cap:
      return "cap";
    case ErrorKind::http:
      return "http";
    case ErrorKind::policy:
      return "policy";
    case ErrorKind::budget:
      return "budget";
    case ErrorKind::store:
      return "store";
    case ErrorKind::internal:
      return "internal";
  }
  return "internal";
}

Error Error::within(std::string_view doing) const { return {kind_, std::string(doing) + ": " + message_, sw_, cause_}; }

}  // namespace cw
