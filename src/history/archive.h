// The archive: years of values that devices reported, and the audit of user actions.
//
//   shards ─▶ journal (log on disk) ─▶ builder ─▶ blocks, energies, twins, audit (history.db) ─▶
//   readers
//
// A record is safe once it is in the log. The builder, a thread that follows the log, groups rows
// by device and hour, and stores each hour as a block once the hour is over (or earlier, in chunks,
// if there is much data). The log is trimmed behind the builder; the records that are still in the
// log at start-up are read again.
//
// Guarantees: every record that was reported as durable is in the log or in the store at any
// moment. A row that was delivered twice appears in history once.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "history/block.h"
#include "history/block_walk.h"
#include "history/builder.h"
#include "history/damage_notes.h"
#include "history/fair_queue.h"
#include "history/field_names.h"
#include "history/journal.h"
#include "history/log.h"
#include "history/recovery_scan.h"
#include "history/retention.h"
#include "history/rollup.h"
#include "history/store.h"

namespace gridloom::history {

struct ArchiveLimits {
  LogLimits log{};
  std::size_t builder_bytes = std::size_t{64} * 1024 * 1024;  // read from the log, not yet in heads
  std::size_t head_bytes = std::size_t{64} * 1024 * 1024;  // above this, hours are stored in chunks
  Millis grace{120'000};  // an hour becomes a block this long after its end
  FairLimits reads{};     // for the queries of one account
  RetentionLimits keep{};
};

struct ArchiveHealth {
  LogHealth log{};
  std::string store_failing{};  // why blocks cannot be stored now; empty: no error
  std::uint64_t malformed_records = 0;
  std::size_t damaged_rows = 0;       // in history.db, found since the start
  std::uint64_t log_bytes = 0;        // on disk
  std::size_t log_waiting_bytes = 0;  // of records not yet reported as durable
  std::size_t head_bytes = 0;         // in memory, not yet stored as blocks
  std::vector<std::string> damage{};  // the same as DamageNotes::all()
  std::size_t unknown_devices = 0;    // devices in history that are not in the registry
};

// Read access to history for one thread; created by the archive. kDamaged: the requested data, or a
// part of them, are on a damaged page of history.db.
class Reader {
 public:
  // Reads the blocks of a device's hours [from, to). An hour that was stored in chunks has several
  // blocks; the newest block may overlap earlier ones. Stops at the first error. Reads everything
  // in one call, whereas a BlockWalk stops after a limited amount of work.
  using OnBlock = BlockWalk::OnBlock;
  [[nodiscard]] Status each_block(DeviceNumber device, std::int64_t from, std::int64_t to,
                                  const OnBlock& on_block);
  // Reads the energies of completed hours, as computed by Options::account. `on_damaged`, if given,
  // is called for each hour whose energies are damaged.
  [[nodiscard]] Status each_energy(DeviceNumber device, std::int64_t from, std::int64_t to,
                                   const Store::OnBytes& on_energy,
                                   const Store::OnHour& on_damaged = {});
  // Reads the 15-minute rollups that are kept of hours whose blocks exceeded the retention time. An
  // hour is returned either here or by each_block(). Stops at the first error.
  using OnQuarters = std::function<Status(std::int64_t hour, const HourOfRollups& quarters)>;
  [[nodiscard]] Status each_quarters(DeviceNumber device, std::int64_t from, std::int64_t to,
                                     const OnQuarters& on_quarters);
  // The last hour before `hour` that has rows, and the first hour from `hour` on that has rows or
  // energies.
  [[nodiscard]] Result<std::optional<std::int64_t>> hour_before(DeviceNumber device,
                                                                std::int64_t hour);
  [[nodiscard]] Result<std::optional<std::int64_t>> hour_from(DeviceNumber device,
                                                              std::int64_t hour);
  // Hours of [from, to) with rows that their stored energies do not cover yet, ascending.
  [[nodiscard]] Result<std::vector<std::int64_t>> unaccounted(DeviceNumber device,
                                                              std::int64_t from, std::int64_t to);
  // Reads the audit, newest entry first.
  [[nodiscard]] Status each_audit(const Store::OnAudit& on_entry);
  [[nodiscard]] const FieldNames& names() const;
  // Direct access to the store. Callers pass the errors of direct reads through told().
  [[nodiscard]] Store& store() { return store_; }
  // Notes a damaged page; the returned error contains only what a client may know.
  [[nodiscard]] Error told(Error fault) const;
  [[nodiscard]] const HeadBlocks& head_blocks() const;

