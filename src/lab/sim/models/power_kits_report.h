// The Power Kits' inputs and outputs as their modules report them, written from one step's Flow.
#pragma once

#include <array>

#include "sim/model.h"
#include "sim/models/parts.h"
#include "sim/models/power_kits_flow.h"
#include "sim/models/power_kits_module.h"
#include "sim/models/power_kits_packs.h"
#include "sim/models/power_kits_slots.h"

namespace gridloom::sim::kits {

constexpr double kCooling_s = 600;  // after this time constant, converters have settled
constexpr double kAboveSink_k = 2;  // of the inverter's reported temperature

struct Converters {
  Converter solar;
  Converter alternator;
  Converter dc;
  Converter ac_in;
  Converter ac_out;

  [[nodiscard]] std::array<Converter*, 5> all() {
    return {&solar, &alternator, &dc, &ac_in, &ac_out};
  }
};

// The results of a step. Views: they live as long as the call.
struct StepResult {
  const Slots& slots;
  const Offer& offer;
  const Flow& flow;
  const Packs& packs;
  const Converters& converters;
  const Environment& environment;
  const Noise& noise;
};

void write_report(Fields& fields, const StepResult& moment);

}  // namespace gridloom::sim::kits
