// The Smart Home Panel: ten load circuits, each fed by the grid or by up to two battery packs that
// are connected to two backup channels and charged through them.
//
// Each step selects the source of each circuit (by hand, by schedule, or because the grid is gone),
// runs the packs and books the energy. Invariant of the reports: the packs' output on channels 10
// and 11 is what the circuits take from storage plus the panel's own need (overhead_w and
// overhead_share), and the grid feeds all the rest and the charging.
#include <algorithm>
#include <array>
#include <bitset>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/chance.h"
#include "base/clock.h"
#include "catalog/family.h"
#include "sim/ageing.h"
#include "sim/battery.h"
#include "sim/energy_balance.h"
#include "sim/kept.h"
#include "sim/members.h"
#include "sim/model.h"
#include "sim/model_slots.h"
#include "sim/models/household_load.h"
#include "sim/models/panel_clock.h"
#include "sim/models/panel_energy.h"
#include "sim/models/panel_json.h"
#include "sim/models/panel_resume.h"
#include "sim/models/panel_settings.h"
#include "sim/models/panel_slots.h"
#include "sim/models/panel_tasks.h"
#include "sim/models/parts.h"
#include "sim/models/resume.h"
#include "wire/json.h"

namespace gridloom::sim {
namespace panel {
namespace {

namespace chrono = std::chrono;
using wire::Json;
using wire::JsonArray;
using wire::JsonObject;

// The fraction of a household's power that was set on each circuit; the sum is 1.
constexpr std::array<double, kLoads> kShare = {0.16, 0.14, 0.12, 0.05, 0.10,
                                               0.11, 0.07, 0.09, 0.06, 0.10};
constexpr double kUsualHousehold_w = 350;
constexpr double kLeast_w = 2;         // of a circuit that the panel measures as more than nothing
constexpr double kOutageFloorSoc = 3;  // in an outage the packs go below the configured floor
constexpr double kWake_s = 10;  // without EPS mode the inverters start only when the grid is gone
constexpr int kIdle_min = 143999;
constexpr std::string_view kClockShift = "clockShiftMs";

double to_centiwatts(double power_w) { return round_to(power_w, 100); }
std::int64_t centiwatts(double power_w) { return std::llround(power_w * 100); }

// The channel of each circuit of the home, by the names in the device file.
household::Wiring channels_of_circuits() {
  using household::Circuit;
  household::Wiring wiring{};
  wiring.fill(household::kNotWired);
  const auto put = [&wiring](std::int8_t channel, std::initializer_list<Circuit> circuits) {
    for (const Circuit circuit : circuits) wiring.at(static_cast<std::size_t>(circuit)) = channel;
  };
  put(0, {Circuit::kKitchen, Circuit::kCooker, Circuit::kDishwasher});
  put(1, {Circuit::kLiving});
  put(2, {Circuit::kOffice});
  put(3, {Circuit::kLights});
  put(4, {Circuit::kBedrooms, Circuit::kGuest});
  put(5, {Circuit::kUtility, Circuit::kHeating});
  put(6, {Circuit::kBath});
  put(7, {Circuit::kGarage});
  put(8, {Circuit::kGarden});
  put(9, {Circuit::kRefrigerator});
  return wiring;
}

class SmartHomePanel final : public Model {
 public:
  SmartHomePanel(std::shared_ptr<const Slots> slots, Chance chance)
      : slots_(std::move(slots)),
        ratings_(slots_->ratings),
        chance_(chance.split("smart_home_panel")),
        home_(chance),
        circuit_members_(slots_->circuits),
        backup_members_(slots_->backups),
        pack_members_(slots_->packs),
        power_members_(slots_->powers) {}

  void start(Fields& fields, const Environment& environment) override {
    const Json infos = fields.get(slots_->packs.slot);
    for (std::size_t k = 0; k < kPacks; ++k) {
      const Json& info = at(infos, k);
      Pack& pack = packs_.at(k);
      pack.connected = integer(at(info, "stateBean"), "isConnect") != 0;
      if (!pack.connected) continue;
      pack.rated_w = number(at(info, "ratePower"));
      pack.battery = Battery({.cells = static_cast<int>(ratings_.cells),
                              .capacity_ah = number(at(info, "fullCap")) * kHealth / 1000,
                              .resistance_ohm = ratings_.resistance_ohm,
                              .cycles = cycles_at(kHealth),
                              .soc_percent = number(at(info, "batteryPercentage")),
                              .temperature_c = environment.air_c + 5});
    }
    read(fields);
    self_check(fields, environment);
    home_.start(environment, channels_of_circuits());
    const time::LocalTime now = panel_time(environment);
    begin_day(now);
    // A device that is switched on in the afternoon starts with the energy of its morning.
    for (std::size_t n = 0; n < hour_at(now) * kLoads; ++n) {
      const std::size_t i = n % kLoads;
      const bool stored = set_.circuits.at(i).hand.has(Source::kStorage);
      const double usual_w = environment.household_w.value_or(kUsualHousehold_w);
      const double energy_wh = usual_w * kShare.at(i) * (0.5 + chance_.uniform(n));
      (stored ? from_storage_ : from_grid_).add(i, n / kLoads, energy_wh);
    }
    step(environment, kInstant);
    write(fields, environment);
  }

