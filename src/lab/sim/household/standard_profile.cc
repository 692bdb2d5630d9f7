#include "sim/household/standard_profile.h"

#include <cmath>

namespace gridloom::sim::household {
namespace {

// Hourly means of the published quarter hours, in W.
constexpr Cells kProfile = {{
    {{{58,  43,  40,  39,  39,  47,  90,  129, 134, 123, 116, 118,
       131, 130, 115, 105, 105, 129, 166, 187, 168, 141, 117, 86},
      {67,  53,  42,  40,  38,  40,  53,  82,  120, 142, 148, 155,
       167, 166, 153, 144, 145, 180, 209, 210, 172, 134, 122, 104},
      {78,  56,  45,  41,  39,  39,  41,  50,  89,  138, 174, 203,
       207, 173, 136, 117, 107, 126, 156, 176, 160, 136, 115, 85}}},
    {{{67,  49,  44,  43,  44,  53,  93,  130, 137, 136, 132, 133,
       150, 146, 127, 113, 106, 116, 145, 172, 168, 156, 136, 100},
      {73,  56,  46,  44,  43,  45,  59,  93,  130, 150, 163, 172,
       181, 177, 161, 149, 147, 159, 183, 198, 180, 147, 139, 117},
      {84,  62,  49,  44,  43,  43,  46,  66,  111, 160, 185, 205,
       208, 169, 136, 121, 107, 112, 138, 161, 155, 144, 128, 94}}},
    {{{74,  55,  50,  47,  49,  59,  98,  130, 142, 144, 139, 142,
       158, 153, 132, 119, 115, 122, 142, 165, 167, 158, 145, 112},
      {83,  64,  52,  50,  50,  52,  64,  93,  128, 156, 165, 171,
       182, 176, 157, 148, 145, 149, 166, 180, 173, 154, 149, 125},
      {90,  67,  54,  51,  50,  49,  51,  69,  112, 160, 187, 206,
       209, 175, 144, 124, 108, 110, 127, 152, 159, 151, 140, 108}}},
}};

// The published factor for the day of the year, which counts from 1.
double season_factor(double day) {
  return (((-3.92e-10 * day + 3.2e-7) * day - 7.02e-5) * day + 2.1e-3) * day + 1.24;
}

double total(const Cells& cells) {
  double sum = 0;
  for (const auto& season : cells) {
    for (const auto& kind : season) {
      for (const double value : kind) sum += value;
    }
  }
  return sum;
}

std::array<double, kDayHours> by_hour(const Cells& cells) {
  std::array<double, kDayHours> hours{};
  for (const auto& season : cells) {
    for (const auto& kind : season) {
      for (std::size_t hour = 0; hour < kDayHours; ++hour) hours.at(hour) += kind.at(hour);
    }
  }
  return hours;
}

}  // namespace

double standard_profile_w(const Day& day, std::size_t hour) {
  const auto& season = kProfile.at(static_cast<std::size_t>(day.season));
  return season.at(static_cast<std::size_t>(day.kind)).at(hour) * season_factor(day.of_year + 1);
}

double misplaced(const Cells& energy, const Cells& wanted) {
  const double energy_sum = total(energy);
  const double wanted_sum = total(wanted);
  double sum = 0;
  for (std::size_t s = 0; s < kSeasons; ++s) {
    for (std::size_t k = 0; k < kDayKinds; ++k) {
      for (std::size_t h = 0; h < kDayHours; ++h) {
        sum +=
            std::abs(energy.at(s).at(k).at(h) / energy_sum - wanted.at(s).at(k).at(h) / wanted_sum);
      }
    }
  }
  return sum / 2;
}

double misplaced_by_hour(const Cells& energy, const Cells& wanted) {
  const auto hours = by_hour(energy);
  const auto wanted_hours = by_hour(wanted);
  const double energy_sum = total(energy);
  const double wanted_sum = total(wanted);
  double sum = 0;
  for (std::size_t h = 0; h < kDayHours; ++h) {
    sum += std::abs(hours.at(h) / energy_sum - wanted_hours.at(h) / wanted_sum);
  }
  return sum / 2;
}

}  // namespace gridloom::sim::household
