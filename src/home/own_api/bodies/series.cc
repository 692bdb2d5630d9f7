#include "own_api/bodies/series.h"

#include <optional>
#include <vector>

namespace gridloom::api::body {

using schema::declared;
using schema::member;

const schema::Body& describe(schema::Of<Series> /*of*/) {
  static constexpr std::array kMembers = {
      declared<std::string_view>("field"),
      declared<std::optional<std::string_view>>("unit", {.text = "Absent: the field has none"}),
      declared<std::optional<double>>("scale",
                                      {.text = "A value times this is in the unit; absent: 1"}),
      declared<std::optional<std::int64_t>>("decimals"),
      declared<std::vector<Point>>("points",
                                   {.text = "Time in Unix milliseconds, and value; null: a gap"}),
  };
  static constexpr schema::Body kBody{.name = "Series", .members = kMembers};
  return kBody;
}

const schema::Body& describe(schema::Of<History> /*of*/) {
  static constexpr std::array kMembers = {
      declared<std::string_view>("sn"),
      declared<std::int64_t>("from", {.unit = "Unix milliseconds"}),
      declared<std::int64_t>("to", {.unit = "Unix milliseconds"}),
      declared<std::optional<std::int64_t>>(
          "step", {.text = "Absent: every reported value", .unit = "milliseconds"}),
      declared<std::optional<history::Aggregate>>("aggregate",
                                                  {.text = "Absent: every reported value"}),
      declared<std::vector<Series>>("series"),
  };
  static constexpr schema::Body kBody{.name = "History", .members = kMembers};
  return kBody;
}

const schema::Body& describe(schema::Of<DeviceSeries> /*of*/) {
  static constexpr std::array kMembers = {
      member<&DeviceSeries::sn>("sn"),
      member<&DeviceSeries::powers_w>(
          "powers_w", {.text = "As those of a home that has this device alone", .unit = "W"}),
      member<&DeviceSeries::charge_percent>(
          "charge_percent",
          {.text = "Null: not known; absent: the device has no battery", .unit = "%"}),
  };
  static constexpr schema::Body kBody{.name = "DeviceSeries", .members = kMembers};
  return kBody;
}

const schema::Body& describe(schema::Of<HomeSeries> /*of*/) {
  static constexpr std::array kMembers = {
      member<&HomeSeries::from_ms>("from", {.unit = "Unix milliseconds"}),
      member<&HomeSeries::to_ms>("to", {.unit = "Unix milliseconds"}),
      member<&HomeSeries::step_ms>("step", {.unit = "milliseconds"}),
      member<&HomeSeries::times_ms>("times",
                                    {.text = "When each step begins; a column has one value a step",
                                     .unit = "Unix milliseconds"}),
      member<&HomeSeries::powers_w>(
          "powers_w", {.text = "The mean of each step, with the signs of HomeNode; null: not known",
                       .unit = "W"}),
      member<&HomeSeries::charge_percent>(
          "charge_percent", {.text = "The mean of the batteries that are known; null: none is; "
                                     "absent: there is none, or too many for one answer",
                             .unit = "%"}),
      member<&HomeSeries::unknown>("unknown", {.text = kGapsText}),
      member<&HomeSeries::unknown_devices>("unknownDevices", {.text = kGapDevicesText}),
      member<&HomeSeries::devices>("devices",
                                   {.text = "Each of those that were asked for; absent: none was"}),
  };
  static constexpr schema::Body kBody{.name = "HomeSeries", .members = kMembers};
  return kBody;
}

}  // namespace gridloom::api::body
