#include "api/home/home_feed.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "api/home/home_json.h"
#include "history/energy_query.h"
#include "time/calendar.h"

namespace gridloom::api {
namespace {

using registry::AccountId;

// The effort of a device, in units of hub::Inbox: to read its figures, to query its energies, and
// to write it into the home.
constexpr std::int64_t kFiguresEffort = 24;
constexpr std::int64_t kQueryEffort = 1;
constexpr std::int64_t kWriteEffort = 8;

enum class When : std::uint8_t { kNow, kBeforeMoment };

overview::Overview figures_of(const catalog::Family& family, const twin::Twin& twin, When when) {
  std::vector<overview::FlatValue> values;
  const auto add = [&](std::size_t slot, std::string_view text) {
    const std::string& name = twin.name_of(slot);
    if (!overview::is_in_overview(family, name)) return;
    if (auto value = wire::parse_json(text)) {
      values.push_back({.name = name, .value = std::move(*value)});
    }
  };
  if (when == When::kNow) {
    twin.for_each_value(add);
  } else {
    twin.for_each_value_before(add);
  }
  std::ranges::sort(values, {}, &overview::FlatValue::name);
  return overview_of(family, values);
}

}  // namespace

std::string HomeFeed::Home::text() const {
  return fmt::format(R"({{"now":{},{}}})", now_ms, std::string_view(members));
}

// A home that is being computed. The shards write different devices.
struct HomeFeed::Work {
  AccountId account{};
  std::vector<ShownDevice> devices;
  std::vector<DeviceNumber> numbers;  // of the devices
  std::unordered_map<std::string_view, std::size_t> places;
  std::optional<overview::Ledger> ledger;
};

void HomeFeed::get(AccountId account, hub::ReplyTo<Home> reply_to) {
  const TimePoint now = options_.steady->now();
  {
    const std::lock_guard lock(mutex_);
    make_room(now);
    Entry& entry = homes_[account];
    if (entry.home && now - entry.computed < kFresh) {
      return hub::answer<Home>(std::move(reply_to), Home(*entry.home));
    }
    entry.waiting.push_back(std::move(reply_to));
    if (std::exchange(entry.is_computing, true)) return;
  }
  start(account);
}

std::size_t HomeFeed::waiting(AccountId account) const {
  const std::lock_guard lock(mutex_);
  const auto found = homes_.find(account);
  return found == homes_.end() ? 0 : found->second.waiting.size();
}

// Forgets homes that nobody has asked for lately.
void HomeFeed::make_room(TimePoint now) {
  if (homes_.size() < kMaxHomes) return;
  std::erase_if(homes_, [now](const auto& each) {
    const Entry& entry = each.second;
    return !entry.is_computing && now - entry.computed > kLedgerFresh;
  });
}

void HomeFeed::start(AccountId account) {
  const hub::Platform& platform = options_.hub->platform();
  const auto directory = platform.registry.directory();
  const auto work = std::make_shared<Work>();
  work->account = account;
  std::vector<std::string> sns;
  for (const auto& list : {directory->devices_of(account), directory->shared_with(account)}) {
    for (const registry::Device* device : list) {
      const catalog::FamilyPtr& family = platform.catalog->of_serial(device->sn);
      work->devices.push_back({.sn = device->sn,
                               .name = device->name,
                               .family = family,
                               .sources = history::EnergySources(*family),
                               .role = overview::role_of(*family),
                               .online = options_.hub->online(account, device->sn),
                               .has_values = false,
                               .last_report = {},
                               .moment = {},
                               .figures = {},
                               .figures_before = {}});
      work->numbers.push_back(device->number);
      sns.push_back(device->sn);
    }
  }
  for (std::size_t i = 0; i < work->devices.size(); ++i) {
    work->places.emplace(work->devices[i].sn, i);
  }
  options_.hub->visit_twins(
      account, sns,
      [work](const hub::TwinView& view) {
        ShownDevice& device = work->devices[work->places.at(view.sn)];
        device.last_report = view.last_report;
        device.moment = view.moment;
        device.figures = figures_of(*device.family, view.twin, When::kNow);
        device.figures_before = figures_of(*device.family, view.twin, When::kBeforeMoment);
        device.has_values = view.twin.version() != 0;  // it may have connected only
        return kFiguresEffort;
      },
      [this, work] { return add_ledger(work); });
}

std::int64_t HomeFeed::add_ledger(const std::shared_ptr<Work>& work) {
  const TimePoint now = options_.steady->now();
  const bool is_due = [&] {
    const std::lock_guard lock(mutex_);
    Entry& entry = homes_[work->account];
    work->ledger = entry.ledger;
    if (entry.ledger_computed && now - *entry.ledger_computed < kLedgerFresh) return false;
    entry.ledger_computed = now;
    return true;
  }();
  if (!is_due || !options_.reads || work->devices.size() > kMaxLedger) return finish(work);
  const hub::Platform& platform = options_.hub->platform();
  const std::int64_t at = unix_ms(platform.clock.now());
  const std::vector<std::int64_t> bounds = {
      history::quarter_before(time::begin_of(time::Step::kDay, at, platform.zone)),
      history::quarter_after(at + 1)};
  struct Sums {
    std::vector<history::EnergyQuery> queries;
    std::vector<std::size_t> devices;  // whose queries these are
    std::size_t next = 0;
  };
  const auto sums = std::make_shared<Sums>();
  sums->queries.reserve(work->devices.size());
  for (std::size_t i = 0; i < work->devices.size(); ++i) {
    if (!work->devices[i].has_values) continue;
    sums->devices.push_back(i);
    sums->queries.emplace_back(history::EnergyQuery::Options{
        .device = work->numbers[i], .sources = work->devices[i].sources, .bounds = bounds});
  }
  const auto step = [this, work, sums](history::Reader& reader) {
    for (const history::Slice slice; sums->next < sums->queries.size() && !slice.over();) {
      history::EnergyQuery& query = sums->queries[sums->next];
      // Without the energies of one device the others' sums would be wrong.
      if (Status worked = query.work(reader); !worked) {
        finish(work);
        return history::Progress::kDone;
      }
      if (query.done()) ++sums->next;
    }
    if (sums->next < sums->queries.size()) return history::Progress::kMore;
    // Energies of a device that has not reported today are not known: they are not 0.
    std::vector<overview::DeviceEnergies> energies;
    energies.reserve(work->devices.size());
    for (const ShownDevice& device : work->devices) {
      energies.push_back({.role = device.role, .sources = &device.sources});
    }
    for (std::size_t i = 0; i < sums->devices.size(); ++i) {
      const history::EnergyQuery& query = sums->queries[i];
      if (query.has_rows()) energies[sums->devices[i]].energies = query.sums().front();
    }
    work->ledger = overview::ledger_of(energies);
    finish(work);
    return history::Progress::kDone;
  };
  const bool taken =
      options_.reads({.account = std::to_underlying(work->account), .gone = {}, .step = step});
  const auto effort = kQueryEffort * static_cast<std::int64_t>(work->devices.size());
  return taken ? effort : effort + finish(work);
}

std::int64_t HomeFeed::finish(const std::shared_ptr<Work>& work) {
  const TimePoint at = options_.hub->platform().clock.now();
  SharedText members(home_members(work->devices, work->ledger, at));
  std::vector<hub::ReplyTo<Home>> waiting;
  Home home;
  {
    const std::lock_guard lock(mutex_);
    Entry& entry = homes_[work->account];
    const bool is_same = entry.home && std::string_view(entry.home->members) == members;
    home = {.version = is_same ? entry.home->version : ++last_version_,
            .now_ms = unix_ms(at),
            .members = std::move(members)};
    entry.home = home;
    entry.ledger = work->ledger;
    entry.computed = options_.steady->now();
    entry.is_computing = false;
    waiting = std::exchange(entry.waiting, {});
  }
  const std::size_t answers = waiting.size();
  for (hub::ReplyTo<Home>& each : waiting) hub::answer<Home>(std::move(each), Home(home));
  return static_cast<std::int64_t>(answers) +
         kWriteEffort * static_cast<std::int64_t>(work->devices.size());
}

}  // namespace gridloom::api
