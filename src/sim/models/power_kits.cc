// The virtual Power Kits: packs in parallel on one battery bus, and every converter on that bus.
//
// Each step draws up a balance of the bus in whole watts (solar, alternator, generator and charger
// against inverter, DC output, pack heaters and the hub itself) and only then writes the fields, so
// that the reported integers add up: channels to totals, packs to bmsTotal, and all flows to the
// packs' power. The generator is a DC source on the bus that only the packs' input shows.
// Invariant: the device file names at least one module of every group used here.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/battery.h"
#include "sim/model.h"

namespace gridloom::sim {
namespace {

constexpr double kPackResistance_ohm = 0.059;
constexpr int kMaxCharge_w = 3000;            // all packs
constexpr double kTaper_w_per_percent = 300;  // charging slows down towards its limit
constexpr double kFloorSoc = 4;               // no discharge below, whatever the limit
constexpr double kOffSoc = 3;                 // the packs open their switches
constexpr double kLimitHysteresis = 2;        // % above the lower limit before outputs return
constexpr int kIdle_w = 10;                   // a pack below it counts as idle
constexpr int kEndless_min = 143999;

constexpr int kHub_w = 8;
constexpr int kHeater_w = 80;  // of a pack
constexpr double kHeaterRise_k = 28;
constexpr double kHeatBelow_c = 5;
constexpr double kHeatUntil_c = 10;
constexpr double kHeaterSpeed_k_per_min = 0.23;

constexpr std::array<double, 2> kPvRated_w = {1000, 800};
constexpr double kPv_v = 52;
constexpr double kEfficiency = 0.95;  // of every converter but the inverter
constexpr int kAlternator_w = 1500;   // on the bus, as the generator
constexpr double kAlternator_v = 53.8;
constexpr int kGenerator_w = 1600;
constexpr int kWorthCharging_w = 20;
// The vehicle is driven once a day; its engine idles for the first minutes.
constexpr std::int64_t kEngineOn_ms = std::int64_t{8} * 3600 * 1000;
constexpr std::int64_t kDriving_ms = kEngineOn_ms + std::int64_t{3} * 60 * 1000;
constexpr std::int64_t kParked_ms = kEngineOn_ms + std::int64_t{45} * 60 * 1000;

constexpr int kInverterIdle_w = 20;
constexpr double kInverterLoss = 0.06;
constexpr double kCharger_w = 3000;                       // on the AC side
constexpr std::array<double, 2> kDcOut_v = {13.6, 27.2};  // by cfgVolTag
constexpr double kDcResidual_v = 0.134;
constexpr int kBus_mv = 385000;  // the inverter's inner bus, running
constexpr int kBusResidual_mv = 725;

// The AC channels as parts of the household, the DC channels at the usual household.
constexpr std::array<double, 6> kAcShare = {0.09, 0.06, 0.04, 0.03, 0.02, 0.01};
constexpr std::array<double, 12> kDcLoad_w = {18, 12, 9, 7, 6, 5, 4, 3, 3, 2, 2, 1};
constexpr double kUsualHousehold_w = 350;
constexpr double kMostHousehold_w = 11000;  // keeps the inverter within its 3600 W
constexpr int kUnswitched = 0xfc0;          // DC channels 7 to 12 have no relay

constexpr double kFullCap_ah = 37.894;

// Module types count up from BBC_IN's along this list; the nameless ones are not documented. A
// serial number takes the first group that it belongs to. kitscc's place is our own choice.
constexpr int kFirstModuleType = 15362;
constexpr std::array<std::string_view, 10> kTypedGroups = {
    "bbcin", "bbcout", "kitscc", "iclow", "", "ldac", "lddc", "", "wireless", "bp2000"};

int rounded(double value) { return static_cast<int>(std::lround(value)); }
int milli(double value) { return rounded(value * 1000); }

std::int64_t whole_or(const wire::JsonObject& params, std::string_view name,
                      std::int64_t otherwise) {
  const wire::Json* value = params.if_contains(name);
  return value != nullptr && wire::is_whole(*value) ? wire::whole(*value) : otherwise;
}

template <std::size_t n>
int sum(const std::array<int, n>& values) {
  int total = 0;
  for (const int value : values) total += value;
  return total;
}

// A heat sink that follows its losses, and what went through today and ever.
struct Converter {
  double sink_c = 25;
  double day_wh = 0;
  double ever_wh = 0;

