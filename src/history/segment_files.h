// The segment files of a log on its disk: what a start makes of those that are there, which of them
// is written, and which may go.
//
// A segment is named by the first sequence number that it may hold, and counts up to the first of
// the next one: what it holds beyond that was written again there, after a failure. So a record is
// read from one place only, whatever an abandoned segment still holds.
// A segment whose write or sync failed is never written again: after a failed sync the kernel may
// have dropped what it could not write, and the next sync of that file would succeed all the same.
//
// Thread rule: one thread at a time; bytes() from any.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "history/disk.h"
#include "history/log.h"

namespace gridloom::history {

class SegmentFiles {
 public:
  // Both outlive it.
  SegmentFiles(Disk& disk, const Clock& clock) : disk_(disk), clock_(clock) {}

  struct Recovered {
    std::uint64_t next_sequence = 1;
    std::uint64_t damaged_bytes = 0;
    std::uint64_t damaged_places = 0;
    LogLoss loss;
  };
  // What is stored elsewhere: see Log::open and Log::Options.
  struct Elsewhere {
    std::uint64_t after = 0;
    std::uint64_t known = 0;
  };
  // Reads the segments that hold records above `after`, once and first of all.
  [[nodiscard]] Result<Recovered> recover(Elsewhere elsewhere, const Log::OnRecord& replay);

  // A new segment, in which `first` is the first record.
  [[nodiscard]] Status begin(std::uint64_t first);
  // Of the segment that is written; 0: there is none.
  [[nodiscard]] std::uint64_t written_bytes() const;
  // Durable afterwards; or not, and then a new segment must begin with the first of them.
  [[nodiscard]] Status write(std::span<const Record> records);

  // Removes segments all of whose records are up to `up_to`; never the last.
  [[nodiscard]] Status trim(std::uint64_t up_to);
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

 private:
  struct Segment {
    std::uint64_t first = 0;
    std::uint64_t size = 0;
    std::uint64_t durable_size = 0;
  };
  // One segment, as a start finds it.
  struct Reading {
    std::size_t place = 0;  // in segments_
    std::string bytes{};
    std::vector<SegmentPart> damaged{};
    std::uint64_t end_of_good = 0;
  };
  [[nodiscard]] Status find_segments();
  [[nodiscard]] bool is_last(std::size_t place) const { return place + 1 == segments_.size(); }
  [[nodiscard]] Status read_records(Reading& reading, std::uint64_t after,
                                    const Log::OnRecord& replay);
  // `next` follows what was read so far, or there is a gap.
  void expect(std::uint64_t next);
  void find_early_end(std::uint64_t known);
  void cut(Segment& segment, std::uint64_t size);
  void set_aside(const Reading& reading, const SegmentPart& part);
  [[nodiscard]] Status keep_copy(const std::string& name, std::string_view bytes);
  void abandon();

  Disk& disk_;
  const Clock& clock_;
  std::vector<Segment> segments_;     // ascending
  std::unique_ptr<AppendFile> file_;  // the last of them, if it is written
  std::uint64_t last_ = 0;            // sequence number that recover() came to
  std::uint64_t end_of_last_ = 0;     // the last record of the last segment
  std::uint64_t expected_ = 0;        // likewise: there are none from here on yet
  Recovered recovered_;
  std::atomic<std::uint64_t> bytes_{0};
};

}  // namespace gridloom::history
