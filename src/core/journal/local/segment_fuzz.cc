// Fuzzes the reader with arbitrary bytes, and with good segments that were changed at random:
// records that it finds have the right checksums, computed here a second time; its chunks cover
// all bytes once; and every record of a good segment that no change has touched survives (payloads
// have no marker there: a whole record inside of one is found when the outer head is damaged).
#include <xxhash.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "journal/local/log.h"
#include "journal/local/segment.h"

namespace {

using namespace std::string_view_literals;
namespace journal = gridloom::journal;

constexpr char kMarkerBegin = '\xF7';

void require(bool holds) {
  if (!holds) std::abort();
}

template <typename T>
T number_at(std::string_view bytes, std::size_t offset) {
  T value = 0;
  require(offset + sizeof(T) <= bytes.size());
  std::memcpy(&value, bytes.data() + offset, sizeof(T));
  return value;
}

void check_record(std::string_view chunk, const journal::Record& record) {
  require(chunk.starts_with("\xF7GL\xFF"sv));
  require(chunk.size() == 29 + record.payload.size() && chunk.substr(29) == record.payload);
  require(number_at<std::uint32_t>(chunk, 4) == record.payload.size());
  require(number_at<std::uint64_t>(chunk, 8) == record.sequence);
  require(number_at<std::uint8_t>(chunk, 16) == static_cast<std::uint8_t>(record.kind));
  const std::uint64_t head = XXH3_64bits(chunk.data() + 4, 13);
  require(number_at<std::uint32_t>(chunk, 17) == (head & 0xFFFF'FFFFU));
  require(number_at<std::uint64_t>(chunk, 21) ==
          XXH3_64bits_withSeed(record.payload.data(), record.payload.size(), head));
}

std::vector<journal::SegmentChunk> check(std::string_view bytes) {
  const auto chunks = journal::read_segment(bytes);
  if (!chunks) return {};
  std::uint64_t end = chunks->empty() ? bytes.size() : chunks->front().offset;
  if (chunks->empty()) require(bytes.size() == journal::kSegmentHeader_bytes);
  require(end == 0 || end == journal::kSegmentHeader_bytes);
  bool was_damaged = false;
  for (const journal::SegmentChunk& chunk : *chunks) {
    require(chunk.offset == end && chunk.size > 0 && chunk.size <= bytes.size() - end);
    end += chunk.size;
    if (chunk.record) check_record(bytes.substr(chunk.offset, chunk.size), *chunk.record);
    require(chunk.record || !was_damaged);
    was_damaged = !chunk.record;
  }
  require(end == bytes.size());
  return *chunks;
}

// Interprets the bytes as instructions: records to write, then bytes to change.
void mutate(std::string_view rest) {
  const auto take = [&rest]() -> std::size_t {
    if (rest.empty()) return 0;
    const auto value = static_cast<unsigned char>(rest.front());
    rest.remove_prefix(1);
    return value;
  };
  std::string bytes;
  journal::append_segment_header(bytes, gridloom::TimePoint{});
  std::vector<std::size_t> begins;
  const std::size_t count = 1 + (take() % 8);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t size = take() % 64;
    std::string payload(rest.substr(0, size));
    std::ranges::replace(payload, kMarkerBegin, ' ');
    begins.push_back(bytes.size());
    journal::append_record_head(
        bytes,
        {.sequence = i + 1, .kind = static_cast<journal::RecordKind>(take()), .payload = payload});
    bytes += payload;
  }
  const std::string good = bytes;
  for (std::size_t changes = take() % 6; changes > 0; --changes) {
    const std::size_t at = (take() * 256 + take()) % bytes.size();
    const auto value = static_cast<char>(take());
    bytes[at] = value == kMarkerBegin ? ' ' : value;
  }
  const std::vector<journal::SegmentChunk> chunks = check(bytes);
  std::size_t place = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t end = i + 1 < count ? begins[i + 1] : good.size();
    if (bytes.compare(begins[i], end - begins[i], good, begins[i], end - begins[i]) != 0) continue;
    while (place < chunks.size() && chunks[place].offset < begins[i]) ++place;
    require(place < chunks.size() && chunks[place].offset == begins[i] && chunks[place].record);
  }
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): the name belongs to libFuzzer
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(data, data + size);
  check(bytes);
  mutate(bytes);
  return 0;
}
