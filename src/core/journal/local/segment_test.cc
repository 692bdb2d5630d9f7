#include "journal/local/segment.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "testing/source_path.h"
#include "testing/temporary_folder.h"

namespace gridloom::journal {
namespace {

using testing::HasSubstr;

constexpr TimePoint kCreated{Millis(1'760'000'000'000)};

std::string header() {
  std::string bytes;
  append_segment_header(bytes, kCreated);
  return bytes;
}

std::string record(std::uint64_t sequence, std::string_view payload,
                   RecordKind kind = RecordKind::kReports) {
  std::string bytes;
  append_record_head(bytes, {.sequence = sequence, .kind = kind, .payload = payload});
  return bytes.append(payload);
}

struct Expected {
  std::uint64_t offset = 0;
  std::uint64_t sequence = 0;
  std::string payload;
};

// A segment of a few records of several sizes, and the position of each.
struct Sample {
  std::string bytes = header();
  std::vector<Expected> records;

  Sample() {
    const std::vector<std::string> payloads = {
        "first", "", R"({"a":1})", std::string(70, '\0'), "the fifth, behind zeros", "x"};
    for (const std::string& payload : payloads) {
      records.push_back(
          {.offset = bytes.size(), .sequence = 7 + records.size(), .payload = payload});
      bytes += record(records.back().sequence, payload);
    }
  }
  // The index of the record that contains the byte; SIZE_MAX if the header does.
  [[nodiscard]] std::size_t place_of(std::size_t offset) const {
    std::size_t place = records.size();
    while (place > 0 && records[place - 1].offset > offset) --place;
    return place - 1;
  }
};

// Checks that the chunks have no gaps, and that every record but the one at `without` is there.
void expect_all(const Sample& sample, std::string_view bytes,
                const std::vector<SegmentChunk>& chunks, std::size_t without) {
  std::uint64_t end = chunks.empty() ? 0 : chunks.front().offset;
  std::vector<Expected> expected = sample.records;
  if (without < expected.size()) {
    expected.erase(expected.begin() + static_cast<std::ptrdiff_t>(without));
  }
  std::size_t place = 0;
  for (const SegmentChunk& chunk : chunks) {
    EXPECT_EQ(chunk.offset, end);
    end = chunk.offset + chunk.size;
    if (!chunk.record) continue;
    ASSERT_LT(place, expected.size());
    EXPECT_EQ(chunk.offset, expected[place].offset);
    EXPECT_EQ(chunk.record->sequence, expected[place].sequence);
    EXPECT_EQ(chunk.record->payload, expected[place].payload);
    ++place;
  }
  EXPECT_EQ(place, expected.size());
  EXPECT_EQ(end, bytes.size());
}

std::vector<std::pair<std::uint64_t, std::uint64_t>> damaged(
    const std::vector<SegmentChunk>& chunks) {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> stretches;
  for (const SegmentChunk& chunk : chunks) {
    if (!chunk.record) stretches.emplace_back(chunk.offset, chunk.size);
  }
  return stretches;
}

TEST(Segment, ReadsWhatWasWritten) {
  const Sample sample;
  const auto chunks = read_segment(sample.bytes);
  ASSERT_TRUE(chunks) << chunks.error().detail;
  expect_all(sample, sample.bytes, *chunks, sample.records.size());
  EXPECT_TRUE(damaged(*chunks).empty());
  EXPECT_EQ(chunks->front().offset, kSegmentHeader_bytes);
  EXPECT_EQ(SegmentReader(sample.bytes).created(), kCreated);
}

TEST(Segment, ASegmentWithoutRecordsIsEmpty) {
  const auto chunks = read_segment(header());
  ASSERT_TRUE(chunks);
  EXPECT_TRUE(chunks->empty());
}

TEST(Segment, AFlippedBitTakesItsOwnRecordAndNoOther) {
  const Sample sample;
  for (std::size_t at = 0; at < sample.bytes.size(); ++at) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      std::string bytes = sample.bytes;
      bytes[at] = static_cast<char>(static_cast<unsigned char>(bytes[at]) ^ (1U << bit));
      const auto chunks = read_segment(bytes);
      ASSERT_TRUE(chunks) << at << ": " << chunks.error().detail;
      const std::size_t hit = sample.place_of(at);
      expect_all(sample, bytes, *chunks, hit);
      const std::uint64_t begin = hit < sample.records.size() ? sample.records[hit].offset : 0;
      const std::uint64_t end =
          hit + 1 < sample.records.size() ? sample.records[hit + 1].offset : bytes.size();
      ASSERT_THAT(damaged(*chunks), testing::ElementsAre(testing::Pair(begin, end - begin)))
          << "byte " << at << ", bit " << bit;
    }
  }
}

