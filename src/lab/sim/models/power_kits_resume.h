// The state that the Power Kits keep beside their fields: settings that no report shows.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sim/fields.h"
#include "sim/model.h"
#include "sim/models/generator.h"
#include "sim/models/power_kits_report.h"
#include "sim/models/power_kits_slots.h"
#include "wire/json.h"

namespace gridloom::sim::kits {

inline constexpr std::string_view kProduct = "Power Kits";  // until a command gives a name

struct Unreported {
  std::string product_name{kProduct};
  bool low_power = false;       // the inverter may go to low power
  std::optional<bool> dc_on{};  // as it was asked for; nothing: as the field says
  Generator::State generator{};

  [[nodiscard]] wire::JsonObject to_json() const;
  // A member that is missing or of another type has its default.
  [[nodiscard]] static Unreported from_json(const wire::JsonObject& json);
};

// The converters' energies and temperatures as the last report shows them, after the time off.
[[nodiscard]] Converters last_converters(Fields& fields, const Slots& slots,
                                         const Environment& environment, const TimeOff& off);

// Whether the lower limit of the charge had stopped the outputs at the last report.
[[nodiscard]] bool was_drained(const Fields& fields, const Slots& slots);

}  // namespace gridloom::sim::kits
