// The body of GET /api/v1/devices/SN/history, which api/history/series_answer.h streams.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <tuple>

#include "api/schema/body.h"
#include "history/series/bucket_aggregator.h"
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

}  // namespace body
}  // namespace gridloom::api
