#include "catalog/plausible.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <utility>

namespace gridloom::catalog {
namespace {

constexpr double kBeyondRating = 10;
constexpr double kMostHouse_w = 100'000;  // 3 x 63 A are 43 kW
constexpr double kMostNumber = 1e15;      // of anything; up to here a double has all whole numbers
// The limits of quantities other than power, by their unit; far beyond what any product here has.
constexpr std::array<std::pair<std::string_view, double>, 5> kMostOfUnits = {
    {{"V", 1e4}, {"A", 1e4}, {"Hz", 1e4}, {"°C", 1e4}, {"min", 1e7}}};
constexpr double kFull_percent = 100;
// How far beyond its range a number may be, in widths of the range.
constexpr double kBeyondRange = 0.1;

// W of one of the unit; 0: it is none of power.
double watts_of(std::string_view unit) {
  if (unit == "W" || unit == "VA") return 1;
  if (unit == "kW" || unit == "kVA") return 1000;
  return unit == "mW" ? 0.001 : 0;
}

// Products measure what the house takes that they stand in, whatever they can give themselves.
bool is_of_house(const Field& field) {
  return field.nature.starts_with("grid.") || field.nature.starts_with("load.");
}

void fill(Field& field, double rated_w) {
  for (Field& inner : field.fields) fill(inner, rated_w);
  const auto* const of_unit =
      std::ranges::find(kMostOfUnits, field.unit, [](const auto& row) { return row.first; });
  double most = of_unit == kMostOfUnits.end() ? kMostNumber : of_unit->second;
  if (const double unit_w = watts_of(field.unit); unit_w > 0) {
    const double rating_w = rated_w > 0 ? kBeyondRating * rated_w : kMostPower_w;
    most = (is_of_house(field) ? std::max(rating_w, kMostHouse_w) : rating_w) / unit_w;
  }
  field.plausible = {.low = -most, .high = most};
  if (field.nature == "battery.soc") field.plausible = {.low = 0, .high = kFull_percent};
}

bool has_meaning(const Field& field, double number) {
  if (field.never == number) return true;
  if (field.absent && same_value(*field.absent, number)) return true;
  return std::ranges::any_of(
      field.values, [&](const NamedValue& each) { return same_value(each.value, number); });
}

bool is_within(const Range& range, double number) {
  return number >= range.low && number <= range.high;
}

}  // namespace

bool is_plausible(const Field& field, double number) { return is_within(field.plausible, number); }

bool is_plausible_power(double watts) { return std::abs(watts) <= kMostPower_w; }

bool may_arrive(const Field& field, double number) {
  if (has_meaning(field, number)) return true;
  if (!is_plausible(field, number * field.scale)) return false;
  if (!field.range) return true;
  const double beyond = kBeyondRange * (field.range->high - field.range->low);
  return is_within({.low = field.range->low - beyond, .high = field.range->high + beyond}, number);
}

void fill_plausible(Family& family) {
  double rated_w = 0;
  for (const PhysicsPart& part : family.physics) {
    rated_w += part.number("rated_w").value_or(0);
  }
  for (Field& field : family.fields) fill(field, rated_w);
}

}  // namespace gridloom::catalog
