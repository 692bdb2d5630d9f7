#include "history/archive.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <iterator>
#include <limits>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include "history/store/background_check.h"
#include "journal/local/log_loss.h"
#include "journal/turn.h"
#include "storage/files.h"
#include "storage/wal_check.h"

namespace gridloom::history {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kLook = 500ms;  // interval to check whether an hour is over
constexpr std::chrono::milliseconds kAgain = 1s;    // retry delay after a store error
constexpr std::chrono::seconds kMarkEvery{10};  // checkpoint interval while much is being stored
constexpr std::chrono::milliseconds kBetweenPieces = 20ms;  // between steps of retention
constexpr std::chrono::minutes kCompactRetry{1};            // delay after retention failed
constexpr Millis kErrorsEvery{60'000};
constexpr std::chrono::milliseconds kCatchUp = 1s;  // maximum wait of a read for the builder
constexpr std::size_t kReaders = 2;                 // threads for the queries of accounts
// For administration, which has one thread: a query stays on it until it is done.
constexpr FairLimits kAdminReads{.entries = 64, .at_once = 1};

Millis steady_time() {
  return std::chrono::duration_cast<Millis>(std::chrono::steady_clock::now().time_since_epoch());
}

}  // namespace

struct Archive::Impl {
  explicit Impl(Options given, Store opened, std::vector<std::string> known)
      : options(std::move(given)),
        damage(options.data),
        store(std::move(opened)),
        names(std::move(known)) {}

  // kFlushing: the log's last records come, also more than the builder has room for, as it takes no
  // more while history.db cannot be written.
  enum class RunState : std::uint8_t { kRunning, kFlushing, kEnding, kStopped };

  // A durable record that is not yet in a head.
  struct Item {
    std::uint64_t sequence = 0;
    journal::RecordKind kind{};
    std::string payload;
  };

  void enter(RunState state) {
    {
      const std::lock_guard lock(mutex);
      run_state = state;
    }
    room.notify_all();
    wake.notify_all();
  }

  // Called on the log's thread.
  void written(std::span<const journal::Record> records) {
    for (const journal::Record& record : records) hand_over_sessions(record);
    std::unique_lock lock(mutex);
    room.wait(lock, [this] {
      return builder_bytes < options.limits.builder_bytes || run_state != RunState::kRunning;
    });
    if (run_state == RunState::kStopped) return;  // the next start reads them from the log
    for (const journal::Record& record : records) {
      Item item{.sequence = record.sequence, .kind = record.kind, .payload = {}};
      if (record.kind == journal::RecordKind::kAudit) {
        builder->add_audit(record.sequence, record.payload);
      } else {
        item.payload = record.payload;
      }
      builder_bytes += item.payload.size();
      queue.push_back(std::move(item));
    }
    queued += records.size();
    lock.unlock();
    wake.notify_all();
  }

  void hand_over_sessions(const journal::Record& record) {
    if (record.kind != journal::RecordKind::kTurn || !options.on_session_changes) return;
    if (const auto turn = journal::read_turn(record.payload);
        turn && !turn->session_changes.empty()) {
      options.on_session_changes(record.sequence, turn->session_changes);
      sessions_handed = record.sequence;
    }
  }

  // The last record that the log need not keep. Records without session changes do not hold the
  // log: if only such records arrived, sessions.db is not written.
  [[nodiscard]] std::uint64_t stored_through() const {
    const std::uint64_t in_history = builder->applied();
    const std::uint64_t in_sessions = sessions_applied;
    return sessions_handed <= in_sessions ? in_history : std::min(in_history, in_sessions);
  }

