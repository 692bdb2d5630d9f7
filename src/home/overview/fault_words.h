// The words for the value of a faulty field: of an event that began or ended a fault. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "catalog/family.h"
#include "wire/json.h"

namespace gridloom::overview {

struct FaultWords {
  catalog::Severity severity = catalog::Severity::kFault;
  std::string title;  // of the field, or of the place in its value that says an error
  std::string text;   // what the value means; empty: that is not known
};
// `value` is that of the quota `field` when the fault began, nothing: it is not known.
[[nodiscard]] FaultWords fault_words(const catalog::Family& family, std::string_view field,
                                     const std::optional<wire::Json>& value);

}  // namespace gridloom::overview
