#include "journal/local/log_scan.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <string>

#include "journal/local/segment.h"

namespace gridloom::journal {

Status LogScan::find_segments() {
  GL_TRY(const auto names, disk_.list());
  firsts_.clear();
  for (const std::string& name : names) {
    if (const auto first = first_in_segment_name(name)) firsts_.push_back(*first);
  }
  std::ranges::sort(firsts_);
  return {};
}

Result<std::uint64_t> LogScan::read(std::uint64_t after, std::uint64_t through,
                                    const OnRecord& on_record) {
  // Nothing read, or a file that is gone since, says only that the list is old.
  if (const auto read = read_known(after, through, false, on_record); read && *read != after) {
    return *read;
  }
  GL_TRY(find_segments());
  return read_known(after, through, true, on_record);
}

Result<std::uint64_t> LogScan::read_known(std::uint64_t after, std::uint64_t through,
                                          bool with_last, const OnRecord& on_record) {
  const auto behind = std::ranges::upper_bound(firsts_, after + 1);
  for (auto first = behind == firsts_.begin() ? behind : std::prev(behind);
       first != firsts_.end() && *first <= through; ++first) {
    const bool is_last = std::next(first) == firsts_.end();
    if (is_last && !with_last) break;
    const std::uint64_t end =
        is_last ? std::numeric_limits<std::uint64_t>::max() : *std::next(first);
    const auto last = read_segment(*first, end, after, through, on_record);
    if (!last || *last != after) return last;
  }
  return after;
}

Result<std::uint64_t> LogScan::read_segment(std::uint64_t first, std::uint64_t end,
                                            std::uint64_t after, std::uint64_t through,
                                            const OnRecord& on_record) {
  GL_TRY(const auto bytes, disk_.read(segment_name(first)));
  SegmentReader reader(bytes);
  if (reader.header() == SegmentHeader::kLaterVersion) {
    return fail(ErrorCode::kMalformed, segment_name(first) + " is of a later version of Gridloom");
  }
  std::uint64_t last = after;
  while (const auto chunk = reader.next()) {
    if (!chunk->record || chunk->record->sequence <= last) continue;
    const Record& record = *chunk->record;
    if (record.sequence > through || record.sequence >= end) break;
    last = record.sequence;
    if (!on_record(record)) break;
  }
  return last;
}

}  // namespace gridloom::journal