TEST(Segment, ATornEndIsOneStretchBehindTheRecordsThatAreWhole) {
  const Sample sample;
  for (std::size_t size = kSegmentHeader_bytes; size < sample.bytes.size(); ++size) {
    for (const std::size_t zeros : {std::size_t{0}, std::size_t{1}, std::size_t{100}}) {
      const std::string bytes = sample.bytes.substr(0, size) + std::string(zeros, '\0');
      const auto chunks = read_segment(bytes);
      ASSERT_TRUE(chunks);
      // Zeros may coincide with zeros of a payload.
      const auto same = std::ranges::mismatch(bytes, sample.bytes).in1 - bytes.begin();
      const auto whole = std::ranges::count_if(sample.records, [&](const Expected& each) {
        return each.offset + kRecordHead_bytes + each.payload.size() <=
               static_cast<std::uint64_t>(same);
      });
      ASSERT_EQ(std::ranges::count_if(*chunks,
                                      [](const auto& chunk) { return chunk.record.has_value(); }),
                whole)
          << size << " and " << zeros;
      ASSERT_LE(damaged(*chunks).size(), 1U);
    }
  }
}

TEST(Segment, ADamagedLengthSwallowsNothingAndAllocatesNothing) {
  const Sample sample;
  for (const std::uint32_t length : {0U, 1U, 4U, 6U, 200U, 0x7FFF'FFFFU, 0xFFFF'FFFFU}) {
    std::string bytes = sample.bytes;
    std::string written;
    append_fixed32(written, length);
    bytes.replace(sample.records[0].offset + 4, 4, written);
    const auto chunks = read_segment(bytes);
    ASSERT_TRUE(chunks);
    expect_all(sample, bytes, *chunks, 0);
  }
}

TEST(Segment, BytesBetweenRecordsAreReported) {
  const std::string first = record(1, "one");
  const std::string second = record(2, "two");
  const std::string junk = "\xF7GL\xFF and nothing of that kind";
  const std::string bytes = header() + first + junk + second;
  const auto chunks = read_segment(bytes);
  ASSERT_TRUE(chunks);
  ASSERT_EQ(chunks->size(), 3U);
  EXPECT_THAT(damaged(*chunks), testing::ElementsAre(testing::Pair(
                                    kSegmentHeader_bytes + first.size(), junk.size())));
}

TEST(Segment, ARecordInsideOfADamagedPayloadIsNone) {
  const std::string inner = record(2, "made up");
  std::string outer = record(1, "before" + inner + "behind");
  outer[kRecordHead_bytes] = 'B';
  const std::string bytes = header() + outer + record(2, "real");
  const auto chunks = read_segment(bytes);
  ASSERT_TRUE(chunks);
  ASSERT_EQ(chunks->size(), 2U);
  EXPECT_FALSE((*chunks)[0].record);
  EXPECT_EQ((*chunks)[1].record->payload, "real");
}

TEST(Segment, AHeadInsideOfAPayloadSwallowsNothingWhenItsOwnIsDamaged) {
  for (const std::size_t cut : {std::size_t{0}, std::size_t{500}}) {
    // The length of `liar` reaches into the next record, or beyond the end.
    const std::string liar = record(9, std::string(60 + cut, 'i')).substr(0, kRecordHead_bytes);
    std::string outer = record(1, liar + "behind");
    outer[0] = 'x';
    const std::string bytes = header() + outer + record(2, "two") + record(3, "three");
    const auto chunks = read_segment(bytes);
    ASSERT_TRUE(chunks);
    ASSERT_EQ(chunks->size(), 3U);
    EXPECT_EQ((*chunks)[0].size, outer.size());
    EXPECT_EQ((*chunks)[1].record->payload, "two");
    EXPECT_EQ((*chunks)[2].record->payload, "three");
  }
}

