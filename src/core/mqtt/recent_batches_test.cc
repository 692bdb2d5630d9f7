#include "mqtt/recent_batches.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <utility>

#include "hub/clients/session_changes.h"
#include "mqtt/stored_session.h"

namespace gridloom::mqtt {
namespace {

using Moment = RecentBatches::Moment;

// A session with the batch's number begins, and the stream 7 changes.
RecentBatch batch(std::int64_t before, std::int64_t number, std::size_t payload_bytes = 0) {
  RecentBatch batch{.before = before, .number = number, .rows = PendingRows(), .streams = {}};
  std::string bytes = change_of({.number = number, .user = "anna", .client_id = "c"});
  if (payload_bytes != 0) {
    hub::append_change(bytes, hub::MessageKept{.session = number,
                                               .message = number + 1000,
                                               .packet = std::string(payload_bytes, 'x')});
  }
  hub::each_change(bytes, [&batch](const hub::SessionChange& change) { batch.rows.apply(change); });
  batch.streams.push_back({.number = 7, .client_id = fmt::format("of batch {}", number)});
  return batch;
}

// "1 2 3 as 3: of batch 3"; empty: they are not kept.
std::string after(const RecentBatches& recent, std::int64_t number) {
  const auto found = recent.after(number);
  if (!found) return {};
  std::string text;
  for (const auto& [session, row] : found->rows.sessions()) text += fmt::format("{} ", session);
  text += fmt::format("as {}:", found->number);
  for (const auto& stream : found->streams) text += " " + stream.client_id;
  return text;
}

TEST(RecentBatches, AreOneBatchFromAnyOfThemOn) {
  RecentBatches recent;
  for (const std::int64_t number : {1, 2, 3}) recent.add(batch(number - 1, number), Moment());
  EXPECT_EQ(after(recent, 0), "1 2 3 as 3: of batch 3");
  EXPECT_EQ(after(recent, 2), "3 as 3: of batch 3");
  EXPECT_EQ(after(recent, 3), "") << "there is no later one";
  EXPECT_EQ(after(recent, -1), "");
}

TEST(RecentBatches, AreReplacedByTheOneThatWasWrittenInTheirPlace) {
  RecentBatches recent;
  for (const std::int64_t number : {1, 2, 3}) recent.add(batch(number - 1, number), Moment());
  recent.add(batch(1, 4), Moment());
  EXPECT_EQ(after(recent, 0), "1 4 as 4: of batch 4");
  EXPECT_EQ(after(recent, 2), "");
  EXPECT_EQ(after(recent, 1), "4 as 4: of batch 4");
}

TEST(RecentBatches, AreKeptForSomeMinutes) {
  RecentBatches recent;
  recent.add(batch(0, 1), Moment());
  recent.add(batch(1, 2), Moment() + RecentBatches::kKeptFor);
  EXPECT_EQ(after(recent, 0), "1 2 as 2: of batch 2");
  recent.add(batch(2, 3), Moment() + RecentBatches::kKeptFor + std::chrono::seconds(1));
  EXPECT_EQ(after(recent, 0), "");
  EXPECT_EQ(after(recent, 1), "2 3 as 3: of batch 3");
}

TEST(RecentBatches, AreKeptUpToSomeBytes) {
  RecentBatches recent;
  const std::size_t third = RecentBatches::kMaxBytes / 3;
  for (const std::int64_t number : {1, 2, 3}) {
    recent.add(batch(number - 1, number, third), Moment());
  }
  EXPECT_EQ(after(recent, 0), "");
  EXPECT_EQ(after(recent, 1), "2 3 as 3: of batch 3");
  recent.add(batch(3, 4, RecentBatches::kMaxBytes), Moment());
  EXPECT_EQ(after(recent, 3), "") << "it is too large by itself";
}

}  // namespace
}  // namespace gridloom::mqtt
