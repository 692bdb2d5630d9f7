#include "own_api/bodies/home.h"

namespace gridloom::api::body {

using schema::member;

const schema::Body& describe(schema::Of<UnknownDevice> /*of*/) {
  static constexpr std::array kMembers = {
      member<&UnknownDevice::sn>("sn"),
      member<&UnknownDevice::reason>("reason"),
  };
  static constexpr schema::Body kBody{.name = "UnknownDevice", .members = kMembers};
  return kBody;
}

const schema::Body& describe(schema::Of<HomeNode> /*of*/) {
  static constexpr std::array kMembers = {
      member<&HomeNode::power_w>(
          "power_w",
          {.text = "Charging of a battery and import from the grid are positive; null: not known",
           .unit = "W"}),
      member<&HomeNode::at_least>(
          "atLeast", {.text = "Some of the devices behind it are not known, and it is at least "
                              "power_w"}),
      member<&HomeNode::known_w>(
          "known_w", {.text = "What the devices that are known add up to, where power_w is null "
                              "because others, which may have the other sign, are not known",
                      .unit = "W"}),
      member<&HomeNode::charge_percent>(
          "charge_percent",
          {.text = "The mean of those that are known; null: none is; absent: it is no battery",
           .unit = "%"}),
      member<&HomeNode::unknown>(
          "unknown", {.text = "The first 8 devices whose power is not known, which is why power_w "
                              "is null or at least that; absent: it is known"}),
      member<&HomeNode::unknown_devices>(
          "unknownDevices",
          {.text = "How many devices there are, where unknown names the first of them only"}),
  };
  static constexpr schema::Body kBody{.name = "HomeNode", .members = kMembers};
  return kBody;
}

const schema::Body& describe(schema::Of<Flow> /*of*/) {
  static constexpr std::array kMembers = {
      member<&Flow::from>("from"),
      member<&Flow::to>("to"),
      member<&Flow::power_w>("power_w", {.unit = "W"}),
  };
  static constexpr schema::Body kBody{.name = "Flow", .members = kMembers};
  return kBody;
}

const schema::Body& describe(schema::Of<Today> /*of*/) {
  static constexpr std::array kMembers = {
      member<&Today::sun_kwh>("sun_kwh", {.unit = "kWh"}),
      member<&Today::grid_import_kwh>("gridImport_kwh", {.unit = "kWh"}),
      member<&Today::grid_export_kwh>("gridExport_kwh", {.unit = "kWh"}),
      member<&Today::home_kwh>("home_kwh", {.unit = "kWh"}),
      member<&Today::battery_in_kwh>("batteryIn_kwh", {.unit = "kWh"}),
      member<&Today::battery_out_kwh>("batteryOut_kwh", {.unit = "kWh"}),
      member<&Today::self_sufficiency_percent>("selfSufficiency_percent", {.unit = "%"}),
      member<&Today::at_least>(
          "atLeast", {.text = "Some of the devices behind the sums are not known for all of it"}),
      member<&Today::unknown_s>(
          "unknown_s",
          {.text = "Since midnight, of which nothing is known; null: not computed yet, or too many "
                   "devices",
           .unit = "seconds"}),
  };
  static constexpr schema::Body kBody{
      .name = "Today",
      .text = "Energies since midnight, of devices that have reported since; null: not known",
      .members = kMembers};
  return kBody;
}

const schema::Body& describe(schema::Of<HomeDeviceBody> /*of*/) {
  static constexpr std::array kMembers = {
      member<&HomeDeviceBody::sn>("sn"),
      member<&HomeDeviceBody::name>("name"),
      member<&HomeDeviceBody::family>("family", {.text = "The device file's id"}),
      member<&HomeDeviceBody::family_name>(
          "familyName", {.text = "Name of the product; empty: neither it nor its family is known"}),
      member<&HomeDeviceBody::role>("role"),
      member<&HomeDeviceBody::state>("state"),
      member<&HomeDeviceBody::last_report_ms>(
          "lastReport", {.text = "Null: it has not reported", .unit = "Unix milliseconds"}),
      member<&HomeDeviceBody::charge_percent>("charge_percent",
                                              {.text = "Null: not known", .unit = "%"}),
      member<&HomeDeviceBody::battery_power_w>(
          "batteryPower_w", {.text = "Charging is positive; null: not known", .unit = "W"}),
      member<&HomeDeviceBody::sun_power_w>("sunPower_w", {.text = "Null: not known", .unit = "W"}),
      member<&HomeDeviceBody::load_power_w>("loadPower_w",
                                            {.text = "Null: not known", .unit = "W"}),
      member<&HomeDeviceBody::grid_power_w>(
          "gridPower_w", {.text = "An import is positive; null: not known", .unit = "W"}),
      member<&HomeDeviceBody::full_in_s>(
          "fullIn_s",
          {.text = "Time until the battery is full; absent: it does not charge, or not known",
           .unit = "seconds"}),
      member<&HomeDeviceBody::empty_in_s>(
          "emptyIn_s",
          {.text = "Time until the battery is empty; absent: it does not discharge, or not known",
           .unit = "seconds"}),
      member<&HomeDeviceBody::faults>("faults", {.text = "Those that the device reports now"}),
  };
  static constexpr schema::Body kBody{.name = "HomeDevice", .members = kMembers};
  return kBody;
}

const schema::Body& describe(schema::Of<HomeBody> /*of*/) {
  static constexpr std::array kMembers = {
      member<&HomeBody::now_ms>("now", {.text = "The devices' time", .unit = "Unix milliseconds"}),
      member<&HomeBody::nodes>("nodes", {.text = "Those that the home has"}),
      member<&HomeBody::flows>("flows"),
      member<&HomeBody::unaccounted_w>(
          "unaccounted_w",
          {.text = "Surplus of the sources over the known uses; null: not known", .unit = "W"}),
      member<&HomeBody::grid_caption>("gridCaption"),
      member<&HomeBody::today>("today"),
      member<&HomeBody::devices>("devices"),
  };
  static constexpr schema::Body kBody{.name = "Home", .members = kMembers};
  return kBody;
}

}  // namespace gridloom::api::body
