// Version 3 had no revision, which is 1. Version 2 ended before the spans, and version 1 before the
// held powers: of those two, all of an hour in which the device reported counts as known.
#include "history/energy/earlier_energies.h"

#include <algorithm>

#include "base/bytes.h"
#include "history/blocks/hours.h"
#include "history/energy/energy_integrator.h"

namespace gridloom::history {
namespace {

constexpr std::uint64_t kRevision = 1;
constexpr std::uint8_t kWithoutRevision = 3;
constexpr std::uint8_t kWithoutHeld = 1;

void assume_known(std::int64_t hour, HourEnergies& energies) {
  const std::int64_t begin = hour * kHour_ms;
  energies.known.push_back({.flow = {}, .from_ms = begin, .to_ms = begin + kHour_ms});
  for (const HourEnergies::Stretch& stretch : energies.stretches) {
    if (stretch.from_ms >= begin) continue;
    energies.known.push_back({.flow = stretch.flow,
                              .from_ms = stretch.from_ms,
                              .to_ms = std::min(stretch.to_ms, begin)});
  }
}

}  // namespace

std::string energies_of_today(std::int64_t hour, std::string_view bytes) {
  const std::uint8_t version = bytes.empty() ? 0 : static_cast<std::uint8_t>(bytes.front());
  if (version < kWithoutHeld || version > kWithoutRevision) return std::string(bytes);
  std::string today(1, static_cast<char>(kEnergiesVersion));
  append_varint(today, kRevision);
  today += bytes.substr(1);
  if (version == kWithoutHeld) append_varint(today, 0);
  if (version < kWithoutRevision) append_varint(today, 0);
  auto energies = energies_of(hour, today);
  if (!energies) return std::string(bytes);
  if (version < kWithoutRevision) assume_known(hour, *energies);
  return to_bytes(hour, *energies);
}

}  // namespace gridloom::history
