#include "home/home_feed.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "history/energy_query.h"
#include "home/home_energies.h"
#include "time/calendar.h"
#include "wire/json.h"

namespace gridloom::home {
namespace {

using registry::AccountId;

// Twins that are read and understood at once, in less than a millisecond.
constexpr std::size_t kTwinsAtOnce = 32;
constexpr Millis kJustNow = std::chrono::seconds(5);
constexpr std::int64_t kNever_ms = std::numeric_limits<std::int64_t>::max();

enum class When : std::uint8_t { kNow, kBeforeMoment };

overview::Overview figures_of(const catalog::Family& family, const hub::TwinSnapshot& twin,
                              When when) {
  std::map<std::size_t, std::string_view> before;
  if (when == When::kBeforeMoment) {
    twin.before.for_each([&](std::size_t slot, std::string_view text) { before[slot] = text; });
  }
  std::vector<catalog::FlatValue> values;
  twin.values.for_each([&](std::size_t slot, std::string_view text) {
    const std::string& name = twin.name_of(slot);
    if (!overview::is_in_overview(family, name)) return;
    const auto was = before.find(slot);
    if (auto value = wire::parse_json(was == before.end() ? text : was->second)) {
      values.push_back({.name = name, .value = std::move(*value)});
    }
  });
  std::ranges::sort(values, {}, &catalog::FlatValue::name);
  return overview::overview_of(family, values);
}

// The hours of the day at `at_ms` that have begun.
std::vector<std::int64_t> hours_of_today(std::int64_t at_ms, const time::TimeZone& zone) {
  constexpr std::size_t kMostHours = 32;
  return time::bounds(
      time::Step::kHour,
      {.from_ms = history::quarter_before(time::begin_of(time::Step::kDay, at_ms, zone)),
       .to_ms = history::quarter_after(at_ms + 1)},
      zone, kMostHours);
}

std::shared_ptr<const StringMap<overview::Freshness>> states_of(const HomeState& state) {
  auto states = std::make_shared<StringMap<overview::Freshness>>();
  states->reserve(state.devices.size());
  for (const HomeDevicePtr& device : state.devices) {
    states->emplace(device->sn, freshness_of(*device, state.now));
  }
  return states;
}

}  // namespace

// --- watching

// Until when a home that was computed is as it was.
struct HomeWatch::Validity {
  std::atomic<HomeFeed*> feed = nullptr;           // null: it is gone
  std::atomic<bool> has_changed = true;            // a device has, since the last computation began
  std::atomic<std::int64_t> until_ms = kNever_ms;  // by the devices' clock: states change with time
  std::atomic<std::int64_t> ledger_ms = kNever_ms;  // by the steady clock: energies are to be added
  std::atomic<const registry::Directory*> directory = nullptr;
  std::atomic<std::uint64_t> version = 0;
};

class HomeFeed::Reader final : public hub::ChangeReader {
 public:
  Reader(HomeFeed& feed, AccountId account) : feed_(feed), account_(account) {}
  void on_changes(hub::ChangeBatch batch) override { feed_.on_changes(account_, batch); }

 private:
  HomeFeed& feed_;
  const AccountId account_;
};

struct HomeFeed::Watched {
  std::size_t watches = 0;
  std::shared_ptr<HomeWatch::Validity> validity = std::make_shared<HomeWatch::Validity>();
  std::shared_ptr<Reader> reader;
  hub::ChangeSubscription subscription;
  // The home as it was computed last; none while it is being computed.
  std::shared_ptr<const registry::Directory> directory;
  std::vector<HomeDevicePtr> devices;
  std::vector<DeviceNumber> numbers;  // of the devices
  std::set<std::string> changed;      // since that began
  bool is_lost = true;                // any device may have changed