  void run(int power_w, double loss_w, double air_c, double seconds) {
    const double settled_c = air_c + 5 + 0.2 * loss_w;
    sink_c = settled_c + (sink_c - settled_c) * std::exp(-seconds / 600);
    day_wh += power_w * seconds / 3600;
    ever_wh += power_w * seconds / 3600;
  }
};

// One module's fields.
class Module {
 public:
  Module(Fields& fields, std::string_view group, std::string_view sn)
      : fields_(fields),
        name_(std::string(group) + '.' + std::string(sn) + '.'),
        stem_(name_.size()) {}
  Module(Fields& fields, std::string_view group)
      : Module(fields, group, fields.modules(group).front()) {}

  [[nodiscard]] double number(std::string_view field) { return fields_.number(named(field)); }
  [[nodiscard]] int integer(std::string_view field) {
    return static_cast<int>(fields_.integer(named(field)));
  }
  [[nodiscard]] bool on(std::string_view field) { return fields_.on(named(field)); }
  void set(std::string_view field, double value) { fields_.set_number(named(field), value); }
  void set_value(std::string_view field, wire::Json value) {
    fields_.set(named(field), std::move(value));
  }
  // A converter between the battery bus and something else; `offset_a` is its sensors' error.
  void set_converter(int power_w, double bus_v, double offset_a, const Converter& converter,
                     double air_c) {
    const int current_ma = milli(power_w / bus_v);
    const int first_phase_ma = current_ma / 2 + milli(offset_a);
    set("batVol", milli(bus_v));
    set("batWatts", power_w);
    set("batCurr", current_ma);
    set("l1Curr", first_phase_ma);
    set("l2Curr", current_ma - first_phase_ma);
    set("hs1Temp", converter.sink_c);
    set("hs2Temp", converter.sink_c - 1);
    set("pcbTemp", (converter.sink_c + air_c) / 2);
    set("dayEnergy", std::floor(converter.day_wh));
  }
  // A distribution panel, "ac" or "dc": channels that add up to their total.
  template <std::size_t n>
  void set_channels(std::string_view kind, const std::array<int, n>& watts, int live, double v,
                    double sink_c) {
    const std::string prefix(kind);
    std::array<int, n> current_ma{};
    for (std::size_t k = 0; k < n && v > 0; ++k) current_ma.at(k) = milli(watts.at(k) / v);
    set_value(prefix + "ChWatt", wire::JsonArray(watts.begin(), watts.end()));
    set_value(prefix + "ChCur", wire::JsonArray(current_ma.begin(), current_ma.end()));
    set(prefix + "ChSta", live);
    set(prefix + "TotalWatts", sum(watts));
    set(prefix + "InVol", milli(v));
    set(prefix + "Temp1", sink_c);
    set(prefix + "Temp2", sink_c - 1);
  }

 private:
  const std::string& named(std::string_view field) {
    name_.resize(stem_);
    return name_ += field;
  }

  Fields& fields_;
  std::string name_;
  std::size_t stem_;
};

// What the loads would draw and what the sources could give, before the balance.
struct Offer {
  std::array<int, 2> pv_w{};  // at the panels
  int alternator_w = 0;       // this and the next: on the bus
  int generator_w = 0;
  bool engine = false, moving = false;
  bool shore = false, charger = false;   // AC at the input, and it may charge
  int ac_channels = 0, dc_channels = 0;  // bits: switched on
  std::array<int, 6> ac_w{};
  std::array<int, 12> dc_w{};
};

// One step's powers on the bus, each of them positive.
struct Flow {
  int pv_w = 0, alternator_w = 0, generator_w = 0, charger_w = 0;
  int inverter_w = 0, dc_w = 0, heaters_w = 0, hub_w = 0;
  bool bypass = false, inverter = false, ac = false, dc = false;
  int ac_out_w = 0, ac_in_w = 0, dc_out_w = 0;

