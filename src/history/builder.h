// Turns the log's records into blocks: rows go into heads, hours that are over into the store.
//
// Pure but for the store: who calls it owns the thread and the time. Its heads and the audit that
// is not yet stored may be read from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "history/block.h"
#include "history/field_names.h"
#include "history/heads.h"
#include "history/journal.h"
#include "history/store.h"

namespace gridloom::history {

// The last hour before another in which the device said anything, however long ago, and the
// energies that were made of it; null and empty: there is none.
struct HourBefore {
  const Block* block = nullptr;
  std::int64_t hour = 0;
  std::string_view energies{};
};
// The energies of an hour. It is asked again when rows of either come late.
using Account = std::function<std::string(const DeviceHour& of, const HourBefore& before,
                                          const Block& block, const FieldNames& names)>;

class Builder {
 public:
  struct Options {
    Millis grace{120'000};  // an hour is made a block this long after its end
    std::size_t head_bytes = std::size_t{64} * 1024 * 1024;  // more: hours are stored in parts
    Account account{};
  };
  // `store` and `names` outlive it; `names` are those of the store.
  [[nodiscard]] static Result<std::unique_ptr<Builder>> make(Store& store, FieldNames& names,
                                                             Options options);

  // A record of the log, in their order. kMalformed: it is not what it should be, and left out.
  [[nodiscard]] Status take(std::uint64_t sequence, RecordKind kind, std::string_view payload);

  // The same for an audit record in two steps, so that it can be read as soon as it is durable:
  // from any thread, in their order,
  void add_audit(std::uint64_t sequence, std::string_view payload);
  // and later in its turn.
  void pass(std::uint64_t sequence) { taken_ = sequence; }

  // Whether store() has something to do.
  [[nodiscard]] bool is_due(TimePoint now) const;
  // Puts a piece of what is due into the store, which takes some tenths of a second at most, so
  // that records can be taken in between; or everything.
  enum class What : std::uint8_t { kAPiece, kEverything };
  [[nodiscard]] Status store(TimePoint now, What what);
  // Stores the audit, these twins, and up to which record of the log the store now has everything.
  // The twins have changed since the last mark, and were taken after the last record.
  [[nodiscard]] Status mark(std::vector<StoredTwin> twins);
  [[nodiscard]] std::uint64_t applied() const { return applied_; }
  // Something was stored, or much of the audit waits.
  [[nodiscard]] bool wants_mark() const;
  // More is in memory than should be: take no more before store() has done its work.
  [[nodiscard]] bool is_full() const { return heads_.bytes() > 2 * options_.head_bytes; }

  // A device that is no more: what was not stored of it never is.
  void forget(DeviceNumber device);

  [[nodiscard]] const Heads& heads() const { return heads_; }
  // Not yet stored, in order.
  [[nodiscard]] std::vector<AuditRow> audit() const;

 private:
  Builder(Store& store, FieldNames& names, Options options)
      : store_(store),
        names_(names),
        options_(std::move(options)),
        heads_(names, [this](const DeviceHour& of, std::int64_t at_ms,
                             std::span<const Sample> row) { return has(of, at_ms, row); }) {}

  [[nodiscard]] std::int64_t closed_before(TimePoint now) const;
  [[nodiscard]] std::vector<DeviceHour> next_hours(std::int64_t closed, What what) const;
  [[nodiscard]] Status store_hours(std::span<const DeviceHour> hours, std::int64_t closed);
  [[nodiscard]] Status add_hour(const DeviceHour& of, std::int64_t closed, Changes& changes);
  [[nodiscard]] Status add_energies(const DeviceHour& of, Changes& changes);
  // All of an hour as one block, from `changes` or the store. Empty: there is nothing, or too much.
  [[nodiscard]] Result<std::string> whole(const DeviceHour& of, const Changes& changes);
  [[nodiscard]] Result<std::optional<std::int64_t>> hour_before(const DeviceHour& of,
                                                                const Changes& changes);
  [[nodiscard]] Result<std::vector<std::string>> stored(const DeviceHour& of);
  [[nodiscard]] Result<std::string> energies_of(const DeviceHour& of, const Changes& changes);
  // Whether the store has a row of that time that says the same.
  [[nodiscard]] bool has(const DeviceHour& of, std::int64_t at_ms, std::span<const Sample> row);

  Store& store_;
  FieldNames& names_;
  Options options_;
  Heads heads_;
  std::set<DeviceHour> open_;  // in the store, and not yet over
  mutable std::mutex mutex_;   // of audit_
  std::vector<AuditRow> audit_;
  std::size_t names_stored_ = 0;
  std::uint64_t taken_ = 0;
  std::uint64_t applied_ = 0;
  bool draining_ = false;         // much was in memory, and is being stored
  bool stored_some_ = false;      // since the last mark
  std::int64_t done_before_ = 0;  // all hours before it were stored at `done_at_`
  TimePoint done_at_{};
};

}  // namespace gridloom::history
