#include "own_api/bodies/energy.h"

namespace gridloom::api::body {
namespace {

using schema::constant;
using schema::joined;
using schema::member;

constexpr std::string_view kIso = "A time in ISO 8601";
constexpr std::string_view kPrevious =
    "The span before, of the same length in the calendar; absent: compare is not given";
constexpr std::string_view kSoFar =
    "A span that still runs has the sums of as much of the span before, to the same time by the "
    "clock; within a quarter of an hour they are taken as steady";
constexpr std::string_view kOutdated =
    "Devices with energies in the span that were counted before a correction of their family, the "
    "first 8; absent: there are none";
constexpr std::string_view kUnknown = "The past part of the span of which nothing is known";

// The members of a struct that is EnergySums.
template <typename T>
consteval auto sum_members() {
  return std::array{
      member<&EnergySums::unknown_s, T>("unknown_s", {.text = kUnknown, .unit = "seconds"}),
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

constexpr std::string_view kSums =
    "What the device's family does not measure, or what is not known of the span, is absent";

// The members of a struct that is HomeEnergySums.
template <typename T>
consteval auto home_sum_members() {
  using Sums = HomeEnergySums;
  return std::array{
      member<&Sums::unknown_s, T>("unknown_s", {.text = kUnknown, .unit = "seconds"}),
      member<&Sums::at_least, T>(
          "atLeast", {.text = "Some of the devices behind the sums are not known for all of it"}),
      member<&Sums::sun_kwh, T>("sun_kwh", {.unit = "kWh"}),
      member<&Sums::battery_in_kwh, T>("batteryIn_kwh", {.unit = "kWh"}),
      member<&Sums::battery_out_kwh, T>("batteryOut_kwh", {.unit = "kWh"}),
      member<&Sums::grid_import_kwh, T>("gridImport_kwh", {.unit = "kWh"}),
      member<&Sums::grid_export_kwh, T>("gridExport_kwh", {.unit = "kWh"}),
      member<&Sums::home_kwh, T>(
          "home_kwh", {.text = "With what went to the car and to heating", .unit = "kWh"}),
      member<&Sums::car_kwh, T>("car_kwh", {.unit = "kWh"}),
      member<&Sums::heat_kwh, T>("heat_kwh", {.unit = "kWh"}),
      member<&Sums::self_sufficiency_percent, T>(
          "selfSufficiency_percent",
          {.text = "The part of the use that was not imported; absent: nothing was used",
           .unit = "%"}),
      member<&Sums::self_consumption_percent, T>(
          "selfConsumption_percent",
          {.text = "The part of the sun's energy that was not exported; absent: there was none",
           .unit = "%"}),
  };
}

constexpr std::string_view kHomeSumsText =
    "What no device measures, or what is not known of the span, is absent";

// The members of a span's part, EnergySums or HomeEnergySums behind its bounds.
template <typename T>
consteval auto bucket_members(const auto& sums) {
  return joined(std::array{member<&T::from>("from", {kIso}), member<&T::to>("to", {kIso})}, sums);
}

// The members of an EnergySpan or a HomeEnergySpan.
template <typename T>
consteval auto span_members() {
  return std::array{
      member<&T::from>("from", {kIso}),
      member<&T::to>("to", {kIso}),
      member<&T::buckets>("buckets"),
      member<&T::total>("total"),
      member<&T::so_far>("soFar", {.text = kSoFar}),
  };
}

}  // namespace

const schema::Body& describe(schema::Of<EnergySums> /*of*/) {
  static constexpr std::array kMembers = sum_members<EnergySums>();
  static constexpr schema::Body kBody{.name = "EnergySums", .text = kSums, .members = kMembers};
  return kBody;
}

const schema::Body& describe(schema::Of<Bucket> /*of*/) {
  static constexpr std::array kMembers = bucket_members<Bucket>(sum_members<Bucket>());
  static constexpr schema::Body kBody{.name = "Bucket", .text = kSums, .members = kMembers};
  return kBody;
}

const schema::Body& describe(schema::Of<EnergySpan> /*of*/) {
  static constexpr std::array kMembers = span_members<EnergySpan>();
  static constexpr schema::Body kBody{.name = "EnergySpan", .members = kMembers};
  return kBody;
}

const schema::Body& describe(schema::Of<OutdatedEnergies> /*of*/) {
  static constexpr std::array kMembers = {
      member<&OutdatedEnergies::sn>("sn"),
      member<&OutdatedEnergies::outdated_s>(
          "outdated_s", {.text = "Hours of the span that are not counted anew, as their values are "
                                 "not kept or as that is still to be done",
                         .unit = "seconds"}),
      member<&OutdatedEnergies::corrections>(
          "corrections", {.text = "What was wrong with such energies, the oldest first"}),
  };
  static constexpr schema::Body kBody{.name = "OutdatedEnergies", .members = kMembers};
  return kBody;
}

const schema::Body& describe(schema::Of<Energy> /*of*/) {
  static constexpr std::array kMembers = {
      member<&Energy::sn>("sn"),
      member<&Energy::period>("period"),
      member<&EnergySpan::from, Energy>("from", {kIso}),
      member<&EnergySpan::to, Energy>("to", {kIso}),
      constant("unit", "kWh"),
      member<&Energy::quantities>("quantities",
                                  {.text = "Those that the device's family measures"}),
      member<&EnergySpan::buckets, Energy>("buckets"),
      member<&EnergySpan::total, Energy>("total"),
      member<&Energy::outdated>("outdated", {.text = kOutdated}),
      member<&Energy::previous>("previous", {.text = kPrevious}),
  };
  static constexpr schema::Body kBody{.name = "Energy", .members = kMembers};
  return kBody;
}

const schema::Body& describe(schema::Of<HomeEnergySums> /*of*/) {
  static constexpr std::array kMembers = home_sum_members<HomeEnergySums>();
  static constexpr schema::Body kBody{
      .name = "HomeEnergySums", .text = kHomeSumsText, .members = kMembers};
  return kBody;
}

const schema::Body& describe(schema::Of<HomeBucket> /*of*/) {
  static constexpr std::array kMembers = bucket_members<HomeBucket>(home_sum_members<HomeBucket>());
  static constexpr schema::Body kBody{
      .name = "HomeBucket", .text = kHomeSumsText, .members = kMembers};
  return kBody;
}

const schema::Body& describe(schema::Of<HomeEnergySpan> /*of*/) {
  static constexpr std::array kMembers = span_members<HomeEnergySpan>();
  static constexpr schema::Body kBody{.name = "HomeEnergySpan", .members = kMembers};
  return kBody;
}

const schema::Body& describe(schema::Of<DeviceGap> /*of*/) {
  static constexpr std::array kMembers = {
      member<&DeviceGap::sn>("sn"),
      member<&DeviceGap::unknown_s>("unknown_s", {.unit = "seconds"}),
      member<&DeviceGap::damaged>(
          "damaged", {.text = "Its history cannot be read, and the sums are those of the others"}),
  };
  static constexpr schema::Body kBody{.name = "DeviceGap", .members = kMembers};
  return kBody;
}

const schema::Body& describe(schema::Of<HomeEnergy> /*of*/) {
  static constexpr std::array kMembers = {
      member<&HomeEnergy::period>("period"),
      member<&HomeEnergySpan::from, HomeEnergy>("from", {kIso}),
      member<&HomeEnergySpan::to, HomeEnergy>("to", {kIso}),
      member<&HomeEnergy::quantities>("quantities",
                                      {.text = "Those that the home's devices measure"}),
      member<&HomeEnergySpan::buckets, HomeEnergy>("buckets"),
      member<&HomeEnergySpan::total, HomeEnergy>("total"),
      member<&HomeEnergy::unknown>("unknown", {.text = kGapsText}),
      member<&HomeEnergy::unknown_devices>("unknownDevices", {.text = kGapDevicesText}),
      member<&HomeEnergy::outdated>("outdated", {.text = kOutdated}),
      member<&HomeEnergy::previous>("previous", {.text = kPrevious}),
  };
  static constexpr schema::Body kBody{.name = "HomeEnergy", .members = kMembers};
  return kBody;
}

}  // namespace gridloom::api::body
