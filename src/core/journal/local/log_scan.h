// Reads records of a log that may be written meanwhile, from its segment files.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/result.h"
#include "journal/journal.h"
#include "journal/local/disk.h"

namespace gridloom::journal {

// Thread rule: one thread at a time.
class LogScan {
 public:
  // The log writes with a Disk of its own. `disk` outlives this object. The log may forget its
  // first records meanwhile, but never its last.
  explicit LogScan(Disk& disk) : disk_(disk) {}

  // Calls `on_record` with the durable records behind `after` up to `through`, in order, until it
  // returns false or the first segment that has any of them ends. `through` is durable already.
  // Returns the number of the last record read, or `after` if there is none. Damaged bytes are left
  // out, as at a start. The log must not be trimmed behind `after` meanwhile. kIo: a segment cannot
  // be read. kMalformed: it is of a later version.
  using OnRecord = std::function<bool(const Record&)>;
  [[nodiscard]] Result<std::uint64_t> read(std::uint64_t after, std::uint64_t through,
                                           const OnRecord& on_record);

 private:
  [[nodiscard]] Status find_segments();
  // Reads segments, beginning with that of the record behind `after`. The last known one has no
  // known end: it is read only when the folder was just listed.
  [[nodiscard]] Result<std::uint64_t> read_known(std::uint64_t after, std::uint64_t through,
                                                 bool with_last, const OnRecord& on_record);
  [[nodiscard]] Result<std::uint64_t> read_segment(std::uint64_t first, std::uint64_t end,
                                                   std::uint64_t after, std::uint64_t through,
                                                   const OnRecord& on_record);

  Disk& disk_;
  // The first numbers of the segments when the folder was last listed, ascending. It is kept: a
  // long log has thousands of files, and who reads it reads one after the other.
  std::vector<std::uint64_t> firsts_;
};

}  // namespace gridloom::journal
