#include "sim/models/power_kits_packs.h"

#include <algorithm>
#include <cmath>

#include "sim/ageing.h"
#include "sim/models/power_kits_module.h"

namespace gridloom::sim::kits {
namespace {

constexpr int kCells = 16;
constexpr double kPackResistance_ohm = 0.059;
constexpr double kMaxCharge_w = 3000;         // all packs together
constexpr double kTaper_w_per_percent = 300;  // charging slows down towards its limit
constexpr int kIdle_w = 10;                   // a pack with less power counts as idle
constexpr int kEndless_min = 143999;
constexpr double kHeaterRise_k = 28;
constexpr double kHeatBelow_c = 5;
constexpr double kHeatUntil_c = 10;
constexpr double kHeaterSpeed_k_per_min = 0.23;

// Values on the wire.
constexpr int kHeaterError = 2;  // added to the code for no error
constexpr int kOpen = 0;
constexpr int kClosed = 3;
constexpr int kIdle = 0;
constexpr int kDischarging = 1;
constexpr int kCharging = 2;

int state_of(int power_w) {
  if (std::abs(power_w) < kIdle_w) return kIdle;
  return power_w > 0 ? kCharging : kDischarging;
}

}  // namespace

void Packs::start(Fields& fields, const Environment& environment) {
  packs_.clear();
  int number = 0;
  for (const std::string& sn : fields.modules("bp2000")) {
    Module pack(fields, "bp2000", sn);
    ++number;
    pack.set("kitNum", number);
    pack.set("canId", number);
    // No field holds the cycles: they follow from the capacity.
    const double full_mah = pack.number("fullCap");
    const double health = full_mah / pack.number("designCap");
    packs_.push_back({.sn = sn,
                      .battery = Battery({.cells = kCells,
                                          .capacity_ah = full_mah / 1000,
                                          .resistance_ohm = kPackResistance_ohm,
                                          .cycles = cycles_at(health),
                                          .soc_percent = pack.number("soc"),
                                          .temperature_c = environment.air_c + 2}),
                      .no_error = pack.integer("errCode")});
  }
  read(fields);
}

double Packs::soc() const {
  double sum_percent = 0;
  for (const Pack& pack : packs_) sum_percent += pack.battery.soc_percent();
  return sum_percent / static_cast<double>(packs_.size());
}

void Packs::read(Fields& fields) {
  Module first(fields, "bp2000", packs_.front().sn);
  on_ = first.on("chgDsgMosState");
  settings_ = {.charge_to_soc = first.number("chgSetSoc"),
               .discharge_to_soc = first.number("dsgSetSoc"),
               .generator_on_soc = first.number("oilOpenSoc"),
               .generator_off_soc = first.number("oilCloseSoc"),
               .rest_min = first.integer("acDcLsplShutdMin")};
  for (Pack& pack : packs_) {
    pack.heats_by_discharging = Module(fields, "bp2000", pack.sn).on("ptcAllowFlag");
  }
}

void Packs::allow_heating(Fields& fields, bool by_discharging) {
  for (const std::string& sn : fields.modules("bp2000")) {
    Module(fields, "bp2000", sn).set("ptcAllowFlag", by_discharging ? 1 : 0);
  }
}

int Packs::acceptable_w() const {
  const bool frozen = std::ranges::any_of(
      packs_, [](const Pack& pack) { return pack.battery.temperature_c() < 0; });
  if (frozen) return 0;
  const double room_percent = settings_.charge_to_soc - soc();
  return static_cast<int>(std::clamp(room_percent * kTaper_w_per_percent, 0.0, kMaxCharge_w));
}

void Packs::heat(const HeatSources& sources) {
  heat_sources_ = sources;
  for (Pack& pack : packs_) {
    pack.cold.update(pack.battery.temperature_c(), {.from = kHeatBelow_c, .until = kHeatUntil_c});
    const bool by_discharging = pack.heats_by_discharging && sources.discharging;
    const bool wanted = on_ && pack.cold.on() && (sources.charging || by_discharging);
    if (wanted && !pack.failed && !sources.working) {
      pack.failed = true;
      ++pack.failures;
    }
    pack.heating = wanted && !pack.failed;
    if (!pack.heating) pack.cold.release();
  }
}

bool Packs::failed_to_heat() const { return std::ranges::any_of(packs_, &Pack::failed); }

void Packs::clear_errors() {
  for (Pack& pack : packs_) {
    pack.failed = false;
    pack.failures = 0;
  }
}

void Packs::write_heaters(Fields& fields) const {
  for (const Pack& pack : packs_) {
    Module module(fields, "bp2000", pack.sn);
    const double cell_c = pack.battery.temperature_c();
    const int trigger = heat_sources_.charging ? 1 : 2;
    module.set("ptcHeatingFlag", pack.heating ? 1 : 0);
    module.set("ptcTouchFlag", pack.heating ? trigger : 0);
    module.set("ptcMosErr", pack.failed ? 1 : 0);
    module.set("ptcChgErrCnt", pack.failures);
    module.set("errCode", pack.no_error + (pack.failed ? kHeaterError : 0));
    module.set("ptcRemainTime",
               pack.heating ? (kHeatUntil_c - cell_c) / kHeaterSpeed_k_per_min : 0);
    module.set("minPtcTemp", cell_c + (pack.heating ? 18 : 0));
    module.set("maxPtcTemp", cell_c + (pack.heating ? 20 : 1));
  }
}

int Packs::heaters_w() const {
  return kHeater_w * static_cast<int>(std::ranges::count_if(packs_, &Pack::heating));
}

void Packs::run(int net_w, double seconds, double air_c) {
  // In parallel all packs have one terminal voltage: V = (sum of OCV / R + I) / (sum of 1 / R).
  double rest_sum_v = 0;
  for (const Pack& pack : packs_) rest_sum_v += pack.battery.rest_v();
  const auto count = static_cast<double>(packs_.size());
  const double common_v = (rest_sum_v + net_w / bus_v() * kPackResistance_ohm) / count;
  int left_w = net_w;
  for (std::size_t k = 0; k < packs_.size(); ++k) {
    Pack& pack = packs_.at(k);
    const double current_a = (common_v - pack.battery.rest_v()) / kPackResistance_ohm;
    const bool last = k + 1 == packs_.size();
    // Open switches leave no power on the bus, and no current between the packs either.
    const int wanted_w = last ? left_w : net_w == 0 ? 0 : rounded(current_a * common_v);
    left_w -= wanted_w;
    const double heater_k = pack.heating ? kHeaterRise_k : 0;
    pack.power_w = rounded(pack.battery.apply(
        {.power_w = static_cast<double>(wanted_w), .seconds = seconds, .air_c = air_c + heater_k}));
  }
}

void Packs::write(Fields& fields) {
  for (const Pack& pack : packs_) {
    if (!switched_) break;
    Module(fields, "bp2000", pack.sn).set("chgDsgMosState", on_ ? kClosed : kOpen);
  }
  switched_ = false;
  write_heaters(fields);
  write_packs(fields);
  write_totals(fields);
}

void Packs::write_packs(Fields& fields) const {
  for (const Pack& pack : packs_) {
    Module module(fields, "bp2000", pack.sn);
    const Battery& battery = pack.battery;
    const double current_a = battery.current_a();
    const double cell_mv = battery.cell_v() * 1000;
    const double spread_mv = 1 + 50 * std::abs(current_a) * kPackResistance_ohm / kCells;
    module.set("proChgDsgMosState", module.number("chgDsgMosState"));
    module.set("soc", battery.soc_percent());
    module.set("remainCap", milli(battery.remaining_ah()));
    module.set("fullCap", milli(battery.capacity_ah()));
    module.set("vol", milli(battery.voltage_v()));
    module.set("amp", milli(current_a));
    module.set("inWatts", std::max(pack.power_w, 0));
    module.set("outWatts", std::min(pack.power_w, 0));
    module.set("chgState", state_of(pack.power_w));
    module.set("remainTime",
               current_a > 0 ? battery.minutes_to_full({.soc_percent = module.number("chgSetSoc"),
                                                        .longest_min = kEndless_min})
                             : battery.minutes_to_empty({.soc_percent = module.number("dsgSetSoc"),
                                                         .longest_min = kEndless_min}));
    module.set("minCellVol", std::floor(cell_mv - spread_mv));
    module.set("maxCellVol", std::ceil(cell_mv + spread_mv));
    const double cell_c = battery.temperature_c();
    module.set("temp", cell_c);
    module.set("minCellTemp", cell_c - 0.4);
    module.set("maxCellTemp", cell_c + 0.4);
    module.set("minMosTemp", cell_c + 0.08 * std::abs(current_a));
    module.set("maxMosTemp", cell_c + 0.12 * std::abs(current_a) + 0.4);
  }
}

void Packs::write_totals(Fields& fields) const {
  double capacity_ah = 0;
  int in_w = 0;
  int out_w = 0;
  double current_a = 0;
  for (const Pack& pack : packs_) {
    in_w += std::max(pack.power_w, 0);
    out_w += std::min(pack.power_w, 0);
    current_a += pack.battery.current_a();
    capacity_ah += pack.battery.capacity_ah();
  }
  const int state = state_of(in_w + out_w);
  double minutes = kEndless_min;
  if (state != kIdle) {
    const double limit = state == kCharging ? settings_.charge_to_soc : settings_.discharge_to_soc;
    minutes = std::clamp((limit - soc()) / 100 * capacity_ah / current_a * 60, 0.0, minutes);
  }
  const auto set = [&](std::string_view name, double value) {
    fields.set_number("bmsTotal." + std::string(name), value);
    for (const Pack& pack : packs_) Module(fields, "bp2000", pack.sn).set(name, value);
  };
  set("totalInWatts", in_w);
  set("totalOutWatts", out_w);
  set("totalAmp", current_a * 10);
  set("totalSoc", soc());
  set("totalFullCap", std::floor(capacity_ah));
  set("totalChgDsgState", state);
  set("totalRemainTime", std::floor(minutes));
}

}  // namespace gridloom::sim::kits
