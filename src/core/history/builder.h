// The builder turns records of the log into blocks: rows are collected in heads, and completed
// hours are written to the store.
//
// It has no effects outside the store: the caller owns the thread and the time. The heads, and the
// audit entries and events that are not yet stored, may be read from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "history/blocks/field_names.h"
#include "history/energy_accounts.h"
#include "history/head_blocks.h"
#include "history/readable_records.h"
#include "history/store/store.h"
#include "journal/journal.h"

namespace gridloom::history {

class Builder {
 public:
  struct Options {
    Millis grace{120'000};  // an hour becomes a block this long after its end
    std::size_t head_bytes = std::size_t{64} * 1024 * 1024;  // more: hours stored in chunks
    HourIntegrator integrate{};
    std::optional<TimePoint> now{};  // from then on it is known what is in memory alone
  };
  // `store` and `names` outlive the builder; `names` are those of the store. kConflict: the store's
  // partitions are at different records; the builder takes the records of a journal that numbers
  // them together.
  [[nodiscard]] static Result<std::unique_ptr<Builder>> make(Store& store, FieldNames& names,
                                                             Options options);

  // Takes one record of the log, in log order. kMalformed: the record is invalid, and is left out.
  [[nodiscard]] Status take(std::uint64_t sequence, journal::RecordKind kind,
                            std::string_view payload);

  // After the records that were left in the log at a start: drops the rows of them that the store
  // has, if it cannot tell which these are (TakenRecords::is_known).
  [[nodiscard]] Status settle();
  // The last record that any rows in the store are of.
  [[nodiscard]] std::uint64_t stored_through() const { return stored_through_; }

  // Takes a record that is_readable_at_once() in two steps, so that it can be read as soon as it is
  // durable. The first step may run on any thread, in log order. kMalformed as for ReadableRecords.
  [[nodiscard]] Status add_readable(std::uint64_t sequence, journal::RecordKind kind,
                                    std::string_view payload) {
    return readable_.add(sequence, kind, payload);
  }
  // The second step follows when the record's turn comes.
  void mark_taken(std::uint64_t sequence) { taken_ = sequence; }
  // False: settle() compares the rows of all records that were left in the log at the start, which
  // have to be taken first.
  [[nodiscard]] bool knows_taken() const { return taken_is_known_; }

  // True if store() has something to do.
  [[nodiscard]] bool is_due(TimePoint now) const;
  // Stores a limited part of what is due, which takes some tenths of a second at most, so that
  // records can be taken in between; or everything.
  enum class Amount : std::uint8_t { kSlice, kEverything };
  [[nodiscard]] Status store(TimePoint now, Amount amount);
  // Stores the audit, the events, these twins, and the number of the last log record whose data are
  // all in the store. The twins have changed since the last checkpoint, and were taken after the
  // last record.
  [[nodiscard]] Status checkpoint(std::vector<StoredTwin> twins);
  [[nodiscard]] std::uint64_t applied() const { return applied_; }
  // True if something was stored since the last checkpoint, or much of the audit or of the events
  // is not yet stored.
  [[nodiscard]] bool wants_checkpoint() const;
  // True if the heads use more memory than they should: take no more records until store() has done
  // its work.
  [[nodiscard]] bool is_full() const { return head_blocks_.bytes() > 2 * options_.head_bytes; }

  // Drops a removed device: its data that are not yet stored never will be.
  void purge(DeviceNumber device);

  [[nodiscard]] const HeadBlocks& head_blocks() const { return head_blocks_; }
  // Audit entries and events that are not yet stored.
  [[nodiscard]] const ReadableRecords& readable() const { return readable_; }

 private:
  Builder(Store& store, FieldNames& names, Options options)
      : store_(store),
        names_(names),
        options_(std::move(options)),
        accounts_(store, names, options_.integrate),
        head_blocks_(
            names,
            [this](const DeviceHour& of, std::int64_t at_ms, std::span<const Sample> row) {
              return has(of, at_ms, row);
            },
            options_.integrate.sources_of) {}

  // Stores what settle() left, so that the store can tell again what it has.
  [[nodiscard]] Status store_settled();
  [[nodiscard]] std::vector<DeviceHour> next_hours(std::int64_t closed, Amount amount) const;
  [[nodiscard]] Status store_hours(std::span<const DeviceHour> hours, std::int64_t closed);
  [[nodiscard]] Status add_hour(const DeviceHour& of, std::int64_t closed, Changes& changes);
  // True if the store has an equal row of that time.
  [[nodiscard]] bool has(const DeviceHour& of, std::int64_t at_ms, std::span<const Sample> row);

  Store& store_;
  FieldNames& names_;
  Options options_;
  EnergyAccounts accounts_;
  HeadBlocks head_blocks_;
  std::set<DeviceHour> open_;  // hours in the store that are not yet over
  ReadableRecords readable_;
  std::size_t names_stored_ = 0;
  std::uint64_t taken_ = 0;
  std::uint64_t applied_ = 0;
  std::uint64_t stored_through_ = 0;  // as of the start
  bool taken_is_known_ = false;       // TakenRecords::is_known
  bool draining_ = false;             // the memory limit was exceeded; heads are being stored
  bool stored_some_ = false;          // since the last checkpoint
  std::int64_t done_before_ = 0;      // hours before this were stored at `done_at_`
  TimePoint done_at_{};
};

}  // namespace gridloom::history
