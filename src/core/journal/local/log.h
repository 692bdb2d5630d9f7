// The write-ahead log: a report, a set or a sign-in is safe once it is in here. Records are
// appended to segment files by the log's own thread, many at once (group commit), and synced before
// they are acknowledged.
//
// Promises:
//  - A record whose `durable` was called is there after a crash or a loss of power, exactly once.
//  - Records are kept, replayed and passed on in the order of their sequence numbers, which are
//    never reused, across restarts too.
//  - While the disk fails, no record is reported as durable; waiting records are kept and tried
//    again in a new segment, and behind() applies backpressure, so that memory is bounded.
//  - A torn end is cut at start-up, whichever sectors of the last write are whole. Damage anywhere
//    else is copied to a file of its own and reported; the records around it are good.
// docs/internals/formats.md shows the bytes.
// Thread rule: any function from any thread unless it says otherwise.
#pragma once

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
#include "base/loop.h"
#include "base/result.h"
#include "journal/journal.h"
#include "journal/local/disk.h"
#include "journal/loss_note.h"

namespace gridloom::journal {

struct LogLimits {
  Millis commit{5};                                           // the window of CommitRule
  std::size_t commit_bytes = std::size_t{1} * 1024 * 1024;    // or until this much waits
  std::size_t waiting_bytes = std::size_t{64} * 1024 * 1024;  // above this, behind() is true
  std::size_t segment_bytes = std::size_t{16} * 1024 * 1024;
  // On disk: above this, behind() is true. Records stay there until they are stored elsewhere.
  std::size_t most_bytes = std::size_t{20} * 1024 * 1024 * 1024;
  Millis retry{1000};  // delay after a failure
};

// Records that a start found missing from the log, compared with `after`.
struct LogLoss {
  static constexpr std::size_t kMaxGaps = 20;
  // Records that are neither in the log nor, according to the `after` of Log::open, in the store to
  // which the log was applied: the first gaps of them.
  std::vector<RecordGap> gaps{};
  // The last record of a log that ends too early: other stores hold records up to
  // Log::Options::known, or records up to `seen` were durable once. 0: the log has no segment at
  // all.
  std::optional<std::uint64_t> ends_early{};
  std::uint64_t seen = 0;  // the record number in the file Log::Options::seen
};

struct LogHealth {
  std::optional<std::string> failing{};  // why nothing is acknowledged at present
  // Total damage in the segments read at start-up, first found now or at an earlier start.
  std::uint64_t damaged_bytes = 0;
  std::uint64_t damaged_places = 0;
};

class Log {
 public:
  // Called on the log's thread with the records that have become durable, in order, before their
  // `durable` callbacks; views live as long as the call. The callback may be slow: the log waits
  // for it, and behind() shows the backpressure. It may call append() and trim(), but not flush().
  using Written = std::function<void(std::span<const Record>)>;
  using OnRecord = std::function<void(const Record&)>;

  struct Options {
    Disk* disk = nullptr;          // outlives the log
    const Clock* clock = nullptr;  // times in files and messages; outlives the log; none: system's
    LogLimits limits{};
    Written written{};
    // Other stores hold records up to this number, or up to `after` if that is greater: none of
    // these numbers is assigned again, whatever the log contains.
    std::uint64_t known = 0;
    // A file that remembers the number of the last durable record, which then counts as known as
    // well; empty: none.
    std::filesystem::path seen{};
  };
  // Calls `replay` on the caller's thread for every record whose sequence number is above `after`,
  // then begins a new segment; these records are durable. kIo: the folder cannot be read, or what
  // is read cannot be made durable, as on a disk that fails; on a full one it can. kMalformed: a
  // segment is of a later version.
  [[nodiscard]] static Result<std::unique_ptr<Log>> open(Options options, std::uint64_t after,
                                                         const OnRecord& replay);
  ~Log();  // writes the waiting records, as far as the disk allows
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  // The payload is at most 1 GiB. `durable` may be empty; it is called on the log's thread and must
  // not block. It is never called for a record that did not get onto the disk before the log ended.
  // Returns the record's sequence number. `waiters`: as Journal::append() says.
  std::uint64_t append(RecordKind kind, std::string payload, Task durable, std::size_t waiters = 1);
  // Backpressure: more bytes wait than the limit allows, and callers that can wait should append
  // nothing now.
  [[nodiscard]] bool behind() const;
  // Returns when everything appended so far is durable; false: the disk fails. The disk is tried at
  // once, without waiting for `commit` or `retry`. Not to be called on the log's own thread.
  [[nodiscard]] bool flush();
  // Records up to this one are no longer needed: segments that hold no others are removed soon
  // after.
  void trim(std::uint64_t up_to);

  [[nodiscard]] LogHealth health() const;
  [[nodiscard]] const LogLoss& loss() const;
  // When the oldest segment was begun, by Options::clock.
  [[nodiscard]] TimePoint oldest() const;
  // JournalReader::is_short_of_room().
  [[nodiscard]] bool is_short_of_room() const;
  // Bytes of all segments on disk, and bytes that wait in memory.
  [[nodiscard]] std::uint64_t bytes() const;
  [[nodiscard]] std::size_t waiting_bytes() const;

 private:
  struct Impl;
  explicit Log(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// One chunk of a segment file, for people and tests: a record, or a stretch of bytes that is not a
// record.
struct SegmentChunk {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  std::optional<Record> record{};  // none: damaged, or torn if it is the end
};
// The chunks of a segment file in order, without gaps; the first begins after the header, unless
// the header is damaged. kMalformed: not a segment (nothing in it is good), or of a later version.
[[nodiscard]] Result<std::vector<SegmentChunk>> read_segment(std::string_view bytes);

// Messages about records that a start found missing from the log.
//
// Why: SQLite ends its write-ahead log silently at the first damaged frame, and a missing file
// looks like a new one. Sequence numbers reveal the loss: history.db and sessions.db each know up
// to which record they were stored, and the log must continue from there without a gap.
//
// The last record that each database has stored; 0: none.
struct StoredUpTo {
  std::uint64_t history = 0;          // in history.db, with all before it
  std::uint64_t some_of_history = 0;  // in history.db: some of its rows
  std::uint64_t sessions = 0;         // in sessions.db
};

// One line for each loss, for DamageNotes. Records missing from the log but stored in history.db
// are not a loss.
[[nodiscard]] std::vector<LossNote> loss_notes(const LogLoss& loss, const StoredUpTo& stored);

}  // namespace gridloom::journal
