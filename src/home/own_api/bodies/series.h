// The bodies of GET /api/v1/devices/SN/history, which api/history/series_answer.h streams, and of
// GET /api/v1/home/series.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <tuple>
#include <vector>

#include "api/schema/body.h"
#include "history/series/bucket_aggregator.h"
#include "overview/home_picture.h"
#include "own_api/bodies/energy.h"
#include "own_api/bodies/home.h"
#include "wire/json.h"

namespace gridloom::api {

template <>
struct schema::Words<history::Aggregate> {
  using enum history::Aggregate;
  static constexpr std::string_view kName = "Aggregate";
  static constexpr std::array kValues = {kMean, kMin, kMax, kSum, kCount, kLast, kIntegral};
};

namespace body {

// A time in Unix milliseconds, and the value; null: a gap.
struct Point {
  static constexpr std::string_view kName = "Point";
  using Type = std::tuple<std::int64_t, wire::Json>;
};

struct HistoryFormat {
  static constexpr std::string_view kName;
  static constexpr std::array<std::string_view, 2> kWords = {"json", "csv"};
};

struct Series;
const schema::Body& describe(schema::Of<Series> /*of*/);
struct History;
const schema::Body& describe(schema::Of<History> /*of*/);

// Each column has one value a step.
struct DeviceSeries {
  using Column = std::vector<NumberOrNull>;

  std::string_view sn;
  schema::Map<overview::PowerPlace, Column> powers_w{};
  std::optional<Column> charge_percent{};
};
const schema::Body& describe(schema::Of<DeviceSeries> /*of*/);

struct HomeSeries {
  using Column = DeviceSeries::Column;

  std::int64_t from_ms = 0;
  std::int64_t to_ms = 0;
  std::int64_t step_ms = 0;
  std::vector<std::int64_t> times_ms{};
  schema::Map<overview::PowerPlace, Column> powers_w{};
  std::optional<Column> charge_percent{};
  std::optional<std::vector<DeviceGap>> unknown{};
  std::optional<std::size_t> unknown_devices{};
  std::optional<std::vector<DeviceSeries>> devices{};
};
const schema::Body& describe(schema::Of<HomeSeries> /*of*/);

}  // namespace body
}  // namespace gridloom::api
