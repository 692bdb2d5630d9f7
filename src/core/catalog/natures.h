// Words for fields that families name differently: natures, such as "pv.power", and "soc" for the
// charge of the battery.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/family.h"

namespace gridloom::catalog {

// The serial number of the household meter that tells the device the power of its site.
inline constexpr std::string_view kMeterNature = "grid.meter";

// The nature that a word stands for: "battery.soc" for "soc", a nature for itself; empty for any
// other word.
[[nodiscard]] std::string_view nature_of_word(std::string_view word);

// The family's fields of the nature that the word stands for, in the file's order; those of modules
// have a '*' in their names. "grid.power" stands for the import where a family measures no more.
[[nodiscard]] std::vector<const Field*> fields_of_word(const Family& family, std::string_view word);

// The member of an array's elements that has a nature, which is the sum of all of them; nullptr:
// none has one.
[[nodiscard]] const Field* member_with_nature(const Field& field);
// The sum of a member over the elements of an array, which may be text. Nothing: it is none, or one
// of the elements has no number there.
[[nodiscard]] std::optional<double> sum_over(const Json& array, std::string_view member);
[[nodiscard]] std::optional<double> sum_over(std::string_view array, std::string_view member);

// The field of kMeterNature; nullptr: the family's devices name no meter.
[[nodiscard]] const Field* meter_field(const Family& family);

// The field's nature, and whether it is a part of it: "load.power (part)"; empty without a nature.
[[nodiscard]] std::string nature_text(const Field& field);

// The values of a field with `error` that are none: "any other value than 0, 8 or 128".
[[nodiscard]] std::string error_text(const Field& field);

// The words that stand for at least one field of the family.
[[nodiscard]] std::vector<std::string_view> nature_words(const Family& family);

}  // namespace gridloom::catalog