  // Keeps the home that was computed until it is another one.
  void take(Work& work, const std::vector<HomeDevicePtr>& computed, std::int64_t until_ms);
};

// A home that is being computed, on one thread at a time.
struct HomeFeed::Work {
  AccountId account{};
  Loop* loop = nullptr;
  std::shared_ptr<const registry::Directory> directory;
  std::vector<HomeDevicePtr> devices;
  std::vector<DeviceNumber> numbers;  // of the devices
  StringMap<std::size_t> places;      // of the devices whose twins are read
  std::vector<std::string> to_read;   // devices whose twins are read, the next one last
  std::optional<overview::Ledger> ledger;
  bool has_news = true;                // of any device
  std::int64_t ledger_ms = kNever_ms;  // when energies are to be added, by the steady clock
};

HomeWatch::~HomeWatch() {
  if (!validity_) return;
  if (HomeFeed* const feed = validity_->feed) feed->unwatch(account_);
}

bool HomeWatch::is_stale() const {
  const HomeFeed::Options& options = validity_->feed.load()->options_;
  const hub::Platform& platform = options.hub->platform();
  return validity_->has_changed || unix_ms(platform.clock.now()) >= validity_->until_ms ||
         unix_ms(options.steady->now()) >= validity_->ledger_ms ||
         platform.registry.directory().get() != validity_->directory;
}

std::uint64_t HomeWatch::version() const { return validity_->version; }

HomeFeed::~HomeFeed() {
  for (auto& [account, entry] : homes_) {
    if (entry.watched) entry.watched->validity->feed = nullptr;
  }
}

HomeWatch HomeFeed::watch(AccountId account, Loop& loop) {
  HomeWatch watch;
  const std::lock_guard lock(mutex_);
  // A home that is watched is there even if there is no room for it: clients of the live stream
  // have limits of their own.
  Entry* const known = entry_of(account);
  Entry& entry = known != nullptr ? *known : homes_[account];
  if (!entry.watched) {
    entry.watched = std::make_shared<Watched>();
    entry.watched->validity->feed = this;
    entry.watched->reader = std::make_shared<Reader>(*this, account);
    entry.watched->subscription = options_.hub->changes().subscribe(
        {.reader = entry.watched->reader,
         .loop = &loop,
         .scope = hub::ChangeReaderOptions::Scope::kAccount,
         .account = account,
         .detail = hub::ChangeReaderOptions::Detail::kDevicesOnly});
  }
  ++entry.watched->watches;
  update_idle(account, entry);
  watch.account_ = account;
  watch.validity_ = entry.watched->validity;
  return watch;
}

void HomeFeed::unwatch(AccountId account) {
  const std::lock_guard lock(mutex_);
  Entry& entry = homes_.at(account);
  if (--entry.watched->watches != 0) return;
  entry.watched.reset();
  with_numbers_.emplace_back(account, entry.computed);
  update_idle(account, entry);
}

void HomeFeed::on_changes(AccountId account, const hub::ChangeBatch& batch) {
  const std::lock_guard lock(mutex_);
  const auto found = homes_.find(account);
  if (found == homes_.end() || !found->second.watched) return;
  Watched& watched = *found->second.watched;
  watched.is_lost = watched.is_lost || batch.is_lost;
  for (const hub::DeviceChanges& device : batch.devices) watched.changed.insert(device.sn);
  watched.validity->has_changed = true;
}

// --- homes that are kept

HomeFeed::Entry* HomeFeed::entry_of(AccountId account) {
  if (const auto found = homes_.find(account); found != homes_.end()) return &found->second;
  while (homes_.size() >= options_.max_homes) {
    if (idle_.empty()) return nullptr;
    homes_.erase(idle_.front());
    idle_.pop_front();
  }
  return &homes_[account];
}

void HomeFeed::update_idle(AccountId account, Entry& entry) {
  const bool is_idle = !entry.watched && !entry.is_computing;
  if (is_idle == entry.idle.has_value()) return;
  if (is_idle) {
    entry.idle = idle_.insert(idle_.end(), account);
  } else {
    idle_.erase(*entry.idle);
    entry.idle.reset();
  }
}

std::size_t HomeFeed::waiting(AccountId account) const {
  const std::lock_guard lock(mutex_);
  const auto found = homes_.find(account);
  return found == homes_.end() ? 0 : found->second.waiting.size();
}

std::size_t HomeFeed::homes() const {
  const std::lock_guard lock(mutex_);
  return homes_.size();
}

bool HomeFeed::is_current(const Entry& entry) const {
  if (!entry.home || entry.is_computing || entry.has_new_ledger) return false;
  const TimePoint now = options_.steady->now();
  if (now - entry.computed < kFresh) return true;
  if (!entry.watched) return false;
  const HomeWatch::Validity& validity = *entry.watched->validity;
  const hub::Platform& platform = options_.hub->platform();
  return !validity.has_changed && unix_ms(platform.clock.now()) < validity.until_ms &&
         unix_ms(now) < validity.ledger_ms &&
         platform.registry.directory().get() == validity.directory;
}

void HomeFeed::get(AccountId account, hub::ReplyTo<Home> reply_to) {
  WorkPtr work;
  {
    const std::lock_guard lock(mutex_);
    Entry* const entry = entry_of(account);
    if (entry == nullptr) {
      return hub::answer<Home>(
          std::move(reply_to),
          fail(ErrorCode::kConflict,
               fmt::format("more than {} homes are looked at at once", options_.max_homes)));
    }
    if (is_current(*entry)) return hub::answer<Home>(std::move(reply_to), Home(*entry->home));
    Loop& loop = *reply_to.loop;
    entry->waiting.push_back(std::move(reply_to));
    if (std::exchange(entry->is_computing, true)) return;
    update_idle(account, *entry);
    work = begin(account, *entry, loop);
  }
  read_some(work);
}

// --- computing one

HomeFeed::WorkPtr HomeFeed::begin(AccountId account, Entry& entry, Loop& loop) const {
  const hub::Platform& platform = options_.hub->platform();
  auto work = std::make_shared<Work>();
  work->account = account;
  work->loop = &loop;
  work->directory = platform.registry.directory();
  Watched* const watched = entry.watched.get();
  std::set<std::string> changed;
  bool is_whole = true;
  if (watched != nullptr) {
    is_whole = std::exchange(watched->is_lost, false) || watched->directory != work->directory;
    changed = std::exchange(watched->changed, {});
    watched->validity->has_changed = false;
    work->devices = std::exchange(watched->devices, {});
    work->numbers = std::exchange(watched->numbers, {});
  }
  if (is_whole) {
    work->devices.clear();
    work->numbers.clear();
    std::map<const catalog::Family*, std::shared_ptr<const history::EnergySources>> sources;
    for (const auto& list :
         {work->directory->devices_of(account), work->directory->shared_with(account)}) {
      for (const registry::Device* device : list) {
        const catalog::FamilyPtr& family = platform.catalog->of_serial(device->sn);
        auto& of_family = sources[family.get()];
        if (!of_family) of_family = std::make_shared<history::EnergySources>(*family);
        work->devices.push_back(std::make_shared<HomeDevice>(
            HomeDevice{.sn = device->sn,
                       .name = device->name,
                       .family = family,
                       .sources = of_family,
                       .role = overview::role_of(*family),
                       .online = false,
                       .has_values = false,
                       .last_report = {},
                       .moment = {},
                       .figures = {},
                       .figures_before = {},
                       .faults_since = {},
                       .product = platform.catalog->product_name(device->sn)}));
        work->numbers.push_back(device->number);
      }
    }
  }
  work->has_news = is_whole || !changed.empty();
  if (!work->has_news) work->ledger_ms = watched->validity->ledger_ms;
  for (std::size_t i = 0; i < work->devices.size(); ++i) {
    const std::string& sn = work->devices[i]->sn;
    if (!is_whole && !changed.contains(sn)) continue;
    work->places.emplace(sn, i);
    work->to_read.push_back(sn);
  }
  return work;
}

void HomeFeed::read_some(const WorkPtr& work) {
  if (work->to_read.empty()) {
    set_roles(work->devices);
    return add_ledger(work);
  }
  const std::size_t some = std::min(work->to_read.size(), kTwinsAtOnce);
  const auto first = work->to_read.end() - static_cast<std::ptrdiff_t>(some);
  const std::vector<std::string> sns(first, work->to_read.end());
  work->to_read.erase(first, work->to_read.end());
  reads_ += sns.size();
  options_.hub->read_twins(
      work->account, sns,
      {.loop = work->loop, .done = [this, work](Result<std::vector<hub::TwinSnapshot>> read) {
         for (const hub::TwinSnapshot& twin : *read) {
           HomeDevicePtr& place = work->devices[work->places.find(twin.sn)->second];
           auto read_again = std::make_shared<HomeDevice>(*place);
           HomeDevice& device = *read_again;
           device.last_report = twin.last_report;
           device.moment = twin.moment;
           device.figures = figures_of(*device.family, twin, When::kNow);
           device.figures_before = figures_of(*device.family, twin, When::kBeforeMoment);
           device.has_values = twin.has_values;  // it may have connected only
           place = std::move(read_again);
         }
         read_some(work);
       }});
}

void HomeFeed::add_ledger(const WorkPtr& work) {
  const hub::Platform& platform = options_.hub->platform();
  const TimePoint now = options_.steady->now();
  const bool has_ledger = options_.reads && work->devices.size() <= kMaxLedger;
  const std::int64_t day_ms =
      time::begin_of(time::Step::kDay, unix_ms(platform.clock.now()), platform.zone);
  bool is_due = false;
  bool is_awaited = false;
  {
    const std::lock_guard lock(mutex_);
    Entry& entry = homes_[work->account];
    if (std::exchange(entry.ledger_from_ms, day_ms) != day_ms) {
      entry.ledger.reset();
      entry.ledger_computed.reset();
    }
    is_due = !entry.ledger_computed || now - *entry.ledger_computed >= kLedgerFresh;
    is_awaited = !entry.ledger && work->devices.size() <= kMaxAwaited;
    if (is_due) {
      entry.ledger_computed = now;
      work->ledger_ms = kNever_ms;
    } else if (has_ledger && work->has_news) {
      work->ledger_ms = unix_ms(*entry.ledger_computed + kLedgerFresh);
    }
    entry.has_new_ledger = false;
    work->ledger = entry.ledger;
  }
  if (!is_due || !has_ledger) return finish(work);
  compute_ledger(work, is_awaited);
  if (!is_awaited) finish(work);
}

void HomeFeed::compute_ledger(const WorkPtr& work, bool is_awaited) {
  const hub::Platform& platform = options_.hub->platform();
  const std::int64_t at_ms = unix_ms(platform.clock.now());
  std::vector<HistoryDevice> devices;
  devices.reserve(work->devices.size());
  for (std::size_t i = 0; i < work->devices.size(); ++i) {
    const HomeDevice& device = *work->devices[i];
    devices.push_back({.sn = device.sn,
                       .number = work->numbers[i],
                       .family = device.family,
                       .role = device.role});
  }
  const auto energies = std::make_shared<HomeEnergies>(
      HomeEnergies::Options{.devices = std::move(devices),
                            .bounds = hours_of_today(at_ms, platform.zone),
                            .now_ms = at_ms});
  const auto step = [this, account = work->account, awaiting = is_awaited ? work : nullptr,
                     energies](history::Reader& reader) {
    for (const history::Slice slice(reader); !energies->done() && !slice.over();) {
      if (Status worked = energies->work(reader); !worked) {
        if (awaiting) finish(awaiting);
        return history::Progress::kDone;
      }
    }
    if (!energies->done()) return history::Progress::kMore;
    // Without the energies of one device the others' sums would be wrong.
    std::optional<overview::Ledger> ledger;
    if (!energies->is_damaged()) ledger = overview::ledger_of(energies->buckets());
    if (awaiting) {
      awaiting->ledger = ledger;
      finish(awaiting);
    } else {
      set_ledger(account, ledger);
    }
    return history::Progress::kDone;
  };
  const bool taken =
      options_.reads({.account = std::to_underlying(work->account), .gone = {}, .step = step});
  if (!taken && is_awaited) finish(work);
}

void HomeFeed::set_ledger(AccountId account, const std::optional<overview::Ledger>& ledger) {
  const std::lock_guard lock(mutex_);
  const auto found = homes_.find(account);
  if (found == homes_.end()) return;
  Entry& entry = found->second;
  entry.ledger = ledger;
  entry.has_new_ledger = true;
  if (entry.watched) entry.watched->validity->has_changed = true;
}

bool HomeFeed::update(HomeDevicePtr& device, AccountId account, TimePoint now) const {
  const bool online = options_.hub->online(account, device->sn);
  const std::vector<overview::ActiveError>& errors = device->figures.errors;
  FaultTimes since;
  if (options_.events != nullptr && !errors.empty()) {
    since = options_.events->active_faults(device->sn);
  }
  const bool are_known = options_.events == nullptr || std::ranges::all_of(errors, [&](auto& each) {
                           return since.contains(each.quota);
                         });
  const bool is_due = !are_known && device->last_report && now - *device->last_report < kJustNow;
  if (online != device->online || since != device->faults_since) {
    auto changed = std::make_shared<HomeDevice>(*device);
    changed->online = online;
    changed->faults_since = std::move(since);
    device = std::move(changed);
  }
  return is_due;
}

// The numbers of homes that nobody watches are needed as long as such a home is answered again.
// Requires that mutex_ is held.
void HomeFeed::drop_numbers() {
  const TimePoint now = options_.steady->now();
  while (!with_numbers_.empty() && now - with_numbers_.front().second >= kFresh) {
    const auto [account, computed] = with_numbers_.front();
    with_numbers_.pop_front();
    const auto found = homes_.find(account);
    if (found == homes_.end() || !found->second.home) continue;
    Entry& entry = found->second;
    if (entry.watched || entry.computed != computed) continue;
    entry.home->state.reset();
    entry.home->picture.reset();
  }
}

void HomeFeed::finish(const WorkPtr& work) {
  const hub::Platform& platform = options_.hub->platform();
  const TimePoint at = platform.clock.now();
  std::int64_t until_ms = time::begin_after(time::Step::kDay, unix_ms(at), platform.zone);
  for (HomeDevicePtr& device : work->devices) {
    if (update(device, work->account, at)) until_ms = std::min(until_ms, unix_ms(at + kFresh));
    if (const auto changes_at = next_change(*device, at)) {
      until_ms = std::min(until_ms, unix_ms(*changes_at));
    }
  }
  const auto state = std::make_shared<const HomeState>(
      HomeState{.now = at, .devices = std::move(work->devices), .today = work->ledger});
  const auto picture = std::make_shared<const overview::HomePicture>(picture_of(*state));
  std::string members = options_.members_of(*state, *picture);
  SharedText json(fmt::format(R"({{"now":{},{}}})", unix_ms(at), members));
  const bool has_words = std::ranges::any_of(
      state->devices, [](const auto& device) { return !device->figures.errors.empty(); });
  SharedText german = json;
  if (has_words && options_.german_members_of) {
    german = SharedText(fmt::format(R"({{"now":{},{}}})", unix_ms(at),
                                    options_.german_members_of(*state, *picture)));
  }
  std::shared_ptr<const StringMap<overview::Freshness>> states = states_of(*state);
  std::vector<hub::ReplyTo<Home>> waiting;
  Home home;
  {
    const std::lock_guard lock(mutex_);
    drop_numbers();
    Entry& entry = homes_[work->account];
    const bool is_same = entry.home && entry.members == members;
    home = {.version = is_same ? entry.home->version : ++last_version_,
            .now_ms = unix_ms(at),
            .json = std::move(json),
            .german = std::move(german),
            .states = std::move(states),
            .state = state,
            .picture = picture};
    entry.home = home;
    entry.members = std::move(members);
    if (!entry.has_new_ledger) entry.ledger = work->ledger;
    entry.computed = options_.steady->now();
    entry.is_computing = false;
    waiting = std::exchange(entry.waiting, {});
    with_numbers_.emplace_back(work->account, entry.computed);
    if (entry.watched) {
      entry.watched->take(*work, state->devices, until_ms);
      entry.watched->validity->version = home.version;
    }
    update_idle(work->account, entry);
  }
  for (hub::ReplyTo<Home>& each : waiting) hub::answer<Home>(std::move(each), Home(home));
}

void HomeFeed::Watched::take(Work& work, const std::vector<HomeDevicePtr>& computed,
                             std::int64_t until_ms) {
  validity->until_ms = until_ms;
  validity->ledger_ms = work.ledger_ms;
  validity->directory = work.directory.get();
  directory = work.directory;
  numbers = std::move(work.numbers);
  devices = computed;
}

}  // namespace gridloom::home
