#include "bench/call_counts.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "testing/temporary_folder.h"

namespace gridloom::bench {
namespace {

// A file as the counter library writes it.
class CallCountsTest : public testing::Test {
 protected:
  CallCountsTest() : words_(kCallFileWords) { words_[0] = kCallCountsMagic; }

  // Row `row` is that of a thread which has `value` in the counter of `call`.
  void count(std::size_t row, Call call, std::uint64_t value) {
    words_[(row + 1) * kCallRowWords + static_cast<std::size_t>(call)] = value;
    words_[1] = std::max<std::uint64_t>(words_[1], row + 1);
  }
  [[nodiscard]] std::filesystem::path written(std::size_t bytes = kCallFileWords * 8) const {
    std::string text(reinterpret_cast<const char*>(words_.data()), words_.size() * 8);
    text.resize(bytes);
    write_content(file_, text);
    return file_;
  }
  std::vector<std::uint64_t> words_;

 private:
  TemporaryFolder folder_;
  std::filesystem::path file_ = folder_.path() / "counts";
};

TEST_F(CallCountsTest, AreTheSumOverAllThreads) {
  count(0, Call::kRecv, 3);
  count(kCallRows - 1, Call::kRecv, 4);
  count(1, Call::kSyscall, 1);
  count(1, Call::kCopiedBytes, 900);
  const auto counts = read_call_counts(written());
  ASSERT_TRUE(counts) << counts.error().detail;
  EXPECT_EQ(counts->of(Call::kRecv), 7U);
  EXPECT_EQ(counts->system_calls(), 8U);
  EXPECT_EQ(counts->of(Call::kCopiedBytes), 900U);
}

TEST_F(CallCountsTest, RowsThatNoThreadHasAreNotRead) {
  count(0, Call::kRecv, 3);
  words_[5 * kCallRowWords] = 100;
  EXPECT_EQ(read_call_counts(written())->of(Call::kRecv), 3U);
}

TEST_F(CallCountsTest, AFileOfAnotherKindIsRefused) {
  EXPECT_EQ(read_call_counts("/nonexistent/counts").error().code, ErrorCode::kIo);
  EXPECT_EQ(read_call_counts(written(kCallFileWords * 8 - 8)).error().code, ErrorCode::kMalformed);
  words_[0] = 0;
  EXPECT_EQ(read_call_counts(written()).error().code, ErrorCode::kMalformed);
}

TEST(CallCounts, ArePrintedPerOperationByName) {
  CallCounts before;
  CallCounts after;
  for (std::size_t i = 0; i < before.values.size(); ++i) {
    before.values[i] = i;
    after.values[i] = i + 30;
  }
  const wire::JsonObject json = after.since(before).per(20);
  EXPECT_EQ(json.at("recv").to_number<double>(), 1.5);
  EXPECT_EQ(json.at("copied_bytes").to_number<double>(), 1.5);
  EXPECT_EQ(json.at("system_calls").to_number<double>(), 18);
  EXPECT_EQ(json.size(), kCallNames.size() + 1);
  EXPECT_TRUE(after.per(0).empty());
}

TEST(CallCounts, EveryCounterHasAWordOfItsRow) {
  EXPECT_EQ(static_cast<std::size_t>(Call::kCopiedBytes) + 1, kCallNames.size());
  EXPECT_EQ(kCallNames[static_cast<std::size_t>(Call::kAllocations)], "allocations");
  EXPECT_EQ(kSystemCalls, static_cast<std::size_t>(Call::kAllocations));
  EXPECT_LE(kCallNames.size(), kCallRowWords);
}

}  // namespace
}  // namespace gridloom::bench
