#include "bridges/meter/shares.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>
#include <tuple>
#include <vector>

namespace gridloom::bridges::meter {

std::size_t Shares::add(double share, Output output) {
  Battery battery{.share = share, .output = output};
  if (output == Output::kEstimated) battery.gives_w = 0;
  batteries_.emplace(++last_, battery);
  return last_;
}

void Shares::remove(std::size_t battery) { batteries_.erase(battery); }

void Shares::set_output(std::size_t battery, std::optional<double> gives_w) {
  const auto found = batteries_.find(battery);
  if (found == batteries_.end() || found->second.output == Output::kEstimated) return;
  found->second.gives_w = gives_w;
}

double Shares::scale() const {
  double sum = 0;
  for (const auto& [number, battery] : batteries_) sum += battery.share;
  return sum > 1 ? 1 / sum : 1;
}

std::optional<double> Shares::need_w(double grid_w) const {
  double need = grid_w;
  for (const auto& [number, battery] : batteries_) {
    if (!battery.gives_w) return std::nullopt;
    need += *battery.gives_w;
  }
  return need;
}

double Shares::missing_w(const Battery& battery, double need) const {
  return scale() * battery.share * need - battery.gives_w.value_or(0);
}

double Shares::reading_of(const Battery& battery, double need) const {
  double reading = missing_w(battery, need);
  if (battery.is_stuck) return reading;
  double able = 0;
  double left = 0;
  for (const auto& [number, each] : batteries_) {
    if (each.is_stuck) {
      left += missing_w(each, need);
    } else {
      able += each.share;
    }
  }
  return reading + left * battery.share / able;
}

std::optional<double> Shares::reading_w(std::size_t battery, double grid_w) const {
  const auto found = batteries_.find(battery);
  const auto need = need_w(grid_w);
  if (found == batteries_.end() || !need) return std::nullopt;
  return reading_of(found->second, *need);
}

void Shares::advance(double grid_w, Millis dt) {
  const auto need = need_w(grid_w);
  if (!need || dt.count() <= 0) return;
  std::vector<double> readings;
  readings.reserve(batteries_.size());
  for (const auto& [number, battery] : batteries_) readings.push_back(reading_of(battery, *need));
  auto reading = readings.begin();
  for (auto& [number, battery] : batteries_) {
    const double asked_w = *reading++;
    if (battery.output == Output::kEstimated) {
      const double times =
          static_cast<double>(dt.count()) / static_cast<double>(kEstimateTime.count());
      battery.gives_w = battery.gives_w.value_or(0) + (1 - std::exp(-times)) * asked_w;
      continue;
    }
    const double target_w = scale() * battery.share * *need;
    const double missing = missing_w(battery, *need);
    const double least = std::max(kLeastMissing_w, kLeastMissing * std::abs(target_w));
    const bool leaves_some =
        missing * target_w > 0 && std::abs(missing) > (battery.is_stuck ? least / 2 : least);
    battery.missing_for = leaves_some ? battery.missing_for + dt : Millis(0);
    battery.is_stuck = leaves_some && (battery.is_stuck || battery.missing_for >= kStuckAfter);
  }
}

std::shared_ptr<Group> Group::join(const Loop& loop, registry::AccountId account,
                                   const std::string& name) {
  using Key = std::tuple<const Loop*, registry::AccountId, std::string>;
  static std::mutex mutex;
  static std::map<Key, std::weak_ptr<Group>> groups;
  const std::lock_guard lock(mutex);
  std::erase_if(groups, [](const auto& one) { return one.second.expired(); });
  auto& known = groups[Key(&loop, account, name)];
  auto group = known.lock();
  if (!group) known = group = std::make_shared<Group>();
  return group;
}

}  // namespace gridloom::bridges::meter