  void build() {
    std::unique_lock lock(mutex);
    while (true) {
      const bool full = builder->is_full();
      if (std::exchange(stalled, full) != full) taken_wake.notify_all();
      wake.wait_for(lock,
                    full       ? kAgain
                    : compacts ? kBetweenPieces
                               : kLook,
                    [&] {
                      return run_state >= RunState::kEnding || (!full && !queue.empty()) ||
                             !forgotten.empty();
                    });
      const bool ends = run_state >= RunState::kEnding;
      std::deque<Item> items;
      if (!full || ends) items = std::exchange(queue, {});
      const std::vector<DeviceNumber> gone = std::exchange(forgotten, {});
      lock.unlock();
      for (const DeviceNumber device : gone) drop(device);
      for (Item& item : items) {
        if (item.kind == journal::RecordKind::kAudit) {
          builder->mark_taken(item.sequence);
        } else {
          take(item.sequence, item.kind, item.payload);
        }
        release(item);
      }
      count_taken(items.size());
      if (ends) return store_now(Builder::Amount::kEverything);
      if (builder->is_due(options.clock->now()) || builder->wants_checkpoint()) {
        store_now(Builder::Amount::kSlice);
      }
      compacts = compact();
      lock.lock();
    }
  }

  void drop(DeviceNumber device) {
    retry_after.reset();  // a device goes to make room on a full disk, too
    builder->purge(device);
    retention->purge(device);
    twins.erase(device);
    dropped.insert(device);  // its shard may not know yet
  }

  // Does one step of the work of retention. False: nothing to do, or not possible now.
  bool compact() {
    const auto now = std::chrono::steady_clock::now();
    if (retry_after && now - *retry_after < kCompactRetry) return false;
    retry_after.reset();
    const auto more = retention->work(options.clock->now());
    if (more) return *more;
    retry_after = now;
    if (more.error().code == ErrorCode::kDamaged) {
      damage.note_page(options.clock->now(), more.error());
    }
    spdlog::error("data past their retention time could not be removed and are kept for now: {}",
                  more.error().detail);
    return false;
  }

  void take(std::uint64_t sequence, journal::RecordKind kind, std::string_view payload) {
    if (const Status read = builder->take(sequence, kind, payload); !read) {
      ++malformed;
      spdlog::error("record {} of the log is left out of the history: {}", sequence,
                    read.error().detail);
    }
  }

  // The record is in a head: its memory is free for others.
  void release(Item& item) {
    const std::size_t bytes = std::exchange(item.payload, {}).size();
    const std::size_t limit = options.limits.builder_bytes;
    const std::size_t before = builder_bytes.fetch_sub(bytes);
    if (before < limit || before - bytes >= limit) return;
    // The log's thread may be about to wait.
    const std::lock_guard lock(mutex);
    room.notify_all();
  }

  void count_taken(std::size_t items) {
    if (items == 0) return;
    {
      const std::lock_guard lock(mutex);
      taken += items;
    }
    taken_wake.notify_all();
  }

  // For readers: waits until the builder has taken `until` records, at most for `most`. The wait
  // also ends if the builder is stalled, because the store does not work. False: not yet.
  bool builder_has(std::uint64_t until, std::chrono::milliseconds most) {
    std::unique_lock lock(mutex);
    if (!building) return true;
    return taken_wake.wait_for(lock, most, [this, until] {
      return taken >= until || stalled || run_state != RunState::kRunning;
    });
  }
  std::uint64_t queued_now() {
    const std::lock_guard lock(mutex);
    return queued;
  }

