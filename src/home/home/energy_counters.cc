#include "home/energy_counters.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <system_error>
#include <utility>

#include "home/counter_reading.h"
#include "home/history_devices.h"
#include "storage/files.h"
#include "storage/summed_file.h"
#include "wire/json.h"

namespace gridloom::home {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxFile = std::size_t{64} << 20U;  // bytes
constexpr std::string_view kSuffix = ".json";

Result<CounterBook> read_book(const fs::path& file) {
  GL_TRY(const auto text, storage::read_summed_file(file, kMaxFile));
  GL_TRY(const auto json, wire::parse_json(text, {.bytes = text.size(), .keys = text.size()}));
  return CounterBook::from_json(json);
}

// The account that a file of the folder is of.
std::optional<AccountId> account_of(const fs::path& file) {
  const std::string name = file.filename().string();
  if (!name.ends_with(kSuffix)) return std::nullopt;
  const std::string_view digits = std::string_view(name).substr(0, name.size() - kSuffix.size());
  std::underlying_type_t<AccountId> number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return AccountId{number};
}

}  // namespace

const EnergyTotals::Device* EnergyTotals::find(std::string_view sn) const {
  const auto found = std::ranges::find(devices, sn, &Device::sn);
  return found == devices.end() ? nullptr : &*found;
}

Status check_counter_file(const fs::path& file) {
  const auto book = read_book(file);
  return book ? Status() : std::unexpected(book.error());
}

// The counters of an account while they are brought forward, on one thread at a time.
struct EnergyCounters::Work {
  AccountId account{};
  std::int64_t at_ms = 0;
  std::vector<HistoryDevice> devices;
  std::optional<CounterBook> book;
  std::optional<CounterReading> reading;
};

EnergyCounters::EnergyCounters(Options options) : options_(std::move(options)) {
  if (options_.data.empty()) return;
  const auto directory = options_.hub->platform().registry.directory();
  std::error_code error;
  for (fs::directory_iterator file(options_.data / kCounterFiles, error);
       !error && file != fs::directory_iterator(); file.increment(error)) {
    const auto account = account_of(file->path());
    if (!account) continue;
    std::error_code ignored;
    if (directory->find_account(*account) != nullptr) {
      entries_.try_emplace(*account);
    } else {
      fs::remove(file->path(), ignored);
    }
  }
}

void EnergyCounters::get(AccountId account, hub::ReplyTo<Totals> reply_to) {
  WorkPtr work;
  {
    const std::lock_guard lock(mutex_);
    Entry& entry = entries_[account];
    const bool is_fresh = entry.totals && options_.steady->now() - *entry.tried < kFresh;
    if (is_fresh && !entry.is_computing) {
      return hub::answer<Totals>(std::move(reply_to), Totals(entry.totals));
    }
    entry.waiting.push_back(std::move(reply_to));
    if (entry.is_computing) return;
    work = begin(account, entry);
  }
  start(work);
}

void EnergyCounters::tick() {
  WorkPtr work;
  {
    const std::lock_guard lock(mutex_);
    const TimePoint now = options_.steady->now();
    const auto is_busy = [](const auto& each) { return each.second.is_computing; };
    if (std::ranges::any_of(entries_, is_busy)) return;
    const auto due = std::ranges::find_if(entries_, [&](const auto& each) {
      return !each.second.tried || now - *each.second.tried >= kUnasked;
    });
    if (due == entries_.end()) return;
    work = begin(due->first, due->second);
  }
  start(work);
}

// Requires that mutex_ is held.
EnergyCounters::WorkPtr EnergyCounters::begin(AccountId account, Entry& entry) const {
  entry.is_computing = true;
  entry.tried = options_.steady->now();
  auto work = std::make_shared<Work>();
  work->account = account;
  work->book = std::exchange(entry.book, std::nullopt);
  const hub::Platform& platform = options_.hub->platform();
  work->at_ms = unix_ms(platform.clock.now());
  const auto directory = platform.registry.directory();
  for (const auto& list : {directory->devices_of(account), directory->shared_with(account)}) {
    for (const registry::Device* device : list) {
      work->devices.push_back({.sn = device->sn,
                               .number = device->number,
                               .family = platform.catalog->of_serial(device->sn)});
    }
  }
  return work;
}

