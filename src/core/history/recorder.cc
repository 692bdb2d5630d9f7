#include "history/recorder.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <iterator>
#include <limits>
#include <map>
#include <mutex>
#include <optional>
#include <ranges>
#include <set>
#include <span>
#include <thread>
#include <utility>

#include "history/blocks/chunk.h"
#include "history/blocks/hours.h"
#include "history/energy_recount.h"
#include "history/kept_records.h"
#include "history/record_taker.h"
#include "history/replay_gaps.h"
#include "history/store_failure.h"
#include "journal/turn.h"
#include "storage/files.h"

namespace gridloom::history {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kLook = 500ms;  // interval to check whether an hour is over
constexpr std::chrono::milliseconds kAgain = 1s;    // retry delay after a store error
constexpr std::chrono::seconds kMarkEvery{10};  // checkpoint interval while much is being stored
constexpr std::chrono::milliseconds kBetweenPieces = 20ms;  // between steps of retention
constexpr std::chrono::minutes kCompactRetry{1};            // delay after retention failed
constexpr std::int64_t kDay_hours = 24;
constexpr std::size_t kAsked = 500;  // devices that the store is asked for after a loss

Millis steady_time() {
  return std::chrono::duration_cast<Millis>(std::chrono::steady_clock::now().time_since_epoch());
}

// When the builder's thread did what it does again later.
struct BuildTimes {
  using Moment = std::chrono::steady_clock::time_point;
  Moment marked_at{};
  std::optional<Moment> read_failed_at{};
  std::optional<Moment> retry_after{};  // of retention, which failed
  std::optional<Moment> recount_failed_at{};
};

// How far the store is behind the journal.
struct Lag {
  [[nodiscard]] std::uint64_t records() const {
    const std::uint64_t up_to = stored;
    const std::uint64_t last = newest;
    return last > up_to ? last - up_to : 0;
  }
  std::atomic<std::uint64_t> newest{0};  // last record that is durable
  std::atomic<std::uint64_t> stored{0};  // Builder::applied()
};

// The last hour of each device that the store has any of, of the first kAsked.
std::map<DeviceNumber, std::int64_t> last_hours(Store& store, TimePoint now,
                                                const std::vector<DeviceNumber>& devices) {
  std::map<DeviceNumber, std::int64_t> hours;
  // Devices may be a day ahead.
  const std::int64_t end = hour_of(unix_ms(now)) + kDay_hours + 1;
  for (const DeviceNumber device : devices | std::views::take(kAsked)) {
    const auto hour = store.hour_before(device, end);
    if (hour && *hour) hours.emplace(device, **hour);
  }
  return hours;
}

// The time of the last report in the store; nothing: there is none, or it cannot be read.
std::optional<std::int64_t> last_stored_ms(Store& store,
                                           const std::map<DeviceNumber, std::int64_t>& hours) {
  std::optional<std::int64_t> last_ms;
  std::int64_t newest = 0;
  for (const auto& [device, hour] : hours) newest = std::max(newest, hour);
  for (const auto& [device, hour] : hours) {
    if (hour != newest) continue;
    const Status read =
        store.each_chunk(device, hour, hour + 1, [&](std::int64_t, std::string_view chunk) {
          return each_row(chunk, [&](std::int64_t at_ms, std::span<const Sample>) {
            last_ms = std::max(last_ms.value_or(at_ms), at_ms);
          });
        });
    if (!read) spdlog::warn("a report before the loss cannot be read: {}", read.error().detail);
  }
  return last_ms;
}

// While records of before are read.
struct Replay {
  std::optional<RecoveryScan> scan{};
  std::optional<ParallelRecoveryScan> beside{};
  std::optional<ReplayGaps> gaps{};  // until start()
  bool leaves_rest = false;          // of them in the journal
};

}  // namespace

struct Recorder::Impl {
  explicit Impl(Options given, std::unique_ptr<Store> opened, std::vector<std::string> known)
      : options(std::move(given)),
        damage(options.data),
        store(std::move(opened)),
        names(std::move(known)),
        queue(options.limits.builder_bytes) {}

