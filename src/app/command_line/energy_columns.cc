#include "app/command_line/energy_columns.h"

#include <fmt/format.h>

#include <cmath>

namespace gridloom::app {

std::optional<double> energy_of(const wire::JsonObject& sums, const EnergyColumn& column) {
  std::optional<double> sum;
  for (const std::string_view member : column.members) {
    const wire::Json* kwh = member.empty() ? nullptr : sums.if_contains(member);
    if (kwh != nullptr && kwh->is_number()) sum = sum.value_or(0) + kwh->to_number<double>();
  }
  return sum;
}

std::string energy_cell(const std::optional<double>& kwh) {
  if (!kwh) return "-";
  const double size = std::abs(*kwh);
  return fmt::format("{:.{}f}", *kwh, size < 100 ? 2 : size < 1000 ? 1 : 0);
}

}  // namespace gridloom::app
