#include "sim/models/power_kits_resume.h"

#include "sim/models/resume.h"

namespace gridloom::sim::kits {
namespace {

using wire::Json;
using wire::JsonObject;

constexpr std::string_view kName = "productName";
constexpr std::string_view kLowPower = "lowPower";
constexpr std::string_view kDcOn = "dcOn";
constexpr std::string_view kGenerator = "generator";
constexpr std::string_view kGeneratorRuns = "generatorRuns";
constexpr std::string_view kStarted = "started";
constexpr std::string_view kStopped = "stopped";

constexpr Bounds kEnergy_wh{.low = 0, .high = 1e10};

bool flag_in(const JsonObject& json, std::string_view name) {
  const Json* value = json.if_contains(name);
  return value != nullptr && value->is_bool() && value->get_bool();
}

}  // namespace

JsonObject Unreported::to_json() const {
  JsonObject json{{kName, product_name}, {kLowPower, low_power}, {kGeneratorRuns, generator.runs}};
  if (dc_on) json[kDcOn] = *dc_on;
  if (generator.hand == Generator::Hand::kStarted) json[kGenerator] = kStarted;
  if (generator.hand == Generator::Hand::kStopped) json[kGenerator] = kStopped;
  return json;
}

Unreported Unreported::from_json(const JsonObject& json) {
  Unreported kept;
  const Json* name = json.if_contains(kName);
  if (name != nullptr && name->is_string()) kept.product_name = name->get_string();
  kept.low_power = flag_in(json, kLowPower);
  if (json.contains(kDcOn)) kept.dc_on = flag_in(json, kDcOn);
  kept.generator.runs = flag_in(json, kGeneratorRuns);
  const Json* hand = json.if_contains(kGenerator);
  if (hand != nullptr && *hand == Json(kStarted)) kept.generator.hand = Generator::Hand::kStarted;
  if (hand != nullptr && *hand == Json(kStopped)) kept.generator.hand = Generator::Hand::kStopped;
  return kept;
}

Converters last_converters(Fields& fields, const Slots& slots, const Environment& environment,
                           const TimeOff& off) {
  const auto energy_wh = [&](Slot slot) { return bounded(fields, slot, kEnergy_wh); };
  const auto day_wh = [&](Slot slot) { return off.is_new_day ? 0 : energy_wh(slot); };
  const auto sink_c = [&](Slot slot) {
    return rested_c(bounded(fields, slot, kPartTemperature_c),
                    {.to_c = environment.air_c, .time_s = kCooling_s}, off);
  };
  const auto converter = [&](const Slots::Converter& reported, Slot energy) -> Converter {
    return {.sink_c = sink_c(reported.sink_temperature.front()),
            .day_wh = day_wh(reported.day_energy),
            .ever_wh = energy_wh(energy)};
  };
  // The inverter shows one temperature for both directions.
  const double inverter_c = sink_c(slots.ac.temperature) - kAboveSink_k;
  return {.solar = converter(slots.solar.converter, slots.solar.energy),
          .alternator = converter(slots.alternator.converter, slots.alternator.energy),
          .dc = converter(slots.dc.converter, slots.dc.energy),
          .ac_in = {.sink_c = inverter_c, .day_wh = day_wh(slots.ac.in_day_energy)},
          .ac_out = {.sink_c = inverter_c, .day_wh = day_wh(slots.ac.out_day_energy)}};
}

bool was_drained(const Fields& fields, const Slots& slots) {
  const bool was_on = fields.on(slots.packs.front().switches);
  return was_on && fields.on(slots.ac.on) && !fields.on(slots.ac.live);
}

}  // namespace gridloom::sim::kits
