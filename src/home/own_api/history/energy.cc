#include "own_api/history/energy.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <set>
#include <span>
#include <utility>

#include "api/message/params.h"
#include "history/energy/known_time.h"
#include "overview/home_flows.h"
#include "own_api/bodies/energy.h"
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
  GL_TRY(
      const auto at,
      time::parse_time(text, {.name = key, .now = now, .takes_unix_ms = true, .latest = kLatest}));
  return unix_ms(at);
}

double rounded(double value, double steps) { return std::round(value * steps) / steps; }

double kwh_of(double wh) { return rounded(wh / 1000, 1000); }

bool is_whole(Step step, const time::Range& span, const time::TimeZone& zone) {
  return time::begin_of(step, span.from_ms, zone) == span.from_ms &&
         time::begin_of(step, span.to_ms, zone) == span.to_ms;
}

// The compared span is as long as the one that is asked for: by as many periods or buckets if it
// consists of whole ones, or else by its time.
std::int64_t begin_of_compared(const Period& of, const time::Range& span,
                               const time::TimeZone& zone) {
  for (const Step step : {of.span, of.bucket}) {
    if (!is_whole(step, span, zone)) continue;
    std::int64_t before = span.from_ms;
    for (std::int64_t at = span.from_ms; at < span.to_ms; at = time::begin_after(step, at, zone)) {
      before = time::begin_of(step, before - 1, zone);
    }
    return before;
  }
  return span.from_ms - (span.to_ms - span.from_ms);
}

// The limits of the buckets of a span, and of the one before; empty: that is not asked for.
struct Limits {
  std::vector<std::int64_t> asked{};
  std::vector<std::int64_t> compared{};
};

// When as much of the compared span had passed as now of the other: at this time of the day by the
// clock, on the day at the same place in it.
std::int64_t same_moment(const Period& of, const time::Range& span, const Limits& limits,
                         const time::Now& now) {
  const auto& [asked, compared] = limits;
  const bool has_hours = of.bucket == Step::kHour;
  const std::int64_t now_ms = unix_ms(now.at);
  if (!is_whole(has_hours ? Step::kDay : of.bucket, span, now.zone)) {
    return std::min(compared.front() + now_ms - span.from_ms, span.from_ms);
  }
  // Days are counted from the beginning of the span, or of the day or month that runs.
  const auto runs = std::ranges::upper_bound(asked, now_ms) - asked.begin() - 1;
  const std::size_t bucket = has_hours ? 0 : static_cast<std::size_t>(runs);
  if (bucket + 1 >= compared.size()) return span.from_ms;  // the month before is shorter
  const auto today = time::day_of(now_ms, now.zone);
  const auto day =
      time::day_of(compared[bucket], now.zone) + (today - time::day_of(asked[bucket], now.zone));
  const time::LocalTime at = time::LocalTime(day) + (now.zone.to_local(now.at) - today);
  return std::clamp(unix_ms(now.zone.to_utc(at)), compared[bucket],
                    has_hours ? span.from_ms : compared[bucket + 1]);
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
  // Adds a share of others, as if these were steady.
  void add(const DeviceSums& other, double share = 1) {
    for (std::size_t i = 0; i < wh.wh.size(); ++i) wh.wh.at(i) += share * other.wh.wh.at(i);
    known += other.known;
    unknown_ms += static_cast<std::int64_t>(share * static_cast<double>(other.unknown_ms));
  }
};