  void resume(Fields& fields, const Environment& environment, const TimeOff& off,
              const JsonObject& unreported) override {
    clock_shift_ = shift_in(unreported);
    packs_ = last_packs(fields, *slots_, environment, off);
    read(fields);
    home_.start(environment, channels_of_circuits());
    const time::LocalTime now = panel_time(environment);
    day_ = chrono::floor<chrono::days>(now);
    if (counted_on(stamp_of(now), fields, *slots_)) {
      from_grid_.restore(fields.get(slots_->grid_matrix), fields.si(slots_->grid_energy));
      from_storage_.restore(fields.get(slots_->storage_matrix), fields.si(slots_->storage_energy));
      charged_.restore(fields.get(slots_->charge_matrix), 0);
    }
    if (const auto kept = KeptReader::in(unreported)) {
      keep(*kept);
      for (Pack& pack : packs_) stand_by(pack.battery, environment.air_c, off);
    }
    step(environment, kInstant);
    write(fields, environment);
  }

  [[nodiscard]] JsonObject unreported() const override {
    return {{kClockShift, clock_shift_.count()}, {kPhysics, kept_of(*this)}};
  }
  void keep(this auto& self, auto& kept) {
    kept("packs", self.packs_);
    kept("outage_s", self.outage_s_);
    kept("unwritten", self.unwritten_);
    const std::int64_t today = self.day_.time_since_epoch().count();
    std::int64_t day = today;
    kept("day", day);
    if (day != today) return;
    kept("from_grid", self.from_grid_);
    kept("from_storage", self.from_storage_);
    kept("charged", self.charged_);
  }
  [[nodiscard]] std::uint64_t unreported_version() const override {
    return static_cast<std::uint64_t>(clock_shift_.count());
  }

  void step(const Environment& environment, Millis dt) override {
    const double seconds = seconds_of(dt);
    const time::LocalTime now = panel_time(environment);
    begin_day(now);
    outage_s_ = environment.grid_up ? 0 : outage_s_ + seconds;
    unwritten_ += dt;
    TaskRequests requests;
    if (!tasks_.empty()) requests = tasks_.requests_at(stamp_of(now));
    home_.advance(environment, dt);
    put_demand(environment);
    for (Pack& pack : packs_) pack.blocked = !environment.battery_ok;
    plan_charging(requests, environment.grid_up);
    const double fed_w = plan_loads(requests, environment.grid_up);
    run_packs(fed_w, seconds, environment.air_c);
    book(dt);
    count(hour_at(now), seconds);
  }

  void write(Fields& fields, const Environment& environment) override {
    const Slots& slots = *slots_;
    fields.set(slots.grid_up, environment.grid_up ? 1 : 0);
    fields.add_si(slots.work_time, seconds_of(std::exchange(unwritten_, Millis{0})));
    write_clock(fields, environment);
    write_powers(fields);
    write_controls(fields);
    write_packs(fields);
    fields.set_si(slots.grid_energy, from_grid_.sum_wh());
    fields.set_si(slots.storage_energy, from_storage_.sum_wh());
    from_grid_.show(fields, slots.grid_matrix);
    from_storage_.show(fields, slots.storage_matrix);
    charged_.show(fields, slots.charge_matrix);
  }

  CommandOutcome command(Fields& fields, const catalog::Command& command, const JsonObject& params,
                         const Environment& environment) override {
    CommandOutcome outcome;
    if (command.name == "setClock") outcome = set_clock(params, environment);
    if (command.name == "reset") reset(fields);
    if (command.name == "scheduleCharging") {
      set_task(fields, slots_->tasks, params, TaskType::kCharge);
    }
    if (command.name == "scheduleDischarging") {
      set_task(fields, slots_->tasks, params, TaskType::kDischarge);
    }
    if (command.name == "startSelfCheck") self_check(fields, environment);
    read(fields);
    step(environment, kInstant);
    write(fields, environment);
    return outcome;
  }