  void on_records(std::span<const journal::Record> records) {
    if (!records.empty()) lag.newest = records.back().sequence;
    if (of_before.beside) {
      for (const journal::Record& record : records) replay(record);
      return;
    }
    for (const journal::Record& record : records) hand_over_sessions(record);
    queue.add(records, [this](const journal::Record& record) { taker->add_readable(record); });
  }

  // Takes a record that the journal had before this start.
  void replay(const journal::Record& record) {
    if (record.sequence > sessions_from) hand_over_sessions(record);
    if (record.sequence <= builder->applied()) return;
    const std::string_view batch = journal::batch_of(record.kind, record.payload);
    of_before.gaps->take(record.sequence, batch);
    of_before.beside->take(std::string(batch));
    if (!of_before.leaves_rest && builder->is_full()) make_room();
    if (!of_before.leaves_rest) return taker->take_whole(record);
    if (is_readable_at_once(record.kind)) taker->add_readable(record);
    queue.leave(record.sequence);
  }

  // Memory is bounded at a start, too. If the store does not work, the builder reads the rest again
  // once it does.
  void make_room() {
    if (!builder->knows_taken()) return;
    const TimePoint now = options.clock->now();
    while (!of_before.leaves_rest && builder->is_full()) {
      of_before.leaves_rest = !builder->store(now, Builder::Amount::kSlice);
    }
  }

  void hand_over_sessions(const journal::Record& record) {
    if (record.kind != journal::RecordKind::kTurn || !options.on_session_changes) return;
    if (const auto turn = journal::read_turn(record.payload);
        turn && !turn->session_changes.empty()) {
      options.on_session_changes(record.sequence, turn->session_changes);
      sessions_handed = record.sequence;
    }
  }

  // The last records that the journal need not keep. Records without session changes do not hold
  // the journal: if only such records arrived, sessions.db is not written.
  [[nodiscard]] journal::Positions stored() const {
    const std::uint64_t in_history = builder->applied();
    const std::uint64_t handed = sessions_handed;
    const std::lock_guard lock(mutex);
    journal::Positions both;
    for (std::size_t i = 0; i < kPartitions; ++i) {
      const auto partition = static_cast<Partition>(i);
      const std::uint64_t in_sessions = sessions_applied.at(partition);
      both.advance(partition,
                   handed <= in_sessions ? in_history : std::min(in_history, in_sessions));
    }
    return both;
  }

  void build() {
    bool compacts = false;  // retention has more work
    bool reads_left = false;
    while (true) {
      const bool full = builder->is_full();
      BuilderQueue::Work work = queue.take({.most = full && failure.is_now() ? kAgain
                                                    : full || reads_left     ? 0ms
                                                    : compacts               ? kBetweenPieces
                                                                             : kLook,
                                            .is_full = full,
                                            .store_fails = failure.is_now()});
      if (abandoned) return;
      for (const DeviceNumber device : work.purged) drop(device);
      for (BuilderQueue::Item& item : work.items) {
        taker->take({.sequence = item.sequence, .kind = item.kind, .payload = item.payload});
        queue.release(item);
      }
      queue.count_taken(work.items.size());
      if (work.ends) return store_now(Builder::Amount::kEverything);
      if (builder->is_due(options.clock->now()) || builder->wants_checkpoint()) {
        store_now(Builder::Amount::kSlice);
      }
      if (!abandoned) failure.ask(*store);
      reads_left = take_left();
      // Hours that retention removes cannot be counted anew.
      compacts = recount_some() || compact();
      // Sessions may be stored later than history. A full log takes no more records, so that
      // nothing is stored after them.
      if (work.items.empty() && journal->is_short_of_room()) trim();
    }
  }

  // Takes some of what was left in the journal. False: nothing was left, or it cannot be taken now.
  bool take_left() {
    const std::optional<std::uint64_t> through = queue.left_through();
    if (!through || builder->is_full()) return false;
    const auto now = std::chrono::steady_clock::now();
    if (times.read_failed_at && now - *times.read_failed_at < kAgain) return false;
    std::size_t count = 0;
    const auto read =
        journal->read(journal::Positions::everywhere(taker->taken()),
                      journal::Positions::everywhere(*through), [&](const journal::Record& record) {
                        taker->take(record);
                        ++count;
                        return !builder->is_full();
                      });
    if (!read) {
      times.read_failed_at = now;
      spdlog::error("records of the log cannot be read, and wait there: {}", read.error().detail);
      return false;
    }
    if (count == 0) taker->leave_out(*through);
    queue.count_taken(count);
    queue.take_left(taker->taken());
    return true;
  }

