#include "jetstream/slot_copy.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "testing/must.h"

namespace gridloom::journal {
namespace {

CopyEntry entry() {
  return {.cluster = "c1", .stored = 300, .acknowledged = 301, .message = "message"};
}

TEST(CopyEntries, HaveTheBytesThatTheDocumentationShows) {
  EXPECT_EQ(make_copy_entry(entry()),
            "\x01\x02"
            "c1\xAC\x02\xAD\x02message");
}

TEST(CopyEntries, ComeBackAsTheyWereWritten) {
  const std::string bytes = make_copy_entry(entry());
  EXPECT_EQ(must(read_copy_entry(bytes)), entry());
  const std::string least = make_copy_entry({});
  EXPECT_EQ(must(read_copy_entry(least)), CopyEntry{});
}

TEST(CopyEntries, AreRefusedIfTheirHeadIsCut) {
  const std::string bytes = make_copy_entry(entry());
  const std::size_t head = bytes.size() - entry().message.size();
  for (std::size_t size = 0; size < head; ++size) {
    const auto read = read_copy_entry(std::string_view(bytes).substr(0, size));
    ASSERT_FALSE(read) << size;
    EXPECT_EQ(read.error().code, ErrorCode::kDamaged) << size;
  }
}

TEST(CopyEntries, OfALaterVersionAreRefused) {
  std::string bytes = make_copy_entry(entry());
  bytes.front() = static_cast<char>(kCopyEntryVersion + 1);
  const auto read = read_copy_entry(bytes);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, ErrorCode::kMalformed);
}

}  // namespace
}  // namespace gridloom::journal
