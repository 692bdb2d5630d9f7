#include "api/history/quota_data.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/message/params.h"
#include "time/iso_text.h"

namespace gridloom::api {
namespace {

using history::Energies;
using wire::JsonObject;

constexpr std::string_view kForm = "2024-06-17 00:00:00";
// Counted on the clocks: a week in which they change has an hour more or less.
constexpr Millis kLongest = std::chrono::days(7);

// "2024-06-17 00:00:00" in the server's time zone, and in no other form (quirk 56).
Result<time::LocalTime> local_time(const JsonObject& params, std::string_view key) {
  const std::string path = fmt::format("params.{}", key);
  GL_TRY(const auto text, text_param(params, key, path));
  const auto iso = time::parse_iso(text);
  if (iso && text.size() == kForm.size() && text[10] == ' ' && !iso->offset &&
      iso->local >= time::LocalTime(std::chrono::days(0))) {
    return iso->local;
  }
  return fail(ErrorCode::kBadParams,
              fmt::format("{} is {:?}: must be a time as {:?}", path, shown(text), kForm));
}

double wh_of(const Energies& energies, std::string_view counter) {
  const auto flow = history::energy_flow_of(counter);
  return flow ? energies.of(*flow) : 0;
}

double round_to(double value, double steps) { return std::round(value * steps) / steps; }

}  // namespace

Result<QuotaDataRequest> parse_quota_data_request(const JsonObject& body,
                                                  const time::TimeZone& zone) {
  GL_TRY(const auto params, params_of(body));
  GL_TRY(auto code, text_param(*params, "code", "params.code"));
  GL_TRY(const auto from, local_time(*params, "beginTime"));
  GL_TRY(const auto to, local_time(*params, "endTime"));
  if (to < from) {
    return fail(ErrorCode::kBadParams, "params.endTime is before params.beginTime");
  }
  if (to - from > kLongest) {
    return fail(ErrorCode::kBadParams, "params.beginTime to params.endTime is over a week");
  }
  return QuotaDataRequest{.code = std::move(code),
                          .from_ms = unix_ms(zone.to_utc(from)),
                          .to_ms = unix_ms(zone.to_utc(to))};
}

Result<const catalog::History*> history_of(const catalog::Family& family, const std::string& code) {
  const auto found = std::ranges::find(family.histories, code, &catalog::History::code);
  if (found != family.histories.end()) return &*found;
  std::vector<std::string> codes;
  codes.reserve(family.histories.size());
  for (const catalog::History& history : family.histories) codes.push_back(history.code);
  return fail(ErrorCode::kUnknownIndexCode,
              codes.empty() ? fmt::format("{} has no history", family.product)
                            : fmt::format("params.code is {:?}: {} has {}", shown(code),
                                          family.product, fmt::join(codes, ", ")));
}

std::string history_list(const catalog::History& history, const Energies& energies) {
  wire::JsonArray list;
  for (const catalog::Index& index : history.indexes) {
    double value = 0;
    if (!index.counter.empty()) {
      value = round_to(wh_of(energies, index.counter) / 1000 * index.times, 100);
    } else if (const double whole = wh_of(energies, index.share_in); whole > 0) {
      const double share = std::clamp(wh_of(energies, index.share_of) / whole, 0.0, 1.0);
      value = round_to((index.remainder ? 1 - share : share) * index.times, 10000);
    }
    JsonObject row{{"indexName", index.name}, {"indexValue", value}, {"unit", index.unit}};
    if (!index.extra.empty()) row["extra"] = index.extra;
    list.push_back(std::move(row));
  }
  return wire::to_text(list);
}

}  // namespace gridloom::api
