#include "http/live_feed.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/secret.h"
#include "http/home_json.h"
#include "wire/json.h"

namespace gridloom::http {
namespace {

constexpr std::size_t kEpochBytes = 4;
constexpr std::size_t kFewAccounts = 16;
constexpr int kKeptSweeps = 4;           // of a device that nobody watches any more
constexpr std::int64_t kLookEffort = 8;  // of a device with new values, in units of hub::Inbox

}  // namespace

LiveDevice::Moment LiveDevice::moment(AccountId account) const {
  const std::lock_guard lock(mutex_);
  const auto of = accounts_.find(account);
  return {.is_loaded = is_loaded_,
          .seq = seq_,
          .names = names_.size(),
          .last_report = last_report_,
          .state = of == accounts_.end() ? std::string_view() : of->second.state};
}

void LiveDevice::unwatch(AccountId account, const LiveWatcher* watcher) {
  const std::lock_guard lock(mutex_);
  const auto of = accounts_.find(account);
  if (of == accounts_.end()) return;
  of->second.watchers.erase(watcher);
  if (of->second.watchers.empty()) accounts_.erase(of);
}

bool LiveDevice::update(const hub::TwinView& view, std::uint64_t seq, std::int64_t now_ms) {
  const std::lock_guard lock(mutex_);
  last_report_ = view.last_report;
  if (seq_ != 0 && version_ == view.twin.version()) return false;
  // A look that began earlier may come later. What a client has not seen has a later number.
  seq = std::max(seq, seq_ + 1);
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
  return changed;
}

std::string LiveDevice::changes_after(std::uint64_t seq, const LiveFields* fields) const {
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

LiveFeed::LiveFeed(Options options)
    : options_(options), epoch_(random_hex(kEpochBytes)), shared_(options.limits) {}

double LiveFeed::rate() const {
  if (options_.virtual_time == nullptr) return 1;
  const VirtualClock::State state = options_.virtual_time->state();
  return state.paused ? 0 : state.speed;
}

LiveAccountPtr LiveFeed::account(AccountId id) {
  const std::lock_guard lock(mutex_);
  std::weak_ptr<LiveAccount>& known = accounts_[id];
  if (LiveAccountPtr account = known.lock()) return account;
  auto made = std::make_shared<LiveAccount>(id, shared_);
  known = made;
  if (accounts_.size() >= purge_accounts_at_) {
    std::erase_if(accounts_, [](const auto& each) { return each.second.expired(); });
    purge_accounts_at_ = 2 * accounts_.size() + kFewAccounts;
  }
  return made;
}

Result<LiveDevicePtr> LiveFeed::device(const std::string& sn) {
  if (const auto found = devices_.find(sn); found != devices_.end()) return found->second;
  if (devices_.size() >= options_.limits.devices) {
    std::erase_if(devices_, [](const auto& each) {
      const std::lock_guard lock(each.second->mutex_);
      return each.second->accounts_.empty();
    });
  }
  if (devices_.size() >= options_.limits.devices) {
    return fail(ErrorCode::kConflict,
                fmt::format("{} devices are watched already, the most at once: limit live.devices",
                            options_.limits.devices));
  }
  auto made = std::make_shared<LiveDevice>(sn, options_.hub->platform().catalog->of_serial(sn));
  devices_.emplace(sn, made);
  fresh_.push_back(made);
  return made;
}

Result<LiveWatch> LiveFeed::watch(const std::string& sn, const Watcher& by) {
  LiveDevicePtr device;
  bool is_first_fresh = false;
  {
    const std::lock_guard lock(mutex_);
    const bool had_fresh = !fresh_.empty();
    auto found = this->device(sn);
    if (!found) return std::unexpected(found.error());
    device = std::move(*found);
    is_first_fresh = !had_fresh && !fresh_.empty();
    const std::lock_guard device_lock(device->mutex_);
    LiveDevice::OfAccount& of = device->accounts_[by.account];
    of.watchers.insert_or_assign(by.watcher.get(),
                                 LiveDevice::Watching{.watcher = by.watcher, .loop = by.loop});
    if (device->is_loaded_ && of.state.empty()) of.state = state_for(*device, by.account);
    device->looked_for_ = by.account;
    device->unwatched_sweeps_ = 0;
  }
  // Behind the other messages of this read: one look for all their devices.
  if (is_first_fresh) by.loop->post([this] { look_at_fresh(); });
  return LiveWatch(std::move(device), by.account, by.watcher.get());
}

std::string_view LiveFeed::state_for(const LiveDevice& device, AccountId account) const {
  return state_of(*device.family_, {.online = options_.hub->online(account, device.sn_),
                                    .has_values = device.seq_ != 0,
                                    .last_report = device.last_report_,
                                    .now = now()});
}

void LiveFeed::sweep() {
  Devices devices;
  {
    const std::lock_guard lock(mutex_);
    for (auto at = devices_.begin(); at != devices_.end();) {
      LiveDevice& device = *at->second;
      const std::lock_guard device_lock(device.mutex_);
      // A client that unsubscribes and subscribes again does not cost a look each time.
      const bool goes = device.accounts_.empty() && ++device.unwatched_sweeps_ > kKeptSweeps;
      if (!goes) devices.push_back(at->second);
      at = goes ? devices_.erase(at) : std::next(at);
    }
  }
  if (*sweeping_ == 0) look_at(devices, sweeping_);
}

void LiveFeed::look_at_fresh() {
  Devices devices;
  {
    const std::lock_guard lock(mutex_);
    devices.swap(fresh_);
  }
  look_at(devices, std::make_shared<std::atomic<std::size_t>>(0));
}

// The devices of one account. Each device belongs to one shard, which writes its `has_changed`.
struct LiveFeed::Look {
  struct Seen {
    LiveDevicePtr device;
    bool has_changed = false;
  };
  StringMap<Seen> devices;
};

void LiveFeed::look_at(const Devices& devices, const Counter& unfinished) {
  std::map<AccountId, std::vector<std::string>> sns;
  std::map<AccountId, std::shared_ptr<Look>> looks;
  for (const LiveDevicePtr& device : devices) {
    const AccountId account = [&] {
      const std::lock_guard lock(device->mutex_);
      return device->looked_for_;
    }();
    std::shared_ptr<Look>& look = looks[account];
    if (!look) look = std::make_shared<Look>();
    look->devices.emplace(device->sn(), Look::Seen{.device = device});
    sns[account].push_back(device->sn());
  }
  looks_ += devices.size();
  *unfinished += looks.size();
  const std::uint64_t seq = ++seq_;
  for (const auto& [account, look] : looks) {
    options_.hub->visit_twins(
        account, sns[account],
        [look, seq, now_ms = unix_ms(now())](const hub::TwinView& view) -> std::int64_t {
          Look::Seen& seen = look->devices.find(view.sn)->second;
          seen.has_changed = seen.device->update(view, seq, now_ms);
          return seen.has_changed ? kLookEffort : 0;
        },
        [this, look, unfinished] {
          finish(*look);
          --*unfinished;
        });
  }
}

namespace {

// Collects what watchers are told, so that each loop gets one task.
class Notices {
 public:
  void add(const LiveWatcher* key, std::weak_ptr<LiveWatcher> watcher, Loop* loop,
           const LiveDevicePtr& device) {
    Told& told = by_loop_[loop][key];
    told.watcher = std::move(watcher);
    told.devices.push_back(device);
  }
  // Returns how many watchers are told.
  std::size_t send() {
    std::size_t count = 0;
    for (auto& [loop, told_here] : by_loop_) {
      count += told_here.size();
      loop->post([watchers = std::move(told_here)] {
        for (const auto& each : watchers) {
          const Told& told = each.second;
          if (const auto watcher = told.watcher.lock()) watcher->on_news(told.devices);
        }
      });
    }
    return count;
  }

 private:
  struct Told {
    std::weak_ptr<LiveWatcher> watcher{};
    std::vector<LiveDevicePtr> devices{};
  };
  std::unordered_map<Loop*, std::unordered_map<const LiveWatcher*, Told>> by_loop_;
};

}  // namespace

void LiveFeed::finish(const Look& look) {
  Notices notices;
  for (const auto& [sn, seen] : look.devices) {
    LiveDevice& device = *seen.device;
    const std::lock_guard lock(device.mutex_);
    const bool is_new = !std::exchange(device.is_loaded_, true) || seen.has_changed;
    for (auto& [account, of] : device.accounts_) {
      const std::string_view state = state_for(device, account);
      if (std::exchange(of.state, state) == state && !is_new) continue;
      for (const auto& [key, each] : of.watchers)
        notices.add(key, each.watcher, each.loop, seen.device);
    }
  }
  notices_ += notices.send();
}

}  // namespace gridloom::http
