// quota/data: what is asked for, and the list that answers it by the formulas in the device file.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "catalog/family.h"
#include "history/quantity.h"
#include "wire/json.h"

namespace gridloom::http {

struct HistoryQuestion {
  std::string code;
  std::int64_t from_ms = 0;
  std::int64_t to_ms = 0;
};
// Of a request's body. kBadParams: what is missing, no time, reversed, or over a week.
[[nodiscard]] Result<HistoryQuestion> history_question(const wire::JsonObject& body);

// kUnknownIndexCode: the family does not have it.
[[nodiscard]] Result<const catalog::History*> history_of(const catalog::Family& family,
                                                         const std::string& code);

// [{"indexName":"From Solar","indexValue":32.27,"unit":"kWh"}, ...] (document 003, "Historical
// data").
[[nodiscard]] std::string history_list(const catalog::History& history,
                                       const history::Energies& energies);

}  // namespace gridloom::http