  void store_now(Builder::Amount what) {
    const auto tried = std::chrono::steady_clock::now();
    if (what == Builder::Amount::kSlice && failed_at && tried - *failed_at < kAgain) return;
    const TimePoint now = options.clock->now();
    Status stored = builder->store(now, what);
    // The twins are newer than everything stored before.
    const bool marks = what == Builder::Amount::kEverything || !builder->is_due(now) ||
                       tried - marked_at >= kMarkEvery;
    if (stored && marks) {
      stored = checkpoint();
      marked_at = tried;
    }
    const std::lock_guard lock(mutex);
    if (stored) {
      if (failed_at) spdlog::info("history.db can be written again");
      failed_at.reset();
      store_failing.clear();
      if (holds == 0 && store.is_in_file()) log->trim(stored_through());
      return;
    }
    failed_at = tried;
    store_failing = stored.error().detail;
    if (last_warned_at && tried - *last_warned_at < kErrorsEvery) return;
    last_warned_at = tried;
    spdlog::error("history.db cannot be written; reports stay in the log until it can: {}",
                  store_failing);
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

  // Wraps a query so that its first slices wait until the builder has taken everything that was
  // durable when the query began, without blocking the thread for others.
  Query with_wait(Query query) {
    using Steady = std::chrono::steady_clock;
    struct Begun {
      std::uint64_t until = 0;  // records the builder must have taken
      Steady::time_point at{};
    };
    query.step = [this, step = std::move(query.step), begun = std::optional<Begun>(),
                  waits = true](Reader& reader) mutable {
      if (!begun) begun = {.until = queued_now(), .at = Steady::now()};
      if (waits) {
        waits = !builder_has(begun->until, Slice::kLength) && Steady::now() < begun->at + kCatchUp;
        if (waits) return Progress::kMore;
      }
      return step(reader);
    };
    return query;
  }

  void answer_reads(ReadQueue& from, Store own) const {
    Reader reader(shared, std::move(own));
    while (from.wait_and_run(reader)) {
    }
  }

  [[nodiscard]] Status start_readers() {
    check.emplace(options.data / "history.db",
                  [this](const std::string& why) { damage.note(options.clock->now(), why); });
    for (std::size_t i = 0; i < kReaders + 1; ++i) {
      auto own = Store::open(options.data, damaged_rows);
      if (!own) return std::unexpected(own.error());
      ReadQueue& from = i < kReaders ? reads : admin_reads;
      readers.emplace_back(
          [this, &from, own = std::move(*own)]() mutable { answer_reads(from, std::move(own)); });
    }
    return {};
  }

  void end_reads() {
    reads.close();
    admin_reads.close();
    for (std::jthread& reader : readers) {
      if (reader.joinable()) reader.join();
    }
  }

  Options options;
  DamageNotes damage;
  Store store;  // used by the builder
  FieldNames names;
  std::unique_ptr<Builder> builder;
  std::optional<Retention> retention;
  bool compacts = false;  // retention has more work
  std::optional<std::chrono::steady_clock::time_point> retry_after;
  std::unique_ptr<journal::Disk> disk;
  std::unique_ptr<journal::Log> log;
  Reader::Shared shared;
  std::vector<Recovered> recovered;
  TakeTwins take_twins;
  std::map<DeviceNumber, StoredTwin> twins;  // not yet stored
  std::set<DeviceNumber> dropped;            // removed devices
  std::atomic<std::uint64_t> malformed{0};
  std::shared_ptr<DamagedRows> damaged_rows;
  std::atomic<int> holds{0};  // pins; the log is not trimmed while there are any
  std::atomic<std::uint64_t> sessions_applied{0};
  std::atomic<std::uint64_t> sessions_handed{0};  // last record with session changes

  mutable std::mutex mutex;
  std::condition_variable wake;
  std::condition_variable room;
  std::deque<Item> queue;
  // The bytes of the records in the queue, and of those that were taken from it and are in no head
  // yet.
  std::atomic<std::size_t> builder_bytes{0};
  std::vector<DeviceNumber> forgotten;  // not yet dropped
  std::set<DeviceNumber> unknown;       // devices with data that are not in the registry
  std::uint64_t queued = 0;             // number of records, since the start
  std::uint64_t taken = 0;              // of these, taken by the builder
  std::condition_variable taken_wake;
  bool stalled = false;   // the builder takes no more until store() made room
  bool building = false;  // the builder's thread runs
  RunState run_state = RunState::kRunning;
  std::string store_failing;
  std::chrono::steady_clock::time_point marked_at{};
  std::optional<std::chrono::steady_clock::time_point> failed_at;
  std::optional<std::chrono::steady_clock::time_point> last_warned_at;
  std::jthread thread;

  ReadQueue reads{options.limits.reads};
  ReadQueue admin_reads{kAdminReads};
  std::vector<std::jthread> readers;
  std::optional<BackgroundCheck> check;  // its thread uses the notes
};

Archive::Archive(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<Archive>> Archive::open(Options options) {
  const auto damaged_rows = std::make_shared<DamagedRows>();
  const std::string lost_changes = storage::damage_of_wal(options.data / "history.db");
  auto store = Store::open(options.data, damaged_rows);
  if (!store) return std::unexpected(with_remedy(store.error()));
  auto names = store->names();
  if (!names) return std::unexpected(with_remedy(names.error()));
  // What the disk does not give now must not be replaced by newer notes or a lower number.
  for (const std::string_view name : {"damage.txt", "log.seen"}) {
    if (Status good = storage::check_readable(options.data / name); !good) {
      return std::unexpected(good.error());
    }
  }
  auto impl = std::make_unique<Impl>(std::move(options), std::move(*store), std::move(*names));
  impl->damaged_rows = damaged_rows;
  if (!lost_changes.empty()) impl->damage.note(impl->options.clock->now(), lost_changes);
  const ArchiveLimits& limits = impl->options.limits;
  auto builder = Builder::make(impl->store, impl->names,
                               {.grace = limits.grace,
                                .head_bytes = limits.head_bytes,
                                .integrate = impl->options.integrate});
  if (!builder) return std::unexpected(with_remedy(builder.error()));
  impl->builder = std::move(*builder);
  impl->shared = {.names = &impl->names,
                  .builder = impl->builder.get(),
                  .damage = &impl->damage,
                  .clock = impl->options.clock};
  Retention::Steady steady;
  if (!impl->options.clock_is_driven) steady = steady_time;
  auto retention =
      Retention::open(impl->options.data, limits.keep, std::move(steady), damaged_rows);
  if (!retention) return std::unexpected(with_remedy(retention.error()));
  impl->retention.emplace(std::move(*retention));
  auto disk = journal::open_folder(impl->options.data / "log");
  if (!disk) return std::unexpected(disk.error());
  impl->disk = std::move(*disk);
  const std::uint64_t applied = impl->builder->applied();
  const auto in_sessions = impl->options.sessions_applied.common();
  if (!in_sessions) return std::unexpected(in_sessions.error());
  const bool has_sessions = static_cast<bool>(impl->options.on_session_changes);
  const std::uint64_t sessions_applied =
      has_sessions ? *in_sessions : std::numeric_limits<std::uint64_t>::max();
  impl->sessions_applied = sessions_applied;
  const journal::StoredUpTo stored_up_to{.history = applied,
                                         .some_of_history = impl->builder->stored_through(),
                                         .sessions = *in_sessions};
  RecoveryScan scan(impl->names);
  std::optional<ParallelRecoveryScan> beside(scan);
  auto log = journal::Log::open(
      {.disk = impl->disk.get(),
       .clock = impl->options.clock,
       .limits = limits.log,
       .written = [impl = impl.get()](
                      std::span<const journal::Record> records) { impl->written(records); },
       .known = std::max(stored_up_to.some_of_history, stored_up_to.sessions),
       .seen = impl->options.data / "log.seen"},
      std::min(applied, sessions_applied), [&](const journal::Record& record) {
        if (record.sequence > sessions_applied) impl->hand_over_sessions(record);
        if (record.sequence <= applied) return;
        beside->take(std::string(journal::batch_of(record.kind, record.payload)));
        impl->take(record.sequence, record.kind, record.payload);
      });
  if (!log) return std::unexpected(log.error());
  impl->log = std::move(*log);
  if (Status settled = impl->builder->settle(); !settled) {
    return std::unexpected(with_remedy(settled.error()));
  }
  for (const std::string& text : journal::loss_notes(impl->log->loss(), stored_up_to)) {
    impl->damage.note(impl->options.clock->now(), text);
  }
  beside.reset();
  auto twins = impl->store.twins();
  if (!twins && twins.error().code == ErrorCode::kDamaged) {
    impl->damage.note_page(impl->options.clock->now(), twins.error());
    twins = std::vector<StoredTwin>();  // devices will report again
  }
  if (!twins) return std::unexpected(twins.error());
  impl->recovered = scan.with(std::move(*twins));
  if (Status started = impl->start_readers(); !started) {
    impl->end_reads();
    return std::unexpected(started.error());
  }
  return std::unique_ptr<Archive>(new Archive(std::move(impl)));
}

Archive::~Archive() {
  stop();
  impl_->log.reset();  // its thread uses the other members
}

std::vector<Recovered> Archive::take_recovered() { return std::exchange(impl_->recovered, {}); }

Result<std::vector<DeviceNumber>> Archive::devices() {
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

void Archive::set_unknown(std::vector<DeviceNumber> devices) {
  const std::lock_guard lock(impl_->mutex);
  impl_->unknown.clear();
  impl_->unknown.insert(devices.begin(), devices.end());
}

std::vector<DeviceNumber> Archive::unknown() const {
  const std::lock_guard lock(impl_->mutex);
  return {impl_->unknown.begin(), impl_->unknown.end()};
}

bool Archive::has_stored() const { return impl_->builder->applied() != 0; }

DamageNotes& Archive::damage() { return impl_->damage; }

void Archive::purge(DeviceNumber device) {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->forgotten.push_back(device);
    impl_->unknown.erase(device);
  }
  impl_->wake.notify_all();
}

void Archive::start(TakeTwins take_twins) {
  impl_->take_twins = std::move(take_twins);
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->building = true;
  }
  impl_->thread = std::jthread([impl = impl_.get()] { impl->build(); });
}

void Archive::stop() {
  impl_->end_reads();
  impl_->enter(Impl::RunState::kFlushing);
  static_cast<void>(impl_->log->flush());
  impl_->enter(Impl::RunState::kEnding);
  if (impl_->thread.joinable()) impl_->thread.join();
  impl_->enter(Impl::RunState::kStopped);
}

std::uint64_t Archive::append_record(journal::RecordKind kind, std::string payload, Task durable,
                                     std::size_t waiters) {
  return impl_->log->append(kind, std::move(payload), std::move(durable), waiters);
}

void Archive::sessions_stored(const journal::Positions& up_to) {
  impl_->sessions_applied = up_to.least();
}

// While the builder is slow, its publishers wait, and not the log, where everybody's records are.
bool Archive::behind() const {
  return impl_->log->behind() || impl_->builder_bytes > impl_->options.limits.builder_bytes / 2;
}

std::string Archive::failing() const { return impl_->log->health().failing.value_or(""); }

std::shared_ptr<void> Archive::pin_log() {
  ++impl_->holds;
  // Durable records are on the disk already; flush() adds those of the last moment.
  static_cast<void>(impl_->log->flush());
  return {impl_.get(), [](Impl* impl) { --impl->holds; }};
}

bool Archive::flush() { return impl_->log->flush(); }
bool Archive::has_queries() const { return !impl_->reads.empty(); }

bool Archive::read(Query query) { return impl_->reads.add(impl_->with_wait(std::move(query))); }

bool Archive::read(std::move_only_function<void(Reader&)> task) {
  return impl_->admin_reads.add(
      impl_->with_wait({.step = [task = std::move(task)](Reader& reader) mutable {
        task(reader);
        return Progress::kDone;
      }}));
}

ArchiveHealth Archive::health() const {
  const std::lock_guard lock(impl_->mutex);
  return {.log = impl_->log->health(),
          .store_failing = impl_->store_failing,
          .malformed_records = impl_->malformed.load(),
          .damaged_rows = impl_->damaged_rows->count(),
          .log_bytes = impl_->log->bytes(),
          .log_waiting_bytes = impl_->log->waiting_bytes(),
          .head_bytes = impl_->builder->head_blocks().bytes(),
          .damage = impl_->damage.all(),
          .unknown_devices = impl_->unknown.size()};
}

}  // namespace gridloom::history