  [[nodiscard]] Balance balance() const override { return balance_.balance(); }
  [[nodiscard]] double drawn_w() const override { return from_site_w_; }

 private:
  void read(const Fields& fields) {
    set_ = read_settings(fields, *slots_);
    tasks_ = Tasks(set_.tasks);
    for (std::size_t i = 0; i < kLoads; ++i) {
      const Settings::Circuit& circuit = set_.circuits.at(i);
      loads_.at(i).priority = circuit.priority;
      most_w_.at(i) = circuit.in_use ? set_.limit_w.at(i) : 0;
      held_[i] = circuit.hand.holds;
      rescued_[i] = !set_.rescues_chosen || circuit.rescued;
    }
  }

  [[nodiscard]] static Millis shift_in(const JsonObject& unreported) {
    constexpr std::int64_t kMost_ms = 100 * 366 * kDay_ms;
    const Json* shift = unreported.if_contains(kClockShift);
    const std::int64_t shift_ms = shift != nullptr ? integer(*shift) : 0;
    return Millis(shift_ms >= -kMost_ms && shift_ms <= kMost_ms ? shift_ms : 0);
  }

  [[nodiscard]] time::LocalTime panel_time(const Environment& environment) const {
    return local_time(environment) + clock_shift_;
  }
  [[nodiscard]] static std::size_t hour_at(time::LocalTime now) {
    return static_cast<std::size_t>((now - chrono::floor<chrono::days>(now)) / chrono::hours{1});
  }

  // A date that does not exist is refused with ack 1.
  [[nodiscard]] CommandOutcome set_clock(const JsonObject& params, const Environment& environment) {
    Stamp stamp = stamp_of(panel_time(environment));
    for (std::size_t i = 0; i < stamp.size(); ++i) {
      const Json* value = params.if_contains(kStampNames.at(i));
      if (value != nullptr) stamp.at(i) = integer(*value);
    }
    const auto date = date_of(stamp);
    if (!date.ok()) return {.ack = 1, .result = {}};
    const time::LocalTime wanted = chrono::local_days{date} + chrono::hours{stamp[3]} +
                                   chrono::minutes{stamp[4]} + chrono::seconds{stamp[5]};
    clock_shift_ = wanted - local_time(environment);
    return {};
  }

  // Resets settings to their defaults; measured values and counters are kept.
  void reset(Fields& fields) {
    const double work_time_s = fields.si(slots_->work_time);
    fields.reset_to_initial();
    fields.set_si(slots_->work_time, work_time_s);
    clock_shift_ = Millis{0};
    from_grid_.show_again();
    from_storage_.show_again();
    charged_.show_again();
  }

  void self_check(Fields& fields, const Environment& environment) const {
    const std::uint64_t index = static_cast<std::uint64_t>(unix_ms(environment.now)) * 32;
    JsonArray in;
    JsonArray out;
    for (std::uint64_t i = 0; i < kLoads; ++i) {
      in.emplace_back(
          environment.grid_up ? to_centiwatts(environment.grid_v + chance_.normal(index + i)) : 0);
      out.emplace_back(to_centiwatts(0.6 * chance_.uniform(index + 16 + i)));
    }
    fields.set(slots_->check_inputs, std::move(in));
    fields.set(slots_->check_outputs, std::move(out));
    fields.set(slots_->check_result, 1);
  }

  // Resets the day's counters when the panel's date changes, also by a set of its clock.
  void begin_day(time::LocalTime now) {
    const auto day = chrono::floor<chrono::days>(now);
    if (day_ == day) return;
    day_ = day;
    from_grid_.clear();
    from_storage_.clear();
    charged_.clear();
  }

  void write_clock(Fields& fields, const Environment& environment) {
    const Stamp now = stamp_of(panel_time(environment));
    for (const Slots::Time& time : slots_->times) {
      for (std::size_t i = 0; i < now.size(); ++i) fields.set(time.parts.at(i), now.at(i));
      fields.set(time.week, iso_weekday(now));
    }
    const auto offset_min = chrono::round<chrono::minutes>(environment.utc_offset).count();
    fields.set(slots_->time_zone, offset_min / 60 * 100 + offset_min % 60);
    if (std::array{now[0], now[1], now[2]} != shown_day_) {
      shown_day_ = {now[0], now[1], now[2]};
      shown_day_json_ = '"' + day_of(now) + '"';
    }
    for (const Slot slot : slots_->days) fields.set_json(slot, shown_day_json_);
  }

