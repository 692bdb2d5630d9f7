// The names that Home Assistant has for the units of device files. A device class that does not
// allow its unit, or its state class, makes Home Assistant drop the entity, so all three come from
// one table.
#pragma once

#include <span>
#include <string_view>

namespace gridloom::bridges::home_assistant {

struct UnitRow {
  std::string_view unit;          // as in a device file
  std::string_view device_class;  // empty: Home Assistant has none for it
  std::string_view name;          // as Home Assistant spells it
};
// Energy has no row: whether a number of watt-hours counts or stores is for the nature to say.
[[nodiscard]] std::span<const UnitRow> unit_rows();  // tidy: allowed, a test compares all rows
// A unit without a row has no device class and stays as it is.
[[nodiscard]] UnitRow unit_row(std::string_view unit);

}  // namespace gridloom::bridges::home_assistant
