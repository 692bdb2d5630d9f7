#include "http/live_feed.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/secret.h"
#include "wire/json.h"

namespace gridloom::http {
namespace {

constexpr std::size_t kEpochBytes = 4;

}  // namespace

LiveDevice::Moment LiveDevice::moment() const {
  const std::lock_guard lock(mutex_);
  return {.is_loaded = is_loaded_,
          .has_values = seq_ != 0,
          .seq = seq_,
          .names = names_.size(),
          .last_report = last_report_};
}

bool LiveDevice::update(const hub::TwinView& view, std::uint64_t seq, std::int64_t now_ms) {
  const std::lock_guard lock(mutex_);
  const bool is_same = seq_ != 0 && version_ == view.twin.version();
  const bool is_newer = last_report_ != view.last_report;
  last_report_ = view.last_report;
  if (is_same) return is_newer;
  version_ = view.twin.version();
  declared_ = view.twin.declared_slots();
  const std::int64_t at_ms = view.last_report ? unix_ms(*view.last_report) : now_ms;
  bool changed = false;
  view.twin.for_each_value([&](std::size_t slot, std::string_view text) {
    for (std::size_t next = names_.size(); next <= slot || next < declared_; ++next) {
      names_.push_back(view.twin.name_of(next));
    }
    if (values_.size() < names_.size()) values_.resize(names_.size());
    Value& value = values_[slot];
    if (value.text == text) return;
    value = {.text = std::string(text), .changed_ms = at_ms, .seq = seq};
    changed = true;
  });
  if (changed) seq_ = seq;
  return changed || is_newer;
}

std::string LiveDevice::changes_after(std::uint64_t seq, const Fields* fields) const {
  const std::lock_guard lock(mutex_);
  if (fields == nullptr && cached_seq_ == seq_ && cached_after_ == seq && !cached_.empty()) {
    return cached_;
  }
  std::string text = "[";
  for (std::size_t slot = 0; slot < values_.size(); ++slot) {
    const Value& value = values_[slot];
    if (value.seq <= seq || (fields != nullptr && !fields->contains(names_[slot]))) continue;
    if (text.size() > 1) text += ',';
    fmt::format_to(std::back_inserter(text), "[{},{},{}]", slot, value.text, value.changed_ms);
  }
  text += ']';
  if (fields == nullptr) {
    cached_ = text;
    cached_after_ = seq;
    cached_seq_ = seq_;
  }
  return text;
}

std::string LiveDevice::names(Names which) const {
  const std::lock_guard lock(mutex_);
  const std::size_t end = which == Names::kAll ? names_.size() : std::min(declared_, names_.size());
  std::string text = "[";
  for (std::size_t i = 0; i < end; ++i) {
    if (i != 0) text += ',';
    wire::append_quoted(text, names_[i]);
  }
  return text += ']';
}

bool LiveDevice::has_own_names() const {
  const std::lock_guard lock(mutex_);
  return names_.size() > declared_;
}

LiveFeed::LiveFeed(Options options) : options_(options), epoch_(random_hex(kEpochBytes)) {}

double LiveFeed::rate() const {
  if (options_.virtual_time == nullptr) return 1;
  const VirtualClock::State state = options_.virtual_time->state();
  return state.paused ? 0 : state.speed;
}

Result<LiveDevicePtr> LiveFeed::watch(const std::string& sn) {
  LiveDevicePtr made;
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = devices_.find(sn); found != devices_.end()) {
      if (LiveDevicePtr device = found->second.lock()) return device;
    }
    if (devices_.size() >= options_.limits.devices) {
      std::erase_if(devices_, [](const auto& each) { return each.second.expired(); });
    }
    if (devices_.size() >= options_.limits.devices) {
      return fail(
          ErrorCode::kConflict,
          fmt::format("{} devices are watched already, the most at once: limit live.devices",
                      options_.limits.devices));
    }
    made = std::make_shared<LiveDevice>(sn, options_.hub->platform().catalog->of_serial(sn));
    devices_.insert_or_assign(sn, made);
  }
  look_at({made}, [this] { wake_all(); });
  return made;
}

void LiveFeed::on_change(Loop& loop, std::weak_ptr<void> owner, std::function<void()> wake) {
  const std::lock_guard lock(mutex_);
  std::erase_if(listeners_, [](const Listener& each) { return each.owner.expired(); });
  listeners_.push_back({.loop = &loop, .owner = std::move(owner), .wake = std::move(wake)});
}

void LiveFeed::sweep() {
  std::vector<LiveDevicePtr> devices;
  {
    const std::lock_guard lock(mutex_);
    for (auto at = devices_.begin(); at != devices_.end();) {
      LiveDevicePtr device = at->second.lock();
      at = device ? std::next(at) : devices_.erase(at);
      if (device) devices.push_back(std::move(device));
    }
  }
  // Shards that are slow are not asked again before they answered.
  if (devices.empty() || is_looking_.exchange(true)) return;
  look_at(std::move(devices), [this] { is_looking_ = false; });
}

void LiveFeed::look_at(std::vector<LiveDevicePtr> devices, Task done) {
  struct Look {
    StringMap<LiveDevicePtr> devices;
    std::atomic<bool> changed = false;
    Task done;
  };
  const auto look = std::make_shared<Look>();
  look->done = std::move(done);
  std::vector<std::string> sns;
  sns.reserve(devices.size());
  for (LiveDevicePtr& device : devices) {
    sns.push_back(device->sn());
    look->devices.emplace(device->sn(), std::move(device));
  }
  const std::uint64_t seq = ++seq_;
  options_.hub->visit_twins(
      sns,
      [look, seq, now_ms = unix_ms(now())](const hub::TwinView& view) {
        if (look->devices.find(view.sn)->second->update(view, seq, now_ms)) look->changed = true;
      },
      [this, look] {
        for (const auto& [sn, device] : look->devices) {
          const std::lock_guard lock(device->mutex_);
          device->is_loaded_ = true;
        }
        look->done();
        if (look->changed) wake_all();
      });
}

void LiveFeed::wake_all() {
  const std::lock_guard lock(mutex_);
  for (const Listener& each : listeners_) {
    each.loop->post([owner = each.owner, wake = each.wake] {
      if (const auto alive = owner.lock()) wake();
    });
  }
}

}  // namespace gridloom::http
