// The segment files of a log on its disk: recovery at start-up, appending to the last segment, and
// removal of old segments.
//
// A segment is named by the first sequence number that it may hold, and is valid up to the first
// number of the next segment: records beyond that were written again there, after a failure. So a
// record is read from one place only, whatever an abandoned segment still holds.
// A loss of power may tear the last write in any way: later sectors of it may be whole where
// earlier ones are not. Nothing of it was acknowledged, so the last segment ends at its first bad
// byte behind the last record that is known to have been synced. Records that are whole behind that
// byte are not replayed: their clients send them again, behind those that are torn. A segment whose
// write or sync failed is never written again: after a failed sync the kernel may have dropped
// pages that it could not write, and the next sync of that file would still succeed. For the same
// reason recover() writes the last segment anew if it has records that are not known to have been
// synced: what is read may be in the kernel's memory alone, if the program was killed. So all
// records of a segment that has a successor are durable.
//
// Thread rule: one thread at a time; bytes() and oldest() from any thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "journal/local/disk.h"
#include "journal/local/log.h"
#include "journal/local/segment.h"

namespace gridloom::journal {

class SegmentFiles {
 public:
  // Both outlive this object.
  SegmentFiles(Disk& disk, const Clock& clock) : disk_(disk), clock_(clock) {}

  struct Recovered {
    std::uint64_t next_sequence = 1;
    std::uint64_t damaged_bytes = 0;
    std::uint64_t damaged_places = 0;
    LogLoss loss;
  };
  // Records held by other stores: see Log::open and Log::Options.
  struct StoredElsewhere {
    std::uint64_t after = 0;
    std::uint64_t known = 0;
    // The last record that was seen to be synced; nothing: not known.
    std::optional<std::uint64_t> synced{};
  };
  // Reads the segments that hold records above `after`. Called once, before any other function.
  [[nodiscard]] Result<Recovered> recover(StoredElsewhere elsewhere, const Log::OnRecord& replay);

  // Creates a new segment whose first record is `first`.
  [[nodiscard]] Status begin(std::uint64_t first);
  // Size of the segment that is being written; 0: there is none.
  [[nodiscard]] std::uint64_t written_bytes() const;
  // Appends and syncs the records. On success they are durable; after an error a new segment must
  // begin with the first of them.
  [[nodiscard]] Status write(std::span<const Record> records);

  // Removes segments whose records are all at most `up_to`; never the last segment.
  [[nodiscard]] Status trim(std::uint64_t up_to);
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  // When the oldest segment was begun.
  [[nodiscard]] TimePoint oldest() const { return TimePoint(Millis(oldest_ms_)); }

 private:
  struct Segment {
    std::uint64_t first = 0;
    std::uint64_t size = 0;
    std::uint64_t durable_size = 0;
    std::int64_t created_ms = 0;
  };
  // One segment while recover() reads it.
  struct Reading {
    std::size_t place = 0;  // index in segments_
    std::string bytes{};
    std::vector<SegmentChunk> damaged{};
    std::uint64_t end_of_good = 0;
  };
  [[nodiscard]] Status find_segments();
  [[nodiscard]] Status secure(const Reading& reading, const StoredElsewhere& elsewhere);
  [[nodiscard]] bool is_last(std::size_t place) const { return place + 1 == segments_.size(); }
  [[nodiscard]] Status read_records(Reading& reading, const StoredElsewhere& elsewhere,
                                    const Log::OnRecord& replay);
  // Records a gap unless `next` follows the records read so far.
  void expect(std::uint64_t next);
  void find_early_end(std::uint64_t known);
  void cut(Segment& segment, std::uint64_t size);
  void set_aside(const Reading& reading, const SegmentChunk& chunk);
  void keep_unacknowledged(const Reading& reading, SegmentReader& reader, const SegmentChunk& torn);
  [[nodiscard]] Status keep_copy(const std::string& name, std::string_view bytes);
  void abandon();
  void note_oldest() { oldest_ms_ = segments_.empty() ? 0 : segments_.front().created_ms; }

  Disk& disk_;
  const Clock& clock_;
  std::vector<Segment> segments_;     // ascending
  std::unique_ptr<AppendFile> file_;  // the last segment, if it is being written
  std::uint64_t last_ = 0;            // highest sequence number that recover() has read
  std::uint64_t end_of_last_ = 0;     // the last record of the last segment
  std::uint64_t expected_ = 0;        // the sequence number that recover() expects next
  Recovered recovered_;
  std::atomic<std::uint64_t> bytes_{0};
  std::atomic<std::int64_t> oldest_ms_{0};
};

}  // namespace gridloom::journal
