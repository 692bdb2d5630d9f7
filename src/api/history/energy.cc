#include "api/history/energy.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <span>
#include <utility>

#include "api/bodies/energy.h"
#include "api/history/device_gaps.h"
#include "api/message/params.h"
#include "history/energy/known_time.h"
#include "overview/ledger.h"
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

double kwh_of(double wh) { return rounded(wh / 1000, 1000); }

// The compared span is as long as the one that is asked for: by as many periods or buckets if it
// consists of whole ones, or else by its time.
std::int64_t begin_of_compared(const Period& of, const time::Range& span,
                               const time::TimeZone& zone) {
  for (const Step step : {of.span, of.bucket}) {
    const bool is_whole = time::begin_of(step, span.from_ms, zone) == span.from_ms &&
                          time::begin_of(step, span.to_ms, zone) == span.to_ms;
    if (!is_whole) continue;
    std::int64_t before = span.from_ms;
    for (std::int64_t at = span.from_ms; at < span.to_ms; at = time::begin_after(step, at, zone)) {
      before = time::begin_of(step, before - 1, zone);
    }
    return before;
  }
  return span.from_ms - (span.to_ms - span.from_ms);
}

// kBadParams: the parameter compare has another value.
Result<bool> is_compared(const JsonObject& params) {
  const Json* value = params.if_contains("compare");
  if (value == nullptr) return false;
  if (value->is_string() && value->get_string() == body::Comparison::kWords.front()) return true;
  return fail(ErrorCode::kBadParams, fmt::format("compare is {}: must be {}", shown(*value),
                                                 body::Comparison::kWords.front()));
}

// The energies of a device in one or more buckets, and how long each flow is known there.
struct DeviceSums {
  Energies wh{};
  history::KnownTime known{};
  std::int64_t unknown_ms = 0;

  [[nodiscard]] bool is_known(const history::EnergySources& sources, EnergyFlow flow) const {
    return std::ranges::find(sources.flows, flow) != sources.flows.end() && known.of(flow) > 0;
  }
  DeviceSums& operator+=(const DeviceSums& other) {
    wh += other.wh;
    for (std::size_t i = 0; i < known.ms.size(); ++i) known.ms.at(i) += other.known.ms.at(i);
    unknown_ms += other.unknown_ms;
    return *this;
  }
};

DeviceSums sums_of(const history::EnergyQuery& query, const EnergyRequest& request,
                   std::size_t bucket) {
  DeviceSums sums{.wh = query.sums()[bucket], .known = query.known()[bucket]};
  std::int64_t known_ms = 0;
  for (const EnergyFlow flow : query.sources().flows) {
    known_ms = std::max(known_ms, sums.known.of(flow));
  }
  const std::int64_t past_ms = history::past_ms(
      request.bounds[bucket], request.bounds[bucket + 1],
      known_ms > 0 ? query.known_until_ms() : std::numeric_limits<std::int64_t>::min(),
      request.now_ms);
  sums.unknown_ms = std::max<std::int64_t>(past_ms - known_ms, 0);
  return sums;
}