  [[nodiscard]] int loads_w() const { return inverter_w + dc_w + heaters_w + hub_w; }
  [[nodiscard]] int net_w() const {
    return pv_w + alternator_w + generator_w + charger_w - loads_w();
  }
};

class PowerKits final : public Model {
 public:
  explicit PowerKits(Chance chance) : chance_(chance) {}

  void start(Fields& fields, const Surroundings& around) override {
    packs_.clear();
    for (const std::string& sn : fields.modules("bp2000")) {
      const auto k = static_cast<int>(packs_.size());
      Module pack(fields, "bp2000", sn);
      pack.set("kitNum", k + 1);
      pack.set("canId", k + 1);
      pack.set("fullCap", milli(kFullCap_ah));
      packs_.push_back({.sn = sn,
                        .battery = Battery({.capacity_ah = kFullCap_ah,
                                            .resistance_ohm = kPackResistance_ohm,
                                            .soc_percent = pack.number("soc"),
                                            .temperature_c = around.air_c + 2})});
    }
    int address = 0;
    for (const std::string& sn : fields.modules("onLineModuleSnList")) {
      Module entry(fields, "onLineModuleSnList", sn);
      entry.set_value("moduleSn", wire::Json(sn));
      entry.set("moduleAddr", ++address);
      entry.set("moduleDAddr", 16 + address);
      const auto type = std::ranges::find_if(kTypedGroups, [&](std::string_view group) {
        return !group.empty() && std::ranges::count(fields.modules(group), sn) > 0;
      });
      entry.set("moduleType", kFirstModuleType + static_cast<int>(type - kTypedGroups.begin()));
    }
    solar_.ever_wh = Module(fields, "kitscc").number("chgEnergy");
    alternator_.ever_wh = Module(fields, "bbcin").number("dsgEnergy");
    dc_.ever_wh = Module(fields, "bbcout").number("dsgEnergy");
    for (Converter* converter : converters()) converter->sink_c = around.air_c + 5;
    last_local_ms_ = around.local_ms;
    step(fields, around, Millis{1000});
  }

  void step(Fields& fields, const Surroundings& around, Millis dt) override {
    ++step_;
    const double seconds = static_cast<double>(dt.count()) / 1000;
    run_generator(fields);
    const Offer offered = offer(fields, around);
    const int sources_w = sum(offered.pv_w) + offered.alternator_w + offered.generator_w;
    const bool charge_offered = sources_w >= kWorthCharging_w || offered.charger;
    if (soc() <= kOffSoc && !charge_offered) switch_packs(fields, 0);
    if (charge_offered && !charge_was_offered_) switch_packs(fields, 3);
    charge_was_offered_ = charge_offered;
    heat(fields, sources_w);

    const Flow flow = balance(fields, around, offered);
    share_among_packs(flow.net_w(), seconds, around.air_c);
    run_converters(flow, around, seconds);
    write_packs(fields);
    write_totals(fields);
    write_inputs(fields, around, offered, flow);
    write_dc(fields, around.air_c, offered, flow);
    write_ac(fields, around, offered, flow);
    write_charger(fields, offered, flow);
    rest(Module(fields, "ichigh"), "appCfg.powerOn", flow.ac && flow.ac_out_w == 0 ? seconds : 0,
         ac_idle_s_);
    rest(Module(fields, "bbcout"), "dcOutSta", flow.dc && flow.dc_out_w == 0 ? seconds : 0,
         dc_idle_s_);
  }

  Outcome command(Fields& fields, const catalog::Command& command, const wire::JsonObject& params,
                  const Surroundings& /*around*/) override {
    Outcome outcome;
    if (command.name == "powerOff" && whole_or(params, "enable", 0) == 1) return outcome;
    if (!packs_on(fields)) switch_packs(fields, 3);
    if (command.name == "ptcDsgCale") {
      for (const Pack& pack : packs_)
        Module(fields, "bp2000", pack.sn)
            .set("ptcAllowFlag", whole_or(params, "enable", 0) != 0 ? 1 : 0);
    } else if (command.name == "powerOffGen") {
      hand_ = whole_or(params, "bitsSwSta", 0) != 0 ? Hand::kStarted : Hand::kStopped;
    } else if (command.name == "writeProName") {
      const wire::Json* name = params.if_contains("name");
      if (name != nullptr && name->is_string()) product_name_ = std::string(name->as_string());
    } else if (command.name == "readProName") {
      outcome.result = {{"nameLen", product_name_.size()}, {"name", product_name_}};
    } else if (command.name == "fullIotDataPush") {
      outcome.full_report = whole_or(params, "times", 1) > 0;
    }
    return outcome;
  }

