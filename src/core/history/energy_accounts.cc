#include "history/energy_accounts.h"

#include <algorithm>
#include <ranges>
#include <utility>
#include <vector>

#include "history/energy/hour_rows.h"
#include "history/reader.h"

namespace gridloom::history {

Result<std::string> EnergyAccounts::whole(const DeviceHour& of, const Changes& changes) {
  const auto fresh = std::ranges::find(changes.hours, of, &Changes::Hour::of);
  if (fresh != changes.hours.end() && fresh->over) {
    return fresh->chunks.size() == 1 ? fresh->chunks.front() : std::string();
  }
  GL_TRY(auto chunks, chunks_of(store_, of));
  const std::vector<std::string> blocks = merged(std::move(chunks));
  return blocks.size() == 1 ? blocks.front() : std::string();
}

Result<std::optional<std::int64_t>> EnergyAccounts::hour_before(const DeviceHour& of,
                                                                const Changes& changes) {
  auto last = store_.hour_before(of.device, of.hour);
  if (!last) return last;
  for (const Changes::Hour& hour : changes.hours) {
    if (hour.of.device != of.device || hour.of.hour >= of.hour) continue;
    *last = std::max(last->value_or(hour.of.hour), hour.of.hour);
  }
  return last;
}

Result<std::string> EnergyAccounts::energies_of(const DeviceHour& of, const Changes& changes) {
  for (const Changes::Energies& fresh : std::views::reverse(changes.energies)) {
    if (fresh.of == of) return fresh.bytes;
  }
  std::string found;
  GL_TRY(store_.each_energy(of.device, of.hour, of.hour + 1,
                            [&](std::int64_t, std::string_view bytes) {
                              found = bytes;
                              return Status();
                            },
                            {}));
  return found;
}

Status EnergyAccounts::add(const DeviceHour& of, Changes& changes) {
  if (!integrate_.of_hour) return {};
  GL_TRY(const auto bytes, whole(of, changes));
  if (bytes.empty()) return {};
  const auto block = Block::open(bytes);
  if (!block) return {};
  std::string before;
  std::optional<Block> earlier;
  std::int64_t hour = of.hour;
  for (int i = 0; i <= kMaxSilentHours && !earlier; ++i) {
    GL_TRY(const auto last, hour_before({.device = of.device, .hour = hour}, changes));
    if (!last) break;
    hour = *last;
    GL_TRY(auto found, whole({.device = of.device, .hour = hour}, changes));
    before = std::move(found);
    auto opened = Block::open(before);
    if (!opened) return {};  // more than one block: a query computes the energies
    if (block_has_reports(*opened, names_)) earlier = std::move(*opened);
  }
  HourBefore last;
  std::string last_energies;
  if (earlier) {
    GL_TRY(auto found, energies_of({.device = of.device, .hour = hour}, changes));
    last_energies = std::move(found);
    last = {.block = &*earlier, .hour = hour, .energies = last_energies};
  }
  std::string energies = integrate_.of_hour(of, last, *block, names_);
  if (energies.empty()) return {};
  changes.energies.push_back({.of = of, .bytes = std::move(energies)});
  return {};
}

}  // namespace gridloom::history
