// A condition on a value of a device, as `gridloom wait` takes it: "battery.soc > 80",
// "pd.beepMode = silent". Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "catalog/family.h"
#include "wire/json.h"

namespace gridloom::app {

enum class Comparison : std::uint8_t { kEqual, kNotEqual, kLess, kAtMost, kGreater, kAtLeast };

struct Condition {
  std::string field;  // as a person names it
  Comparison comparison{};
  std::string value;  // in the field's unit, or the name of a value
};

// kBadParams: it is not FIELD, a comparison and VALUE.
[[nodiscard]] Result<Condition> parse_condition(std::string_view text);

// Whether a value on the wire fulfils the condition; one that stands for none does not. `field` may
// be null. kBadParams: the condition's value is none of the field.
[[nodiscard]] Result<bool> is_met(const Condition& condition, const catalog::Field* field,
                                  const wire::Json& value);

}  // namespace gridloom::app