  void drop(DeviceNumber device) {
    times.retry_after.reset();  // a device goes to make room on a full disk, too
    builder->purge(device);
    retention->purge(device);
    twins.erase(device);
    dropped.insert(device);  // its shard may not know yet
  }

  // Does one step of the work of retention. False: nothing to do, or not possible now.
  bool compact() {
    const auto now = std::chrono::steady_clock::now();
    if (times.retry_after && now - *times.retry_after < kCompactRetry) return false;
    times.retry_after.reset();
    const auto more = retention->work(options.clock->now());
    if (more) return *more;
    if (abandoned) return false;  // this was refused
    times.retry_after = now;
    if (more.error().code == ErrorCode::kDamaged) {
      damage.note_page(options.clock->now(), more.error());
    }
    spdlog::error("data past their retention time could not be removed and are kept for now: {}",
                  more.error().detail);
    return false;
  }

  // Does one slice of what corrected sources of energies want. False: nothing to do, or not
  // possible now.
  bool recount_some() {
    if (!options.integrate.sources_of || abandoned || failure.is_now()) return false;
    const auto now = std::chrono::steady_clock::now();
    if (times.recount_failed_at && now - *times.recount_failed_at < kCompactRetry) return false;
    Result<bool> more = false;
    if (!recount) {
      const auto devices = retention->devices();
      if (devices) recount.emplace(*store, names, options.integrate, *devices);
      if (!devices) more = std::unexpected(devices.error());
    }
    if (recount) more = recount->work();
    if (more) return *more;
    times.recount_failed_at = now;
    if (more.error().code == ErrorCode::kDamaged) {
      damage.note_page(options.clock->now(), more.error());
    }
    spdlog::error("energies with known faults could not be counted anew and wait: {}",
                  more.error().detail);
    return false;
  }

  void store_now(Builder::Amount what) {
    if (abandoned) return;
    const auto tried = std::chrono::steady_clock::now();
    if (what == Builder::Amount::kSlice && !failure.may_try(tried)) return;
    const TimePoint now = options.clock->now();
    Status stored_all = builder->store(now, what);
    lag.stored = builder->applied();
    // The twins are newer than everything stored before.
    const bool marks = what == Builder::Amount::kEverything || !builder->is_due(now) ||
                       tried - times.marked_at >= kMarkEvery;
    if (stored_all && marks) {
      stored_all = checkpoint();
      times.marked_at = tried;
    }
    if (stored_all) {
      failure.ended();
      trim();
      return;
    }
    if (abandoned) return;  // this was refused
    failure.failed(stored_all.error(), tried);
    if (stored_all.error().code == ErrorCode::kConflict && options.on_superseded) {
      std::exchange(options.on_superseded, {})(stored_all.error());
    }
  }

  void trim() {
    if (!store->is_checkpointed()) return;
    kept.trim(*journal, stored(), std::chrono::steady_clock::now());
  }

  Status checkpoint() {
    // Twins count as saved once they were taken, so they are kept here until they are stored.
    if (take_twins) {
      for (StoredTwin& twin : take_twins()) {
        const DeviceNumber device = twin.device;
        if (dropped.contains(device)) continue;
        twins.insert_or_assign(device, std::move(twin));
      }
    }
    std::vector<StoredTwin> rows;
    rows.reserve(twins.size());
    for (const auto& [device, twin] : twins) rows.push_back(twin);
    Status marked = builder->checkpoint(std::move(rows));
    if (marked) twins.clear();
    return marked;
  }

  Options options;
  DamageNotes damage;
  std::unique_ptr<Store> store;  // used by the builder
  FieldNames names;
  std::unique_ptr<Builder> builder;
  std::optional<RecordTaker> taker;  // of the builder
  StoreFailure failure;
  Reader::Shared shared;
  journal::JournalReader* journal = nullptr;
  BuilderQueue queue;
  Replay of_before;