 private:
  // What a command did to the generator: it stays stopped until its start threshold is left, and
  // runs until the packs are full.
  enum class Hand : std::uint8_t { kNone, kStopped, kStarted };
  struct Pack {
    std::string sn;
    Battery battery;
    int power_w = 0;  // positive charges
    bool heating = false;
  };

  [[nodiscard]] double bus_v() const { return packs_.front().battery.voltage_v(); }
  [[nodiscard]] double noise(std::uint64_t channel) const {
    return chance_.normal(step_ * 16 + channel);
  }

  [[nodiscard]] Module master(Fields& fields) const {
    return {fields, "bp2000", packs_.front().sn};
  }
  std::array<Converter*, 5> converters() {
    return {&solar_, &alternator_, &dc_, &ac_in_, &ac_out_};
  }

  [[nodiscard]] double soc() const {
    double sum_percent = 0;
    for (const Pack& pack : packs_) sum_percent += pack.battery.soc_percent();
    return sum_percent / static_cast<double>(packs_.size());
  }

  [[nodiscard]] bool packs_on(Fields& fields) const { return master(fields).on("chgDsgMosState"); }

  void switch_packs(Fields& fields, int mos_state) const {
    for (const Pack& pack : packs_)
      Module(fields, "bp2000", pack.sn).set("chgDsgMosState", mos_state);
  }

  [[nodiscard]] Offer offer(Fields& fields, const Surroundings& around) const {
    Offer offer;
    Module solar(fields, "kitscc");
    for (std::size_t k = 0; k < offer.pv_w.size(); ++k) {
      const bool on = solar.on(k == 0 ? "mppt1SwSta" : "mppt2SwSta");
      offer.pv_w.at(k) = on ? rounded(kPvRated_w.at(k) * around.sun * (1 + 0.004 * noise(k))) : 0;
    }
    offer.engine = around.local_ms >= kEngineOn_ms && around.local_ms < kParked_ms;
    offer.moving = offer.engine && around.local_ms >= kDriving_ms;
    Module input(fields, "bbcin");
    const bool enough_volts =
        !input.on("altVoltLmtEn") || input.number("altVoltLmt") / 10 < kAlternator_v;
    const bool wanted = !input.on("chgPause") && input.integer("workMode") != 2;
    const bool driving = offer.engine && (offer.moving || input.on("shakeCtrlDisable"));
    if (driving && wanted && enough_volts)
      offer.alternator_w = static_cast<int>(
          std::min(input.number("chgMaxCurr") / 1000 * bus_v(), double{kAlternator_w}));
    offer.generator_w = generator_on_ ? kGenerator_w : 0;
    offer.shore = around.grid_up && !offer.engine;
    offer.charger = offer.shore && !Module(fields, "ichigh").on("appCfg.acChgDisable");
    offer_loads(fields, around, offer);
    return offer;
  }

  void offer_loads(Fields& fields, const Surroundings& around, Offer& offer) const {
    // A load keeps its level for a minute, whatever the step.
    const auto minute = static_cast<std::uint64_t>(unix_ms(around.now) / 60000);
    const auto level = [&](std::uint64_t channel) {
      return 0.7 + 0.6 * chance_.uniform(minute * 32 + channel);
    };
    const double household_w = std::min(around.household_w, kMostHousehold_w);
    offer.ac_channels = Module(fields, "ldac").integer("acSetChSta");
    for (std::size_t k = 0; k < kAcShare.size(); ++k)
      if ((offer.ac_channels >> k & 1) != 0)
        offer.ac_w.at(k) = static_cast<int>(household_w * kAcShare.at(k) * level(k));

    Module panel(fields, "lddc");
    offer.dc_channels = panel.integer("dcSetChSta") & (panel.integer("dcChRelay") | kUnswitched);
    const double activity = std::clamp(around.household_w / kUsualHousehold_w, 0.0, 2.0);
    for (std::size_t k = 0; k < kDcLoad_w.size(); ++k)
      if ((offer.dc_channels >> k & 1) != 0)
        offer.dc_w.at(k) = rounded(kDcLoad_w.at(k) * activity * level(8 + k));
  }

