// The permanent storage of blocks, energies, twins, events and the audit, as those see it who write
// and read it. history/store/store_factory.h opens it.
//
// Each object is one connection: one thread at a time. The server has one Store that writes and one
// StoreReader for each thread that reads; readers see committed data. A damaged row is left out and
// counted (StoreFactory::damaged_rows()), unless a function says otherwise.
//
// kIo of any function: the storage cannot be read or written now. kDamaged: the data, or a part of
// them, are on a damaged page.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "history/blocks/block.h"
#include "history/blocks/hours.h"
#include "journal/device_event.h"
#include "journal/journal_reader.h"

namespace gridloom::history {

struct DeviceHour {
  DeviceNumber device = 0;
  std::int64_t hour = 0;
  friend auto operator<=>(const DeviceHour&, const DeviceHour&) = default;
};

// A twin in the form in which the hub saves it.
struct StoredTwin {
  DeviceNumber device = 0;
  std::string sn;
  std::string text;
};

struct AuditRow {
  std::uint64_t sequence = 0;
  std::string entry;     // a JSON object: at, what, who, sn, ...
  bool damaged = false;  // `entry` holds what is left of the damaged entry
};

struct StoredEvent {
  std::uint64_t id = 0;  // journal::event_id()
  journal::DeviceEvent event;
};
// A place among the events of devices, which are ordered by time, and by id where that is the same.
struct EventPosition {
  std::int64_t at_ms = 0;
  std::uint64_t id = 0;
  friend auto operator<=>(const EventPosition&, const EventPosition&) = default;
};
[[nodiscard]] inline EventPosition position_of(const StoredEvent& stored) {
  return {.at_ms = stored.event.at_ms, .id = stored.id};
}

// Hours of a device with chunks that were stored since a mark: marks ascend in the order in which
// chunks are stored (RetentionStore::next_mark()), and the mark of an hour is that of its last one.
struct StoredHours {
  struct Hour {
    std::int64_t hour = 0;
    std::int64_t mark = 0;
    friend bool operator==(const Hour&, const Hour&) = default;
  };
  std::int64_t numbering = 0;  // names the storage that gave the marks: to another they say nothing
  std::int64_t newest = 0;     // of all marks
  std::vector<Hour> hours;     // by mark
};

// Changes that are committed in one transaction.
struct Changes {
  struct Hour {
    DeviceHour of;
    std::vector<std::string> chunks;  // history/blocks/chunk.h
    bool over = false;                // the hour is over: these replace all its stored chunks
    // The last record of the log that was taken when the chunks were made: they have all rows of
    // the hour up to it that the store did not have.
    std::uint64_t taken = 0;
  };
  struct Energies {
    DeviceHour of;
    std::string bytes;
  };
  std::vector<std::pair<FieldId, std::string>> names;  // new ones
  std::vector<Hour> hours;
  std::vector<Energies> energies;   // replace those of the same hours
  std::vector<StoredTwin> twins;    // replace those of the same devices
  std::vector<AuditRow> audit;      // entries whose sequence is stored already change nothing
  std::vector<StoredEvent> events;  // in order; those whose id is stored already change nothing
  // The store contains the records of the journal up to these.
  std::optional<journal::Positions> applied;
};

// How much of the log the store has of the hours that have more than Changes::applied tells: a
// record that is read again has rows of many devices, and those of some are stored already.
struct TakenRecords {
  std::map<DeviceHour, std::uint64_t> of;
  // False: these are not all, as a program that does not write them used the storage, or as they
  // are damaged. The rows themselves have to be compared.
  bool is_known = false;
};

// The reads that answers of queries are made of.
class StoreReader {
 public:
  // While it lives, all that its reader reads is of one moment. It must not outlive the reader,
  // which has one at a time.
  class Snapshot {
   public:
    Snapshot(Snapshot&& other) noexcept : reader_(std::exchange(other.reader_, nullptr)) {}
    Snapshot& operator=(Snapshot&&) = delete;
    ~Snapshot() {
      if (reader_ != nullptr) reader_->end_snapshot();
    }

   private:
    friend class StoreReader;
    explicit Snapshot(StoreReader& reader) : reader_(&reader) {}
    StoreReader* reader_;
  };

  StoreReader(const StoreReader&) = delete;
  StoreReader& operator=(const StoreReader&) = delete;
  virtual ~StoreReader() = default;

  [[nodiscard]] Result<Snapshot> snapshot() {
    GL_TRY(begin_snapshot());
    return Snapshot(*this);
  }
  // Whether the store has the rows that the log's records up to `record` have of an hour.
  [[nodiscard]] virtual Result<bool> has_taken(const DeviceHour& of, std::uint64_t record) = 0;

  // The chunks of the hours [from, to) of a device, in their order; views live as long as the call.
  // Stops at the first error of `on_chunk`, as the other functions do.
  using OnBytes = std::function<Status(std::int64_t hour, std::string_view bytes)>;
  [[nodiscard]] virtual Status each_chunk(DeviceNumber device, std::int64_t from, std::int64_t to,
                                          const OnBytes& on_chunk) = 0;
  // Reads the chunks from `place` up to hour `to` until `on_chunk` returns false. True: all were
  // read.
  struct ChunkPosition {
    std::int64_t hour = 0;
    std::int64_t chunk = 0;   // the next chunk
    std::int64_t before = 0;  // identifies the content of the chunk before it

