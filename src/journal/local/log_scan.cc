#include "journal/local/log_scan.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include "journal/local/segment.h"

namespace gridloom::journal {
namespace {

// The first numbers of all segments, ascending.
Result<std::vector<std::uint64_t>> segments_of(Disk& disk) {
  const auto names = disk.list();
  if (!names) return std::unexpected(names.error());
  std::vector<std::uint64_t> firsts;
  for (const std::string& name : *names) {
    if (const auto first = first_in_segment_name(name)) firsts.push_back(*first);
  }
  std::ranges::sort(firsts);
  return firsts;
}

}  // namespace

Result<std::uint64_t> read_log(Disk& disk, std::uint64_t after, std::uint64_t through,
                               const std::function<bool(const Record&)>& on_record) {
  const auto firsts = segments_of(disk);
  if (!firsts) return std::unexpected(firsts.error());
  std::uint64_t last = after;
  for (std::size_t i = 0; i < firsts->size(); ++i) {
    const std::uint64_t end =
        i + 1 < firsts->size() ? (*firsts)[i + 1] : std::numeric_limits<std::uint64_t>::max();
    if (end - 1 <= after) continue;
    if ((*firsts)[i] > through) break;
    const auto bytes = disk.read(segment_name((*firsts)[i]));
    if (!bytes) return std::unexpected(bytes.error());
    SegmentReader reader(*bytes);
    if (reader.header() == SegmentHeader::kLaterVersion) {
      return fail(ErrorCode::kMalformed,
                  segment_name((*firsts)[i]) + " is of a later version of Gridloom");
    }
    while (const auto chunk = reader.next()) {
      if (!chunk->record || chunk->record->sequence <= last) continue;
      const Record& record = *chunk->record;
      if (record.sequence > through || record.sequence >= end) break;
      last = record.sequence;
      if (!on_record(record)) return last;
    }
    if (last != after) return last;
  }
  return last;
}

}  // namespace gridloom::journal
