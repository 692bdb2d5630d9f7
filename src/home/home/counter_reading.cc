#include "home/counter_reading.h"

#include <algorithm>
#include <utility>

#include "history/blocks/hours.h"

namespace gridloom::home {
namespace {

using history::EnergyFlow;

constexpr std::int64_t kAllHours = 1'000'000'000;  // behind any hour of a device

}  // namespace

CounterReading::CounterReading(Options options, CounterBook& book)
    : options_(std::move(options)), book_(&book) {
  for (HistoryDevice& device : options_.devices) {
    const auto [kind, is_new] = kinds_.try_emplace(device.family.get());
    if (is_new) {
      kind->second = {.sources = history::EnergySources(*device.family),
                      .role = overview::role_of(*device.family)};
      kind->second.battery = overview::battery_of_sums(*device.family, kind->second.sources);
    }
    if (!device.role) device.role = kind->second.role;
  }
}

// Chooses the hours of the device, and makes the query; none: there is nothing to read.
Status CounterReading::begin(history::Reader& reader, const HistoryDevice& device,
                             const Kind& kind) {
  GL_TRY(const auto is_here, history::DeviceVisit(device.number).enter(reader));
  if (!is_here) return {};
  const bool may_be_whole = pasts_ < kPastsAtOnce && !without_past_;
  span_ =
      book_->span_of(device.number, history::hour_of(options_.now_ms),
                     may_be_whole ? CounterBook::Past::kIfDue : CounterBook::Past::kIfNeverRead);
  GL_TRY(const auto last, reader.hour_before(device.number, kAllHours));
  if (last) span_.end = std::max(span_.end, *last + 1);
  bounds_ = {span_.split, span_.end};
  if (span_.is_whole) {
    GL_TRY(const auto first, reader.hour_from(device.number, 0));
    if (!first) return {};  // it has never reported
    first_ = *first;
    bounds_.push_back(first_);
    if (span_.before) bounds_.push_back(*span_.before);
    span_.end = std::max(span_.end, *first + 1);
    bounds_.push_back(span_.end);
    std::ranges::sort(bounds_);
    const auto same = std::ranges::unique(bounds_);
    bounds_.erase(same.begin(), same.end());
  }
  std::vector<std::int64_t> bounds_ms;
  bounds_ms.reserve(bounds_.size());
  for (const std::int64_t hour : bounds_) bounds_ms.push_back(hour * history::kHour_ms);
  query_.emplace(history::EnergyQuery::Options{
      .device = device.number, .sources = kind.sources, .bounds = std::move(bounds_ms)});
  return {};
}

Status CounterReading::work(history::Reader& reader) {
  if (next_ == options_.devices.size()) {
    finish();
    return {};
  }
  const HistoryDevice& device = options_.devices[next_];
  const Kind& kind = kinds_.at(device.family.get());
  if (kind.sources.flows.empty()) {
    next_device();
    return {};
  }
  Status worked;
  if (!query_) {
    worked = begin(reader, device, kind);
    if (worked && !query_ && !reader.is_elsewhere()) next_device();
    if (worked) return {};
  } else {
    worked = query_->work(reader);
  }
  if (!worked && worked.error().code != ErrorCode::kDamaged) return worked;
  if (!worked) {
    query_.reset();
    // Its last days may be readable, if its past was read once.
    const bool goes_on = span_.is_whole && span_.before && !without_past_;
    without_past_ = goes_on;
    if (!goes_on) next_device();
  } else if (query_->done()) {
    take(device, kind);
    next_device();
  }
  return {};
}

void CounterReading::take(const HistoryDevice& device, const Kind& kind) {
  CounterBook::Sums sums{.first = first_, .end = span_.end};
  for (std::size_t i = 0; i + 1 < bounds_.size(); ++i) {
    const history::Energies& wh = query_->sums()[i];
    (bounds_[i] < span_.split ? sums.below : sums.above) += wh;
    if (span_.before && bounds_[i] < *span_.before) sums.below_before += wh;
    for (const EnergyFlow flow : kind.sources.flows) {
      if (query_->known()[i].of(flow) <= 0) continue;
      sums.is_known.at(static_cast<std::size_t>(flow)) = true;
    }
  }
  if (span_.is_whole && span_.before) ++pasts_;
  book_->take(device.number, span_, sums);
}

void CounterReading::next_device() {
  query_.reset();
  without_past_ = false;
  ++next_;
}

void CounterReading::finish() {
  std::vector<CounterBook::Member> members;
  members.reserve(options_.devices.size());
  for (const HistoryDevice& device : options_.devices) {
    const Kind& kind = kinds_.at(device.family.get());
    members.push_back({.number = device.number,
                       .role = *device.role,
                       .sources = &kind.sources,
                       .battery = kind.battery});
  }
  book_->take_home(members, history::hour_of(options_.now_ms));
  is_done_ = true;
}

}  // namespace gridloom::home
