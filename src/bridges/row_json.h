// A bridge as lists show it.
#pragma once

#include "bridges/bridges.h"
#include "time/time_zone.h"
#include "wire/json.h"

namespace gridloom::bridges {

// {"name","kind","on","origin","state","node","since","lastMessage","in","out","dropped","errors",
// "lastError","figures","settings"}; what is not known is left out. Times are ISO texts in `zone`.
[[nodiscard]] wire::JsonObject row_json(const BridgeRow& row, const time::TimeZone& zone);

}  // namespace gridloom::bridges
