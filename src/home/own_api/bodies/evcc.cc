#include "own_api/bodies/evcc.h"

namespace gridloom::api::body {

using schema::declared;
using schema::member;

const schema::Body& describe(schema::Of<EvccGrid> /*of*/) {
  static constexpr std::array kMembers = {
      member<&EvccGrid::power_w>("power",
                                 {.text = "Import is positive; absent: not known", .unit = "W"}),
      member<&EvccGrid::energy_kwh>("energy",
                                    {.text = "Imported; absent: not known", .unit = "kWh"}),
      member<&EvccGrid::return_energy_kwh>("returnenergy",
                                           {.text = "Exported; absent: not known", .unit = "kWh"}),
  };
  static constexpr schema::Body kBody{.name = "EvccGrid", .members = kMembers};
  return kBody;
}

const schema::Body& describe(schema::Of<EvccPv> /*of*/) {
  static constexpr std::array kMembers = {
      member<&EvccPv::power_w>("power", {.text = "Absent: not known", .unit = "W"}),
      member<&EvccPv::energy_kwh>("energy", {.text = "Absent: not known", .unit = "kWh"}),
  };
  static constexpr schema::Body kBody{.name = "EvccPv", .members = kMembers};
  return kBody;
}

const schema::Body& describe(schema::Of<EvccBattery> /*of*/) {
  static constexpr std::array kMembers = {
      member<&EvccBattery::power_w>(
          "power", {.text = "Discharge is positive; absent: not known", .unit = "W"}),
      member<&EvccBattery::soc_percent>("soc", {.text = "Absent: not known", .unit = "%"}),
      member<&EvccBattery::capacity_kwh>(
          "capacity", {.text = "Of the full battery; absent: not known", .unit = "kWh"}),
      member<&EvccBattery::energy_kwh>("energy",
                                       {.text = "Discharged; absent: not known", .unit = "kWh"}),
      member<&EvccBattery::return_energy_kwh>(
          "returnenergy", {.text = "Charged; absent: not known", .unit = "kWh"}),
  };
  static constexpr schema::Body kBody{.name = "EvccBattery", .members = kMembers};
  return kBody;
}

const schema::Body& describe(schema::Of<EvccDevice> /*of*/) {
  static constexpr std::array kMembers = {
      member<&EvccDevice::sn>("sn", {.text = "Serial number"}),
      member<&EvccDevice::name>("name"),
      member<&EvccDevice::pv>("pv", {.text = "Absent: it has none"}),
      member<&EvccDevice::battery>("battery", {.text = "Absent: it has none"}),
  };
  static constexpr schema::Body kBody{.name = "EvccDevice", .members = kMembers};
  return kBody;
}

const schema::Body& describe(schema::Of<BatteryModeState> /*of*/) {
  static constexpr std::array kMembers = {
      member<&BatteryModeState::sn>("sn", {.text = "Serial number"}),
      member<&BatteryModeState::mode>("mode", {.text = "evcc's number: 1 to 4"}),
      member<&BatteryModeState::name>("name"),
      member<&BatteryModeState::state>(
          "state", {.text = "Whether the device's fields show the mode; restoring: it has ended"}),
      member<&BatteryModeState::until_ms>(
          "until",
          {.text = "When it ends unless it is asked for again", .unit = "Unix milliseconds"}),
  };
  static constexpr schema::Body kBody{.name = "BatteryModeState", .members = kMembers};
  return kBody;
}

const schema::Body& describe(schema::Of<BatteryModes> /*of*/) {
  static constexpr std::array kMembers = {
      member<&BatteryModes::modes>("modes",
                                   {.text = "Batteries that have another one than normal"}),
  };
  static constexpr schema::Body kBody{.name = "BatteryModes", .members = kMembers};
  return kBody;
}

const schema::Body& describe(schema::Of<NewBatteryMode> /*of*/) {
  static constexpr std::array kMembers = {
      declared<int>("mode", {.text = "1 normal, 2 hold (no discharge), 3 charge (also from the "
                                     "grid), 4 holdcharge (no charge)"}),
      declared<std::optional<std::string_view>>(
          "device", {.text = "Serial number; absent: all batteries of the account"}),
  };
  static constexpr schema::Body kBody{.name = "NewBatteryMode",
                                      .text = "Ends after 60 seconds unless it is asked for again",
                                      .members = kMembers,
                                      .example = R"({"mode":2})"};
  return kBody;
}

const schema::Body& describe(schema::Of<Evcc> /*of*/) {
  static constexpr std::array kMembers = {
      member<&Evcc::now_ms>("now", {.text = "The devices' time", .unit = "Unix milliseconds"}),
      member<&Evcc::epoch>(
          "epoch", {.text = "Another one: the energies begin anew; absent: they are not known"}),
      member<&Evcc::grid>("grid", {.text = "Absent: no meter measures it"}),
      member<&Evcc::pv>("pv", {.text = "Absent: the home has none"}),
      member<&Evcc::battery>("battery", {.text = "Absent: the home has none"}),
      member<&Evcc::devices>("devices", {.text = "Those with a battery or solar power"}),
      member<&Evcc::modes>("modes", {.text = "Batteries that have another one than normal; absent: "
                                             "the node that knows is away"}),
  };
  static constexpr schema::Body kBody{
      .name = "Evcc",
      .text =
          "Meters as evcc names them; a value that is not known or too old is absent. "
          "Energies never fall",
      .members = kMembers};
  return kBody;
}

}  // namespace gridloom::api::body