void EnergyCounters::start(const WorkPtr& work) {
  if (work->devices.size() > kMaxDevices) {
    return finish(work, fail(ErrorCode::kConflict,
                             fmt::format("the account has more than {} devices", kMaxDevices)));
  }
  if (options_.loop == nullptr) return read(work);
  find_roles(
      *options_.hub, work->account, std::move(work->devices),
      {.loop = options_.loop, .done = [this, work](Result<std::vector<HistoryDevice>> found) {
         work->devices = *std::move(found);
         read(work);
       }});
}

void EnergyCounters::read(const WorkPtr& work) {
  const bool taken =
      options_.reads &&
      options_.reads({.account = std::to_underlying(work->account),
                      .gone = {},
                      .step = [this, work](auto& reader) { return work_on(work, reader); }});
  if (!taken) finish(work, fail(ErrorCode::kConflict, "history has too many queries at once"));
}

history::Progress EnergyCounters::work_on(const WorkPtr& work, history::Reader& reader) {
  if (!work->reading) {
    if (!work->book) {
      auto book = load(work->account);
      if (!book) {
        finish(work, std::unexpected(book.error()));
        return history::Progress::kDone;
      }
      work->book = std::move(*book);
    }
    work->reading.emplace(CounterReading::Options{.devices = work->devices, .now_ms = work->at_ms},
                          *work->book);
  }
  for (const history::Slice slice(reader); !work->reading->done() && !slice.over();) {
    if (Status worked = work->reading->work(reader); !worked) {
      finish(work, std::move(worked));
      return history::Progress::kDone;
    }
  }
  if (!work->reading->done()) return history::Progress::kMore;
  finish(work, save(*work));
  return history::Progress::kDone;
}

void EnergyCounters::finish(const WorkPtr& work, Status worked) {
  Totals totals;
  if (worked) {
    auto made = std::make_shared<EnergyTotals>();
    made->epoch = work->book->epoch();
    made->at_ms = work->at_ms;
    for (const HistoryDevice& device : work->devices) {
      made->devices.push_back(
          {.sn = device.sn,
           .number = device.number,
           .wh = work->book->counters_of(device.number, work->reading->sources_of(device))});
    }
    made->home_wh = work->book->home();
    totals = std::move(made);
  }
  std::vector<hub::ReplyTo<Totals>> waiting;
  {
    const std::lock_guard lock(mutex_);
    Entry& entry = entries_[work->account];
    entry.book = std::move(work->book);
    if (totals) entry.totals = totals;
    totals = entry.totals;
    entry.is_computing = false;
    waiting = std::exchange(entry.waiting, {});
  }
  for (hub::ReplyTo<Totals>& each : waiting) {
    if (totals) {
      hub::answer<Totals>(std::move(each), Totals(totals));
    } else {
      hub::answer<Totals>(std::move(each), std::unexpected(worked.error()));
    }
  }
}

fs::path EnergyCounters::file_of(AccountId account) const {
  return options_.data / kCounterFiles / fmt::format("{}{}", std::to_underlying(account), kSuffix);
}

// A new book, if the file is missing or damaged. kIo: the disk does not give it.
Result<CounterBook> EnergyCounters::load(AccountId account) const {
  if (options_.data.empty()) return CounterBook();
  auto book = read_book(file_of(account));
  if (book || book.error().code == ErrorCode::kIo) return book;
  if (book.error().code != ErrorCode::kNotFound) {
    spdlog::error("energy counters begin again from history, under a new epoch: {}",
                  book.error().detail);
  }
  return CounterBook();
}

Status EnergyCounters::save(const Work& work) const {
  if (options_.data.empty()) return {};
  GL_TRY(storage::make_data_folder(options_.data / kCounterFiles));
  return storage::write_summed_file(file_of(work.account), wire::to_text(work.book->to_json()));
}

}  // namespace gridloom::home
