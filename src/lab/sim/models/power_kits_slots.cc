#include "sim/models/power_kits_slots.h"

#include <algorithm>

namespace gridloom::sim::kits {
namespace {

// A serial number takes the type of the first group that contains it. kitscc's type is our own
// choice; ichigh is the other side of the inverter, and has its type.
struct TypedGroup {
  std::string_view group;
  int type;
};
constexpr std::array<TypedGroup, 9> kTypedGroups = {{{"bbcin", 15362},
                                                     {"bbcout", 15363},
                                                     {"kitscc", 15364},
                                                     {"iclow", 15365},
                                                     {"ichigh", 15365},
                                                     {"ldac", 15367},
                                                     {"lddc", 15368},
                                                     {"wireless", 15370},
                                                     {"bp2000", 15371}}};

int type_of(const FieldTable& table, std::string_view sn) {
  const auto* found = std::ranges::find_if(kTypedGroups, [&](const TypedGroup& each) {
    return std::ranges::any_of(table.modules(), [&](const FieldTable::Module& module) {
      return module.group == each.group && module.sn == sn;
    });
  });
  return found == kTypedGroups.end() ? 0 : found->type;
}

}  // namespace

std::string Slots::prefix_of(std::size_t module) const {
  const FieldTable::Module& found = table().modules()[module];
  return found.group + '.' + found.sn + '.';
}

std::string Slots::first(std::string_view group, std::string_view field) const {
  const auto& all = table().modules();
  const auto found = std::ranges::find(all, group, &FieldTable::Module::group);
  const std::string_view sn = found == all.end() ? "*" : std::string_view(found->sn);
  return std::string(group) + '.' + std::string(sn) + '.' + std::string(field);
}

std::vector<Slots::Listed> Slots::listed() {
  std::vector<Listed> all;
  for (const std::size_t module : modules("onLineModuleSnList")) {
    const std::string prefix = prefix_of(module);
    all.push_back({.module = module,
                   .kind = type_of(table(), table().modules()[module].sn),
                   .sn = json(prefix + "moduleSn"),
                   .address = number(prefix + "moduleAddr"),
                   .bus_address = number(prefix + "moduleDAddr"),
                   .type = number(prefix + "moduleType")});
  }
  return all;
}

Slots::Pack Slots::pack(const std::string& prefix) {
  return {.number = number(prefix + "kitNum"),
          .bus_address = number(prefix + "canId"),
          .soc = number(prefix + "soc", "%"),
          .power_in = number(prefix + "inWatts", "W"),
          .power_out = number(prefix + "outWatts", "W"),
          .current = number(prefix + "amp", "A"),
          .voltage = number(prefix + "vol", "V"),
          .remaining_capacity = number(prefix + "remainCap", "Ah"),
          .full_capacity = number(prefix + "fullCap", "Ah"),
          .design_capacity = number(prefix + "designCap", "Ah"),
          .state = number(prefix + "chgState"),
          .time_left = number(prefix + "remainTime", "min"),
          .switches = number(prefix + "chgDsgMosState"),
          .precharge_switches = number(prefix + "proChgDsgMosState"),
          .in_use = number(prefix + "openBmsIdex"),
          .lowest_cell_voltage = number(prefix + "minCellVol", "V"),
          .highest_cell_voltage = number(prefix + "maxCellVol", "V"),
          .temperature = number(prefix + "temp", "°C"),
          .coldest_cell = number(prefix + "minCellTemp", "°C"),
          .warmest_cell = number(prefix + "maxCellTemp", "°C"),
          .coldest_switch = number(prefix + "minMosTemp", "°C"),
          .warmest_switch = number(prefix + "maxMosTemp", "°C"),
          .coldest_heater = number(prefix + "minPtcTemp", "°C"),
          .warmest_heater = number(prefix + "maxPtcTemp", "°C"),
          .heating = number(prefix + "ptcHeatingFlag"),
          .heating_cause = number(prefix + "ptcTouchFlag"),
          .heating_time_left = number(prefix + "ptcRemainTime", "min"),
          .heater_fault = number(prefix + "ptcMosErr"),
          .heater_failures = number(prefix + "ptcChgErrCnt"),
          .error = number(prefix + "errCode"),
          .heats_by_discharging = number(prefix + "ptcAllowFlag"),
          .charge_limit = number(prefix + "chgSetSoc", "%"),
          .discharge_limit = number(prefix + "dsgSetSoc", "%"),
          .generator_start = number(prefix + "oilOpenSoc", "%"),
          .generator_stop = number(prefix + "oilCloseSoc", "%"),
          .rest_after = number(prefix + "acDcLsplShutdMin", "min")};
}

std::vector<Slots::Pack> Slots::packs_of(std::string_view group) {
  std::vector<Pack> all;
  for (const std::size_t module : modules(group)) all.push_back(pack(prefix_of(module)));
  return all;
}

Slots::Totals Slots::sums(const std::string& prefix) {
  return {.power_in = number(prefix + "totalInWatts", "W"),
          .power_out = number(prefix + "totalOutWatts", "W"),
          .current = number(prefix + "totalAmp", "A"),
          .soc = number(prefix + "totalSoc", "%"),
          .capacity = number(prefix + "totalFullCap", "Ah"),
          .state = number(prefix + "totalChgDsgState"),
          .time_left = number(prefix + "totalRemainTime", "min"),
          .charges = number(prefix + "warningEvent"),
          .asks_for_heat = number(prefix + "remindDsgPtcFlag")};
}

std::vector<Slots::Totals> Slots::totals_of(std::string_view group) {
  std::vector<Totals> all = {sums("bmsTotal.")};
  for (const std::size_t module : modules(group)) all.push_back(sums(prefix_of(module)));
  return all;
}

Slots::Converter Slots::converter(std::string_view group) {
  return {.voltage = of(group, "batVol", "V"),
          .power = of(group, "batWatts", "W"),
          .current = of(group, "batCurr", "A"),
          .phase_current = {of(group, "l1Curr", "A"), of(group, "l2Curr", "A")},
          .sink_temperature = {of(group, "hs1Temp", "°C"), of(group, "hs2Temp", "°C")},
          .board_temperature = of(group, "pcbTemp", "°C"),
          .day_energy = of(group, "dayEnergy", "Wh")};
}

Slots::SolarInput Slots::solar_input(const std::string& input) {
  return {.power = of("kitscc", input + "InWatts", "W"),
          .voltage = of("kitscc", input + "InVol", "V"),
          .current = of("kitscc", input + "InCurr", "A"),
          .live = of("kitscc", input + "InputFlag")};
}

Slots::Channels Slots::channels(std::string_view group, const std::string& kind) {
  return {.powers = numbers(first(group, kind + "ChWatt"), "W"),
          .currents = numbers(first(group, kind + "ChCur"), "A"),
          .live = of(group, kind + "ChSta"),
          .allowed = of(group, kind + "SetChSta"),
          .power = of(group, kind + "TotalWatts", "W"),
          .voltage = of(group, kind + "InVol", "V"),
          .temperature = {of(group, kind + "Temp1", "°C"), of(group, kind + "Temp2", "°C")}};
}

}  // namespace gridloom::sim::kits