    // The place after a chunk that on_chunk() was called with.
    [[nodiscard]] ChunkPosition after() const {
      return {.hour = hour, .chunk = chunk + 1, .before = before};
    }
  };
  using OnChunk = std::function<Result<bool>(const ChunkPosition& at, std::string_view bytes)>;
  [[nodiscard]] virtual Result<bool> chunks_from(DeviceNumber device, const ChunkPosition& place,
                                                 std::int64_t to, const OnChunk& on_chunk) = 0;
  // Where a reader that continues after a chunk has to continue: at `place`, or at the first chunk
  // of its hour if the hour was rewritten meanwhile.
  [[nodiscard]] virtual Result<ChunkPosition> resume(DeviceNumber device,
                                                     const ChunkPosition& place) = 0;
  // Energies of the hours [from, to), ascending. `on_damaged`, if given, is called for hours whose
  // energies are left out because their row is damaged.
  using OnHour = std::function<void(std::int64_t hour)>;
  [[nodiscard]] virtual Status each_energy(DeviceNumber device, std::int64_t from, std::int64_t to,
                                           const OnBytes& on_energy, const OnHour& on_damaged) = 0;
  // 15-minute rollups of the hours [from, to), ascending: of hours whose blocks were too old to be
  // kept (history/blocks/rollup.h).
  [[nodiscard]] virtual Status each_rollup(DeviceNumber device, std::int64_t from, std::int64_t to,
                                           const OnBytes& on_rollup) = 0;
  // hour_before(): the last hour before `hour` that has blocks. hour_from(): the first hour from
  // `hour` on that has blocks or energies.
  [[nodiscard]] virtual Result<std::optional<std::int64_t>> hour_before(DeviceNumber device,
                                                                        std::int64_t hour) = 0;
  [[nodiscard]] virtual Result<std::optional<std::int64_t>> hour_from(DeviceNumber device,
                                                                      std::int64_t hour) = 0;
  // The first hour from `hour` on that has 15-minute rollups.
  [[nodiscard]] virtual Result<std::optional<std::int64_t>> rollup_from(DeviceNumber device,
                                                                        std::int64_t hour) = 0;
  // The first `most` hours whose marks are above `mark`.
  [[nodiscard]] virtual Result<StoredHours> hours_since(DeviceNumber device, std::int64_t mark,
                                                        std::size_t most) = 0;
  // Hours of [from, to) that have blocks but no stored energies, or whose blocks may contain more
  // than the stored energies because the hour is not over.
  [[nodiscard]] virtual Result<std::vector<std::int64_t>> hours_without_energies(
      DeviceNumber device, std::int64_t from, std::int64_t to) = 0;
  // Audit entries, the newest first, including damaged ones; `on_entry` returns false to stop.
  using OnAudit = std::function<bool(const AuditRow&)>;
  [[nodiscard]] virtual Status each_audit(const OnAudit& on_entry) = 0;
  // The events of a device from `from_ms` on that are before `before`, the newest first; `on_event`
  // returns false to stop.
  using OnEvent = std::function<bool(const StoredEvent&)>;
  [[nodiscard]] virtual Status each_event(DeviceNumber device, std::int64_t from_ms,
                                          const EventPosition& before, const OnEvent& on_event) = 0;
  // The first `most` events of all devices whose ids are above `id`, in their order.
  [[nodiscard]] virtual Result<std::vector<StoredEvent>> events_since(std::uint64_t id,
                                                                      std::size_t most) = 0;

 protected:
  StoreReader() = default;

 private:
  [[nodiscard]] virtual Status begin_snapshot() = 0;
  virtual void end_snapshot() = 0;
};

// The store that the builder writes to, and reads when it starts.
class Store : public StoreReader {
 public:
  // Commits all changes, or none of them if an error is returned. kConflict: the number of a new
  // name has a name.
  [[nodiscard]] virtual Status write(const Changes& changes) = 0;
  // Whether what the last write() with `applied` stored is where no damage of the storage's own log
  // can reach it: records up to there may leave the journal.
  [[nodiscard]] virtual bool is_checkpointed() const = 0;
  // Whether the storage answers, of one that may be away though nothing is written.
  [[nodiscard]] virtual Status answers() { return {}; }

  // The last applied records of the journal (Changes::applied); they never go back. If it is
  // damaged, a lower number that is safe: the journal is read again from there.
  [[nodiscard]] virtual Result<journal::Positions> applied() = 0;
  // Field names, by FieldId. A damaged name is replaced by `damaged.field.N`, which no device
  // reports: the field's stored values stay available under that name. kMalformed: one is missing.
  [[nodiscard]] virtual Result<std::vector<std::string>> names() = 0;
  [[nodiscard]] virtual Result<std::vector<StoredTwin>> twins() = 0;
  [[nodiscard]] virtual Result<TakenRecords> taken() = 0;
  // The events with which faults began that have not ended, by id.
  [[nodiscard]] virtual Result<std::vector<StoredEvent>> open_faults() = 0;
  // Hours with chunks that are not marked as over.
  [[nodiscard]] virtual Result<std::vector<DeviceHour>> open_hours() = 0;
};

// The events of a device that StoreReader::each_event() reads.
struct EventSpan {
  DeviceNumber device = 0;
  std::int64_t from_ms = 0;
  EventPosition before;
};

}  // namespace gridloom::history