TEST(Segment, APayloadBelongsToItsHead) {
  // Two good heads, each followed by the other's payload of the same size.
  const std::string one = record(1, "aaaa");
  const std::string two = record(2, "bbbb");
  const std::string bytes = header() + one.substr(0, kRecordHead_bytes) + "bbbb" +
                            two.substr(0, kRecordHead_bytes) + "aaaa" + record(3, "cccc");
  const auto chunks = read_segment(bytes);
  ASSERT_TRUE(chunks);
  ASSERT_EQ(chunks->size(), 2U);
  EXPECT_EQ((*chunks)[1].record->sequence, 3U);
}

TEST(Segment, BytesThatAreNotASegmentAreRefused) {
  for (const std::string& bytes :
       {std::string(), std::string("GRIDLOG"), std::string(4096, '\0'), std::string("{\"a\":1}"),
        header().substr(0, kSegmentHeader_bytes - 1)}) {
    const auto chunks = read_segment(bytes);
    ASSERT_FALSE(chunks);
    EXPECT_EQ(chunks.error().code, ErrorCode::kMalformed);
    EXPECT_THAT(chunks.error().detail, HasSubstr("not a segment"));
  }
}

// The bytes of the first block of hex digits after the heading; text after the digits of a line is
// an explanation.
std::string example_below(std::string_view page, std::string_view heading) {
  page.remove_prefix(std::min(page.find(heading), page.size()));
  const std::size_t begin = page.find("```\n");
  if (begin == std::string_view::npos) return {};
  page.remove_prefix(begin + 4);
  page = page.substr(0, page.find("```"));
  std::string bytes;
  while (!page.empty()) {
    std::string_view line = page.substr(0, page.find('\n'));
    page.remove_prefix(std::min(line.size() + 1, page.size()));
    unsigned value = 0;
    while (line.size() >= 2 &&
           std::from_chars(line.data(), line.data() + 2, value, 16).ptr == line.data() + 2) {
      bytes.push_back(static_cast<char>(value));
      line.remove_prefix(std::min<std::size_t>(3, line.size()));
    }
  }
  return bytes;
}

TEST(Segment, TheExampleInTheDocumentsIsOne) {
  const std::string page = content_of(source_path("docs/internals/formats.md"));
  std::string expected;
  append_segment_header(expected, kCreated);
  expected += record(41, R"({"op":"set"})", RecordKind::kAudit);
  EXPECT_EQ(example_below(page, "### A segment"), expected);
}

// The file was written when the format was new, and never again.
TEST(Segment, AFileOfVersion1Opens) {
  const std::string bytes = content_of(source_path("tests/formats/segment-1.log"));
  const SegmentReader reader(bytes);
  EXPECT_EQ(reader.header(), SegmentHeader::kGood);
  EXPECT_EQ(reader.version(), 1U);
  EXPECT_EQ(reader.created(), kCreated);
  const auto chunks = read_segment(bytes);
  ASSERT_TRUE(chunks) << chunks.error().detail;
  ASSERT_EQ(chunks->size(), 4U);
  const std::vector<std::pair<RecordKind, std::string>> expected = {
      {RecordKind::kAudit, R"({"op":"set","sn":"HEATER-01"})"},
      {RecordKind::kReports, std::string("\x01\x02\x00\xFF", 4)},
      {RecordKind::kAudit, ""},
      {RecordKind::kReports, std::string(300, 'r')}};
  for (std::size_t i = 0; i < expected.size(); ++i) {
    ASSERT_TRUE((*chunks)[i].record);
    const Record& found = *(*chunks)[i].record;
    EXPECT_EQ(found.sequence, 41 + i);
    EXPECT_EQ(found.kind, expected[i].first);
    EXPECT_EQ(found.payload, expected[i].second);
  }
}

}  // namespace
}  // namespace gridloom::journal