  // A switched-off circuit's load is not drawn at all.
  void put_demand(const Environment& environment) {
    const auto& set_w = environment.household_w;
    for (std::size_t i = 0; i < kLoads; ++i) {
      const double wanted_w = set_w ? *set_w * kShare.at(i) : home_.power_w(i);
      double& drawn_w = loads_.at(i).power_w;
      drawn_w = 0;
      if (wanted_w < kLeast_w || most_w_.at(i) < kLeast_w) continue;
      drawn_w = to_centiwatts(std::min(wanted_w, most_w_.at(i)));
    }
  }

  void plan_charging(const TaskRequests& requests, bool grid_up) {
    for (std::size_t k = 0; k < kPacks; ++k) {
      Pack& pack = packs_.at(k);
      const ChargeRequest& order = requests.charge.at(k);
      // Without a task or a manual setting, a pack at its floor is charged again.
      double start_soc = set_.floor_soc;
      double power_w = ratings_.default_charge_w;
      Charger charger = Charger::kFloor;
      pack.limit_soc = set_.full_soc;
      if (set_.packs.at(k).holds) {
        charger = Charger::kHand;
        start_soc = set_.packs.at(k).source == Source::kGrid ? pack.limit_soc : -1;
      } else if (order.active) {
        charger = Charger::kTask;
        start_soc = order.low_soc;
        pack.limit_soc = order.high_soc;
        power_w = order.power_w;
      }
      const double soc = pack.battery.soc_percent();
      // A charge that one setting began is not continued by another one.
      if (std::exchange(pack.charger, charger).value_or(charger) != charger) pack.charging = false;
      pack.charging = pack.connected && !pack.blocked && grid_up && start_soc >= 0 &&
                      soc < pack.limit_soc && (pack.charging || soc <= start_soc);
      const double most_w = std::min(ratings_.charge_w, set_.limit_w.at(kLoads + k));
      pack.in_w = pack.charging ? std::min(power_w * ratings_.taper.at(soc), most_w) : 0;
    }
  }

  // Finds the packs that may supply, and returns what circuits can draw from them in total.
  [[nodiscard]] double enlist_packs(bool grid_up) {
    const double floor_soc = grid_up ? set_.floor_soc : 0;
    const double end_soc = std::max(floor_soc, kOutageFloorSoc);
    double most_w = 0;
    for (std::size_t k = 0; k < kPacks; ++k) {
      Pack& pack = packs_.at(k);
      const Settings::Hand& hand = set_.packs.at(k);
      const bool allowed = !hand.holds || hand.source == Source::kStorage;
      pack.ready = pack.connected && !pack.blocked && allowed && !pack.charging &&
                   pack.battery.soc_percent() > end_soc;
      if (!pack.ready) continue;
      pack.limit_soc = end_soc;
      pack.most_w = std::min(pack.rated_w, set_.limit_w.at(kLoads + k));
      most_w += pack.most_w;
    }
    return std::max(0.0, (most_w - ratings_.overhead_w) / (1 + ratings_.overhead_share));
  }

  // Returns the power that the packs supply to circuits.
  [[nodiscard]] double plan_loads(const TaskRequests& requests, bool grid_up) {
    const Source otherwise = grid_up ? Source::kGrid : Source::kOff;
    const bool takeover = !grid_up && (set_.eps || outage_s_ > kWake_s);
    for (std::size_t i = 0; i < kLoads; ++i) {
      Load& load = loads_.at(i);
      const bool rescued = takeover && rescued_[i];
      load.source = requests.discharge.at(i) || rescued ? Source::kStorage : otherwise;
      if (held_[i]) load.source = set_.circuits.at(i).hand.source;
      if (load.source == Source::kGrid) load.source = otherwise;
    }
    if (!grid_up && set_.sheds_one_by_one) shed_by_charge();
    const double limit_w = enlist_packs(grid_up);
    // The strategy sheds the least important circuits; without it an overload trips the inverters.
    double fed_w = stored_w(loads_);
    const bool trips = limit_w <= 0 || (!set_.sheds_one_by_one && fed_w > limit_w);
    while (trips || fed_w > limit_w) {
      Load* least = least_important_stored(loads_);
      if (least == nullptr) break;
      least->source = otherwise;
      fed_w = stored_w(loads_);
    }
    for (Load& load : loads_) {
      if (load.source == Source::kOff) load.power_w = 0;
    }
    return fed_w;
  }

