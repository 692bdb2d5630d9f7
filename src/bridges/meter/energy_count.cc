#include "bridges/meter/energy_count.h"

#include <algorithm>
#include <cmath>

#include "wire/json.h"

namespace gridloom::bridges::meter {
namespace {

using wire::Json;
using wire::JsonObject;

constexpr double kHour_ms = 3'600'000;

JsonObject object_of(const Energies& energies) {
  return {{"in_wh", energies.in_wh}, {"out_wh", energies.out_wh}};
}

std::optional<double> number_in(const Json& object, std::string_view key) {
  const Json* const value = wire::member(object, key);
  if (value == nullptr || !value->is_number()) return std::nullopt;
  const auto number = value->to_number<double>();
  return std::isfinite(number) && number >= 0 ? std::optional(number) : std::nullopt;
}

std::optional<Energies> energies_in(const Json& object, std::string_view key) {
  const Json* const energies = wire::member(object, key);
  if (energies == nullptr) return std::nullopt;
  const auto in_wh = number_in(*energies, "in_wh");
  const auto out_wh = number_in(*energies, "out_wh");
  if (!in_wh || !out_wh) return std::nullopt;
  return Energies{.in_wh = *in_wh, .out_wh = *out_wh};
}

}  // namespace

std::string to_text(const StoredEnergies& stored) {
  return wire::to_text(JsonObject{{"counted", object_of(stored.counted)},
                                  {"promised", object_of(stored.promised)}}) +
         "\n";
}

Result<StoredEnergies> parse_stored(std::string_view text) {
  const auto parsed = wire::parse_json(text);
  if (!parsed) return fail(ErrorCode::kDamaged, parsed.error().detail);
  const auto counted = energies_in(*parsed, "counted");
  const auto promised = energies_in(*parsed, "promised");
  if (!counted || !promised) return fail(ErrorCode::kDamaged, "it has no energies");
  return StoredEnergies{.counted = *counted, .promised = *promised};
}

void EnergyCount::add(double power_w, Millis dt) {
  if (dt.count() <= 0 || dt > kLongestSpan) return;
  const double energy_wh = std::abs(power_w) * static_cast<double>(dt.count()) / kHour_ms;
  (power_w > 0 ? counted_.in_wh : counted_.out_wh) += energy_wh;
}

Energies EnergyCount::shown() const {
  const auto shown = [](double counted, double least, double promised) {
    return std::min(std::max(counted, least), promised);
  };
  return {.in_wh = shown(counted_.in_wh, least_.in_wh, promised_.in_wh),
          .out_wh = shown(counted_.out_wh, least_.out_wh, promised_.out_wh)};
}

std::optional<StoredEnergies> EnergyCount::to_store() const {
  constexpr double kSoon = 0.1;  // of the way ahead: time to store before the promise is reached
  const auto is_near = [](double counted, double promised) {
    return counted > promised - kSoon * kAhead_wh;
  };
  const bool is_first = promised_ == Energies();
  if (!is_first && !is_near(counted_.in_wh, promised_.in_wh) &&
      !is_near(counted_.out_wh, promised_.out_wh)) {
    return std::nullopt;
  }
  const auto ahead = [](double counted, double least) {
    return std::max(counted, least) + kAhead_wh;
  };
  return StoredEnergies{.counted = counted_,
                        .promised = {.in_wh = ahead(counted_.in_wh, least_.in_wh),
                                     .out_wh = ahead(counted_.out_wh, least_.out_wh)}};
}

}  // namespace gridloom::bridges::meter