DeviceSums sums_of(const history::EnergyQuery& query, const EnergyRequest& request,
                   std::size_t bucket) {
  const history::SpanRange& range = request.buckets[bucket];
  const history::EnergyQuery::Sums all = query.in(range);
  DeviceSums sums{.wh = all.wh, .known = all.known};
  std::int64_t known_ms = 0;
  for (const EnergyFlow flow : query.sources().flows) {
    known_ms = std::max(known_ms, sums.known.of(flow));
  }
  const std::int64_t past_ms = history::past_ms(
      request.bounds[range.begin], request.bounds[range.end],
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
  return {.begin = request.compared, .end = request.end};
}

// Writes the times of a span, which is a body, and of its buckets; `add` adds a bucket's sums.
template <typename Span, typename Add>
void write_span(Span& span, const EnergyRequest& request, const BucketRange& range,
                const Add& add) {
  const auto text = [&](std::size_t bound) {
    return time::iso_text(request.bounds[bound], request.zone);
  };
  span.buckets.reserve(range.end - range.begin);
  // A span without buckets has not begun.
  span.from = text(range.begin < range.end ? request.buckets[range.begin].begin
                                           : request.bounds.size() - 1);
  span.to = span.from;
  for (std::size_t i = range.begin; i < range.end; ++i) {
    auto& bucket = span.buckets.emplace_back();
    bucket.from = text(request.buckets[i].begin);
    bucket.to = span.to = text(request.buckets[i].end);
    add(bucket, i);
  }
}

// The devices whose sums are still to be added.
template <typename Span>
auto& write_so_far(Span& span, const EnergyRequest& request) {
  auto& sums = span.so_far.emplace();
  sums.from = span.from;
  sums.to = time::iso_text(request.so_far->until_ms, request.zone);
  return sums;
}

std::optional<std::vector<body::OutdatedEnergies>> outdated_of(std::string_view sn,
                                                               const EnergyRequest& request,
                                                               const history::EnergyQuery& query) {
  std::int64_t outdated_ms = 0;
  for (std::size_t i = asked_buckets(request).begin; i < asked_buckets(request).end; ++i) {
    outdated_ms += query.in(request.buckets[i]).outdated_ms;
  }
  if (outdated_ms == 0) return {};
  return std::vector{body::OutdatedEnergies{
      .sn = sn, .outdated_s = outdated_ms / 1000, .corrections = query.sources().corrections}};
}

void write_device_span(body::EnergySpan& span, const EnergyRequest& request,
                       const BucketRange& range, const history::EnergyQuery& query) {
  DeviceSums total;
  write_span(span, request, range, [&](body::Bucket& bucket, std::size_t i) {
    const DeviceSums sums = sums_of(query, request, i);
    add_sums(bucket, query.sources(), sums);
    total.add(sums);
  });
  add_sums(span.total, query.sources(), total);
  if (range.begin > 0 || !request.so_far) return;
  DeviceSums sums;
  for (const auto& [bucket, share] : request.so_far->parts) {
    sums.add(sums_of(query, request, bucket), share);
  }
  add_sums(write_so_far(span, request), query.sources(), sums);
}

void write_home_span(body::HomeEnergySpan& span, const EnergyRequest& request,
                     const BucketRange& range, std::span<const overview::HomeFlows> all_wh) {
  write_span(span, request, range, [&](body::HomeBucket& bucket, std::size_t i) {
    add_sums(bucket, all_wh.subspan(i, 1));
  });
  add_sums(span.total, all_wh.subspan(range.begin, range.end - range.begin));
  if (range.begin > 0 || !request.so_far) return;
  std::vector<overview::HomeFlows> parts;
  parts.reserve(request.so_far->parts.size());
  for (const auto& [bucket, share] : request.so_far->parts) {
    parts.push_back(all_wh[bucket].share(share));
  }
  add_sums(write_so_far(span, request), parts);
}

void set_buckets(EnergyRequest& request, const Limits& limits) {
  std::set<std::int64_t> bounds(limits.compared.begin(), limits.compared.end());
  bounds.insert(limits.asked.begin(), limits.asked.end());
  std::int64_t quarter_ms = 0;  // which so_far ends in
  if (request.so_far) {
    quarter_ms = history::quarter_before(request.so_far->until_ms);
    bounds.insert({quarter_ms, history::quarter_after(request.so_far->until_ms)});
  }
  request.bounds.assign(bounds.begin(), bounds.end());
  const auto index_of = [&](std::int64_t bound) {
    return static_cast<std::size_t>(std::ranges::lower_bound(request.bounds, bound) -
                                    request.bounds.begin());
  };
  const auto add_bucket = [&](std::int64_t from_ms, std::int64_t to_ms) {
    request.buckets.push_back({.begin = index_of(from_ms), .end = index_of(to_ms)});
    return request.buckets.size() - 1;
  };
  const auto add_buckets = [&](const std::vector<std::int64_t>& of) {
    for (std::size_t i = 0; i + 1 < of.size(); ++i) add_bucket(of[i], of[i + 1]);
    return request.buckets.size();
  };
  request.compared = add_buckets(limits.compared);
  request.end = add_buckets(limits.asked);
  if (!request.so_far) return;
  auto& [until_ms, parts] = *request.so_far;
  while (parts.size() < request.compared && limits.compared[parts.size() + 1] <= until_ms) {
    parts.push_back({.bucket = parts.size()});
  }
  const std::int64_t begin_ms = limits.compared[parts.size()];
  if (quarter_ms > begin_ms) parts.push_back({.bucket = add_bucket(begin_ms, quarter_ms)});
  if (until_ms == quarter_ms) return;
  const auto part_ms = static_cast<double>(until_ms - quarter_ms);
  parts.push_back({.bucket = add_bucket(quarter_ms, history::quarter_after(until_ms)),
                   .share = part_ms / static_cast<double>(history::kQuarter_ms)});
}

}  // namespace

