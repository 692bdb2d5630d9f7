// The bytes of a segment file: a header, then records one behind the other. Each record's head has
// a check of its own, so that a damaged length is known as such and swallows nothing, and a damaged
// payload behind a good head is stepped over: no record is looked for in what devices wrote.
//
// docs/internals/formats.md shows the bytes. The reader works on bytes that nobody vouches for and
// allocates nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "history/log.h"

namespace gridloom::history {

inline constexpr std::uint32_t kSegmentVersion = 1;
inline constexpr std::size_t kSegmentHeader_bytes = 28;
inline constexpr std::size_t kRecordHead_bytes = 29;
inline constexpr std::size_t kLargestPayload_bytes = std::size_t{1} << 30U;

void append_segment_header(std::string& out, TimePoint created);
// What stands before the record's payload. Not for a payload larger than kLargestPayload_bytes.
void append_record_head(std::string& out, const Record& record);

enum class SegmentHeader : std::uint8_t { kGood, kLaterVersion, kDamaged };

// Walks through one segment; `bytes` must outlive it, and the records lead into them.
class SegmentReader {
 public:
  explicit SegmentReader(std::string_view bytes);

  [[nodiscard]] SegmentHeader header() const { return header_; }
  [[nodiscard]] std::uint32_t version() const { return version_; }
  [[nodiscard]] TimePoint created() const { return created_; }  // of a good header

  // Each good record, and each stretch between them that is none; a damaged header is part of the
  // first. Nothing: that was the last.
  [[nodiscard]] std::optional<SegmentPart> next();

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
  std::optional<SegmentPart> ahead_{};  // the record behind a stretch that was just returned
};

}  // namespace gridloom::history
