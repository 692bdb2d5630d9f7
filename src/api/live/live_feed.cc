#include "api/live/live_feed.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "api/home/home_json.h"
#include "base/secret.h"
#include "wire/json.h"

namespace gridloom::api {
namespace {

constexpr std::size_t kEpochBytes = 4;
constexpr std::size_t kFewAccounts = 16;
constexpr std::size_t kFewDevices = 1024;
constexpr int kKeptSweeps = 4;           // for which a device is kept that nobody watches any more
constexpr std::int64_t kLookEffort = 8;  // for a device with new values, in units of hub::Inbox

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

std::optional<AccountId> LiveDevice::next_account(AccountId owner,
                                                  const std::set<AccountId>& busy) {
  if (accounts_.contains(owner) && !busy.contains(owner)) return owner;
  auto at = accounts_.upper_bound(looked_for_);
  for (std::size_t tried = 0; tried < accounts_.size(); ++tried, ++at) {
    if (at == accounts_.end()) at = accounts_.begin();
    if (!busy.contains(at->first)) return looked_for_ = at->first;
  }
  return std::nullopt;
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
  if (fields == nullptr && text.size() > kCachedBytes) {
    std::string().swap(cached_);
  } else if (fields == nullptr) {
    cached_ = text;
    cached_after_ = seq;
    cached_seq_ = seq_;
  }
  return text;
}

std::size_t LiveDevice::cached_bytes() const {
  const std::lock_guard lock(mutex_);
  return cached_.size();
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

double LiveFeed::rate() const { return rate_of(options_.virtual_time); }

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

void LiveFeed::add_device(const LiveDevicePtr& device) {
  // Those that are watched have places in the accounts' budgets. The others go by and by, and at
  // once when they are many.
  if (devices_.size() >= purge_devices_at_) {
    std::erase_if(devices_, [](const auto& each) {
      const std::lock_guard lock(each.second->mutex_);
      return each.second->accounts_.empty();
    });
    purge_devices_at_ = 2 * devices_.size() + kFewDevices;
  }
  devices_.emplace(device->sn(), device);
  fresh_.push_back(device);
}

Status LiveFeed::add_watcher(LiveDevice& device, const Watcher& by) const {
  const AccountId account = by.account->id();
  const std::lock_guard lock(device.mutex_);
  auto of = device.accounts_.find(account);
  if (of == device.accounts_.end()) {
    auto place = by.account->add_device();
    if (!place) return std::unexpected(place.error());
    of = device.accounts_.try_emplace(account).first;
    of->second.place = std::move(*place);
    if (device.is_loaded_) of->second.state = state_for(device, account);
  }
  of->second.watchers.insert_or_assign(
      by.watcher.get(), LiveDevice::Watching{.watcher = by.watcher, .loop = by.loop});
  device.unwatched_sweeps_ = 0;
  return {};
}

Result<LiveWatch> LiveFeed::watch(const std::string& sn, const Watcher& by) {
  LiveDevicePtr device;
  bool is_first_fresh = false;
  {
    const std::lock_guard lock(mutex_);
    const auto found = devices_.find(sn);
    const bool is_new = found == devices_.end();
    device = is_new
                 ? std::make_shared<LiveDevice>(sn, options_.hub->platform().catalog->of_serial(sn))
                 : found->second;
    if (Status added = add_watcher(*device, by); !added) return std::unexpected(added.error());
    is_first_fresh = is_new && fresh_.empty();
    if (is_new) add_device(device);
  }
  // Behind the other messages of this read: one look for all their devices.
  if (is_first_fresh) by.loop->post([this] { look_at_fresh(); });
  return LiveWatch(std::move(device), by.account->id(), by.watcher.get());
}

std::string_view LiveFeed::state_for(const LiveDevice& device, AccountId account) const {
  return state_of(*device.family_, {.online = options_.hub->online(account, device.sn_),
                                    .has_values = device.seq_ != 0,
                                    .last_report = device.last_report_,
                                    .now = now()});
}

// The devices that are looked at in turns of one account.
struct LiveFeed::Look {
  AccountId account{};
  bool is_swept = false;  // the account is in swept_
  StringMap<LiveDevicePtr> devices{};
};

void LiveFeed::add_to(Looks& looks, const LiveDevicePtr& device,
                      const registry::Directory& directory, const std::set<AccountId>& busy) {
  const registry::Device* registered = directory.find_device(device->sn());
  const AccountId owner = registered == nullptr ? AccountId{} : registered->owner;
  const auto account = device->next_account(owner, busy);
  if (!account) return;
  std::shared_ptr<Look>& look = looks[*account];
  if (!look) look = std::make_shared<Look>(Look{.account = *account});
  look->devices.emplace(device->sn(), device);
}

void LiveFeed::sweep() {
  const auto directory = options_.hub->platform().registry.directory();
  Looks looks;
  {
    const std::lock_guard lock(mutex_);
    for (auto at = devices_.begin(); at != devices_.end();) {
      LiveDevice& device = *at->second;
      const std::lock_guard device_lock(device.mutex_);
      // A client that unsubscribes and subscribes again does not cost a look each time.
      const bool goes = device.accounts_.empty() && ++device.unwatched_sweeps_ > kKeptSweeps;
      if (!goes) add_to(looks, at->second, *directory, swept_);
      at = goes ? devices_.erase(at) : std::next(at);
    }
    for (const auto& [account, look] : looks) {
      look->is_swept = true;
      swept_.insert(account);
    }
  }
  look_at(looks);
}

void LiveFeed::look_at_fresh() {
  const auto directory = options_.hub->platform().registry.directory();
  Looks looks;
  {
    const std::lock_guard lock(mutex_);
    for (const LiveDevicePtr& device : std::exchange(fresh_, {})) {
      const std::lock_guard device_lock(device->mutex_);
      add_to(looks, device, *directory, {});
    }
  }
  look_at(looks);
}

void LiveFeed::look_at(const Looks& looks) {
  const std::uint64_t seq = ++seq_;
  for (const auto& [account, look] : looks) {
    std::vector<std::string> sns;
    sns.reserve(look->devices.size());
    for (const auto& each : look->devices) sns.push_back(each.first);
    looks_ += sns.size();
    options_.hub->visit_twins(
        account, sns,
        [look, seq, now_ms = unix_ms(now())](const hub::TwinView& view) -> std::int64_t {
          const LiveDevicePtr& device = look->devices.find(view.sn)->second;
          return device->update(view, seq, now_ms) ? kLookEffort : 0;
        },
        [this, look] { return finish(*look); });
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

std::int64_t LiveFeed::finish(const Look& look) {
  Notices notices;
  std::int64_t effort = 0;
  for (const auto& [sn, each_device] : look.devices) {
    LiveDevice& device = *each_device;
    const std::lock_guard lock(device.mutex_);
    // Looks of several accounts may be under way, and the one that saw the change may end last.
    const bool is_changed = std::exchange(device.told_seq_, device.seq_) != device.seq_;
    const bool is_new = !std::exchange(device.is_loaded_, true) || is_changed;
    ++effort;
    for (auto& [account, of] : device.accounts_) {
      ++effort;
      const std::string_view state = state_for(device, account);
      if (std::exchange(of.state, state) == state && !is_new) continue;
      effort += static_cast<std::int64_t>(of.watchers.size());
      for (const auto& [key, each] : of.watchers)
        notices.add(key, each.watcher, each.loop, each_device);
    }
  }
  notices_ += notices.send();
  if (look.is_swept) {
    const std::lock_guard lock(mutex_);
    swept_.erase(look.account);
  }
  return effort;
}

}  // namespace gridloom::api
