#include "nats/jet_stream.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <barrier>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "nats/stream_reader.h"
#include "nats/test_server.h"
#include "testing/must.h"

namespace gridloom::nats {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class JetStreamTest : public testing::Test {
 protected:
  // One server for all, a stream for each test.
  static void SetUpTestSuite() {
    if (!TestServers::program().empty()) servers().emplace();
  }
  static void TearDownTestSuite() { servers().reset(); }
  static std::optional<TestServers>& servers() {
    static std::optional<TestServers> all;
    return all;
  }

  void SetUp() override {
    if (!servers()) GTEST_SKIP() << TestServers::kMissing;
    static int count = 0;
    config_.name = fmt::format("S{}", ++count);
    config_.subject = fmt::format("s.{}", count);
    connection_ = must(Connection::open(servers()->settings(), {}));
    jet_stream_.emplace(must(JetStream::open(*connection_, {})));
  }

  void make_stream() { EXPECT_THAT(must(jet_stream_->ensure_stream(config_)), IsEmpty()); }
  std::uint64_t publish(std::string_view data) {
    return must(jet_stream_->publish(config_.subject, data, {})).sequence;
  }
  [[nodiscard]] std::vector<std::string> read(std::uint64_t from) {
    StreamReader reader(*jet_stream_, config_, from);
    std::vector<std::string> all;
    for (const StoredMessage& message : must(reader.next(1'000, Millis(0)))) {
      all.push_back(fmt::format("{} {}", message.sequence, message.data));
    }
    return all;
  }

  StreamConfig config_{.replicas = 1, .max_bytes = std::int64_t{1} << 20U};
  std::unique_ptr<Connection> connection_;
  std::optional<JetStream> jet_stream_;
};

TEST_F(JetStreamTest, MakesAStreamOnceAndSaysInWhatItDiffersThen) {
  make_stream();
  make_stream();
  StreamConfig other = config_;
  other.max_bytes = 5'000'000;
  other.subject += ".x";
  std::vector<std::string> differences;
  for (const Difference& each : must(jet_stream_->ensure_stream(other))) {
    differences.push_back(each.member + ": " + each.declared + ", " + each.found);
  }
  EXPECT_THAT(differences, ElementsAre("subjects: " + other.subject + ", " + config_.subject,
                                       "max_bytes: 5000000, 1048576"));
  EXPECT_GT(must(jet_stream_->state(config_)).created, TimePoint(Millis(1'600'000'000'000)));
}

TEST_F(JetStreamTest, AppendsBehindTheExpectedMessageOnly) {
  make_stream();
  EXPECT_EQ(publish("a"), 1U);
  EXPECT_EQ(must(jet_stream_->publish(config_.subject, "b", {.last_sequence = 1})).sequence, 2U);
  const auto late = jet_stream_->publish(config_.subject, "c", {.last_sequence = 1});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::kConflict);
  EXPECT_THAT(late.error().detail, HasSubstr("JetStream 10071"));
  EXPECT_THAT(read(1), ElementsAre("1 a", "2 b"));
}

TEST_F(JetStreamTest, StoresAMessageOfOneIdOnce) {
  make_stream();
  const JetStream::Expectation expectation{.id = "one"};
  EXPECT_FALSE(must(jet_stream_->publish(config_.subject, "a", expectation)).is_duplicate);
  EXPECT_EQ(publish("b"), 2U);
  const auto again = must(jet_stream_->publish(config_.subject, "a", expectation));
  EXPECT_TRUE(again.is_duplicate);
  EXPECT_EQ(again.sequence, 1U);
  EXPECT_THAT(read(1), ElementsAre("1 a", "2 b"));
}

TEST_F(JetStreamTest, ReadsSingleMessagesWithAnyBytes) {
  make_stream();
  const std::string bytes("\0\xFF\r\n", 4);
  publish("a");
  publish(bytes);
  EXPECT_EQ(must(jet_stream_->last_message(config_)).sequence, 2U);
  EXPECT_EQ(must(jet_stream_->last_message(config_)).data, bytes);
  EXPECT_EQ(must(jet_stream_->message(config_, 1)).data, "a");
  EXPECT_EQ(jet_stream_->message(config_, 3).error().code, ErrorCode::kNotFound);
}

TEST_F(JetStreamTest, SaysWhatIsNotThere) {
  EXPECT_EQ(jet_stream_->state(config_).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(jet_stream_->last_message(config_).error().code, ErrorCode::kNotFound);
  const auto nowhere = jet_stream_->publish(config_.subject, "a", {});
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error().code, ErrorCode::kOffline) << nowhere.error().detail;
  make_stream();
  EXPECT_EQ(jet_stream_->last_message(config_).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(must(jet_stream_->state(config_)).last_sequence, 0U);
}

TEST_F(JetStreamTest, RemovesWhatIsBeforeAMessage) {
  make_stream();
  for (const char* data : {"a", "b", "c"}) publish(data);
  must(jet_stream_->purge(config_, 3));
  EXPECT_THAT(read(1), ElementsAre("3 c"));
  const StreamState state = must(jet_stream_->state(config_));
  EXPECT_EQ(state.first_sequence, 3U);
  EXPECT_EQ(state.last_sequence, 3U);
  EXPECT_EQ(state.messages, 1U);
}

TEST_F(JetStreamTest, RefusesMessagesWhenItIsFullAndKeepsTheOldOnes) {
  config_.max_bytes = 1'000;
  make_stream();
  publish("first");
  Result<JetStream::Stored> stored;
  for (int i = 0; i < 100 && stored; ++i) {
    stored = jet_stream_->publish(config_.subject, std::string(100, 'x'), {});
  }
  ASSERT_FALSE(stored);
  EXPECT_EQ(stored.error().code, ErrorCode::kIo);
  EXPECT_THAT(stored.error().detail, HasSubstr("maximum bytes exceeded"));
  EXPECT_EQ(must(jet_stream_->message(config_, 1)).data, "first");
}

TEST_F(JetStreamTest, ReadsFromAnySequenceInOrder) {
  make_stream();
  std::vector<std::string> expected;
  for (int i = 1; i <= 2'500; ++i) {
    publish(std::to_string(i));
    if (i >= 100) expected.push_back(std::to_string(i));
  }
  StreamReader reader(*jet_stream_, config_, 100);
  std::vector<std::string> all;
  while (all.size() < expected.size()) {
    const auto some = must(reader.next(64, Millis(0)));
    ASSERT_EQ(some.size(), std::min<std::size_t>(64, expected.size() - all.size()))
        << "no read waits for an acknowledgement";
    for (const StoredMessage& message : some) all.push_back(message.data);
  }
  EXPECT_EQ(all, expected);
  EXPECT_EQ(reader.position(), 2'501U);
}

TEST_F(JetStreamTest, WaitsForNewMessages) {
  make_stream();
  StreamReader reader(*jet_stream_, config_, 1);
  for (int i = 0; i < 5; ++i) {
    EXPECT_THAT(must(reader.next(10, Millis(1))), IsEmpty()) << "it is made anew after three";
  }
  const auto other = must(Connection::open(servers()->settings(), {}));
  std::jthread later([&] { must(other->publish(config_.subject, "a")); });
  const auto messages = must(reader.next(10, Millis(5'000)));
  ASSERT_EQ(messages.size(), 1U);
  EXPECT_EQ(messages[0].data, "a");
}

TEST_F(JetStreamTest, GetsWhatIsThereUpToAMessage) {
  make_stream();
  for (int i = 1; i <= 18; ++i) publish(std::to_string(i));
  must(jet_stream_->purge(config_, 6));
  StreamReader reader(*jet_stream_, config_, 1);
  const auto got = [](const Result<std::vector<StoredMessage>>& messages) {
    std::vector<std::string> all;
    for (const StoredMessage& each : must(messages)) {
      EXPECT_EQ(each.data, std::to_string(each.sequence));
      all.push_back(each.data);
    }
    return all;
  };
  EXPECT_THAT(got(reader.get(5, 12)), ElementsAre("6", "7", "8", "9", "10"));
  EXPECT_THAT(got(reader.get(5, 12)), ElementsAre("11", "12"));
  EXPECT_THAT(got(reader.get(5, 12)), IsEmpty());
  EXPECT_EQ(reader.position(), 13U);
  EXPECT_THAT(got(reader.next(3, Millis(5'000))), ElementsAre("13", "14", "15"));
  EXPECT_THAT(got(reader.get(5, 17)), ElementsAre("16", "17"));
  EXPECT_THAT(got(reader.next(3, Millis(5'000))), ElementsAre("18")) << "what was got is not sent";
}

TEST_F(JetStreamTest, ReadsNothingBelowWhatIsAskedFor) {
  make_stream();
  for (const char* data : {"a", "b"}) publish(data);
  // The server begins a consumer at the stream's end at the latest.
  StreamReader reader(*jet_stream_, config_, 4);
  EXPECT_THAT(must(reader.next(10, Millis(0))), IsEmpty());
  for (const char* data : {"c", "d", "e"}) publish(data);
  std::vector<std::string> all;
  for (int i = 0; i < 10 && all.size() < 2; ++i) {
    for (const auto& message : must(reader.next(10, Millis(200)))) all.push_back(message.data);
  }
  EXPECT_THAT(all, ElementsAre("d", "e"));
}

TEST_F(JetStreamTest, HasOneWinnerOfEachRace) {
  make_stream();
  publish("begin");
  constexpr int kRounds = 200;
  constexpr int kRacers = 3;
  std::array<std::vector<std::uint64_t>, kRacers> won;
  std::barrier together(kRacers);
  const auto race = [&](int racer) {
    const auto connection = must(Connection::open(servers()->settings(), {}));
    JetStream jet_stream = must(JetStream::open(*connection, {}));
    for (std::uint64_t round = 1; round <= kRounds; ++round) {
      together.arrive_and_wait();
      const auto stored =
          jet_stream.publish(config_.subject, std::to_string(racer), {.last_sequence = round});
      if (stored) won[static_cast<std::size_t>(racer)].push_back(round);
    }
  };
  {
    std::vector<std::jthread> racers;
    racers.reserve(kRacers);
    for (int racer = 0; racer < kRacers; ++racer) racers.emplace_back(race, racer);
  }
  EXPECT_EQ(won[0].size() + won[1].size() + won[2].size(), std::size_t{kRounds});
  EXPECT_EQ(must(jet_stream_->state(config_)).last_sequence, kRounds + 1U);
}

TEST(JetStreamAway, EndsEveryCallInTime) {
  if (TestServers::program().empty()) GTEST_SKIP() << TestServers::kMissing;
  TestServers servers;
  const auto connection = must(Connection::open(servers.settings(), {}));
  JetStream jet_stream = must(JetStream::open(*connection, {.wait = Millis(300)}));
  const StreamConfig config{.name = "S", .subject = "s", .replicas = 1, .max_bytes = 100'000};
  must(jet_stream.ensure_stream(config));
  StreamReader reader(jet_stream, config, 1);
  must(reader.next(1, Millis(0)));
  const auto failure = [](const auto& result) {
    return result ? Error{.code = ErrorCode::kInternal, .detail = "it succeeded"} : result.error();
  };
  const std::vector<std::pair<std::string, std::function<Error()>>> calls{
      {"publish", [&] { return failure(jet_stream.publish("s", "a", {})); }},
      {"last", [&] { return failure(jet_stream.last_message(config)); }},
      {"message", [&] { return failure(jet_stream.message(config, 1)); }},
      {"state", [&] { return failure(jet_stream.state(config)); }},
      {"purge", [&] { return failure(jet_stream.purge(config, 1)); }},
      {"ensure", [&] { return failure(jet_stream.ensure_stream(config)); }}};
  servers.pause(0);
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(calls[0].second().code, ErrorCode::kNoAnswer);
  EXPECT_THAT(reader.next(1, Millis(0)).value_or(std::vector<StoredMessage>()), IsEmpty());
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(4));
  servers.kill(0);
  for (const auto& [name, call] : calls) {
    const Error met = call();
    EXPECT_TRUE(met.code == ErrorCode::kOffline || met.code == ErrorCode::kNoAnswer)
        << name << ": " << met.detail;
  }
}

}  // namespace
}  // namespace gridloom::nats
