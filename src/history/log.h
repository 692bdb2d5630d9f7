// The log: the point where a report, a set or a sign-in is safe. Records are appended to segment
// files by a thread of the log's own, many at once (group commit), and synced before anyone is
// told.
//
// Promises:
//  - A record whose `durable` was called is there after a crash or a loss of power, once.
//  - Records are kept, replayed and handed on in the order of their sequence numbers, which never
//    come twice, over restarts too.
//  - While the disk refuses, nothing is told to be durable; what waits is kept and tried again in
//    a new segment, and behind() holds callers back, so that memory is bounded.
//  - A torn end is cut at start-up. Damage anywhere else is set aside in a file of its own, and
//    reported; the records around it are good.
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
#include "history/disk.h"
#include "history/journal.h"

namespace gridloom::history {

struct Record {
  std::uint64_t sequence = 0;
  RecordKind kind{};
  std::string_view payload{};
};

struct LogLimits {
  Millis commit{20};  // a record waits at most this long for others to be synced with it
  std::size_t commit_bytes = std::size_t{1} * 1024 * 1024;    // or until there are as many
  std::size_t waiting_bytes = std::size_t{64} * 1024 * 1024;  // more than this: behind()
  std::size_t segment_bytes = std::size_t{16} * 1024 * 1024;
  Millis retry{1000};  // after a failure
};

// Records that are neither in the log nor, by Log::open's `after`, in what it was applied to.
struct RecordGap {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  friend bool operator==(const RecordGap&, const RecordGap&) = default;
};

// What a start found the log to be without, compared with `after`.
struct LogLoss {
  static constexpr std::size_t kMostGaps = 20;
  std::vector<RecordGap> gaps{};  // the first of them
  // There are records up to Log::Options::known elsewhere, or were up to `seen`, and the log ends
  // before them: with this one. 0: with none, it has no segment at all.
  std::optional<std::uint64_t> ends_early{};
  std::uint64_t seen = 0;  // the record that Log::Options::seen says
};

struct LogHealth {
  std::optional<std::string> failing{};  // why nothing is acknowledged now
  // Found at start-up among what was read, now or at an earlier start; all together.
  std::uint64_t damaged_bytes = 0;
  std::uint64_t damaged_places = 0;
};

class Log {
 public:
  // Called on the log's thread with what has become durable, before anyone is told so, in order;
  // views live as long as the call. It may take its time: the log waits, and behind() tells. It
  // may append and trim, not flush.
  using Written = std::function<void(std::span<const Record>)>;
  using OnRecord = std::function<void(const Record&)>;

  struct Options {
    Disk* disk = nullptr;          // outlives the log
    const Clock* clock = nullptr;  // likewise, for times in files and messages; none: the system's
    LogLimits limits{};
    Written written{};
    // What was stored elsewhere has records up to this one, or up to `after` if that is greater:
    // none of these numbers is given again, whatever the log has.
    std::uint64_t known = 0;
    // A file that remembers the last durable record, which is known then as well; empty: none.
    std::filesystem::path seen{};
  };
  // Replays every record whose sequence number is above `after` through `replay`, on the caller's
  // thread, then begins a new segment. kIo: the folder cannot be read. kMalformed: a segment is of
  // a later version.
  [[nodiscard]] static Result<std::unique_ptr<Log>> open(Options options, std::uint64_t after,
                                                         const OnRecord& replay);
  ~Log();  // writes what waits, as far as the disk lets it
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  // The payload is at most 1 GiB. `durable` may be empty; it is called on the log's thread and must
  // not block. It is never called for a record that did not get onto the disk before the log ended.
  // Returns the record's sequence number.
  std::uint64_t append(RecordKind kind, std::string payload, Task durable);
  // More waits than may: whoever can wait appends nothing now.
  [[nodiscard]] bool behind() const;
  // Returns when everything appended so far is durable; false: the disk refuses. It asks the disk
  // at once, and not from the log's own thread.
  [[nodiscard]] bool flush();
  // No record up to this one is needed any more: segments that hold no others are removed, soon.
  void trim(std::uint64_t up_to);

  [[nodiscard]] LogHealth health() const;
  [[nodiscard]] const LogLoss& loss() const;
  // Of all segments on disk, and what waits in memory.
  [[nodiscard]] std::uint64_t bytes() const;
  [[nodiscard]] std::size_t waiting_bytes() const;

 private:
  struct Impl;
  explicit Log(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// What a segment file holds, for people and tests: each record, and each stretch of bytes that is
// none.
struct SegmentPart {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  std::optional<Record> record{};  // none: damaged, or torn if it is the end
};
// In order, without gaps; the first is behind the header unless that is damaged. kMalformed: not a
// segment (nothing in it is good), or of a later version.
[[nodiscard]] Result<std::vector<SegmentPart>> read_segment(std::string_view bytes);

}  // namespace gridloom::history
