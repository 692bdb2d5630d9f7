#include "transcripts/invariants.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

namespace gridloom::transcripts {

void Invariants::watch(const sim::VirtualDevice& device) {
  const sim::Balance begun = device.balance();
  devices_.emplace(device.sn(),
                   WatchedDevice{.device = &device, .begun = begun, .lost_uj = begun.lost_uj});
}

Status Invariants::add(const Spec& spec, TimePoint now) {
  GL_TRY(auto condition, Condition::parse(spec.condition));
  const bool known = std::ranges::any_of(
      devices_, [&](const auto& each) { return condition.concerns(*each.second.device); });
  if (!known) {
    std::vector<const sim::VirtualDevice*> devices;
    devices.reserve(devices_.size());
    for (const auto& [sn, watched] : devices_) devices.push_back(watched.device);
    return fail(ErrorCode::kBadParams,
                fmt::format("{}: no virtual device here has such numbers{}", spec.condition,
                            devices.empty() ? "" : condition.unknown_names(devices)));
  }
  all_.push_back({.wanted = spec.wanted,
                  .text = std::string(spec.condition),
                  .condition = std::move(condition),
                  .line = spec.line});
  for (const auto& [sn, watched] : devices_) check(all_.back(), watched, now);
  return {};
}

void Invariants::check(const sim::VirtualDevice& device, TimePoint now) {
  WatchedDevice& watched = devices_.find(device.sn())->second;
  for (Invariant& invariant : all_) check(invariant, watched, now);
  watched.lost_uj = device.balance().lost_uj;
}

void Invariants::check(Invariant& invariant, const WatchedDevice& watched, TimePoint now) {
  if (invariant.broken || !invariant.condition.concerns(*watched.device)) return;
  const bool wanted = invariant.wanted == Wanted::kAlways;
  if (invariant.condition.holds(watched).value_or(wanted) == wanted) return;
  invariant.broken = true;
  const auto second = std::chrono::floor<std::chrono::seconds>(now - start_).count();
  broken_.push_back(
      {.line = invariant.line,
       .text = fmt::format("{}: {}\n  broken by {}: {}\n  at {:%Y-%m-%d %H:%M:%S}, second {}, "
                           "with seed {}",
                           wanted ? "always" : "never", invariant.text, watched.device->sn(),
                           invariant.condition.seen(watched),
                           std::chrono::floor<std::chrono::seconds>(now), second, seed_)});
}

std::vector<Invariants::Broken> Invariants::take_broken() { return std::exchange(broken_, {}); }

}  // namespace gridloom::transcripts
