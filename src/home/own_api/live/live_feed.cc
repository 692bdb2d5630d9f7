#include "own_api/live/live_feed.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

#include "base/secret.h"
#include "overview/freshness.h"

namespace gridloom::api {
namespace {

constexpr std::size_t kEpochBytes = 4;
constexpr std::size_t kFewAccounts = 16;
constexpr std::int64_t kNever_ms = std::numeric_limits<std::int64_t>::max();

// Removes what nobody has any more, now and then.
template <typename T>
void purge(std::map<AccountId, std::weak_ptr<T>>& from, std::size_t& at_size) {
  if (from.size() < at_size) return;
  std::erase_if(from, [](const auto& each) { return each.second.expired(); });
  at_size = 2 * from.size() + kFewAccounts;
}

}  // namespace

// --- a device

LiveDevice::Moment LiveDevice::moment() const {
  const std::lock_guard lock(mutex_);
  const std::size_t names = declared_ ? declared_->size() + extra_.size() : 1;
  return {.seq = seq_,
          .number = number_,
          .names = has_values_ ? names : 0,
          .losses = losses_,
          .last_report = last_report_,
          .state = state_};
}

std::string_view LiveDevice::name_of(std::size_t slot) const {
  if (slot < declared_->size()) return (*declared_)[slot];
  const std::size_t extra = slot - declared_->size();
  return extra < extra_.size() ? std::string_view(extra_[extra]) : std::string_view();
}

bool LiveDevice::apply(const hub::DeviceChanges& changes, std::uint64_t seq) {
  if (changes.last_report) last_report_ = std::max(last_report_, changes.last_report);
  number_ = std::max(number_, changes.number);
  if (changes.membership != hub::Membership::kUnchanged) {
    // It may be another device from now on.
    declared_.reset();
    extra_.clear();
    has_values_ = false;
    last_report_.reset();
    lose();
    return true;
  }
  if (changes.values.empty()) return false;
  has_values_ = true;
  seq_ = seq;
  for (const hub::ValueChange& value : changes.values) {
    if (declared_ && value.slot >= declared_->size()) {
      const std::size_t extra = value.slot - declared_->size();
      if (extra_.size() <= extra) extra_.resize(extra + 1);
      extra_[extra] = value.name;
    }
    if (positions_.empty()) dropped_ = std::max(dropped_, value.number);  // nobody follows
    if (value.number <= dropped_) continue;
    Change& change = waiting_[value.slot];
    waiting_bytes_ += value.text.size();
    waiting_bytes_ -= change.text.size();
    change = {.text = value.text, .at_ms = unix_ms(value.at), .number = value.number};
  }
  if (waiting_bytes_ > kMostWaiting) lose();
  return true;
}

void LiveDevice::load(const hub::TwinSnapshot* snapshot, std::uint64_t seq) {
  if (snapshot == nullptr) return;
  declared_ = snapshot->declared;
  if (snapshot->extra.size() >= extra_.size()) extra_ = snapshot->extra;
  if (snapshot->last_report) last_report_ = std::max(last_report_, snapshot->last_report);
  if (snapshot->has_values && seq_ == 0) seq_ = seq;
  has_values_ = has_values_ || snapshot->has_values;
}

void LiveDevice::lose() {
  ++losses_;
  waiting_.clear();
  waiting_bytes_ = 0;
  cached_ = {};
}

void LiveDevice::move(Position from, Position to) {
  if (from == to) return;
  if (to) ++positions_[*to];
  if (from) {
    const auto found = positions_.find(*from);
    if (--found->second == 0) positions_.erase(found);
  }
  drop_taken();
}

void LiveDevice::drop_taken() {
  const std::uint64_t taken = positions_.empty() ? number_ : positions_.begin()->first;
  if (taken <= dropped_) return;
  dropped_ = taken;
  std::erase_if(waiting_, [this](const auto& each) {
    const Change& change = each.second;
    if (change.number > dropped_) return false;
    waiting_bytes_ -= change.text.size();
    return true;
  });
}

SharedText LiveDevice::changes(std::uint64_t after, std::uint64_t through,
                               const LiveFields* fields) const {
  const std::lock_guard lock(mutex_);
  const std::pair wanted(after, through);
  if (fields == nullptr && !cached_.empty() && cached_for_ == wanted) return cached_;
  std::string text = "[";
  for (const auto& [slot, change] : waiting_) {
    if (change.number <= after || change.number > through) continue;
    if (fields != nullptr && (!declared_ || !fields->contains(name_of(slot)))) continue;
    if (text.size() > 1) text += ',';
    fmt::format_to(std::back_inserter(text), "[{},{},{}]", slot, change.text, change.at_ms);
  }
  text += ']';
  SharedText shared(std::move(text));
  if (fields != nullptr) return shared;
  cached_ = shared.size() > kCachedBytes ? SharedText() : shared;
  cached_for_ = wanted;
  return shared;
}

std::size_t LiveDevice::cached_bytes() const {
  const std::lock_guard lock(mutex_);
  return cached_.size();
}

std::size_t LiveDevice::waiting_bytes() const {
  const std::lock_guard lock(mutex_);
  return waiting_bytes_;
}

// --- who watches what

void LiveBoard::add(const LiveDevice& device, LiveNotice& notice) {
  notices_[&device].push_back(&notice);
}

void LiveBoard::remove(const LiveDevice& device, const LiveNotice& notice) {
  const auto found = notices_.find(&device);
  std::erase(found->second, &notice);
  if (found->second.empty()) notices_.erase(found);
}

std::size_t LiveBoard::tell(const std::vector<LiveDevicePtr>& devices) const {
  std::size_t told = 0;
  for (const LiveDevicePtr& device : devices) {
    const auto found = notices_.find(device.get());
    if (found == notices_.end()) continue;
    for (LiveNotice* notice : found->second) told += notice->give() ? 1 : 0;
  }
  return told;
}

void LiveWatch::hold() {
  const std::lock_guard lock(at_.device->mutex_);
  if (position_) return;
  position_ = at_.device->number_;
  at_.device->move(std::nullopt, position_);
}

bool LiveWatch::follow(std::uint64_t number) {
  const std::lock_guard lock(at_.device->mutex_);
  if (number < at_.device->dropped_) return false;
  at_.device->move(std::exchange(position_, number), number);
  return true;
}

// --- the devices of an account

void LiveReader::subscribe(Loop& loop) {
  subscription_ = feed_.hub().changes().subscribe({.reader = weak_from_this(), .loop = &loop});
}

bool LiveReader::update_state(LiveDevice& device) {
  std::optional<Millis> age;
  if (device.last_report_) {
    age = std::chrono::duration_cast<Millis>(feed_.now() - *device.last_report_);
  }
  const overview::Freshness freshness =
      overview::freshness_of(*device.family_, {.online = feed_.hub().online(account_, device.sn_),
                                               .has_values = device.has_values_,
                                               .age = age});
  const std::string_view state = name_of(freshness);
  if (freshness == overview::Freshness::kLive) {
    const std::int64_t quiet_ms =
        unix_ms(*device.last_report_ + overview::quiet_after(*device.family_)) + 1;
    std::int64_t earliest = quiet_at_ms_;
    while (quiet_ms < earliest && !quiet_at_ms_.compare_exchange_weak(earliest, quiet_ms)) {
    }
  }
  return std::exchange(device.state_, state) != state;
}

void LiveReader::on_changes(hub::ChangeBatch batch) {
  const std::uint64_t seq = ++feed_.seq_;
  std::vector<LiveDevicePtr> news;
  {
    const std::lock_guard lock(mutex_);
    if (batch.is_lost) {
      for (const auto& [sn, device] : devices_) {
        const std::lock_guard device_lock(device->mutex_);
        device->lose();
        news.push_back(device);
      }
    }
    for (const hub::DeviceChanges& changes : batch.devices) {
      const auto found = devices_.find(changes.sn);
      if (found == devices_.end()) continue;
      const LiveDevicePtr& device = found->second;
      const std::lock_guard device_lock(device->mutex_);
      const bool is_news = device->apply(changes, seq);
      if (update_state(*device) || is_news) news.push_back(device);
    }
  }
  tell(std::move(news));
}

void LiveReader::check_quiet() {
  if (unix_ms(feed_.now()) < quiet_at_ms_) return;
  std::vector<LiveDevicePtr> news;
  {
    const std::lock_guard lock(mutex_);
    quiet_at_ms_ = kNever_ms;
    for (const auto& [sn, device] : devices_) {
      const std::lock_guard device_lock(device->mutex_);
      if (update_state(*device)) news.push_back(device);
    }
  }
  tell(std::move(news));
}

// The others are notified of the state that the twins have.
void LiveReader::load(const std::vector<LiveDevicePtr>& devices,
                      const std::vector<TwinSnapshotPtr>& twins) {
  const std::uint64_t seq = ++feed_.seq_;
  std::vector<LiveDevicePtr> news;
  for (std::size_t i = 0; i < devices.size(); ++i) {
    LiveDevice& device = *devices[i];
    const std::lock_guard lock(device.mutex_);
    device.load(twins[i].get(), seq);
    const bool is_first = device.state_.empty();
    if (update_state(device) && !is_first) news.push_back(devices[i]);
  }
  tell(std::move(news));
}

void LiveReader::tell(std::vector<LiveDevicePtr> devices) {
  if (devices.empty()) return;
  for (const LiveDevicePtr& device : devices) {
    device->version_.fetch_add(1, std::memory_order_release);
  }
  const auto news = std::make_shared<const std::vector<LiveDevicePtr>>(std::move(devices));
  std::map<Loop*, LiveBoardPtr> boards;
  {
    const std::lock_guard lock(mutex_);
    boards = boards_;
  }
  for (const auto& [loop, board] : boards) {
    loop->post_lazily(
        [self = shared_from_this(), board, news] { self->feed_.notices_ += board->tell(*news); });
  }
}

LiveBoardPtr LiveReader::board_of(Loop& loop) {
  LiveBoardPtr& board = boards_[&loop];
  if (!board) board = std::make_shared<LiveBoard>();
  return board;
}

void LiveReader::end(const LiveWatch& watch) {
  const LiveWatch::Place& at = watch.at_;
  const std::lock_guard lock(mutex_);
  const std::lock_guard device_lock(at.device->mutex_);
  at.board->remove(*at.device, *at.notice);
  if (at.board->empty()) boards_.erase(at.loop);
  at.device->move(watch.position_, std::nullopt);
  if (--at.device->watches_ != 0) return;
  subscription_.remove(at.device->sn_);
  devices_.erase(at.device->sn_);
}

// --- all devices

LiveFeed::LiveFeed(Options options)
    : options_(std::move(options)),
      epoch_(options_.epoch.empty() ? random_hex(kEpochBytes) : options_.epoch),
      shared_(options_.limits) {}

double LiveFeed::rate() const { return rate_of(options_.virtual_time); }

LiveSharePtr LiveFeed::share(const LiveCaller& caller) {
  const std::lock_guard lock(mutex_);
  std::weak_ptr<LiveAccount>& known = accounts_[caller.account];
  if (const LiveAccountPtr account = known.lock()) return account->share(caller);
  const auto made = std::make_shared<LiveAccount>(caller.account, shared_);
  known = made;
  purge(accounts_, purge_accounts_at_);
  return made->share(caller);
}

LiveReaderPtr LiveFeed::reader_of(AccountId account, Loop& loop) {
  const std::lock_guard lock(mutex_);
  std::weak_ptr<LiveReader>& known = readers_[account];
  if (LiveReaderPtr reader = known.lock()) return reader;
  auto made = std::make_shared<LiveReader>(*this, account);
  made->subscribe(loop);
  known = made;
  purge(readers_, purge_readers_at_);
  return made;
}

Result<LiveWatch> LiveFeed::watch(const std::string& sn, const Watcher& by) {
  LiveReaderPtr reader = reader_of(by.share->account().id(), *by.loop);
  const std::lock_guard lock(reader->mutex_);
  auto found = reader->devices_.find(sn);
  if (found == reader->devices_.end()) {
    GL_TRY(auto place, by.share->add_device());
    auto made = std::make_shared<LiveDevice>(sn, options_.hub->platform().catalog->of_serial(sn),
                                             std::move(place));
    found = reader->devices_.emplace(sn, std::move(made)).first;
    reader->subscription_.add(sn);
  }
  LiveDevicePtr device = found->second;
  {
    const std::lock_guard device_lock(device->mutex_);
    ++device->watches_;
  }
  LiveBoardPtr board = reader->board_of(*by.loop);
  board->add(*device, *by.notice);
  return LiveWatch({.reader = reader,
                    .device = std::move(device),
                    .board = std::move(board),
                    .loop = by.loop,
                    .notice = by.notice});
}

void LiveFeed::read(AccountId account, Loop& loop, std::vector<LiveDevicePtr> devices,
                    Callback<std::vector<TwinSnapshotPtr>> done) {
  std::vector<std::string> sns;
  sns.reserve(devices.size());
  for (const LiveDevicePtr& device : devices) sns.push_back(device->sn());
  reads_ += sns.size();
  options_.hub->read_twins(
      account, sns,
      {.loop = &loop,
       .done = [reader = reader_of(account, loop), devices = std::move(devices),
                done = std::move(done)](Result<std::vector<hub::TwinSnapshot>> read) mutable {
         StringMap<TwinSnapshotPtr> twins;
         if (read) {
           for (hub::TwinSnapshot& twin : *read) {
             std::string sn = twin.sn;
             twins.emplace(std::move(sn),
                           std::make_shared<const hub::TwinSnapshot>(std::move(twin)));
           }
         }
         std::vector<TwinSnapshotPtr> found;
         for (const LiveDevicePtr& device : devices) {
           const auto twin = twins.find(device->sn());
           found.push_back(twin == twins.end() ? nullptr : twin->second);
         }
         reader->load(devices, found);
         done(std::move(found));
       }});
}

void LiveFeed::check_quiet(AccountId account) {
  LiveReaderPtr reader;
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = readers_.find(account); found != readers_.end()) {
      reader = found->second.lock();
    }
  }
  if (reader) reader->check_quiet();
}

}  // namespace gridloom::api
