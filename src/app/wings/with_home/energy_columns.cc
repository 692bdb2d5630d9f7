#include "with_home/energy_columns.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "base/csv.h"

namespace gridloom::app {

using wire::Json;
using wire::JsonObject;

std::optional<double> energy_of(const JsonObject& sums, const EnergyColumn& column) {
  std::optional<double> sum;
  for (const std::string_view member : column.members) {
    const Json* kwh = member.empty() ? nullptr : sums.if_contains(member);
    if (kwh != nullptr && kwh->is_number()) sum = sum.value_or(0) + kwh->to_number<double>();
  }
  return sum;
}

std::vector<JsonObject> buckets_of(const JsonObject& answer) {
  std::vector<JsonObject> buckets;
  const Json* all = answer.if_contains("buckets");
  if (all == nullptr || !all->is_array()) return buckets;
  for (const Json& each : all->get_array()) {
    if (each.is_object()) buckets.push_back(each.get_object());
  }
  return buckets;
}

JsonObject total_of(const JsonObject& answer) {
  const Json* total = answer.if_contains("total");
  return total != nullptr && total->is_object() ? total->get_object() : JsonObject();
}

std::vector<EnergyColumn> known_columns(std::span<const ShownEnergies> all) {
  std::vector<EnergyColumn> known;
  if (all.empty()) return known;
  const auto knows = [](const ShownEnergies& shown, const EnergyColumn& column) {
    return energy_of(total_of(shown.answer), column) ||
           std::ranges::any_of(buckets_of(shown.answer), [&](const JsonObject& bucket) {
             return energy_of(bucket, column).has_value();
           });
  };
  std::ranges::copy_if(all.front().columns, std::back_inserter(known),
                       [&](const EnergyColumn& column) {
                         return std::ranges::any_of(
                             all, [&](const ShownEnergies& shown) { return knows(shown, column); });
                       });
  return known;
}

std::string energies_csv(std::span<const ShownEnergies> all) {
  const std::vector<EnergyColumn> columns = known_columns(all);
  const bool has_owners =
      std::ranges::any_of(all, [](const ShownEnergies& each) { return !each.owner.empty(); });
  const auto to_end = [](std::string& text) { return std::back_inserter(text); };
  std::string text = has_owners ? "owner,from,to" : "from,to";
  for (const EnergyColumn& each : columns)
    fmt::format_to(to_end(text), ",{} [kWh]", each.title.english());
  text += "\r\n";
  for (const ShownEnergies& each : all) {
    for (const JsonObject& bucket : buckets_of(each.answer)) {
      if (has_owners) {
        append_csv_cell(text, each.owner);
        text += ',';
      }
      append_csv_cell(text, wire::text_in(bucket, "from"));
      text += ',';
      append_csv_cell(text, wire::text_in(bucket, "to"));
      for (const EnergyColumn& column : columns) {
        text += ',';
        if (const auto kwh = energy_of(bucket, column)) fmt::format_to(to_end(text), "{}", *kwh);
      }
      text += "\r\n";
    }
  }
  return text;
}

std::string energy_cell(const std::optional<double>& kwh) {
  if (!kwh) return "-";
  const double size = std::abs(*kwh);
  return localized(fmt::format("{:.{}f}", *kwh, size < 100 ? 2 : size < 1000 ? 1 : 0));
}

}  // namespace gridloom::app
