// The names that a certificate can be for.
#pragma once

#include <string>

#include "base/result.h"

namespace gridloom::net {

// A numeric address.
[[nodiscard]] bool is_address(const std::string& name);
// kBadParams: it is neither a host name nor an address.
[[nodiscard]] Status check_host(const std::string& host);

}  // namespace gridloom::net