 private:
  friend class Archive;
  struct Shared;
  template <typename T>
  [[nodiscard]] Result<T> told(Result<T> read) const {
    return read ? std::move(read) : std::unexpected(told(std::move(read.error())));
  }
  Reader(const Shared& shared, Store store) : shared_(&shared), store_(std::move(store)) {}

  const Shared* shared_;
  Store store_;
};

// A query of an account, processed in slices on the archive's threads (history/fair_queue.h).
using ReadQueue = FairQueue<Reader>;
using Query = ReadQueue::Entry;
// Queues a query; false: its account has the maximum number of queries already.
using Reads = std::function<bool(Query query)>;

// Time limit of one slice, for steps that work until it has passed.
class Slice {
 public:
  [[nodiscard]] bool over() const { return std::chrono::steady_clock::now() >= end_; }
  static constexpr std::chrono::milliseconds kLength{4};

 private:
  std::chrono::steady_clock::time_point end_ = std::chrono::steady_clock::now() + kLength;
};

class Archive final : public Journal {
 public:
  struct Options {
    std::filesystem::path data;
    const Clock* clock = nullptr;
    ArchiveLimits limits{};
    Account account{};  // called on the builder's thread
    // Called with changes of MQTT sessions (RecordKind::kTurn): those of the records above
    // `sessions_applied`, each once, in order, before the durability of its record is reported. On
    // the opener's thread while the archive is opened, on the log's thread after that.
    std::function<void(std::uint64_t sequence, std::string_view changes)> on_session_changes{};
    std::uint64_t sessions_applied = 0;
    bool clock_is_driven = false;  // the clock is set on purpose: trust its time
  };
  // Also reads the records left in the log. kIo, kMalformed: as for Store and Log.
  [[nodiscard]] static Result<std::unique_ptr<Archive>> open(Options options);
  ~Archive() override;

  // The last values of the devices when the server ended. Call once, before start().
  [[nodiscard]] std::vector<Recovered> take_recovered();

  // All devices with data in the archive, ascending. Before start(). kDamaged: the list cannot be
  // read; the damage is noted.
  [[nodiscard]] Result<std::vector<DeviceNumber>> devices();
  // Sets the devices that are not in the registry: their data are kept, and the devices are counted
  // until they are purged.
  void set_unknown(std::vector<DeviceNumber> devices);
  [[nodiscard]] std::vector<DeviceNumber> unknown() const;  // ascending
  // Removes all data of the device and accepts no more. Its number is never reused.
  void purge(DeviceNumber device);

  // Starts making blocks. `take_twins` is called on the builder's thread; it returns the twins that
  // changed since the last call.
  using TakeTwins = std::function<std::vector<StoredTwin>()>;
  void start(TakeTwins take_twins);
  // Stores everything received so far and trims the log, so that the next start has nothing to read
  // again. The archive does no work after that.
  void stop();

  std::uint64_t append(RecordKind kind, std::string payload, Task durable) override;
  [[nodiscard]] bool behind() const override;
  [[nodiscard]] std::string failing() const override;

  // Makes everything appended so far durable, if the disk accepts it. Until the returned object is
  // destroyed, the log keeps every record that is missing from history.db now: a copy of history.db
  // that is made first, and a copy of DATA/log that is made then, are together as good as the
  // original.
  [[nodiscard]] std::shared_ptr<void> pin_log();

  // Session changes up to this record are stored elsewhere: the log need not keep them.
  void sessions_stored(std::uint64_t up_to);

  // Returns when everything appended so far is durable; false: the disk refuses. Must not be called
  // on one of the archive's threads.
  [[nodiscard]] bool flush();

  // Queues an account's query, which is processed in turn with those of other accounts. The query
  // sees everything that was durable when it began. False: the account has the maximum number of
  // queries already.
  [[nodiscard]] bool read(Query query);
  // Runs `task` on a thread that is reserved for administration, so that no load of accounts delays
  // it. The task sees everything that was durable when it began. False: too many tasks wait.
  [[nodiscard]] bool read(std::move_only_function<void(Reader&)> task);

  // Whether an account's query is not answered yet: its last step has not returned. Any thread.
  [[nodiscard]] bool has_queries() const;

  [[nodiscard]] ArchiveHealth health() const;
  // True if this archive stored any data, now or in an earlier run.
  [[nodiscard]] bool has_stored() const;
  // Notes of known loss or damage, of the archive and of other files in the data folder.
  [[nodiscard]] DamageNotes& damage();

 private:
  struct Impl;
  explicit Archive(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace gridloom::history
