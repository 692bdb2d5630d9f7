// The format of a segment file: a header, then records one after another. Each record's head has a
// checksum of its own, so that a damaged length is detected and swallows no other records, and a
// damaged payload after a good head is skipped: payloads that devices wrote are not searched for
// records.
//
// docs/internals/formats.md shows the bytes. The reader works on untrusted bytes and allocates
// nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "journal/local/log.h"

namespace gridloom::journal {

inline constexpr std::uint32_t kSegmentVersion = 1;
inline constexpr std::size_t kSegmentHeader_bytes = 28;
inline constexpr std::size_t kRecordHead_bytes = 29;
inline constexpr std::size_t kLargestPayload_bytes = std::size_t{1} << 30U;

// The name of the segment whose first record may have this number; the number in such a name.
[[nodiscard]] std::string segment_name(std::uint64_t first);
[[nodiscard]] std::optional<std::uint64_t> first_in_segment_name(std::string_view name);

void append_segment_header(std::string& out, TimePoint created);
// Appends the head that precedes the record's payload. Not for a payload larger than
// kLargestPayload_bytes.
void append_record_head(std::string& out, const Record& record);

enum class SegmentHeader : std::uint8_t { kGood, kLaterVersion, kDamaged };

// Reads one segment, chunk by chunk; `bytes` must outlive the reader, and records are views into
// them.
class SegmentReader {
 public:
  explicit SegmentReader(std::string_view bytes);

  [[nodiscard]] SegmentHeader header() const { return header_; }
  [[nodiscard]] std::uint32_t version() const { return version_; }
  [[nodiscard]] TimePoint created() const { return created_; }  // only for a good header

  // The next chunk: a good record, or the stretch of bytes before one that is not a record; a
  // damaged header is part of the first such stretch. Nothing: there are no more chunks.
  [[nodiscard]] std::optional<SegmentChunk> next();

 private:
  struct Found {
    std::size_t size = 0;  // 0: no record begins here
    std::optional<Record> record{};
  };
  [[nodiscard]] Found at(std::size_t offset) const;

  std::string_view bytes_;
  std::size_t offset_ = 0;
  SegmentHeader header_ = SegmentHeader::kDamaged;
  std::uint32_t version_ = 0;
  TimePoint created_{};
  std::optional<SegmentChunk> ahead_{};  // the record after a stretch that was just returned
};

}  // namespace gridloom::journal
