#include "journal/local/segment_files.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

namespace gridloom::journal {

Status SegmentFiles::find_segments() {
  GL_TRY(const auto names, disk_.list());
  for (const std::string& name : names) {
    if (const auto first = first_in_segment_name(name)) segments_.push_back({.first = *first});
  }
  std::ranges::sort(segments_, {}, &Segment::first);
  return {};
}

Result<SegmentFiles::Recovered> SegmentFiles::recover(StoredElsewhere elsewhere,
                                                      const Log::OnRecord& replay) {
  const std::uint64_t after = elsewhere.after;
  const std::uint64_t known = std::max(elsewhere.known, after);
  GL_TRY(find_segments());
  last_ = after;
  expected_ = after + 1;
  for (std::size_t place = 0; place < segments_.size(); ++place) {
    Reading reading{.place = place};
    Segment& segment = segments_[place];
    GL_TRY(auto bytes, disk_.read(segment_name(segment.first)));
    reading.bytes = std::move(bytes);
    segment.size = segment.durable_size = reading.bytes.size();
    bytes_ += segment.size;
    if (const SegmentReader reader(reading.bytes); reader.header() == SegmentHeader::kGood) {
      segment.created_ms = unix_ms(reader.created());
    }
    note_oldest();
    if (is_last(place)) {
      GL_TRY(secure(reading, elsewhere));
    }
    if (!is_last(place) && segments_[place + 1].first - 1 <= after) continue;
    expect(segment.first);
    GL_TRY(read_records(reading, elsewhere, replay));
  }
  recovered_.next_sequence = std::max(last_, known) + 1;
  find_early_end(known);
  return recovered_;
}

// Makes sure that the last segment is durable. Where there is no room for another file, a sync has
// to be enough: it is, unless the program was killed after one had failed.
Status SegmentFiles::secure(const Reading& reading, const StoredElsewhere& elsewhere) {
  const std::uint64_t durable = std::max(elsewhere.synced.value_or(0), elsewhere.after);
  bool is_durable = true;
  SegmentReader reader(reading.bytes);
  if (reader.header() == SegmentHeader::kLaterVersion) return {};
  while (const auto chunk = reader.next()) {
    is_durable = is_durable && (!chunk->record || chunk->record->sequence <= durable);
  }
  if (is_durable) return {};
  const std::string name = segment_name(segments_[reading.place].first);
  const Status replaced = disk_.replace(name, reading.bytes);
  return replaced ? replaced : disk_.sync(name);
}

void SegmentFiles::expect(std::uint64_t next) {
  if (next > expected_ && recovered_.loss.gaps.size() < LogLoss::kMaxGaps) {
    recovered_.loss.gaps.push_back({.first = expected_, .last = next - 1});
  }
  expected_ = std::max(expected_, next);
}

// Checks that the log has the records up to `known`, or that at least the name of its last segment
// is above that number.
void SegmentFiles::find_early_end(std::uint64_t known) {
  if (known == 0) return;
  if (segments_.empty()) {
    recovered_.loss.ends_early = 0;
  } else if (const std::uint64_t end = std::max(end_of_last_, segments_.back().first - 1);
             end < known) {
    recovered_.loss.ends_early = end;
  }
}

Status SegmentFiles::read_records(Reading& reading, const StoredElsewhere& elsewhere,
                                  const Log::OnRecord& replay) {
  Segment& segment = segments_[reading.place];
  SegmentReader reader(reading.bytes);
  if (reader.header() == SegmentHeader::kLaterVersion) {
    return fail(ErrorCode::kMalformed,
                fmt::format("{} is of a later version of Gridloom (format {}; this version reads "
                            "{})",
                            segment_name(segment.first), reader.version(), kSegmentVersion));
  }
  const std::uint64_t limit = is_last(reading.place) ? std::numeric_limits<std::uint64_t>::max()
                                                     : segments_[reading.place + 1].first;
  if (reader.header() == SegmentHeader::kGood) reading.end_of_good = kSegmentHeader_bytes;
  std::uint64_t last = segment.first - 1;
  while (const auto chunk = reader.next()) {
    if (!chunk->record) {
      const bool is_torn = is_last(reading.place) && elsewhere.synced &&
                           last >= std::max({*elsewhere.synced, elsewhere.known, elsewhere.after});
      if (is_torn) {
        keep_unacknowledged(reading, reader, *chunk);
        break;
      }
      reading.damaged.push_back(*chunk);
      continue;
    }
    const Record& record = *chunk->record;
    if (record.sequence <= last || record.sequence >= limit) continue;
    last = record.sequence;
    reading.end_of_good = chunk->offset + chunk->size;
    if (record.sequence <= elsewhere.after) continue;
    expect(record.sequence);
    expected_ = record.sequence + 1;
    replay(record);
  }
  // Bytes torn by a crash, and abandoned records that are complete in the next segment, are not
  // damage.
  const bool complete = is_last(reading.place) || last + 1 == limit;
  for (const SegmentChunk& chunk : reading.damaged) {
    if (!complete || chunk.offset < reading.end_of_good) set_aside(reading, chunk);
  }
  if (complete && reading.end_of_good < segment.size) cut(segment, reading.end_of_good);
  last_ = std::max(last_, last);
  end_of_last_ = last;
  return {};
}

void SegmentFiles::cut(Segment& segment, std::uint64_t size) {
  const std::string name = segment_name(segment.first);
  // The only segment stays, if only for its name: a log without segments looks like a lost one.
  const bool goes = size == 0 && segments_.size() > 1;
  const Status done = goes ? disk_.remove(name) : disk_.truncate(name, size);
  if (!done) {
    // The torn end does no harm there: the next start finds the same.
    spdlog::warn("log segment {}: the incomplete write at its end could not be cut off: {}", name,
                 done.error().detail);
    return;
  }
  spdlog::info("log segment {}: an incomplete write of {} bytes was cut off its end", name,
               segment.size - size);
  bytes_ -= segment.size - size;
  segment.size = segment.durable_size = size;
}

void SegmentFiles::set_aside(const Reading& reading, const SegmentChunk& chunk) {
  ++recovered_.damaged_places;
  recovered_.damaged_bytes += chunk.size;
  const std::string segment = segment_name(segments_[reading.place].first);
  const std::string copy =
      fmt::format("damaged-{:020}-{}", segments_[reading.place].first, chunk.offset);
  const std::string_view bytes = std::string_view(reading.bytes).substr(chunk.offset, chunk.size);
  // A copy that a crash left unfinished is made again.
  if (const auto kept = disk_.read(copy); kept && *kept == bytes) return;
  const Status done = keep_copy(copy, bytes);
  spdlog::error("log segment {} is damaged: {} bytes at offset {} are not a record; {}", segment,
                chunk.size, chunk.offset,
                done ? "they were copied to " + copy : "no copy was made: " + done.error().detail);
}

// After a loss of power, the number of the last synced record may be older than the truth. So what
// is cut off is copied if there are whole records in it: they may have been acknowledged.
void SegmentFiles::keep_unacknowledged(const Reading& reading, SegmentReader& reader,
                                       const SegmentChunk& torn) {
  std::uint64_t records = 0;
  while (const auto chunk = reader.next()) records += chunk->record ? 1 : 0;
  if (records == 0) return;
  const std::uint64_t first = segments_[reading.place].first;
  const std::string copy = fmt::format("torn-{:020}-{}", first, torn.offset);
  const Status done = keep_copy(copy, std::string_view(reading.bytes).substr(torn.offset));
  spdlog::warn(
      "log segment {}: its end is torn from offset {} on; {} whole record{} behind that {} not "
      "acknowledged, as far as is known, and left out; {}",
      segment_name(first), torn.offset, records, records == 1 ? "" : "s",
      records == 1 ? "was" : "were",
      done ? "the end was copied to " + copy : "no copy was made: " + done.error().detail);
}

Status SegmentFiles::keep_copy(const std::string& name, std::string_view bytes) {
  GL_TRY(auto file, disk_.create(name));
  GL_TRY(file->append({&bytes, 1}));
  return file->sync();
}

Status SegmentFiles::begin(std::uint64_t first) {
  file_.reset();
  GL_TRY(auto file, disk_.create(segment_name(first)));
  // A segment of this name was abandoned, or comes from a start after which nothing was written.
  if (!segments_.empty() && segments_.back().first == first) {
    bytes_ -= segments_.back().size;
    segments_.pop_back();
  }
  file_ = std::move(file);
  const TimePoint now = clock_.now();
  segments_.push_back({.first = first, .created_ms = unix_ms(now)});
  note_oldest();
  std::string header;
  append_segment_header(header, now);
  const std::string_view chunk = header;
  if (Status written = file_->append({&chunk, 1}); !written) {
    abandon();
    return written;
  }
  segments_.back().size = header.size();
  bytes_ += header.size();
  return {};
}

std::uint64_t SegmentFiles::written_bytes() const { return file_ ? segments_.back().size : 0; }

Status SegmentFiles::write(std::span<const Record> records) {
  std::string head_blocks;
  head_blocks.reserve(records.size() * kRecordHead_bytes);
  std::uint64_t size = 0;
  for (const Record& record : records) {
    append_record_head(head_blocks, record);
    size += kRecordHead_bytes + record.payload.size();
  }
  std::vector<std::string_view> chunks;
  chunks.reserve(records.size() * 2);
  for (std::size_t i = 0; i < records.size(); ++i) {
    chunks.push_back(
        std::string_view(head_blocks).substr(i * kRecordHead_bytes, kRecordHead_bytes));
    chunks.push_back(records[i].payload);
  }
  Status done = file_->append(chunks);
  if (done) done = file_->sync();
  if (!done) {
    abandon();
    return done;
  }
  Segment& segment = segments_.back();
  segment.size += size;
  segment.durable_size = segment.size;
  bytes_ += size;
  return {};
}

// A segment without records is removed, so that the next one may have its name. Otherwise, or if it
// is the only one (see cut()), it is cut back to its durable records. Neither operation has to
// succeed: see the top of the header.
void SegmentFiles::abandon() {
  file_.reset();
  Segment& segment = segments_.back();
  const std::string name = segment_name(segment.first);
  if (segment.durable_size != 0 || segments_.size() == 1) {
    if (const Status cut = disk_.truncate(name, segment.durable_size); !cut) {
      spdlog::debug("log: {}", cut.error().detail);
    }
    return;
  }
  if (const Status removed = disk_.remove(name); removed) {
    bytes_ -= segment.size;
    segments_.pop_back();
    note_oldest();
  }
}

Status SegmentFiles::trim(std::uint64_t up_to) {
  while (segments_.size() > 1 && segments_[1].first - 1 <= up_to) {
    GL_TRY(disk_.remove(segment_name(segments_.front().first)));
    bytes_ -= segments_.front().size;
    segments_.erase(segments_.begin());
    note_oldest();
  }
  return {};
}

}  // namespace gridloom::journal
