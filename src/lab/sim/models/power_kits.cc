// The virtual Power Kits: packs in parallel on one battery bus, and all converters on that bus.
//
// Each step computes a balance of the bus in whole watts (power_kits_flow.h) and runs the packs
// (power_kits_packs.h); the fields are written from the results, so that the reported integers add
// up: channels to totals, packs to bmsTotal, and all flows to the packs' power. Invariant: the
// device file names at least one module of every group used here.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/chance.h"
#include "base/clock.h"
#include "catalog/family.h"
#include "sim/decay.h"
#include "sim/energy_balance.h"
#include "sim/model.h"
#include "sim/model_slots.h"
#include "sim/models/parts.h"
#include "sim/models/power_kits_flow.h"
#include "sim/models/power_kits_packs.h"
#include "sim/models/power_kits_report.h"
#include "sim/models/power_kits_resume.h"
#include "sim/models/power_kits_settings.h"
#include "sim/models/power_kits_slots.h"
#include "wire/json.h"

namespace gridloom::sim {
namespace kits {
namespace {

constexpr double kOffSoc = 3;  // the packs open their switches
constexpr int kLowPower_w = 10;
constexpr std::int64_t kUnchanged = 255;

std::int64_t whole_or(const wire::JsonObject& params, std::string_view name,
                      std::int64_t otherwise) {
  const wire::Json* value = params.if_contains(name);
  return value != nullptr && wire::is_whole(*value) ? wire::whole(*value) : otherwise;
}

void list_modules(Fields& fields, const Slots& slots) {
  int address = 0;
  for (const Slots::Listed& entry : slots.list) {
    fields.set(entry.sn, wire::Json(fields.serial(entry.module)));
    fields.set(entry.address, ++address);
    fields.set(entry.bus_address, 16 + address);
    if (entry.kind != 0) fields.set(entry.type, entry.kind);
  }
}

class PowerKits final : public Model {
 public:
  PowerKits(std::shared_ptr<const Slots> slots, Chance chance)
      : slots_(std::move(slots)),
        planner_(slots_->ratings, chance),
        noise_(chance),
        packs_(slots_, chance) {}

  void start(Fields& fields, const Environment& environment) override;
  void resume(Fields& fields, const Environment& environment, const TimeOff& off,
              const wire::JsonObject& unreported) override;
  [[nodiscard]] wire::JsonObject unreported() const override;
  [[nodiscard]] std::uint64_t unreported_version() const override;
  void step(const Environment& environment, Millis dt) override;
  void write(Fields& fields, const Environment& environment) override;
  CommandOutcome command(Fields& fields, const catalog::Command& command,
                         const wire::JsonObject& params, const Environment& environment) override;
  [[nodiscard]] Balance balance() const override { return balance_.balance(); }
  [[nodiscard]] double drawn_w() const override { return flow_.ac_in_w; }
  [[nodiscard]] bool supplies_others() const override { return flow_.supplies_refrigerator; }

 private:
  void read(const Fields& fields);
  void switch_packs();
  void switch_dc(bool on);
  void run_converters(const Environment& environment, double seconds);
  void rest(TimePoint now, Millis dt);

