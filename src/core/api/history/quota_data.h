// quota/data: parses the request, and computes the list of the response by the formulas in the
// device file.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "catalog/family.h"
#include "history/energy/energy_flow.h"
#include "time/time_zone.h"
#include "wire/json.h"

namespace gridloom::api {

struct QuotaDataRequest {
  std::string code;
  std::int64_t from_ms = 0;
  std::int64_t to_ms = 0;
};
// Parses a request's body. kBadParams: a parameter is missing, is no time, the times are reversed,
// or the span is over a week.
[[nodiscard]] Result<QuotaDataRequest> parse_quota_data_request(const wire::JsonObject& body,
                                                                const time::TimeZone& zone);

// kUnknownIndexCode: the family does not have this index.
[[nodiscard]] Result<const catalog::History*> history_of(const catalog::Family& family,
                                                         const std::string& code);

// [{"indexName":"From Solar","indexValue":32.27,"unit":"kWh"}, ...] (document 003, "Historical
// data").
[[nodiscard]] std::string history_list(const catalog::History& history,
                                       const history::Energies& energies);

}  // namespace gridloom::api
