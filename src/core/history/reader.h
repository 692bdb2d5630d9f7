// Read access to history for one thread: what is stored, and what is in memory and not stored yet.
// HistoryQueries creates one for each of its threads, and queues queries for them.
//
// kDamaged of any function: the requested data, or a part of them, are on a damaged page of
// history.db, which is noted.
// Where the archives are several, a reader reads one of them at a time, and a query asks before it
// reads a device (DeviceVisit).
// Thread rule: one thread at a time.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "history/block_walk.h"
#include "history/blocks/field_names.h"
#include "history/blocks/rollup.h"
#include "history/builder.h"
#include "history/fair_queue.h"
#include "history/hours_in_memory.h"
#include "history/readable_records.h"
#include "history/route.h"
#include "history/store/damage_notes.h"
#include "history/store/store.h"

namespace gridloom::history {

// The chunks of an hour that a store has, and the blocks that they make.
// The stored chunks of an hour.
[[nodiscard]] Result<std::vector<std::string>> chunks_of(StoreReader& store, const DeviceHour& of);

// Merges chunks into blocks. If a chunk is damaged, all are returned unchanged, so that no data are
// lost.
[[nodiscard]] std::vector<std::string> merged(std::vector<std::string> chunks);

class Reader {
 public:
  // The state that all readers of a history share; it outlives them.
  struct Shared {
    const FieldNames* names = nullptr;
    const Builder* builder = nullptr;
    // In place of a builder, which is in another process: what it has in memory.
    const HoursInMemory* hours = nullptr;
    const ReadableRecords* records = nullptr;
    DamageNotes* damage = nullptr;
    const Clock* clock = nullptr;
  };
  Reader(const Shared& shared, std::unique_ptr<StoreReader> store)
      : shared_(&shared), store_(std::move(store)) {}

  // Reads the blocks of a device's hours [from, to). An hour that was stored in chunks has several
  // blocks; those of an hour that is replaced in the store meanwhile may be read twice. Stops at
  // the first error. Reads everything in one call, whereas a BlockWalk stops after a limited amount
  // of work.
  using OnBlock = BlockWalk::OnBlock;
  [[nodiscard]] Status each_block(DeviceNumber device, std::int64_t from, std::int64_t to,
                                  const OnBlock& on_block);
  // Reads the energies of completed hours, as computed by an HourIntegrator. `on_damaged`,
  // if given, is called for each hour whose energies are damaged.
  [[nodiscard]] Status each_energy(DeviceNumber device, std::int64_t from, std::int64_t to,
                                   const StoreReader::OnBytes& on_energy,
                                   const StoreReader::OnHour& on_damaged = {});
  // Reads the 15-minute rollups that are kept of hours whose blocks exceeded the retention time. An
  // hour is returned either here or by each_block(). Stops at the first error.
  using OnRollup = std::function<Status(std::int64_t hour, const HourOfRollups& quarters)>;
  [[nodiscard]] Status each_rollup(DeviceNumber device, std::int64_t from, std::int64_t to,
                                   const OnRollup& on_rollup);
  // The last hour before `hour` that has rows, and the first hour from `hour` on that has rows or
  // energies.
  [[nodiscard]] Result<std::optional<std::int64_t>> hour_before(DeviceNumber device,
                                                                std::int64_t hour);
  [[nodiscard]] Result<std::optional<std::int64_t>> hour_from(DeviceNumber device,
                                                              std::int64_t hour);
  // The first hour from `hour` on that has rows, energies or rollups.
  [[nodiscard]] Result<std::optional<std::int64_t>> first_hour(DeviceNumber device,
                                                               std::int64_t hour);
  // As StoreReader::hours_since(). Hours in memory may have more, and are not among them.
  [[nodiscard]] Result<StoredHours> hours_since(DeviceNumber device, std::int64_t mark,
                                                std::size_t most);
  // Hours of [from, to) with rows that their stored energies do not cover yet, ascending.
  [[nodiscard]] Result<std::vector<std::int64_t>> hours_without_energies(DeviceNumber device,
                                                                         std::int64_t from,
                                                                         std::int64_t to);
  // Reads the audit, newest entry first.
  [[nodiscard]] Status each_audit(const StoreReader::OnAudit& on_entry);
  // Reads the events of a device from `from_ms` on that are before `before`, newest first.
  [[nodiscard]] Status each_event(DeviceNumber device, std::int64_t from_ms,
                                  const EventPosition& before,
                                  const StoreReader::OnEvent& on_event);
  // As StoreReader::events_since(), with those that are not stored yet.
  [[nodiscard]] Result<std::vector<StoredEvent>> events_since(std::uint64_t id, std::size_t most);
  [[nodiscard]] const FieldNames& names() const;
  // Direct access to the store. Callers pass the errors of direct reads through note_damage().
  [[nodiscard]] StoreReader& store() { return *store_; }
  // Whether a failure of the store costs nothing, as all from that hour on is in memory.
  [[nodiscard]] bool needs_no_store(const Error& failure, DeviceNumber device,
                                    std::int64_t from) const;
  // As note_damage(). If the store is away, it says what is missing.
  [[nodiscard]] Error unread(Error fault, DeviceNumber device) const;
  // Notes a damaged page; the returned error contains only what a client may know.
  [[nodiscard]] Error note_damage(Error fault) const;
  [[nodiscard]] const HoursInMemory& hours_in_memory() const;
  [[nodiscard]] const ReadableRecords& readable() const;
  // Null: it is in another process.
  [[nodiscard]] const Builder* builder() const { return shared_->builder; }

  // The route of the query whose step gets the reader; null: there is one archive, which has all
  // devices.
  void set_route(Route* route) { route_ = route; }
  [[nodiscard]] Route* route() const { return route_; }
  // The step asked for a device that the reader does not have: it ends with Progress::kMore.
  [[nodiscard]] bool is_elsewhere() const { return route_ != nullptr && route_->is_elsewhere(); }

 private:
  template <typename T>
  [[nodiscard]] Result<T> note_damage(Result<T> read) const {
    return read ? std::move(read) : std::unexpected(note_damage(std::move(read.error())));
  }

  const Shared* shared_;
  std::unique_ptr<StoreReader> store_;
  Route* route_ = nullptr;
};

// A query's way into the history of one device, from its first read to its last, in any number of
// steps and of queries. Answers of one archive have no meaning in another one.
class DeviceVisit {
 public:
  explicit DeviceVisit(DeviceNumber device) : device_(device) {}

  // To be called before the device is read, in each step. False: the reader does not have it, and
  // the query continues in its next step. kIo: it cannot be read now, or is read at another node
  // since; the same query succeeds later.
  [[nodiscard]] Result<bool> enter(const Reader& reader);

 private:
  DeviceNumber device_;
  std::optional<std::int64_t> origin_;  // of what was read
};

// A query of an account, processed in slices on the threads of HistoryQueries
// (history/fair_queue.h).
using ReadQueue = FairQueue<Reader>;
using Query = ReadQueue::Entry;
// Queues a query; false: its account has the maximum number of queries already.
using Reads = std::function<bool(Query query)>;

// Time limit of one slice, for steps that work until it has passed, or until they have to continue
// with another reader.
class Slice {
 public:
  explicit Slice(const Reader& reader) : reader_(&reader) {}
  [[nodiscard]] bool over() const {
    return reader_->is_elsewhere() || std::chrono::steady_clock::now() >= end_;
  }
  static constexpr std::chrono::milliseconds kLength{4};

 private:
  const Reader* reader_;
  std::chrono::steady_clock::time_point end_ = std::chrono::steady_clock::now() + kLength;
};

}  // namespace gridloom::history
