#include "history/energy/device_role.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace gridloom::history {
namespace {

constexpr std::string_view kChargeNature = "battery.soc";

}  // namespace

const catalog::Field* charge_field(const catalog::Family& family) {
  const auto field = std::ranges::find(family.fields, kChargeNature, &catalog::Field::nature);
  return field == family.fields.end() ? nullptr : &*field;
}

bool has_charge(const catalog::Family& family) { return charge_field(family) != nullptr; }

bool measures(const EnergySources& sources, Power power) {
  return std::ranges::find(sources.powers, power, &EnergySources::PowerField::power) !=
         sources.powers.end();
}

bool has_battery(const EnergySources& sources) {
  return measures(sources, Power::kBattery) || measures(sources, Power::kBatteryCharge) ||
         measures(sources, Power::kBatteryDischarge);
}

std::string_view name_of(Role role) {
  static constexpr std::array<std::string_view, 5> kNames = {"meter", "feeder", "consumer", "panel",
                                                             "other"};
  return kNames.at(static_cast<std::size_t>(role));
}

Role role_without_grid(const catalog::Family& family, const EnergySources& sources) {
  const bool is_source = measures(sources, Power::kPv) || has_battery(sources);
  if (is_source && measures(sources, Power::kLoad)) return Role::kFeeder;
  return sources.powers.empty() && has_charge(family) ? Role::kPanel : Role::kOther;
}

Role role_of(const catalog::Family& family) {
  const EnergySources sources(family);
  if (measures(sources, Power::kGrid)) return Role::kMeter;
  if (measures(sources, Power::kGridImport)) return Role::kConsumer;
  return role_without_grid(family, sources);
}

}  // namespace gridloom::history
