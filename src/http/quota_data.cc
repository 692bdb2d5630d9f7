#include "http/quota_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <string_view>
#include <utility>

#include "http/params.h"

namespace gridloom::http {
namespace {

using history::Energies;
using wire::JsonObject;

constexpr std::time_t kLongest_s = std::time_t{7} * 24 * 3600;

// "2024-06-17 00:00:00" in the server's time zone (quirk 56). The length of a span is counted in
// wall-clock time, as a week in which the clocks change has an hour more or less.
struct LocalTime {
  std::int64_t at_ms = 0;
  std::time_t wall_s = 0;
};
Result<LocalTime> local_time(const JsonObject& params, std::string_view key) {
  const std::string path = fmt::format("params.{}", key);
  const auto text = text_param(params, key, path);
  if (!text) return std::unexpected(text.error());
  std::tm parts{};
  const char* end = strptime(text->c_str(), "%Y-%m-%d %H:%M:%S", &parts);
  const std::tm asked = parts;
  parts.tm_isdst = -1;
  const std::time_t seconds = mktime(&parts);
  // mktime() turns the 31st of June into the 1st of July; here that is an error.
  if (end == nullptr || *end != '\0' || text->size() != 19 || seconds < 0 ||
      parts.tm_mday != asked.tm_mday || parts.tm_mon != asked.tm_mon) {
    return fail(ErrorCode::kBadParams,
                fmt::format("{} is {:?}: must be a time as \"2024-06-17 00:00:00\"", path,
                            wire::shortened(*text)));
  }
  std::tm wall = asked;
  return LocalTime{.at_ms = std::int64_t{seconds} * 1000, .wall_s = timegm(&wall)};
}

double wh_of(const Energies& energies, std::string_view counter) {
  const auto flow = history::energy_flow_of(counter);
  return flow ? energies.of(*flow) : 0;
}

double round_to(double value, double steps) { return std::round(value * steps) / steps; }

}  // namespace

Result<HistoryQuestion> history_question(const JsonObject& body) {
  const auto params = params_of(body);
  if (!params) return std::unexpected(params.error());
  auto code = text_param(**params, "code", "params.code");
  if (!code) return std::unexpected(code.error());
  const auto from = local_time(**params, "beginTime");
  if (!from) return std::unexpected(from.error());
  const auto to = local_time(**params, "endTime");
  if (!to) return std::unexpected(to.error());
  if (to->wall_s < from->wall_s) {
    return fail(ErrorCode::kBadParams, "params.endTime is before params.beginTime");
  }
  if (to->wall_s - from->wall_s > kLongest_s) {
    return fail(ErrorCode::kBadParams, "params.beginTime to params.endTime is over a week");
  }
  return HistoryQuestion{.code = std::move(*code), .from_ms = from->at_ms, .to_ms = to->at_ms};
}

Result<const catalog::History*> history_of(const catalog::Family& family, const std::string& code) {
  if (family.history && family.history->code == code) return &*family.history;
  return fail(ErrorCode::kUnknownIndexCode,
              family.history ? fmt::format("params.code is {:?}: {} has {}", wire::shortened(code),
                                           family.product, family.history->code)
                             : fmt::format("{} has no history", family.product));
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
    list.push_back(
        JsonObject{{"indexName", index.name}, {"indexValue", value}, {"unit", index.unit}});
  }
  return wire::to_text(list);
}

}  // namespace gridloom::http
