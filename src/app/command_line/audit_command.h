// `gridloom audit`: prints the audit. tidy: allowed, its test reads lines
#pragma once

#include <string>

#include "time/time_zone.h"
#include "wire/json.h"

namespace gridloom::app {

// One line of text for an entry: "2026-11-20 14:05:30 set who=anna sn=R331 ...".
[[nodiscard]] std::string line_of(const wire::Json& entry, const time::TimeZone& zone);

}  // namespace gridloom::app
