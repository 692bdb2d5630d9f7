#include "http/energy.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <utility>

#include "history/calendar.h"
#include "history/energy_query.h"
#include "http/params.h"

namespace gridloom::http {
namespace {

using history::Energies;
using history::EnergyFlow;
using history::Step;
using wire::Json;
using wire::JsonObject;

constexpr std::size_t kMostBuckets = 1000;
constexpr std::int64_t kLatest_ms = 4'102'444'800'000;  // 2100: a later time is an error

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

// The names in the response, by energy flow.
constexpr std::array<std::string_view, history::kEnergyFlows> kNames = {
    "pv", "batteryIn", "batteryOut", "gridIn", "gridOut",    "home",
    "ev", "heater",    "heatpump",   "pvToEv", "pvToHeater", "pvToHeatpump"};

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
Result<std::optional<std::int64_t>> time_param(const JsonObject& params, std::string_view key) {
  const Json* value = params.if_contains(key);
  if (value == nullptr) return std::nullopt;
  const std::string text = value->is_string() ? std::string(value->get_string()) : shown(*value);
  if (const auto date = history::date_of(std::string_view(text))) return history::begin_of(*date);
  std::int64_t ms = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), ms);
  if (error == std::errc{} && end == text.data() + text.size() && ms >= 0 && ms <= kLatest_ms) {
    return ms;
  }
  return fail(ErrorCode::kBadParams,
              fmt::format("{} is {}: must be a day as 2026-11-01, or milliseconds since 1970", key,
                          shown(*value)));
}

double rounded(double value, double steps) { return std::round(value * steps) / steps; }

void add_sums(JsonObject& object, const history::EnergySources& sources, const Energies& sum) {
  for (const EnergyFlow flow : sources.flows) {
    object[kNames.at(static_cast<std::size_t>(flow))] = rounded(sum.of(flow) / 1000, 1000);
  }
  const auto has = [&](EnergyFlow flow) {
    return std::ranges::find(sources.flows, flow) != sources.flows.end();
  };
  if (const auto share = self_sufficiency(sum); share && has(EnergyFlow::kGridIn)) {
    object["selfSufficiency"] = rounded(*share, 10'000);
  }
  if (const auto share = self_consumption(sum); share && has(EnergyFlow::kGridOut)) {
    object["selfConsumption"] = rounded(*share, 10'000);
  }
}

}  // namespace

Result<EnergyQuestion> energy_question(const JsonObject& params, TimePoint now) {
  const auto period = period_of(params);
  if (!period) return std::unexpected(period.error());
  const auto from = time_param(params, "from");
  if (!from) return std::unexpected(from.error());
  const auto to = time_param(params, "to");
  if (!to) return std::unexpected(to.error());
  const Period& of = **period;
  const std::int64_t begin =
      from->value_or(history::begin_of(of.span, *to ? **to - 1 : unix_ms(now)));
  const std::int64_t end = to->value_or(history::begin_after(of.span, begin));
  if (end <= begin) {
    return fail(ErrorCode::kBadParams,
                fmt::format("to is {}: must be after from, which is {}", history::iso_text(end),
                            history::iso_text(begin)));
  }
  EnergyQuestion question{.period = of.name,
                          .bounds = history::bounds(of.bucket, history::quarter_before(begin),
                                                    history::quarter_after(end), kMostBuckets + 1)};
  std::vector<std::int64_t>& bounds = question.bounds;
  if (bounds.size() > kMostBuckets + 1) {
    return fail(
        ErrorCode::kBadParams,
        fmt::format("from {} to {} are over {} {}: at most that many are answered at once, "
                    "choose a longer period or less of it",
                    history::iso_text(begin), history::iso_text(end), kMostBuckets, of.buckets));
  }
  // Buckets that have not begun have no data.
  while (bounds.size() > 1 && bounds[bounds.size() - 2] > unix_ms(now)) bounds.pop_back();
  return question;
}

std::string energy_answer(std::string_view sn, const history::EnergySources& sources,
                          const EnergyQuestion& question, std::span<const Energies> sums) {
  const std::vector<std::int64_t>& bounds = question.bounds;
  wire::JsonArray flows;
  for (const EnergyFlow flow : sources.flows) {
    flows.emplace_back(kNames.at(static_cast<std::size_t>(flow)));
  }
  wire::JsonArray buckets;
  Energies total;
  for (std::size_t i = 0; i < sums.size(); ++i) {
    JsonObject bucket{{"from", history::iso_text(bounds[i])},
                      {"to", history::iso_text(bounds[i + 1])}};
    add_sums(bucket, sources, sums[i]);
    buckets.emplace_back(std::move(bucket));
    total += sums[i];
  }
  JsonObject whole;
  add_sums(whole, sources, total);
  return wire::to_text(JsonObject{{"sn", sn},
                                  {"period", question.period},
                                  {"from", history::iso_text(bounds.front())},
                                  {"to", history::iso_text(bounds.back())},
                                  {"unit", "kWh"},
                                  {"quantities", std::move(flows)},
                                  {"buckets", std::move(buckets)},
                                  {"total", std::move(whole)}});
}

}  // namespace gridloom::http
