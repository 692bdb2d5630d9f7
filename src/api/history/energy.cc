#include "api/history/energy.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <utility>

#include "api/bodies/energy.h"
#include "api/message/params.h"
#include "history/energy_query.h"
#include "time/calendar.h"
#include "time/grammar.h"
#include "time/iso_text.h"

namespace gridloom::api {
namespace {

using history::Energies;
using history::EnergyFlow;
using time::Step;
using wire::Json;
using wire::JsonObject;

constexpr std::size_t kMaxBuckets = 1000;
constexpr TimePoint kLatest{Millis{4'102'444'800'000}};  // 2100: a later time is an error

struct Period {
  std::string_view name;
  Step span{};
  Step bucket{};
  std::string_view buckets;
};
constexpr std::array kPeriods = {
    Period{"day", Step::kDay, Step::kHour, "hours"},
    Period{"week", Step::kWeek, Step::kDay, "days"},
    Period{"month", Step::kMonth, Step::kDay, "days"},
    Period{"year", Step::kYear, Step::kMonth, "months"},
};

Result<const Period*> period_of(const JsonObject& params) {
  const Json* value = params.if_contains("period");
  if (value == nullptr) return kPeriods.data();
  if (value->is_string()) {
    const std::string_view name = value->get_string();
    const auto* const found = std::ranges::find(kPeriods, name, &Period::name);
    if (found != kPeriods.end()) return found;
  }
  return fail(ErrorCode::kBadParams,
              fmt::format("period is {}: must be day, week, month or year", shown(*value)));
}

// Empty: the parameter is not given.
Result<std::optional<std::int64_t>> time_param(const JsonObject& params, std::string_view key,
                                               const time::Now& now) {
  const Json* value = params.if_contains(key);
  if (value == nullptr) return std::nullopt;
  const std::string text = value->is_string() ? std::string(value->get_string()) : shown(*value);
  const auto at =
      time::parse_time(text, {.name = key, .now = now, .takes_unix_ms = true, .latest = kLatest});
  if (!at) return std::unexpected(at.error());
  return unix_ms(*at);
}

double rounded(double value, double steps) { return std::round(value * steps) / steps; }

void add_sums(body::EnergySums& row, const history::EnergySources& sources, const Energies& sum) {
  for (const EnergyFlow flow : sources.flows) {
    row.*body::kFlowSums.at(static_cast<std::size_t>(flow)) = rounded(sum.of(flow) / 1000, 1000);
  }
  const auto has = [&](EnergyFlow flow) {
    return std::ranges::find(sources.flows, flow) != sources.flows.end();
  };
  if (const auto share = self_sufficiency(sum); share && has(EnergyFlow::kGridIn)) {
    row.self_sufficiency = rounded(*share, 10'000);
  }
  if (const auto share = self_consumption(sum); share && has(EnergyFlow::kGridOut)) {
    row.self_consumption = rounded(*share, 10'000);
  }
}

}  // namespace

Result<EnergyRequest> parse_energy_request(const JsonObject& params, const time::Now& now) {
  const auto period = period_of(params);
  if (!period) return std::unexpected(period.error());
  const auto from = time_param(params, "from", now);
  if (!from) return std::unexpected(from.error());
  const auto to = time_param(params, "to", now);
  if (!to) return std::unexpected(to.error());
  const Period& of = **period;
  const std::int64_t begin =
      from->value_or(time::begin_of(of.span, *to ? **to - 1 : unix_ms(now.at), now.zone));
  const std::int64_t end = to->value_or(time::begin_after(of.span, begin, now.zone));
  if (end <= begin) {
    return fail(ErrorCode::kBadParams,
                fmt::format("to is {}: must be after from, which is {}",
                            time::iso_text(end, now.zone), time::iso_text(begin, now.zone)));
  }
  EnergyRequest question{.period = of.name,
                         .bounds = time::bounds(of.bucket,
                                                {.from_ms = history::quarter_before(begin),
                                                 .to_ms = history::quarter_after(end)},
                                                now.zone, kMaxBuckets + 1),
                         .zone = now.zone};
  std::vector<std::int64_t>& bounds = question.bounds;
  if (bounds.size() > kMaxBuckets + 1) {
    return fail(ErrorCode::kBadParams,
                fmt::format("from {} to {} are over {} {}: at most that many are answered at once, "
                            "choose a longer period or less of it",
                            time::iso_text(begin, now.zone), time::iso_text(end, now.zone),
                            kMaxBuckets, of.buckets));
  }
  // Buckets that have not begun have no data.
  while (bounds.size() > 1 && bounds[bounds.size() - 2] > unix_ms(now.at)) bounds.pop_back();
  return question;
}

std::string energy_response(std::string_view sn, const history::EnergySources& sources,
                            const EnergyRequest& question, std::span<const Energies> sums) {
  const std::vector<std::int64_t>& bounds = question.bounds;
  body::Energy answer;
  answer.sn = sn;
  answer.period = {question.period};
  answer.from = time::iso_text(bounds.front(), question.zone);
  answer.to = time::iso_text(bounds.back(), question.zone);
  for (const EnergyFlow flow : sources.flows) {
    answer.quantities.push_back({body::Quantity::kWords.at(static_cast<std::size_t>(flow))});
  }
  answer.buckets.reserve(sums.size());
  Energies total;
  for (std::size_t i = 0; i < sums.size(); ++i) {
    body::Bucket& bucket = answer.buckets.emplace_back();
    bucket.from = time::iso_text(bounds[i], question.zone);
    bucket.to = time::iso_text(bounds[i + 1], question.zone);
    add_sums(bucket, sources, sums[i]);
    total += sums[i];
  }
  add_sums(answer.total, sources, total);
  return schema::to_text(answer);
}

}  // namespace gridloom::api
