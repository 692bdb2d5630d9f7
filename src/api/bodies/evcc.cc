#include "api/bodies/evcc.h"

namespace gridloom::api::body {

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

const schema::Body& describe(schema::Of<Evcc> /*of*/) {
  static constexpr std::array kMembers = {
      member<&Evcc::now_ms>("now", {.text = "The devices' time", .unit = "Unix milliseconds"}),
      member<&Evcc::epoch>(
          "epoch", {.text = "Another one: the energies begin anew; absent: they are not known"}),
      member<&Evcc::grid>("grid", {.text = "Absent: no meter measures it"}),
      member<&Evcc::pv>("pv", {.text = "Absent: the home has none"}),
      member<&Evcc::battery>("battery", {.text = "Absent: the home has none"}),
      member<&Evcc::devices>("devices", {.text = "Those with a battery or solar power"}),
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
