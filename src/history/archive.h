// History: everything that devices reported, and who did what, kept for years.
//
//   shards ─▶ journal (log on disk) ─▶ builder ─▶ blocks, energies, twins, audit (history.db) ─▶
//   readers
//
// The log makes a record safe; a thread behind it, the builder, collects rows by device and hour,
// and puts a block of each hour into the store once the hour is over (or earlier, in parts, if much
// came). The log is trimmed behind that; what it still holds at start-up is read again.
//
// Promises: what was told to be durable is in the log or in the store, at any moment. A row that
// was handed on twice stands in history once.
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
#include "history/quarters.h"
#include "history/retention.h"
#include "history/store.h"
#include "history/tail.h"

namespace gridloom::history {

struct ArchiveLimits {
  LogLimits log{};
  std::size_t builder_bytes = std::size_t{64} * 1024 * 1024;  // out of the log, not yet in heads
  std::size_t head_bytes = std::size_t{64} * 1024 * 1024;     // more: hours are stored in parts
  Millis grace{120'000};  // an hour is made a block this long after its end
  FairLimits reads{};     // queries of one account
  RetentionLimits keep{};
};

struct ArchiveHealth {
  LogHealth log{};
  std::string store_failing{};  // why blocks are not stored now; empty: they are
  std::uint64_t malformed_records = 0;
  std::size_t damaged_rows = 0;       // of history.db, found since the start
  std::uint64_t log_bytes = 0;        // on disk
  std::size_t log_waiting_bytes = 0;  // for it
  std::size_t head_bytes = 0;         // in memory, not yet blocks
  std::vector<std::string> damage{};  // as DamageNotes::all()
  std::size_t unknown_devices = 0;    // history has them and the registry does not
};

// What one thread reads with; made by the archive. kDamaged: what was asked for, or a part of it,
// is on a damaged page of history.db.
class Reader {
 public:
  // Blocks of the hours [from, to) of a device, several of an hour if it came in parts; the newest
  // may overlap what came before them. Ends with the first fault. All at once: a BlockWalk stops
  // after some work.
  using OnBlock = BlockWalk::OnBlock;
  [[nodiscard]] Status each_block(DeviceNumber device, std::int64_t from, std::int64_t to,
                                  const OnBlock& on_block);
  // The energies of hours that are over, as Options::account made them. `on_damaged`, if given, is
  // told of hours whose energies are damaged.
  [[nodiscard]] Status each_energy(DeviceNumber device, std::int64_t from, std::int64_t to,
                                   const Store::OnBytes& on_energy,
                                   const Store::OnHour& on_damaged = {});
  // What is left of hours whose blocks were too old to be kept: an hour is seen here or by
  // each_block(). Ends with the first fault.
  using OnQuarters = std::function<Status(std::int64_t hour, const HourOfQuarters& quarters)>;
  [[nodiscard]] Status each_quarters(DeviceNumber device, std::int64_t from, std::int64_t to,
                                     const OnQuarters& on_quarters);
  // The last hour before `hour` that has rows, and the first from it on that has rows or energies.
  [[nodiscard]] Result<std::optional<std::int64_t>> hour_before(DeviceNumber device,
                                                                std::int64_t hour);
  [[nodiscard]] Result<std::optional<std::int64_t>> hour_from(DeviceNumber device,
                                                              std::int64_t hour);
  // Hours of [from, to) that have rows which their energies do not know, ascending.
  [[nodiscard]] Result<std::vector<std::int64_t>> unaccounted(DeviceNumber device,
                                                              std::int64_t from, std::int64_t to);
  // The newest first.
  [[nodiscard]] Status each_audit(const Store::OnAudit& on_entry);
  [[nodiscard]] const FieldNames& names() const;
  // What it reads on its own goes through told().
  [[nodiscard]] Store& store() { return store_; }
  // Notes a damaged page; the fault then says no more than a client may know.
  [[nodiscard]] Fault told(Fault fault) const;
  [[nodiscard]] const Heads& heads() const;

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

// What an account asks of history, done slice by slice on the archive's threads
// (history/fair_queue.h).
using ReadQueue = FairQueue<Reader>;
using Query = ReadQueue::Entry;
// Begins a query soon; false: its account's share is full.
using Reads = std::function<bool(Query query)>;

// For steps that work until their slice is over.
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
    Account account{};  // on the builder's thread
    // Changes of MQTT sessions (RecordKind::kTurn): those of the records above `sessions_applied`,
    // each once, in order, before anyone is told that its record is durable. On the opener's thread
    // while the archive is opened, on the log's after that.
    std::function<void(std::uint64_t sequence, std::string_view changes)> on_session_changes{};
    std::uint64_t sessions_applied = 0;
    bool clock_is_driven = false;  // somebody sets it on purpose: what it says is so
  };
  // Reads the log's tail. kIo, kMalformed: as Store and Log say.
  [[nodiscard]] static Result<std::unique_ptr<Archive>> open(Options options);
  ~Archive() override;

  // What devices had said last when the server ended. Once, before start().
  [[nodiscard]] std::vector<Recovered> take_recovered();

  // All of which there is anything, ascending. Before start(). kDamaged: nobody can say; it is
  // noted.
  [[nodiscard]] Result<std::vector<DeviceNumber>> devices();
  // Tells which of them nobody else knows: they are kept, and counted until they are forgotten.
  void set_unknown(std::vector<DeviceNumber> devices);
  [[nodiscard]] std::vector<DeviceNumber> unknown() const;  // ascending
  // All that is kept of the device is removed, and nothing more taken. Its number never comes
  // again.
  void forget(DeviceNumber device);

  // From now on blocks are made. `take_twins` is called on the builder's thread; it gives the twins
  // that changed since it was called last.
  using TakeTwins = std::function<std::vector<StoredTwin>()>;
  void start(TakeTwins take_twins);
  // Everything so far is put into the store, and the log is trimmed: a start after it has nothing
  // to read again. Then nothing happens any more.
  void stop();

  std::uint64_t append(RecordKind kind, std::string payload, Task durable) override;
  [[nodiscard]] bool behind() const override;
  [[nodiscard]] std::string failing() const override;

  // Everything appended so far is on the disk, if it takes it, and until the returned object is
  // gone no record that is not in history.db now leaves the log: a copy of history.db that is made
  // first, and one of DATA/log that is made then, are together as good as the original.
  [[nodiscard]] std::shared_ptr<void> hold_log();

  // Changes of sessions up to this record are stored elsewhere: the log need not keep them.
  void sessions_stored(std::uint64_t up_to);

  // Returns when everything appended so far is durable; false: the disk refuses. Not from a thread
  // of the archive's.
  [[nodiscard]] bool flush();

  // Works on an account's query, in turn with those of other accounts: it sees everything that was
  // durable when it began. False: the account's share is full.
  [[nodiscard]] bool read(Query query);
  // Runs `task` on a thread that is for administration alone: no load of accounts delays it. It
  // sees everything that was durable when it began. False: too many wait.
  [[nodiscard]] bool read(std::move_only_function<void(Reader&)> task);

  [[nodiscard]] ArchiveHealth health() const;
  // Something was stored here, now or in an earlier run.
  [[nodiscard]] bool has_stored() const;
  // What is known to be lost or damaged, of the archive and whatever else is in the data folder.
  [[nodiscard]] DamageNotes& damage();

 private:
  struct Impl;
  explicit Archive(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace gridloom::history