  void run_generator(Fields& fields) {
    Module pack = master(fields);
    const double now = soc();
    const double stop = pack.number("oilCloseSoc");
    const bool full = now >= pack.number("chgSetSoc") - 1;
    const bool low = now <= pack.number("oilOpenSoc") && now < stop;
    if ((hand_ == Hand::kStopped && !low) || (hand_ == Hand::kStarted && full)) hand_ = Hand::kNone;
    const bool by_itself = hand_ == Hand::kNone && (low || (generator_on_ && now < stop));
    generator_on_ = !full && (hand_ == Hand::kStarted || by_itself);
  }

  void heat(Fields& fields, int sources_w) {
    const bool by_charging = sources_w > static_cast<int>(packs_.size()) * kHeater_w + kHub_w;
    const bool on = packs_on(fields);
    for (Pack& pack : packs_) {
      Module module(fields, "bp2000", pack.sn);
      const double cell_c = pack.battery.temperature_c();
      const bool by_discharging = module.on("ptcAllowFlag") && !drained_;
      const bool cold = cell_c < (pack.heating ? kHeatUntil_c : kHeatBelow_c);
      pack.heating = on && cold && (by_charging || by_discharging);
      module.set("ptcHeatingFlag", pack.heating ? 1 : 0);
      const int trigger = by_charging ? 1 : 2;
      module.set("ptcTouchFlag", pack.heating ? trigger : 0);
      module.set("ptcRemainTime",
                 pack.heating ? (kHeatUntil_c - cell_c) / kHeaterSpeed_k_per_min : 0);
      module.set("minPtcTemp", cell_c + (pack.heating ? 18 : 0));
      module.set("maxPtcTemp", cell_c + (pack.heating ? 20 : 1));
    }
  }

  [[nodiscard]] int acceptable_w(Fields& fields) const {
    for (const Pack& pack : packs_)
      if (pack.battery.temperature_c() < 0) return 0;
    const double room = master(fields).number("chgSetSoc") - soc();
    return static_cast<int>(std::clamp(room * kTaper_w_per_percent, 0.0, double{kMaxCharge_w}));
  }

  [[nodiscard]] Flow balance(Fields& fields, const Surroundings& around, const Offer& offer) {
    Flow flow;
    const double lowest = std::max(master(fields).number("dsgSetSoc"), kFloorSoc);
    drained_ = soc() <= lowest + (drained_ ? kLimitHysteresis : 0);
    if (!packs_on(fields)) return flow;

    Module inverter(fields, "ichigh");
    const bool ac_on = inverter.on("appCfg.powerOn");
    const int ac_w = sum(offer.ac_w);
    const bool bypass_fits = ac_w <= inverter.number("appCfg.passByMaxCurr") * around.grid_v;
    flow.bypass =
        ac_on && offer.shore && bypass_fits && (inverter.integer("passByModeEn") == 1 || drained_);
    flow.inverter = ac_on && !flow.bypass && !drained_;
    flow.ac = flow.bypass || flow.inverter;
    flow.ac_out_w = flow.ac ? ac_w : 0;
    flow.inverter_w = flow.inverter ? kInverterIdle_w + rounded(ac_w * (1 + kInverterLoss)) : 0;
    flow.dc = Module(fields, "bbcout").on("dcOutSta") && !drained_;
    flow.dc_out_w = flow.dc ? sum(offer.dc_w) : 0;
    flow.dc_w = rounded(flow.dc_out_w / kEfficiency);
    for (const Pack& pack : packs_) flow.heaters_w += pack.heating ? kHeater_w : 0;
    flow.hub_w = kHub_w;

    int room_w = flow.loads_w() + acceptable_w(fields);
    const auto take = [&room_w](int offered_w) {
      const int taken_w = std::clamp(offered_w, 0, room_w);
      room_w -= taken_w;
      return taken_w;
    };
    flow.pv_w = take(static_cast<int>(sum(offer.pv_w) * kEfficiency));
    flow.alternator_w = take(offer.alternator_w);
    flow.generator_w = take(offer.generator_w);
    flow.ac_in_w = flow.bypass ? ac_w : 0;
    if (offer.charger && !flow.inverter) {
      const double limit_w = inverter.number("appCfg.acMaxCurrSer") * around.grid_v - flow.ac_in_w;
      flow.charger_w =
          take(static_cast<int>(std::min(kCharger_w, limit_w) * kEfficiency) - kInverterIdle_w);
      if (flow.charger_w > 0)
        flow.ac_in_w += rounded((flow.charger_w + kInverterIdle_w) / kEfficiency);
    }
    return flow;
  }