  // Owned by the builder's thread once it runs.
  std::optional<Retention> retention;
  std::optional<EnergyRecount> recount;
  TakeTwins take_twins;
  std::map<DeviceNumber, StoredTwin> twins;  // not yet stored
  std::set<DeviceNumber> dropped;            // removed devices
  BuildTimes times;
  KeptRecords kept{options.stores->keeps_records()};

  std::atomic<bool> abandoned{false};
  std::uint64_t sessions_from = 0;                // records up to it are not handed over again
  std::atomic<std::uint64_t> sessions_handed{0};  // last record with session changes
  Lag lag;

  mutable std::mutex mutex;  // guards the members below
  journal::Positions sessions_applied;
  std::set<DeviceNumber> unknown;  // devices with data that are not in the registry

  std::jthread thread;
};

Recorder::Recorder(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Recorder::~Recorder() { stop(); }

Result<std::unique_ptr<Recorder>> Recorder::open(Options options) {
  StoreFactory& stores = *options.stores;
  auto opened = stores.open();
  if (!opened) return std::unexpected(stores.with_remedy(opened.error()));
  auto names = opened->store->names();
  if (!names) return std::unexpected(stores.with_remedy(names.error()));
  // Notes that the disk does not give now must not be replaced by newer ones.
  GL_TRY(storage::check_readable(options.data / "damage.txt"));
  auto impl =
      std::make_unique<Impl>(std::move(options), std::move(opened->store), std::move(*names));
  if (!opened->lost_changes.empty()) {
    impl->damage.note(impl->options.clock->now(), opened->lost_changes);
  }
  const RecorderLimits& limits = impl->options.limits;
  auto builder = Builder::make(*impl->store, impl->names,
                               {.grace = limits.grace,
                                .head_bytes = limits.head_bytes,
                                .integrate = impl->options.integrate,
                                .now = impl->options.clock->now()});
  if (!builder) return std::unexpected(stores.with_remedy(builder.error()));
  impl->builder = std::move(*builder);
  impl->taker.emplace(*impl->builder);
  impl->shared = {.names = &impl->names,
                  .builder = impl->builder.get(),
                  .damage = &impl->damage,
                  .clock = impl->options.clock};
  Retention::Steady steady;
  if (!impl->options.clock_is_driven) steady = steady_time;
  auto retention = stores.open_retention();
  if (!retention) return std::unexpected(stores.with_remedy(retention.error()));
  impl->retention.emplace(std::move(*retention), limits.keep, std::move(steady));
  GL_TRY(const auto in_sessions, impl->options.sessions_applied.common());
  const bool has_sessions = static_cast<bool>(impl->options.on_session_changes);
  impl->sessions_from = has_sessions ? in_sessions : std::numeric_limits<std::uint64_t>::max();
  impl->sessions_applied = journal::Positions::everywhere(impl->sessions_from);
  return std::unique_ptr<Recorder>(new Recorder(std::move(impl)));
}

Status Recorder::follow(journal::JournalReader& journal) {
  Impl& impl = *impl_;
  impl.journal = &journal;
  impl.of_before.beside.emplace(impl.of_before.scan.emplace(impl.names));
  impl.of_before.gaps.emplace(impl.builder->applied());
  const std::uint64_t stored = std::min(impl.builder->applied(), impl.sessions_from);
  const Status read =
      journal.from(journal::Positions::everywhere(stored),
                   [&impl](std::span<const journal::Record> records) { impl.on_records(records); });
  impl.of_before.beside.reset();
  if (!read) return read;
  impl.lag.stored = impl.builder->applied();
  if (Status settled = impl.builder->settle(); !settled) {
    return std::unexpected(impl.options.stores->with_remedy(settled.error()));
  }
  return {};
}

Result<std::vector<Recovered>> Recorder::recover() {
  auto twins = impl_->store->twins();
  if (!twins && twins.error().code == ErrorCode::kDamaged) {
    impl_->damage.note_page(impl_->options.clock->now(), twins.error());
    twins = std::vector<StoredTwin>();  // devices will report again
  }
  if (!twins) return std::unexpected(twins.error());
  std::vector<Recovered> recovered = impl_->of_before.scan->with(std::move(*twins));
  impl_->of_before.scan.reset();
  return recovered;
}

journal::LostReports Recorder::lost_in(const journal::RecordGap& missing) {
  const TimePoint now = impl_->options.clock->now();
  const ReplayGaps::Around around = impl_->of_before.gaps->around(missing);
  const std::vector<DeviceNumber> in_log = impl_->builder->head_blocks().devices();
  journal::LostReports lost{.to_ms = around.after_ms.value_or(unix_ms(now))};
  lost.devices.insert(in_log.begin(), in_log.end());
  const auto known = devices();
  if (!known) return lost;
  const auto hours = last_hours(*impl_->store, now, *known);
  const auto before_ms = around.before_ms ? around.before_ms : last_stored_ms(*impl_->store, hours);
  lost.from_ms = std::min(before_ms.value_or(0), lost.to_ms);
  for (const auto& [device, hour] : hours) {
    if (hour >= hour_of(lost.from_ms) - kDay_hours) lost.devices.insert(device);
  }
  return lost;
}

Result<std::vector<StoredEvent>> Recorder::open_faults() {
  auto stored = impl_->store->open_faults();
  if (!stored && stored.error().code == ErrorCode::kDamaged) {
    impl_->damage.note_page(impl_->options.clock->now(), stored.error());
  }
  if (!stored) return stored;
  return impl_->builder->readable().open_faults(std::move(*stored));
}

Result<std::vector<DeviceNumber>> Recorder::devices() {
  auto known = impl_->retention->devices();
  if (!known && known.error().code == ErrorCode::kDamaged) {
    impl_->damage.note_page(impl_->options.clock->now(), known.error());
  }
  if (!known) return known;
  std::ranges::copy(impl_->builder->head_blocks().devices(), std::back_inserter(*known));
  std::ranges::sort(*known);
  known->erase(std::ranges::unique(*known).begin(), known->end());
  return known;
}

void Recorder::set_unknown(std::vector<DeviceNumber> devices) {
  const std::lock_guard lock(impl_->mutex);
  impl_->unknown.clear();
  impl_->unknown.insert(devices.begin(), devices.end());
}

std::vector<DeviceNumber> Recorder::unknown() const {
  const std::lock_guard lock(impl_->mutex);
  return {impl_->unknown.begin(), impl_->unknown.end()};
}

void Recorder::purge(DeviceNumber device) {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->unknown.erase(device);
  }
  impl_->queue.purge(device);
}