  std::shared_ptr<const Slots> slots_;
  Planner planner_;
  Noise noise_;
  Packs packs_;
  EnergyBalance balance_;
  Converters converters_;
  Decay cooling_{kCooling_s};  // of the converters
  Settings set_;
  Offer offer_;
  Flow flow_;
  bool ac_rests_ = false;  // switched off since the fields were written
  std::int64_t day_ = 0;
  IdleTimer ac_idle_;
  IdleTimer dc_idle_;
  IdleTimer both_idle_;
  bool charge_was_offered_ = false;
  std::string product_name_{kProduct};
  std::uint64_t set_count_ = 0;  // of the settings that no field shows
};

void PowerKits::start(Fields& fields, const Environment& environment) {
  packs_.start(fields, environment);
  list_modules(fields, *slots_);
  converters_.solar.ever_wh = fields.si(slots_->solar.energy);
  converters_.alternator.ever_wh = fields.si(slots_->alternator.energy);
  converters_.dc.ever_wh = fields.si(slots_->dc.energy);
  for (Converter* converter : converters_.all()) converter->sink_c = environment.air_c + 5;
  day_ = local_day(environment);
  set_ = read_settings(fields, *slots_);
  set_.dc_on = fields.on(slots_->dc.on);
  planner_.start(environment);
  step(environment, Millis{1000});
  write(fields, environment);
}

void PowerKits::resume(Fields& fields, const Environment& environment, const TimeOff& off,
                       const wire::JsonObject& unreported) {
  const Unreported kept = Unreported::from_json(unreported);
  product_name_ = kept.product_name;
  planner_.allow_low_power(kept.low_power);
  planner_.generator().restore(kept.generator);
  planner_.restore_drained(was_drained(fields, *slots_));
  packs_.resume(fields, environment, off);
  list_modules(fields, *slots_);
  converters_ = last_converters(fields, *slots_, environment, off);
  day_ = local_day(environment);
  set_ = read_settings(fields, *slots_);
  set_.dc_on = kept.dc_on.value_or(fields.on(slots_->dc.on));
  planner_.start(environment);
  // Packs that were switched off stay so, whatever charges now: only a source that appears later
  // switches them on.
  charge_was_offered_ = planner_.offer(set_, environment, packs_, noise_).can_charge();
  step(environment, kInstant);
  write(fields, environment);
}

wire::JsonObject PowerKits::unreported() const {
  return Unreported{.product_name = product_name_,
                    .low_power = planner_.allows_low_power(),
                    .dc_on = set_.dc_on,
                    .generator = planner_.generator().state()}
      .to_json();
}

std::uint64_t PowerKits::unreported_version() const {
  const Generator::State generator = planner_.generator().state();
  return set_count_ * 8 + static_cast<std::uint64_t>(generator.hand) * 2 + (generator.runs ? 1 : 0);
}

void PowerKits::read(const Fields& fields) {
  packs_.read(fields);
  const bool dc_on = set_.dc_on;
  set_ = read_settings(fields, *slots_);
  set_.dc_on = dc_on;
}

void PowerKits::switch_dc(bool on) {
  if (std::exchange(set_.dc_on, on) != on) ++set_count_;
}

void PowerKits::step(const Environment& environment, Millis dt) {
  noise_.next_step(environment.now);
  const double seconds = seconds_of(dt);
  planner_.advance(environment, dt);
  offer_ = planner_.offer(set_, environment, packs_, noise_);
  switch_packs();
  flow_ = planner_.balance(set_, environment, offer_, packs_);
  packs_.run(flow_.net_w(), seconds, environment.air_c);
  packs_.book(balance_);
  balance_.close({.in_w = flow_.ac_in_w +
                          (flow_.pv_w + flow_.alternator_w) / slots_->ratings.converter_efficiency +
                          flow_.generator_w,
                  .out_w = 1.0 * flow_.ac_out_w + flow_.dc_out_w + flow_.vehicle_w},
                 dt);
  run_converters(environment, seconds);
  rest(environment.now, dt);
}

void PowerKits::write(Fields& fields, const Environment& environment) {
  packs_.write(fields);
  write_report(fields, {.slots = *slots_,
                        .offer = offer_,
                        .flow = flow_,
                        .packs = packs_,
                        .converters = converters_,
                        .environment = environment,
                        .noise = noise_});
  if (std::exchange(ac_rests_, false)) fields.set(slots_->ac.on, 0);
}

// Empty packs disconnect from the bus; they reconnect when a source begins to charge.
void PowerKits::switch_packs() {
  const bool charge_offered = offer_.can_charge();
  if (packs_.soc() <= kOffSoc && !charge_offered) packs_.switch_to(false);
  if (charge_offered && !charge_was_offered_) packs_.switch_to(true);
  charge_was_offered_ = charge_offered;
}

void PowerKits::run_converters(const Environment& environment, double seconds) {
  if (day_ != local_day(environment)) {
    day_ = local_day(environment);
    for (Converter* converter : converters_.all()) converter->day_wh = 0;
  }
  const Converter::Step step = {
      .air_c = environment.air_c, .seconds = seconds, .decay = cooling_.over(seconds)};
  const auto run = [&](Converter& converter, int power_w, double loss_w) {
    converter.run(power_w, loss_w, step);
  };
  const double inverter_loss_w =
      slots_->ratings.inverter_loss * std::max(flow_.inverter_w, flow_.charger_w);
  const double loss = 1 - slots_->ratings.converter_efficiency;
  run(converters_.solar, flow_.pv_w, flow_.pv_w * loss);
  // Its energies count the power that it gives.
  run(converters_.alternator, flow_.vehicle_w, (flow_.alternator_w + flow_.vehicle_w) * loss);
  run(converters_.dc, flow_.dc_out_w, flow_.dc_out_w * loss);
  run(converters_.ac_in, flow_.ac_in_w, inverter_loss_w);
  run(converters_.ac_out, flow_.ac_out_w, inverter_loss_w);
}

// An output without load goes off after its standby time; both go off after a separate time when
// neither has a significant load.
void PowerKits::rest(TimePoint now, Millis dt) {
  const bool little = flow_.ac_out_w < kLowPower_w && flow_.dc_out_w < kLowPower_w;
  flow_.ac() && flow_.ac_out_w == 0 ? ac_idle_.idle(now, dt) : ac_idle_.busy(now);
  flow_.dc&& flow_.dc_out_w == 0 ? dc_idle_.idle(now, dt) : dc_idle_.busy(now);
  little ? both_idle_.idle(now, dt) : both_idle_.busy(now);
  const bool all_off = both_idle_.reached(packs_.settings().rest_min);
  if (all_off || ac_idle_.reached(set_.ac_standby_min)) {
    set_.ac_on = false;
    ac_rests_ = true;
  }
  if (all_off || dc_idle_.reached(set_.dc_standby_min)) switch_dc(false);
}

CommandOutcome PowerKits::command(Fields& fields, const catalog::Command& command,
                                  const wire::JsonObject& params, const Environment& environment) {
  for (IdleTimer* timer : {&ac_idle_, &dc_idle_, &both_idle_}) timer->busy(environment.now);
  CommandOutcome outcome;
  if (command.name == "ptcDsgCale") {
    packs_.allow_heating(fields, whole_or(params, "enable", 0) != 0);
  }
  read(fields);
  const bool parts = command.name == "powerOff" && whole_or(params, "enable", 0) == 1;
  if (!parts && !packs_.are_on()) packs_.switch_to(true);
  if (command.name == "powerOffGen") {
    Generator& generator = planner_.generator();
    whole_or(params, "bitsSwSta", 0) != 0 ? generator.start() : generator.stop();
  } else if (command.name == "dischgParaSet") {
    const std::int64_t on = whole_or(params, "swSta", kUnchanged);
    if (on == 0 || on == 1) switch_dc(on == 1);
  } else if (command.name == "dsgIcParaSet") {
    const std::int64_t low_power = whole_or(params, "dsgLowPwrEn", kUnchanged);
    if (low_power >= 0 && low_power != kUnchanged) {
      planner_.allow_low_power(low_power == 1);
      ++set_count_;
    }
  } else if (command.name == "clearError") {
    if (whole_or(params, "enable", 0) == 1) packs_.clear_errors();
  } else if (command.name == "writeProName") {
    const wire::Json* name = params.if_contains("name");
    if (name != nullptr && name->is_string()) {
      product_name_ = std::string(name->as_string());
      ++set_count_;
    }
  } else if (command.name == "readProName") {
    outcome.result = {{"nameLen", product_name_.size()}, {"name", product_name_}};
  } else if (command.name == "fullIotDataPush") {
    outcome.full_report = whole_or(params, "times", 1) > 0;
  }
  noise_.repeat();
  step(environment, kInstant);
  write(fields, environment);
  return outcome;
}

}  // namespace
}  // namespace kits

Result<ModelMaker> power_kits_maker(const FieldTablePtr& table) {
  return maker_of<kits::PowerKits, kits::Slots>(table);
}

}  // namespace gridloom::sim