  void share_among_packs(int net_w, double seconds, double air_c) {
    // In parallel all have the same terminal voltage: V = (sum of OCV / R + I) / (sum of 1 / R).
    const auto rest_v = [](const Pack& pack) {
      return pack.battery.voltage_v() - pack.battery.current_a() * kPackResistance_ohm;
    };
    double rest_sum_v = 0;
    for (const Pack& pack : packs_) rest_sum_v += rest_v(pack);
    const auto count = static_cast<double>(packs_.size());
    const double common_v = (rest_sum_v + net_w / bus_v() * kPackResistance_ohm) / count;
    int left_w = net_w;
    for (std::size_t k = 0; k < packs_.size(); ++k) {
      Pack& pack = packs_.at(k);
      const double current_a = (common_v - rest_v(pack)) / kPackResistance_ohm;
      const bool last = k + 1 == packs_.size();
      // Open switches leave nothing on the bus, and no current between the packs either.
      const int wanted_w = last ? left_w : net_w == 0 ? 0 : rounded(current_a * common_v);
      left_w -= wanted_w;
      const double heater_k = pack.heating ? kHeaterRise_k : 0;
      pack.power_w = rounded(pack.battery.apply(wanted_w, seconds, air_c + heater_k));
    }
  }

  void run_converters(const Flow& flow, const Surroundings& around, double seconds) {
    if (around.local_ms < last_local_ms_)
      for (Converter* converter : converters()) converter->day_wh = 0;
    last_local_ms_ = around.local_ms;
    const double inverter_loss_w = kInverterLoss * std::max(flow.inverter_w, flow.charger_w);
    const std::array<int, 5> power_w = {flow.pv_w, flow.alternator_w, flow.dc_out_w, flow.ac_in_w,
                                        flow.ac_out_w};
    std::size_t k = 0;
    for (Converter* converter : converters()) {
      const int through_w = power_w.at(k++);
      const double loss_w = k > 3 ? inverter_loss_w : through_w * (1 - kEfficiency);
      converter->run(through_w, loss_w, around.air_c, seconds);
    }
  }

  // An output without load goes off after its standby time (0: never).
  static void rest(Module output, std::string_view switch_field, double idle_s,
                   double& idle_so_far_s) {
    idle_so_far_s = idle_s > 0 ? idle_so_far_s + idle_s : 0;
    const double limit_s = 60 * output.number("standbyTime");
    if (limit_s > 0 && idle_so_far_s >= limit_s) output.set(switch_field, 0);
  }