void Recorder::start(TakeTwins take_twins) {
  impl_->of_before.gaps.reset();
  impl_->take_twins = std::move(take_twins);
  impl_->queue.begin();
  impl_->thread = std::jthread([impl = impl_.get()] { impl->build(); });
}

void Recorder::abandon() {
  impl_->abandoned = true;
  impl_->queue.enter(BuilderQueue::State::kStopped);
}

void Recorder::begin_stop() { impl_->queue.enter(BuilderQueue::State::kFlushing); }

void Recorder::stop() {
  if (!impl_->abandoned) impl_->queue.enter(BuilderQueue::State::kEnding);
  if (impl_->thread.joinable()) impl_->thread.join();
  impl_->queue.enter(BuilderQueue::State::kStopped);
}

std::shared_ptr<void> Recorder::pin() {
  impl_->kept.pin();
  return {impl_.get(), [](Impl* impl) { impl->kept.unpin(); }};
}

void Recorder::sessions_stored(const journal::Positions& up_to) {
  const std::lock_guard lock(impl_->mutex);
  impl_->sessions_applied = up_to;
}

RecorderHealth Recorder::health() const {
  const std::lock_guard lock(impl_->mutex);
  return {.store_failing = impl_->failure.why(),
          .store_failing_for = impl_->failure.lasts_for(),
          .catches_up = impl_->queue.leaves(),
          .malformed_records = impl_->taker->malformed(),
          .damaged_rows = impl_->options.stores->damaged_rows(),
          .head_bytes = impl_->builder->head_blocks().bytes(),
          .unknown_devices = impl_->unknown.size(),
          .unstored_records = impl_->lag.records()};
}

DamageNotes& Recorder::damage() { return impl_->damage; }
const Builder& Recorder::builder() const { return *impl_->builder; }
BuilderQueue& Recorder::queue() { return impl_->queue; }
const Reader::Shared& Recorder::shared() const { return impl_->shared; }

}  // namespace gridloom::history