Result<EnergyRequest> parse_energy_request(const JsonObject& params, const time::Now& now) {
  GL_TRY(const auto period, period_of(params));
  GL_TRY(const auto from, time_param(params, "from", now));
  GL_TRY(const auto to, time_param(params, "to", now));
  const Period& of = *period;
  const std::int64_t begin =
      from.value_or(time::begin_of(of.span, to ? *to - 1 : unix_ms(now.at), now.zone));
  const std::int64_t end = to.value_or(time::begin_after(of.span, begin, now.zone));
  if (end <= begin) {
    return fail(ErrorCode::kBadParams,
                fmt::format("to is {}: must be after from, which is {}",
                            time::iso_text(end, now.zone), time::iso_text(begin, now.zone)));
  }
  GL_TRY(const auto compared, is_compared(params));
  const time::Range span{.from_ms = history::quarter_before(begin),
                         .to_ms = history::quarter_after(end)};
  EnergyRequest request{
      .period = of.name, .from_ms = span.from_ms, .now_ms = unix_ms(now.at), .zone = now.zone};
  Limits limits{.asked = time::bounds(of.bucket, span, now.zone, kMaxBuckets + 1)};
  std::vector<std::int64_t>& asked = limits.asked;
  if (asked.size() > kMaxBuckets + 1) {
    return fail(ErrorCode::kBadParams,
                fmt::format("from {} to {} are over {} {}: at most that many are answered at once, "
                            "choose a longer period or less of it",
                            time::iso_text(begin, now.zone), time::iso_text(end, now.zone),
                            kMaxBuckets, of.buckets));
  }
  // Buckets that have not begun have no data.
  while (asked.size() > 1 && asked[asked.size() - 2] > request.now_ms) asked.pop_back();
  if (compared) {
    limits.compared = time::bounds(
        of.bucket, {.from_ms = begin_of_compared(of, span, now.zone), .to_ms = span.from_ms},
        now.zone, 2 * kMaxBuckets);
    if (span.from_ms <= request.now_ms && request.now_ms < span.to_ms) {
      request.so_far = {.until_ms = same_moment(of, span, limits, now)};
    }
  }
  set_buckets(request, limits);
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
  answer.outdated = outdated_of(sn, request, query);
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
  if (!energies.outdated().empty()) {
    auto& rows = answer.outdated.emplace();
    for (const home::OutdatedEnergies& each : energies.outdated()) {
      rows.push_back(
          {.sn = each.sn, .outdated_s = each.outdated_ms / 1000, .corrections = each.corrections});
    }
  }
  write_home_span(answer, request, asked_buckets(request), all_wh);
  if (request.compared > 0) {
    write_home_span(answer.previous.emplace(), request, {.end = request.compared}, all_wh);
  }
  return schema::to_text(answer);
}

}  // namespace gridloom::api