  void write_packs(Fields& fields) const {
    for (const Pack& pack : packs_) {
      Module module(fields, "bp2000", pack.sn);
      const Battery& battery = pack.battery;
      const double current_a = battery.current_a();
      const double cell_mv = battery.cell_v() * 1000;
      const double spread_mv = 1 + 50 * std::abs(current_a) * kPackResistance_ohm / 16;
      const int state = pack.power_w > 0 ? 2 : 1;
      module.set("proChgDsgMosState", module.number("chgDsgMosState"));
      module.set("soc", battery.soc_percent());
      module.set("remainCap", milli(battery.remaining_ah()));
      module.set("vol", milli(battery.voltage_v()));
      module.set("amp", milli(current_a));
      module.set("inWatts", std::max(pack.power_w, 0));
      module.set("outWatts", std::min(pack.power_w, 0));
      module.set("chgState", std::abs(pack.power_w) < kIdle_w ? 0 : state);
      module.set("remainTime",
                 current_a > 0
                     ? battery.minutes_to_full(module.number("chgSetSoc"), kEndless_min)
                     : battery.minutes_to_empty(module.number("dsgSetSoc"), kEndless_min));
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

  void write_totals(Fields& fields) const {
    const double capacity_ah = kFullCap_ah * static_cast<double>(packs_.size());
    int in_w = 0;
    int out_w = 0;
    double current_a = 0;
    for (const Pack& pack : packs_) {
      in_w += std::max(pack.power_w, 0);
      out_w += std::min(pack.power_w, 0);
      current_a += pack.battery.current_a();
    }
    const int power_w = in_w + out_w;
    const int direction = power_w > 0 ? 2 : 1;
    const int state = std::abs(power_w) < kIdle_w ? 0 : direction;
    double minutes = kEndless_min;
    if (state != 0) {
      const double limit = master(fields).number(state == 2 ? "chgSetSoc" : "dsgSetSoc");
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

  void write_inputs(Fields& fields, const Surroundings& around, const Offer& offer,
                    const Flow& flow) {
    Module solar(fields, "kitscc");
    solar.set_converter(flow.pv_w, bus_v(), 0.008 * noise(2), solar_, around.air_c);
    const int pv_w = rounded(flow.pv_w / kEfficiency);
    const int offered_w = std::max(sum(offer.pv_w), 1);
    const int first_w = rounded(static_cast<double>(pv_w) * offer.pv_w.front() / offered_w);
    // Panels that the balance holds back run at a higher voltage.
    const bool sunny = around.sun > 0.01;
    const double pv_v =
        !sunny ? 0 : kPv_v + 3 * around.sun + 8 * (1 - static_cast<double>(pv_w) / offered_w);
    const std::array<int, 2> in_w = {first_w, pv_w - first_w};
    for (std::size_t k = 0; k < in_w.size(); ++k) {
      const std::string prefix = k == 0 ? "pv1" : "pv2";
      const double input_v = pv_v + (sunny ? 0.2 * noise(3 + k) : 0);
      solar.set(prefix + "InWatts", in_w.at(k));
      solar.set(prefix + "InVol", milli(input_v));
      solar.set(prefix + "InCurr", sunny ? milli(in_w.at(k) / input_v) : 0);
      solar.set(prefix + "InputFlag", sunny ? 1 : 0);
    }
    solar.set("chgEnergy", std::floor(solar_.ever_wh));

    Module input(fields, "bbcin");
    const double alternator_v = offer.engine ? kAlternator_v + 0.1 * noise(5) : 0;
    const int alternator_w = rounded(flow.alternator_w / kEfficiency);
    input.set_converter(flow.alternator_w, bus_v(), 0.012 * noise(6), alternator_, around.air_c);
    input.set("dcInVol", milli(alternator_v));
    input.set("dcInWatts", alternator_w);
    input.set("dcInCurr", offer.engine ? milli(alternator_w / alternator_v) : 0);
    input.set("dcInState", offer.engine);
    input.set("chgType", offer.engine);
    input.set("isCarMoving", offer.moving);
    input.set("bpOnlinePos", (1U << packs_.size()) - 1);
    input.set("dsgEnergy", std::floor(alternator_.ever_wh));
  }

  void write_dc(Fields& fields, double air_c, const Offer& offer, const Flow& flow) const {
    Module output(fields, "bbcout");
    const double set_v = kDcOut_v.at(output.integer("cfgVolTag") == 0 ? 0 : 1);
    const double live_v = set_v - 0.0004 * flow.dc_out_w + 0.01 * noise(7);
    const double out_v = flow.dc ? live_v : kDcResidual_v;
    output.set_converter(-flow.dc_w, bus_v(), 0.01 * noise(8), dc_, air_c);
    output.set("ldOutVol", milli(out_v));
    output.set("ldOutWatts", flow.dc_out_w);
    output.set("ldOutCurr", milli(flow.dc_out_w / out_v));
    output.set("dsgEnergy", std::floor(dc_.ever_wh));
    const auto watts = flow.dc ? offer.dc_w : decltype(offer.dc_w){};
    Module(fields, "lddc")
        .set_channels("dc", watts, flow.dc ? offer.dc_channels : 0, flow.dc ? out_v : 0, air_c + 4);
  }

  void write_ac(Fields& fields, const Surroundings& around, const Offer& offer, const Flow& flow) {
    Module inverter(fields, "ichigh");
    const double in_v = offer.shore ? around.grid_v + 0.2 * noise(9) : 0;
    const double made_v = inverter.number("appCfg.acVolSet") + 0.3 * noise(10);
    const double live_v = flow.bypass ? in_v : made_v;
    const double out_v = flow.ac ? live_v : 0;
    const int made_hz = inverter.integer("appCfg.acFreqSet");
    const int live_hz = flow.bypass ? rounded(around.grid_hz) : made_hz;
    inverter.set("inVol", milli(in_v));
    inverter.set("inWatts", flow.ac_in_w);
    inverter.set("inCurr", offer.shore ? milli(flow.ac_in_w / in_v) : 0);
    inverter.set("inFreq", offer.shore ? rounded(around.grid_hz) : 0);
    inverter.set("outVol", milli(out_v));
    inverter.set("outWatts", flow.ac_out_w);
    inverter.set("outVa", flow.ac_out_w);
    inverter.set("outCurr", flow.ac ? milli(flow.ac_out_w / out_v) : 0);
    inverter.set("outFreq", flow.ac ? live_hz : 0);
    inverter.set("invSwSta", flow.ac ? 1 : 0);
    inverter.set("acTemp", ac_out_.sink_c + 2);
    inverter.set("inputWhInDay", std::floor(ac_in_.day_wh));
    inverter.set("outputWhInDay", std::floor(ac_out_.day_wh));
    const auto watts = flow.ac ? offer.ac_w : decltype(offer.ac_w){};
    Module panel(fields, "ldac");
    panel.set_channels("ac", watts, flow.ac ? offer.ac_channels : 0, out_v, around.air_c + 5);
  }

  void write_charger(Fields& fields, const Offer& offer, const Flow& flow) {
    Module low(fields, "iclow");
    const bool running = flow.inverter || flow.charger_w > 0;
    const int acceptable = acceptable_w(fields);
    const int direction = flow.charger_w > 0 ? 2 : 1;
    const int permission = acceptable > 0 ? 1 : 2;
    const double sink_c = ac_out_.sink_c;
    low.set("batVol", milli(bus_v()));
    low.set("batCurr", milli((flow.charger_w - flow.inverter_w) / bus_v()));
    low.set("busVol", running ? kBus_mv + rounded(400 * noise(11)) : kBusResidual_mv);
    low.set("dcTemp", sink_c);
    low.set("fanLevel", std::clamp((rounded(sink_c) - 35) / 8, 0, 3));
    low.set("chgType", offer.shore ? 1 : 0);
    low.set("chgInType", (offer.shore ? 1 : 0) + (flow.pv_w > 0 ? 2 : 0));
    low.set("chgDsgState", running ? direction : 0);
    low.set("maxChgCurr", offer.charger ? milli(kCharger_w * kEfficiency / bus_v()) : 0);
    low.set("bmsChgCurr", milli(acceptable / bus_v()));
    low.set("chgBatVol", milli(bus_v()) + 240);
    low.set("chrgFlag", packs_on(fields) ? permission : 0);
    low.set("realSoc", soc());
    low.set("lsplFlag", running || flow.bypass ? 0 : 1);
  }

  Chance chance_;
  std::uint64_t step_ = 0;
  std::vector<Pack> packs_;
  Converter solar_, alternator_, dc_, ac_in_, ac_out_;
  std::int64_t last_local_ms_ = 0;
  double ac_idle_s_ = 0;
  double dc_idle_s_ = 0;
  bool drained_ = false;  // the lower limit stopped the outputs
  bool generator_on_ = false;
  Hand hand_ = Hand::kNone;
  bool charge_was_offered_ = false;
  std::string product_name_ = "Power Kits";
};

}  // namespace

std::unique_ptr<Model> make_power_kits(Chance chance) {
  return std::make_unique<PowerKits>(chance);
}

}  // namespace gridloom::sim
