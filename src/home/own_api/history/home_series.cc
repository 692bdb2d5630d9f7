#include "own_api/history/home_series.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <optional>
#include <ranges>
#include <string_view>
#include <utility>

#include "api/message/params.h"
#include "history/blocks/hours.h"
#include "history/energy_query.h"
#include "history/series/bucket_aggregator.h"
#include "overview/home_flows.h"
#include "own_api/bodies/series.h"
#include "own_api/history/energy.h"
#include "time/grammar.h"

namespace gridloom::api {
namespace {

using body::NumberOrNull;
using overview::HomeFlows;
using overview::PowerPlace;
using overview::Quantity;
using wire::JsonObject;

// The flows into a place and out of it; those out of it count negative.
struct PlaceFlows {
  PowerPlace place{};
  Quantity in{};
  std::optional<Quantity> out{};
};
constexpr std::array kPlaceFlows = {
    PlaceFlows{PowerPlace::kSun, Quantity::kSun},
    PlaceFlows{PowerPlace::kBattery, Quantity::kBatteryIn, Quantity::kBatteryOut},
    PlaceFlows{PowerPlace::kGrid, Quantity::kGridImport, Quantity::kGridExport},
    PlaceFlows{PowerPlace::kHome, Quantity::kHome},
    PlaceFlows{PowerPlace::kCar, Quantity::kCar},
    PlaceFlows{PowerPlace::kHeat, Quantity::kHeat},
};

NumberOrNull rounded(const std::optional<double>& number) {
  if (!number) return {};
  const double round = std::round(*number * 10) / 10;
  return {round == 0 ? 0.0 : round};  // and no -0
}

std::optional<double> power_of(const HomeFlows& watts, const PlaceFlows& place) {
  const std::optional<double>& in = watts.of(place.in);
  const std::optional<double> out = place.out ? watts.of(*place.out) : std::nullopt;
  if (!in && !out) return std::nullopt;
  return in.value_or(0) - out.value_or(0);
}

// The text of a parameter; the default if it is not given.
Result<std::string> word_of(const JsonObject& params, std::string_view name,
                            std::string_view if_absent) {
  if (!params.contains(name)) return std::string(if_absent);
  return text_param(params, name, name);
}

Result<std::int64_t> time_of(const JsonObject& params, std::string_view name,
                             std::string_view if_absent, const time::Now& now) {
  GL_TRY(const auto word, word_of(params, name, if_absent));
  GL_TRY(const auto at, time::parse_time(word, {.name = name, .now = now, .takes_unix_ms = true}));
  return unix_ms(at);
}

Result<std::vector<std::string>> devices_of(const JsonObject& params) {
  std::vector<std::string> serials;
  if (!params.contains("devices")) return serials;
  GL_TRY(const auto word, text_param(params, "devices", "devices"));
  for (const auto part : std::views::split(std::string_view(word), ',')) {
    serials.emplace_back(std::string_view(part));
  }
  const bool has_empty = std::ranges::find(serials, std::string()) != serials.end();
  if (!has_empty && serials.size() <= kMaxDevicesOfSeries) return serials;
  return fail(
      ErrorCode::kBadParams,
      fmt::format("devices is \"{}\": must be serial numbers, separated by commas, at most {}",
                  shown(std::string_view(word)), kMaxDevicesOfSeries));
}

Result<std::int64_t> step_of(const JsonObject& params) {
  GL_TRY(const auto word, word_of(params, "step", "15m"));
  GL_TRY(const auto step_ms, history::parse_step(word));
  if (step_ms > 0 && step_ms % history::kQuarter_ms == 0) return step_ms;
  return fail(ErrorCode::kBadParams,
              fmt::format("step is {:?}: must be whole quarters of an hour, as 15m or 1h", word));
}

}  // namespace

Result<HomeSeriesRequest> parse_home_series_request(const JsonObject& params, const time::Now& now,
                                                    const history::SeriesLimits& limits) {
  GL_TRY(const auto from, time_of(params, "from", "-1d", now));
  GL_TRY(const auto to, time_of(params, "to", "now", now));
  GL_TRY(const auto step_ms, step_of(params));
  GL_TRY(auto serials, devices_of(params));
  if (from >= to) {
    return fail(ErrorCode::kBadParams, "to is not after from: must be behind it");
  }
  const std::int64_t begin_ms = history::quarter_before(from);
  const std::int64_t end_ms = history::quarter_after(to);
  if ((end_ms - begin_ms) / step_ms >= static_cast<std::int64_t>(limits.plot_points)) {
    return fail(ErrorCode::kBadParams,
                fmt::format("from and to have more than {} steps of {} between them, and an answer "
                            "has at most so many; a longer step or a shorter span would be valid",
                            limits.plot_points, time::span_text(Millis(step_ms))));
  }
  HomeSeriesRequest request{.bounds = {begin_ms},
                            .step_ms = step_ms,
                            .charges = limits.fields,
                            .devices = std::move(serials),
                            .now_ms = unix_ms(now.at),
                            .zone = now.zone};
  // Steps that have not begun have no data.
  history::Buckets steps(step_ms, now.zone);
  for (std::int64_t at_ms = begin_ms; at_ms < end_ms && at_ms <= request.now_ms;) {
    at_ms = std::min(steps.at(at_ms).end_ms, end_ms);
    request.bounds.push_back(at_ms);
  }
  return request;
}

HomeSeries::Curves::Curves(const HomeSeriesRequest& request,
                           std::vector<home::HistoryDevice> devices)
    : energies_({.devices = devices,
                 .bounds = request.bounds,
                 .now_ms = request.now_ms,
                 .measure = home::HomeEnergies::Measure::kPower}),
      charges_({.devices = std::move(devices),
                .bounds = request.bounds,
                .step_ms = request.step_ms,
                .zone = request.zone,
                .most = request.charges}) {}

Status HomeSeries::Curves::work(history::Reader& reader) {
  return energies_.done() ? charges_.work(reader) : energies_.work(reader);
}

template <typename Body>
void HomeSeries::Curves::add_to(Body& body) const {
  using Column = typename Body::Column;
  const std::vector<HomeFlows> steps = energies_.buckets();
  const auto has = [&](Quantity quantity) {
    return std::ranges::find(energies_.quantities(), quantity) != energies_.quantities().end();
  };
  for (const PlaceFlows& place : kPlaceFlows) {
    if (!has(place.in) && !(place.out && has(*place.out))) continue;
    Column column;
    column.reserve(steps.size());
    for (const HomeFlows& watts : steps) column.push_back(rounded(power_of(watts, place)));
    body.powers_w.members.emplace_back(place.place, std::move(column));
  }
  if (!charges_.is_computed()) return;
  Column& column = body.charge_percent.emplace();
  for (const auto& percent : charges_.percents()) column.push_back(rounded(percent));
}

HomeSeries::HomeSeries(HomeSeriesRequest request, const std::vector<home::HistoryDevice>& devices)
    : request_(std::move(request)) {
  curves_.reserve(1 + request_.devices.size());
  curves_.emplace_back(request_, devices);
  if (request_.devices.empty()) return;
  for (const home::HistoryDevice& device : devices) {
    curves_.emplace_back(request_, std::vector{device});
  }
}

bool HomeSeries::done() const { return std::ranges::all_of(curves_, &Curves::done); }

Status HomeSeries::work(history::Reader& reader) {
  const auto next = std::ranges::find(curves_, false, &Curves::done);
  return next == curves_.end() ? Status() : next->work(reader);
}

std::string HomeSeries::text() const {
  body::HomeSeries answer{.from_ms = request_.bounds.front(),
                          .to_ms = request_.bounds.back(),
                          .step_ms = request_.step_ms,
                          .times_ms = {request_.bounds.begin(), request_.bounds.end() - 1}};
  curves_.front().add_to(answer);
  add_gaps(answer, curves_.front().energies());
  if (request_.devices.empty()) return schema::to_text(answer);
  std::vector<body::DeviceSeries>& rows = answer.devices.emplace();
  for (std::size_t i = 0; i < request_.devices.size(); ++i) {
    curves_[i + 1].add_to(rows.emplace_back(body::DeviceSeries{.sn = request_.devices[i]}));
  }
  return schema::to_text(answer);
}

}  // namespace gridloom::api
