#include "journal/local/segment.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <system_error>
#include <utility>
#include <vector>

#include "base/bytes.h"

namespace gridloom::journal {
namespace {

constexpr std::string_view kMagic = "GRIDLOG\n";
// Not valid UTF-8: no text that a device sends contains it.
constexpr std::string_view kMarker = "\xF7GL\xFF";
constexpr std::size_t kClaim_bytes = 13;  // length, sequence, kind
constexpr std::string_view kSuffix = ".log";
constexpr std::size_t kDigits = 20;

std::uint64_t hash_of(std::string_view bytes, std::uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

// A record's length, sequence and kind are hashed once: the lower half of the hash checks the head,
// and the whole hash is the seed of the payload's checksum, which ties a payload to its head.
std::uint32_t head_check(std::uint64_t claim_hash) {
  return static_cast<std::uint32_t>(claim_hash & 0xFFFF'FFFFU);
}

}  // namespace

std::string segment_name(std::uint64_t first) { return fmt::format("{:020}{}", first, kSuffix); }

std::optional<std::uint64_t> first_in_segment_name(std::string_view name) {
  if (name.size() != kDigits + kSuffix.size() || !name.ends_with(kSuffix)) return std::nullopt;
  std::uint64_t first = 0;
  const char* const end = name.data() + kDigits;
  const auto [stop, error] = std::from_chars(name.data(), end, first);
  if (error != std::errc() || stop != end || first == 0) return std::nullopt;
  return first;
}

void append_segment_header(std::string& out, TimePoint created) {
  const std::size_t start = out.size();
  out += kMagic;
  append_fixed32(out, kSegmentVersion);
  append_fixed64(out, static_cast<std::uint64_t>(unix_ms(created)));
  append_fixed64(out, hash_of(std::string_view(out).substr(start), 0));
}

void append_record_head(std::string& out, const Record& record) {
  if (record.payload.size() > kLargestPayload_bytes) std::abort();
  out += kMarker;
  const std::size_t start = out.size();
  append_fixed32(out, static_cast<std::uint32_t>(record.payload.size()));
  append_fixed64(out, record.sequence);
  out.push_back(static_cast<char>(record.kind));
  const std::uint64_t claim_hash = hash_of(std::string_view(out).substr(start), 0);
  append_fixed32(out, head_check(claim_hash));
  append_fixed64(out, hash_of(record.payload, claim_hash));
}

SegmentReader::SegmentReader(std::string_view bytes) : bytes_(bytes) {
  Cursor cursor(bytes.substr(0, kSegmentHeader_bytes));
  const std::string_view magic = cursor.bytes(kMagic.size());
  const std::uint32_t version = cursor.fixed32();
  const auto created_ms = static_cast<std::int64_t>(cursor.fixed64());
  const std::uint64_t hash = cursor.fixed64();
  if (cursor.failed() || magic != kMagic) return;
  if (hash != hash_of(bytes.substr(0, kSegmentHeader_bytes - sizeof(hash)), 0)) return;
  version_ = version;
  header_ = version > kSegmentVersion ? SegmentHeader::kLaterVersion : SegmentHeader::kGood;
  created_ = TimePoint(Millis(created_ms));
  offset_ = kSegmentHeader_bytes;
}

SegmentReader::Found SegmentReader::at(std::size_t offset) const {
  Cursor cursor(bytes_.substr(offset));
  if (cursor.bytes(kMarker.size()) != kMarker) return {};
  const std::string_view claim = cursor.rest().substr(0, kClaim_bytes);
  const std::uint32_t length = cursor.fixed32();
  const std::uint64_t sequence = cursor.fixed64();
  const std::string_view kind = cursor.bytes(1);
  const std::uint32_t check = cursor.fixed32();
  const std::uint64_t hash = cursor.fixed64();
  if (cursor.failed()) return {};
  const std::uint64_t claim_hash = hash_of(claim, 0);
  if (check != head_check(claim_hash)) return {};
  // Torn: all of the remaining bytes belong to the payload.
  if (length > cursor.rest().size()) return {.size = bytes_.size() - offset};
  const std::string_view payload = cursor.bytes(length);
  Found found{.size = kRecordHead_bytes + length};
  if (hash == hash_of(payload, claim_hash)) {
    found.record = Record{
        .sequence = sequence, .kind = static_cast<RecordKind>(kind.front()), .payload = payload};
  }
  return found;
}

std::optional<SegmentChunk> SegmentReader::next() {
  if (ahead_) return std::exchange(ahead_, std::nullopt);
  const std::size_t start = offset_;
  // A head directly after good bytes was written by the log itself. Once that position is lost, a
  // head may be part of a payload that a device wrote, so a record has to be good as a whole.
  bool is_sure = start != 0;
  while (offset_ < bytes_.size()) {
    const Found found = at(offset_);
    if (found.record) {
      SegmentChunk chunk{.offset = offset_, .size = found.size, .record = found.record};
      const std::size_t before = offset_ - start;
      offset_ += found.size;
      if (before == 0) return chunk;
      ahead_ = chunk;
      return SegmentChunk{.offset = start, .size = before};
    }
    is_sure = is_sure && found.size != 0;
    offset_ =
        is_sure ? offset_ + found.size : std::min(bytes_.find(kMarker, offset_ + 1), bytes_.size());
  }
  if (offset_ == start) return std::nullopt;
  return SegmentChunk{.offset = start, .size = offset_ - start};
}

Result<std::vector<SegmentChunk>> read_segment(std::string_view bytes) {
  SegmentReader reader(bytes);
  if (reader.header() == SegmentHeader::kLaterVersion) {
    return fail(ErrorCode::kMalformed,
                fmt::format("it is of a later version of Gridloom (format {}; this version reads "
                            "{})",
                            reader.version(), kSegmentVersion));
  }
  std::vector<SegmentChunk> chunks;
  bool any = reader.header() == SegmentHeader::kGood;
  while (const auto chunk = reader.next()) {
    any = any || chunk->record;
    chunks.push_back(*chunk);
  }
  if (!any) return fail(ErrorCode::kMalformed, "it is not a segment of the log");
  return chunks;
}

}  // namespace gridloom::journal
