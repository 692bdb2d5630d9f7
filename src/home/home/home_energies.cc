#include "home/home_energies.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>

#include "catalog/site_meter.h"

namespace gridloom::home {
namespace {

using history::Energies;
using history::EnergyFlow;
using history::KnownTime;
using overview::DeviceFlows;
using overview::HomeFlowSums;

constexpr double kMsPerHour = 3'600'000;
constexpr std::int64_t kNoTime_ms = std::numeric_limits<std::int64_t>::min();
// A shorter gap is a device that signed in again: a sum is not called incomplete for that.
constexpr std::int64_t kShortestGap_ms = 60'000;

// How long the device is known in a bucket: as long as the flow that is known best.
std::int64_t known_ms(const history::EnergySources& sources, const KnownTime& known) {
  std::int64_t most = 0;
  for (const EnergyFlow flow : sources.flows) most = std::max(most, known.of(flow));
  return most;
}

enum class Gaps : std::uint8_t { kUnknown, kWithoutSun };

DeviceFlows flows_of(const Energies& wh, const KnownTime& known, std::int64_t past_ms,
                     HomeEnergies::Measure measure, Gaps gaps) {
  DeviceFlows flows;
  for (std::size_t i = 0; i < flows.size(); ++i) {
    const std::int64_t ms = gaps == Gaps::kWithoutSun ? past_ms : known.ms.at(i);
    flows.at(i).at_least = past_ms - ms >= kShortestGap_ms;
    if (ms <= 0) continue;
    double value = wh.wh.at(i);
    if (measure == HomeEnergies::Measure::kPower) value *= kMsPerHour / static_cast<double>(ms);
    flows.at(i).value = value;
  }
  return flows;
}

}  // namespace

HomeEnergies::HomeEnergies(Options options) : options_(std::move(options)) {
  auto grid = HomeFlowSums::Grid::kImportOfDevices;
  for (HistoryDevice& device : options_.devices) {
    const auto [kind, is_new] = kinds_.try_emplace(device.family.get());
    if (is_new) {
      kind->second = {.sources = history::EnergySources(*device.family),
                      .role = overview::role_of(*device.family),
                      .sleeps = catalog::awake_formula(*device.family) != nullptr};
      kind->second.battery = overview::battery_of_sums(*device.family, kind->second.sources);
    }
    if (!device.role) device.role = kind->second.role;
    if (device.role == overview::Role::kMeter) grid = HomeFlowSums::Grid::kMeasured;
  }
  HomeFlowSums measured(grid);
  for (const HistoryDevice& device : options_.devices) {
    const Kind& kind = kinds_.at(device.family.get());
    measured.add(*device.role, kind.sources, {}, kind.battery);
  }
  quantities_ = measured.quantities();
  if (options_.buckets.empty()) {
    for (std::size_t i = 0; i + 1 < options_.bounds.size(); ++i) {
      options_.buckets.push_back({.begin = i, .end = i + 1});
    }
  }
  sums_.assign(options_.buckets.size(), Sums{.flows = HomeFlowSums(grid)});
  if (sums_.empty()) options_.devices.clear();
}

std::int64_t HomeEnergies::past_of(std::size_t bucket) const {
  const history::SpanRange& range = options_.buckets[bucket];
  return history::past_ms(options_.bounds[range.begin], options_.bounds[range.end], kNoTime_ms,
                          options_.now_ms);
}

bool HomeEnergies::is_asked(std::size_t bucket) const {
  return options_.bounds[options_.buckets[bucket].begin] >= options_.from_ms;
}

Status HomeEnergies::work(history::Reader& reader) {
  const HistoryDevice& device = options_.devices[next_];
  const Kind& kind = kinds_.at(device.family.get());
  if (kind.sources.flows.empty()) {
    next_device();
    return {};
  }
  if (!query_) {
    query_.emplace(history::EnergyQuery::Options{
        .device = device.number, .sources = kind.sources, .bounds = options_.bounds});
  }
  const Status worked = query_->work(reader);
  if (!worked && worked.error().code != ErrorCode::kDamaged) return worked;
  if (!worked) {
    add_damaged(kind, device);
    next_device();
  } else if (query_->done()) {
    add(kind, device);
    next_device();
  }
  return {};
}

void HomeEnergies::next_device() {
  query_.reset();
  ++next_;
}

void HomeEnergies::add(const Kind& kind, const HistoryDevice& device) {
  std::int64_t device_unknown_ms = 0;
  std::int64_t outdated_ms = 0;
  for (std::size_t i = 0; i < sums_.size(); ++i) {
    const history::SpanRange& range = options_.buckets[i];
    const auto [wh, known, of_bucket_ms] = query_->in(range);
    if (is_asked(i)) outdated_ms += of_bucket_ms;
    const std::int64_t known_for_ms = known_ms(kind.sources, known);
    const std::int64_t past_ms =
        history::past_ms(options_.bounds[range.begin], options_.bounds[range.end],
                         known_for_ms > 0 ? query_->known_until_ms() : kNoTime_ms, options_.now_ms);
    sums_[i].flows.add(*device.role, kind.sources,
                       flows_of(wh, known, past_ms, options_.measure,
                                kind.sleeps ? Gaps::kWithoutSun : Gaps::kUnknown),
                       kind.battery);
    const std::int64_t unknown_ms = std::max<std::int64_t>(past_ms - known_for_ms, 0);
    sums_[i].unknown_ms = std::min(sums_[i].unknown_ms.value_or(unknown_ms), unknown_ms);
    if (is_asked(i) && !kind.sleeps) device_unknown_ms += unknown_ms;
  }
  if (device_unknown_ms >= kShortestGap_ms) {
    add_gap({.sn = device.sn, .unknown_ms = device_unknown_ms});
  }
  if (outdated_ms > 0 && outdated_.size() < overview::kMaxNamedUnknown) {
    outdated_.push_back(
        {.sn = device.sn, .outdated_ms = outdated_ms, .corrections = kind.sources.corrections});
  }
}

void HomeEnergies::add_damaged(const Kind& kind, const HistoryDevice& device) {
  DeviceGap gap{.sn = device.sn, .is_damaged = true};
  for (std::size_t i = 0; i < sums_.size(); ++i) {
    sums_[i].flows.add(*device.role, kind.sources, {}, kind.battery);
    sums_[i].unknown_ms = std::min(sums_[i].unknown_ms.value_or(past_of(i)), past_of(i));
    if (is_asked(i)) gap.unknown_ms += past_of(i);
  }
  add_gap(std::move(gap));
}

void HomeEnergies::add_gap(DeviceGap gap) {
  ++gap_count_;
  if (gap.is_damaged && damaged_ < overview::kMaxNamedUnknown) {
    gaps_.insert(gaps_.begin() + static_cast<std::ptrdiff_t>(damaged_++), std::move(gap));
    if (gaps_.size() > overview::kMaxNamedUnknown) gaps_.pop_back();
  } else if (gaps_.size() < overview::kMaxNamedUnknown) {
    gaps_.push_back(std::move(gap));
  }
}

std::vector<overview::HomeFlows> HomeEnergies::buckets() const {
  std::vector<overview::HomeFlows> all;
  all.reserve(sums_.size());
  for (std::size_t i = 0; i < sums_.size(); ++i) {
    all.push_back(sums_[i].flows.flows());
    all.back().unknown_ms = sums_[i].unknown_ms.value_or(past_of(i));
  }
  return all;
}

}  // namespace gridloom::home