void add_sums(body::EnergySums& row, const history::EnergySources& sources,
              const DeviceSums& sums) {
  row.unknown_s = sums.unknown_ms / 1000;
  for (const EnergyFlow flow : sources.flows) {
    if (!sums.is_known(sources, flow)) continue;
    row.*body::kFlowSums.at(static_cast<std::size_t>(flow)) = kwh_of(sums.wh.of(flow));
  }
  const auto share = self_sufficiency(sums.wh);
  if (share && sums.is_known(sources, EnergyFlow::kGridIn)) {
    row.self_sufficiency = rounded(*share, 10'000);
  }
  const auto consumed = self_consumption(sums.wh);
  if (consumed && sums.is_known(sources, EnergyFlow::kGridOut)) {
    row.self_consumption = rounded(*consumed, 10'000);
  }
}

void add_sums(body::HomeEnergySums& row, std::span<const overview::HomeFlows> wh) {
  const overview::Ledger ledger = overview::ledger_of(wh);
  row.unknown_s = ledger.flows_kwh.unknown_ms / 1000;
  row.at_least = ledger.flows_kwh.at_least;
  for (std::size_t i = 0; i < overview::kQuantities; ++i) {
    const auto& kwh = ledger.flows_kwh.values.at(i);
    if (kwh) row.*body::kHomeSums.at(i) = rounded(*kwh, 1000);
  }
  if (const auto& share = ledger.self_sufficiency_percent) {
    row.self_sufficiency_percent = rounded(*share, 10);
  }
  if (const auto& share = ledger.self_consumption_percent) {
    row.self_consumption_percent = rounded(*share, 10);
  }
}

// Buckets of a request: those of the span, or of the one before.
struct BucketRange {
  std::size_t begin = 0;
  std::size_t end = 0;
};
BucketRange asked_buckets(const EnergyRequest& request) {
  return {.begin = request.compared, .end = request.bounds.size() - 1};
}

// Writes the times of a span, which is a body, and of its buckets; `add` adds a bucket's sums.
template <typename Span, typename Add>
void write_span(Span& span, const EnergyRequest& request, const BucketRange& range,
                const Add& add) {
  const auto text = [&](std::size_t bound) {
    return time::iso_text(request.bounds[bound], request.zone);
  };
  span.from = text(range.begin);
  span.to = text(range.end);
  span.buckets.reserve(range.end - range.begin);
  for (std::size_t i = range.begin; i < range.end; ++i) {
    auto& bucket = span.buckets.emplace_back();
    bucket.from = text(i);
    bucket.to = text(i + 1);
    add(bucket, i);
  }
}

void write_device_span(body::EnergySpan& span, const EnergyRequest& request,
                       const BucketRange& range, const history::EnergyQuery& query) {
  DeviceSums total;
  write_span(span, request, range, [&](body::Bucket& bucket, std::size_t i) {
    const DeviceSums sums = sums_of(query, request, i);
    add_sums(bucket, query.sources(), sums);
    total += sums;
  });
  add_sums(span.total, query.sources(), total);
}

void write_home_span(body::HomeEnergySpan& span, const EnergyRequest& request,
                     const BucketRange& range, std::span<const overview::HomeFlows> all_wh) {
  write_span(span, request, range, [&](body::HomeBucket& bucket, std::size_t i) {
    add_sums(bucket, all_wh.subspan(i, 1));
  });
  add_sums(span.total, all_wh.subspan(range.begin, range.end - range.begin));
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
  const auto compared = is_compared(params);
  if (!compared) return std::unexpected(compared.error());
  const time::Range span{.from_ms = history::quarter_before(begin),
                         .to_ms = history::quarter_after(end)};
  EnergyRequest request{.period = of.name,
                        .bounds = time::bounds(of.bucket, span, now.zone, kMaxBuckets + 1),
                        .now_ms = unix_ms(now.at),
                        .zone = now.zone};
  std::vector<std::int64_t>& bounds = request.bounds;
  if (bounds.size() > kMaxBuckets + 1) {
    return fail(ErrorCode::kBadParams,
                fmt::format("from {} to {} are over {} {}: at most that many are answered at once, "
                            "choose a longer period or less of it",
                            time::iso_text(begin, now.zone), time::iso_text(end, now.zone),
                            kMaxBuckets, of.buckets));
  }
  // Buckets that have not begun have no data.
  while (bounds.size() > 1 && bounds[bounds.size() - 2] > request.now_ms) bounds.pop_back();
  if (!*compared) return request;
  std::vector<std::int64_t> all = time::bounds(
      of.bucket, {.from_ms = begin_of_compared(of, span, now.zone), .to_ms = span.from_ms},
      now.zone, 2 * kMaxBuckets);
  request.compared = all.size() - 1;
  all.insert(all.end(), bounds.begin() + 1, bounds.end());
  bounds = std::move(all);
  return request;
}

std::string energy_response(std::string_view sn, const EnergyRequest& request,
                            const history::EnergyQuery& query) {
  body::Energy answer;
  answer.sn = sn;
  answer.period = {request.period};
  for (const EnergyFlow flow : query.sources().flows) {
    answer.quantities.push_back({body::Quantity::kWords.at(static_cast<std::size_t>(flow))});
  }
  write_device_span(answer, request, asked_buckets(request), query);
  if (request.compared > 0) {
    write_device_span(answer.previous.emplace(), request, {.end = request.compared}, query);
  }
  return schema::to_text(answer);
}

std::string home_energy_response(const EnergyRequest& request, const home::HomeEnergies& energies) {
  const std::vector<overview::HomeFlows> all_wh = energies.buckets();
  body::HomeEnergy answer;
  answer.period = {request.period};
  answer.quantities = energies.quantities();
  add_gaps(answer, energies);
  write_home_span(answer, request, asked_buckets(request), all_wh);
  if (request.compared > 0) {
    write_home_span(answer.previous.emplace(), request, {.end = request.compared}, all_wh);
  }
  return schema::to_text(answer);
}

}  // namespace gridloom::api