  // Below the charge that is kept otherwise, fewer and fewer circuits are supplied: the least
  // important ones are given up first, and the last one when the packs are empty.
  void shed_by_charge() {
    double sum_percent = 0;
    double packs = 0;
    for (const Pack& pack : packs_) {
      sum_percent += pack.connected ? pack.battery.soc_percent() : 0;
      packs += pack.connected ? 1 : 0;
    }
    if (packs == 0 || set_.floor_soc <= kOutageFloorSoc) return;
    const double left =
        (sum_percent / packs - kOutageFloorSoc) / (set_.floor_soc - kOutageFloorSoc);
    if (left >= 1) return;
    const auto is_stored = [](const Load& load) { return load.source == Source::kStorage; };
    auto stored = std::ranges::count_if(loads_, is_stored);
    const auto kept = static_cast<std::ptrdiff_t>(std::ceil(left * kLoads));
    for (; stored > kept; --stored) least_important_stored(loads_)->source = Source::kOff;
  }

  // The ready packs share the load on storage, each up to its limit; the others charge or rest.
  void run_packs(double fed_w, double seconds, double air_c) {
    const double drawn_w = ratings_.overhead_w + (1 + ratings_.overhead_share) * fed_w;
    double left_w = fed_w > 0 ? to_centiwatts(drawn_w) : 0;
    const double efficiency = ratings_.inverter_efficiency;
    auto sharers = std::ranges::count_if(packs_, &Pack::ready);
    double others_w = 0;
    for (const Pack& pack : packs_) others_w += pack.ready ? pack.most_w : 0;
    for (Pack& pack : packs_) {
      pack.out_w = 0;
      if (!pack.connected) continue;
      if (pack.ready) {
        others_w -= pack.most_w;
        const double share_w = std::min(left_w / static_cast<double>(sharers--), pack.most_w);
        pack.out_w = to_centiwatts(std::max(share_w, left_w - others_w));
        left_w -= pack.out_w;
      }
      const double power_w = pack.in_w * efficiency - pack.out_w / efficiency;
      const double taken_w =
          pack.battery.apply({.power_w = power_w, .seconds = seconds, .air_c = air_c});
      if (pack.charging) pack.in_w = to_centiwatts(taken_w / efficiency);
    }
  }

  void book(Millis dt) {
    EnergyBalance::Ports ports;
    for (const Load& load : loads_) {
      ports.out_w += load.power_w;
      ports.in_w += load.source == Source::kGrid ? load.power_w : 0;
    }
    for (const Pack& pack : packs_) {
      ports.in_w += pack.in_w;
      if (pack.connected) balance_.add(pack.battery);
    }
    from_site_w_ = ports.in_w;
    balance_.close(ports, dt);
  }

  void count(std::size_t hour, double seconds) {
    for (std::size_t i = 0; i < kLoads; ++i) {
      auto& matrix = loads_.at(i).source == Source::kStorage ? from_storage_ : from_grid_;
      matrix.add(i, hour, loads_.at(i).power_w * seconds / 3600);
    }
    for (std::size_t k = 0; k < kPacks; ++k) {
      charged_.add(k, hour, packs_.at(k).in_w * seconds / 3600);
    }
  }

  void write_powers(Fields& fields) {
    if (!power_members_.bind(fields)) return;
    const auto write = [&](std::size_t channel, double power_w, bool stored) {
      power_members_.set(fields, channel * kPowerMembers + kWatts, centiwatts(power_w), 2);
      power_members_.set(fields, channel * kPowerMembers + kIsStored, stored ? 1 : 0);
    };
    for (std::size_t i = 0; i < kLoads; ++i) {
      write(i, loads_.at(i).power_w, loads_.at(i).source == Source::kStorage);
    }
    for (std::size_t k = 0; k < kPacks; ++k) {
      const Pack& pack = packs_.at(k);
      write(kLoads + k, pack.in_w + pack.out_w, pack.out_w > 0);
    }
  }

