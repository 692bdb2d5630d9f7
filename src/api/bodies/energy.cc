#include "api/bodies/energy.h"

namespace gridloom::api::body {
namespace {

using schema::constant;
using schema::joined;
using schema::member;

constexpr std::string_view kIso = "A time in ISO 8601";

// The members of a struct that is EnergySums.
template <typename T>
consteval auto sum_members() {
  return std::array{
      member<&EnergySums::pv_kwh, T>("pv", {.unit = "kWh"}),
      member<&EnergySums::battery_in_kwh, T>("batteryIn", {.unit = "kWh"}),
      member<&EnergySums::battery_out_kwh, T>("batteryOut", {.unit = "kWh"}),
      member<&EnergySums::grid_in_kwh, T>("gridIn", {.unit = "kWh"}),
      member<&EnergySums::grid_out_kwh, T>("gridOut", {.unit = "kWh"}),
      member<&EnergySums::home_kwh, T>("home", {.unit = "kWh"}),
      member<&EnergySums::ev_kwh, T>("ev", {.unit = "kWh"}),
      member<&EnergySums::heater_kwh, T>("heater", {.unit = "kWh"}),
      member<&EnergySums::heatpump_kwh, T>("heatpump", {.unit = "kWh"}),
      member<&EnergySums::pv_to_ev_kwh, T>("pvToEv", {.unit = "kWh"}),
      member<&EnergySums::pv_to_heater_kwh, T>("pvToHeater", {.unit = "kWh"}),
      member<&EnergySums::pv_to_heatpump_kwh, T>("pvToHeatpump", {.unit = "kWh"}),
      member<&EnergySums::self_sufficiency, T>(
          "selfSufficiency", {.text = "The part of the use that was not imported, from 0 to 1; "
                                      "absent: nothing was used"}),
      member<&EnergySums::self_consumption, T>(
          "selfConsumption", {.text = "The part of the sun's energy that was not exported, from 0 "
                                      "to 1; absent: there was none"}),
  };
}

constexpr std::string_view kSums = "What the device's family does not measure is absent";

}  // namespace

const schema::Body& describe(schema::Of<EnergySums> /*of*/) {
  static constexpr std::array kMembers = sum_members<EnergySums>();
  static constexpr schema::Body kBody{.name = "EnergySums", .text = kSums, .members = kMembers};
  return kBody;
}

const schema::Body& describe(schema::Of<Bucket> /*of*/) {
  static constexpr std::array kMembers =
      joined(std::array{member<&Bucket::from>("from", {kIso}), member<&Bucket::to>("to", {kIso})},
             sum_members<Bucket>());
  static constexpr schema::Body kBody{.name = "Bucket", .text = kSums, .members = kMembers};
  return kBody;
}

const schema::Body& describe(schema::Of<Energy> /*of*/) {
  static constexpr std::array kMembers = {
      member<&Energy::sn>("sn"),
      member<&Energy::period>("period"),
      member<&Energy::from>("from", {kIso}),
      member<&Energy::to>("to", {kIso}),
      constant("unit", "kWh"),
      member<&Energy::quantities>("quantities",
                                  {.text = "Those that the device's family measures"}),
      member<&Energy::buckets>("buckets"),
      member<&Energy::total>("total"),
  };
  static constexpr schema::Body kBody{.name = "Energy", .members = kMembers};
  return kBody;
}

}  // namespace gridloom::api::body
