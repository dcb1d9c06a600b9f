#include "app/operator_name.h"

#include <unistd.h>

#include "service/operator_access.h"

namespace cw::app {

std::string operator_name() { return service::user_name(::geteuid()); }

}  // namespace cw::app