  // A channel under automatic control shows its state; one set by hand shows the set value.
  void write_controls(Fields& fields) {
    const bool has_circuits = circuit_members_.bind(fields);
    for (std::size_t i = 0; has_circuits && i < kLoads; ++i) {
      const Load& load = loads_.at(i);
      const std::size_t first = i * kControlMembers;
      circuit_members_.set(fields, first + kPriority, load.priority);
      if (set_.circuits.at(i).hand.holds) continue;
      circuit_members_.set(fields, first + kSource, static_cast<std::int64_t>(load.source));
    }
    const bool has_backups = backup_members_.bind(fields);
    for (std::size_t k = 0; has_backups && k < kPacks; ++k) {
      if (set_.packs.at(k).holds) continue;
      backup_members_.set(fields, k * kControlMembers + kSource, packs_.at(k).out_w > 0 ? 1 : 0);
    }
  }

  void write_pack(Fields& fields, std::size_t k) {
    const Pack& pack = packs_.at(k);
    const Battery& battery = pack.battery;
    const bool supplies = pack.out_w > 0;
    const Battery::Horizon horizon = {.soc_percent = pack.limit_soc, .longest_min = kIdle_min};
    const auto set = [&](PackMember member, std::int64_t value) {
      pack_members_.set(fields, k * kPackMembers + member, value);
    };
    set(kCharge, std::lround(battery.soc_percent()));
    set(kTemperature, std::lround(battery.temperature_c()));
    set(kOutput, std::lround(pack.out_w));
    set(kInput, std::lround(pack.in_w));
    set(kCharges, pack.charging ? 1 : 0);
    // Panels report how long a pack can supply in both fields.
    const int to_empty_min = supplies ? battery.minutes_to_empty(horizon) : kIdle_min;
    set(kTimeToFull, pack.charging ? battery.minutes_to_full(horizon) : to_empty_min);
    set(kTimeToEmpty, to_empty_min);
    set(kSupplies, supplies ? 1 : 0);
    set(kChargesFromGrid, pack.in_w > 0 ? 1 : 0);
    // EPS mode keeps the inverters running, so that they can take over at once.
    set(kInverterRuns, supplies || set_.eps ? 1 : 0);
    set(kInUse, set_.packs.at(k).has(Source::kOff) ? 0 : 1);
  }

  void write_packs(Fields& fields) {
    const bool has_packs = pack_members_.bind(fields);
    double capacity_ah = 0;
    double charge_ah = 0;
    double usable_ah = 0;
    double drawn_a = 0;
    int left_min = kIdle_min;
    for (std::size_t k = 0; k < kPacks; ++k) {
      const Pack& pack = packs_.at(k);
      if (!pack.connected) continue;
      capacity_ah += pack.battery.capacity_ah();
      charge_ah += pack.battery.remaining_ah();
      if (pack.out_w > 0) {
        usable_ah +=
            pack.battery.remaining_ah() - pack.battery.capacity_ah() * pack.limit_soc / 100;
        drawn_a -= pack.battery.current_a();
      }
      if (has_packs) write_pack(fields, k);
    }
    if (drawn_a > 0) {
      left_min = std::clamp(static_cast<int>(60 * usable_ah / drawn_a), 0, kIdle_min);
    }
    fields.set_si(slots_->capacity, capacity_ah);
    fields.set_si(slots_->soc, capacity_ah > 0 ? 100 * charge_ah / capacity_ah : 0);
    fields.set_si(slots_->time_left, left_min);
  }

  std::shared_ptr<const Slots> slots_;
  const Ratings& ratings_;
  Chance chance_;
  HouseholdLoad home_;
  double from_site_w_ = 0;  // of the last step: from the grid, to circuits and packs
  Millis clock_shift_{0};   // difference from the site's time, after a set of the clock
  double outage_s_ = 0;
  Millis unwritten_{0};  // work time since the fields were written
  chrono::local_days day_{};
  std::array<std::int64_t, 3> shown_day_{};
  std::string shown_day_json_;
  Settings set_;
  // The circuits' settings that a step needs.
  std::array<double, kLoads> most_w_{};
  std::bitset<kLoads> held_;     // set by hand
  std::bitset<kLoads> rescued_;  // supplied in an outage
  Tasks tasks_;
  Loads loads_{};
  std::array<Pack, kPacks> packs_;
  Members circuit_members_;
  Members backup_members_;
  Members pack_members_;
  Members power_members_;
  EnergyBalance balance_;
  DayMatrix<kLoads> from_grid_;
  DayMatrix<kLoads> from_storage_;
  DayMatrix<kPacks> charged_;
};

}  // namespace
}  // namespace panel

Result<ModelMaker> smart_home_panel_maker(const FieldTablePtr& table) {
  return maker_of<panel::SmartHomePanel, panel::Slots>(table);
}

}  // namespace gridloom::sim
