// Tests that there is one holder at a time, and that the lock ends with its holder, even a killed
// one.
#include "storage/data_lock.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <future>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "testing/temporary_folder.h"

namespace gridloom::storage {
namespace {

TEST(DataLock, ASecondHolderIsRefusedWithTheNameOfTheFirst) {
  const TemporaryFolder folder;
  const Result<DataLock> first = DataLock::take(folder.data());
  ASSERT_TRUE(first) << first.error().detail;
  const Result<DataLock> second = DataLock::take(folder.data());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kConflict);
  EXPECT_EQ(second.error().detail,
            fmt::format("a server is running on {} (pid {})", folder.data().string(), ::getpid()));
  EXPECT_EQ(mode_of(folder.data()), 0700U);
  EXPECT_EQ(mode_of(folder.data() / "lock"), 0600U);
}

TEST(DataLock, IsFreeAfterItsHolderWentAndMovesWithIt) {
  const TemporaryFolder folder;
  std::optional<DataLock> kept;
  {
    Result<DataLock> first = DataLock::take(folder.data());
    ASSERT_TRUE(first);
    kept = std::move(*first);
  }
  EXPECT_FALSE(DataLock::take(folder.data()));
  kept.reset();
  EXPECT_TRUE(DataLock::take(folder.data()));
}

TEST(DataLock, IsFreeAfterItsHolderWasKilled) {
  const TemporaryFolder folder;
  int pipe[2] = {-1, -1};
  ASSERT_EQ(::pipe(pipe), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const Result<DataLock> held = DataLock::take(folder.data());
    const char answer = held ? 'y' : 'n';
    static_cast<void>(::write(pipe[1], &answer, 1));
    while (true) ::pause();
  }
  char answer = 0;
  ASSERT_EQ(::read(pipe[0], &answer, 1), 1);
  EXPECT_EQ(answer, 'y');
  const Result<DataLock> refused = DataLock::take(folder.data());
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().detail.ends_with(fmt::format("(pid {})", child)));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_TRUE(DataLock::take(folder.data()));
  ::close(pipe[0]);
  ::close(pipe[1]);
}

TEST(DataLock, ACommandThatHoldsItIsNamedAsOneAfterAWait) {
  const TemporaryFolder folder;
  const auto first = DataLock::take(folder.data(), DataLock::Holder::kCommand);
  ASSERT_TRUE(first) << first.error().detail;
  const auto second = DataLock::take(folder.data(), DataLock::Holder::kServer, Millis{20});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kConflict);
  EXPECT_EQ(second.error().detail, fmt::format("another command works on {} (pid {})",
                                               folder.data().string(), ::getpid()));
}

TEST(DataLock, IsWaitedForWhileACommandHoldsIt) {
  const TemporaryFolder folder;
  std::optional<DataLock> first;
  {
    auto taken = DataLock::take(folder.data(), DataLock::Holder::kCommand);
    ASSERT_TRUE(taken);
    first.emplace(std::move(*taken));
  }
  std::promise<bool> second;
  auto outcome = second.get_future();
  const std::jthread other([&] {
    second.set_value(
        DataLock::take(folder.data(), DataLock::Holder::kCommand, Millis{3'600'000}).has_value());
  });
  EXPECT_EQ(outcome.wait_for(Millis{50}), std::future_status::timeout) << "it waits";
  first.reset();
  EXPECT_TRUE(outcome.get());
}

TEST(DataLock, AServerIsNotWaitedForUnlessItIsDead) {
  const TemporaryFolder folder;
  const auto server = DataLock::take(folder.data());
  ASSERT_TRUE(server);
  // The test ends in time only if the lock does not wait for this hour.
  const Millis hour{3'600'000};
  EXPECT_FALSE(DataLock::take(folder.data(), DataLock::Holder::kCommand, hour));
  write_content(folder.data() / "lock",
                fmt::format("{}\n", ::getpid()));  // as written by earlier versions
  EXPECT_FALSE(DataLock::take(folder.data(), DataLock::Holder::kCommand, hour));
}

TEST(DataLock, AnEndedHolderLeavesNoNote) {
  const TemporaryFolder folder;
  {
    ASSERT_TRUE(DataLock::take(folder.data()));
  }
  EXPECT_EQ(content_of(folder.data() / "lock"), "");
}

TEST(DataLock, AFolderThatCannotBeMadeIsNamed) {
  const TemporaryFolder folder;
  write_content(folder.path() / "file", "x");
  const Result<DataLock> lock = DataLock::take(folder.path() / "file" / "data");
  ASSERT_FALSE(lock);
  EXPECT_EQ(lock.error().code, ErrorCode::kIo);
  EXPECT_TRUE(lock.error().detail.contains((folder.path() / "file" / "data").string()));
}

}  // namespace
}  // namespace gridloom::storage
