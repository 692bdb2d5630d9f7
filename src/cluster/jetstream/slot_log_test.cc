#include "jetstream/slot_log.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

#include "jetstream/message.h"
#include "jetstream/test_journal_server.h"
#include "jetstream/test_slot.h"
#include "journal/test_journal_suite.h"
#include "nats/jet_stream.h"
#include "nats/test_forwarder.h"
#include "nats/test_server.h"
#include "testing/becomes.h"
#include "testing/must.h"

namespace gridloom::journal {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

INSTANTIATE_TYPED_TEST_SUITE_P(InJetStream, JournalSuite, InJetStream);

class SlotLogTest : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = missing_server(); !why.empty()) GTEST_SKIP() << why;
    slot_ = new_slot();
  }
  [[nodiscard]] SlotLog::Options options(std::uint64_t revision) const {
    return {.slot = slot_,
            .revision = revision,
            .replicas = 1,
            .max_bytes = kStream_bytes,
            .limits = {.retry = Millis(20)}};
  }
  // For an owner whose connection is held: it does not wait for long.
  [[nodiscard]] SlotLog::Options hasty_options() const {
    SlotLog::Options hasty = options(1);
    hasty.limits.wait = Millis(500);
    return hasty;
  }
  [[nodiscard]] std::unique_ptr<TestOwner> owner(std::uint64_t revision) const {
    return std::make_unique<TestOwner>(shared_server().settings(), options(revision));
  }
  // The records of the log, as a new owner reads them.
  [[nodiscard]] std::vector<std::string> log_of(std::uint64_t revision) const {
    const auto reader = owner(revision);
    must(reader->open());
    return reader->records();
  }

  std::uint32_t slot_ = 0;
};

TEST_F(SlotLogTest, HandsTheRecordsOfTheOwnerBeforeToTheNext) {
  const auto first = owner(1);
  must(first->open());
  first->append("a");
  first->append("b");
  ASSERT_TRUE(first->log().flush());
  const auto second = owner(2);
  must(second->open(1));
  EXPECT_THAT(second->records(), ElementsAre("2 b"));
  second->append("c");
  ASSERT_TRUE(second->log().flush());
  EXPECT_THAT(log_of(3), ElementsAre("1 a", "2 b", "3 c"));
}

TEST_F(SlotLogTest, EndsOnceAnotherOwnerHasAppended) {
  const auto first = owner(1);
  must(first->open());
  first->append("a");
  ASSERT_TRUE(first->log().flush());
  const auto second = owner(2);
  must(second->open());
  first->append("b");
  first->append("c");
  EXPECT_FALSE(first->log().flush());
  first->append("d");
  EXPECT_TRUE(first->log().is_fenced());
  EXPECT_FALSE(first->log().behind());
  EXPECT_THAT(first->log().failing(), HasSubstr("another node has taken the log"));
  first->close();
  EXPECT_THAT(first->acknowledged(), ElementsAre("a"));
  EXPECT_EQ(first->waiting(), 0) << "callbacks are destroyed uncalled";
  const auto fenced = first->fenced();
  ASSERT_EQ(fenced.size(), 1U);
  EXPECT_EQ(fenced[0].code, ErrorCode::kConflict);
  EXPECT_THAT(log_of(3), ElementsAre("1 a"));
}

TEST_F(SlotLogTest, AcknowledgesNothingOnceItWasGivenUp) {
  nats::TestForwarder way(shared_server().port(0));
  TestOwner first(way.settings(), options(1));
  must(first.open());
  first.append("a");
  ASSERT_TRUE(first.log().flush());
  way.hold(nats::TestForwarder::Held::kReplies);
  first.append("b");
  EXPECT_FALSE(first.log().flush()) << "it is stored, and not answered";
  first.append("c");
  first.log().abandon();
  way.hold(nats::TestForwarder::Held::kNothing);
  EXPECT_FALSE(first.log().flush());
  first.append("d");
  first.close();
  EXPECT_THAT(first.acknowledged(), ElementsAre("a"));
  EXPECT_EQ(first.waiting(), 0) << "callbacks are destroyed uncalled";
  EXPECT_THAT(first.fenced(), IsEmpty());
  EXPECT_THAT(log_of(2), ElementsAre("1 a", "2 b"));
}

TEST_F(SlotLogTest, CannotBeOpenedByAnEarlierOwner) {
  const auto later = owner(7);
  must(later->open());
  SlotLog::Options of_earlier = options(6);
  std::int64_t found = 0;
  of_earlier.on_later_owner = [&found](std::int64_t revision) { found = revision; };
  TestOwner earlier(shared_server().settings(), std::move(of_earlier));
  const Status opened = earlier.open();
  EXPECT_EQ(found, 7);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kConflict);
  EXPECT_THAT(opened.error().detail, HasSubstr("node 7 owns the log"));
  SlotLog::Options same = options(7);
  same.node = "another node";
  TestOwner usurper(shared_server().settings(), std::move(same));
  EXPECT_FALSE(usurper.open());
  later->append("a");
  EXPECT_TRUE(later->log().flush());
}

TEST_F(SlotLogTest, HasOneWinnerOfEachRaceAndLosesNothingThatWasAcknowledged) {
  race_for_a_slot(100, [this](std::uint64_t revision) { return owner(revision); });
}

// The first owner asks for the last message, of which there is none, and then for the state.
TEST_F(SlotLogTest, IsNotTakenFromALaterOwnerThatAppendedWhileAnEarlierOneLooked) {
  nats::TestForwarder way(shared_server().port(0));
  TestOwner early(way.settings(), options(1));
  way.hold_replies_from("STREAM.MSG.GET");
  std::jthread opening([&] {
    const Status opened = early.open();
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::kConflict) << opened.error().detail;
  });
  way.await_reply();
  const auto late = owner(2);
  must(late->open());
  way.hold(nats::TestForwarder::Held::kNothing);
  opening.join();
  late->append("a");
  EXPECT_TRUE(late->log().flush());
}

TEST_F(SlotLogTest, AcknowledgesNothingThatAnOwnerSentBeforeItWasHeldBack) {
  nats::TestForwarder way(shared_server().port(0));
  TestOwner held(way.settings(), hasty_options());
  must(held.open());
  held.append("a");
  ASSERT_TRUE(held.log().flush());
  way.hold(nats::TestForwarder::Held::kAll);
  held.append("b");
  EXPECT_FALSE(held.log().flush()) << "no answer comes";
  const auto next = owner(2);
  must(next->open());
  next->append("c");
  ASSERT_TRUE(next->log().flush());
  held.append("d");
  way.hold(nats::TestForwarder::Held::kNothing);
  ASSERT_TRUE(becomes([&] { return held.log().is_fenced(); }));
  EXPECT_THAT(held.acknowledged(), ElementsAre("a"));
  next->append("e");
  ASSERT_TRUE(next->log().flush());
  EXPECT_THAT(log_of(3), ElementsAre("1 a", "2 c", "3 e"));
}

TEST_F(SlotLogTest, SettlesAnAppendWhoseAnswerWasLost) {
  nats::TestForwarder way(shared_server().port(0));
  TestOwner held(way.settings(), hasty_options());
  must(held.open());
  way.hold(nats::TestForwarder::Held::kReplies);
  held.append("a");
  held.append("b");
  EXPECT_FALSE(held.log().flush());
  EXPECT_THAT(held.log().failing(), testing::Not(IsEmpty()));
  way.hold(nats::TestForwarder::Held::kNothing);
  ASSERT_TRUE(becomes([&] { return held.acknowledged_count() == 2; }));
  EXPECT_THAT(held.log().failing(), IsEmpty());
  EXPECT_THAT(held.records(), ElementsAre("1 a", "2 b"));
  EXPECT_THAT(log_of(2), ElementsAre("1 a", "2 b"));
}

TEST_F(SlotLogTest, HandsOnWhatWasStoredWithoutAnAnswer) {
  nats::TestForwarder way(shared_server().port(0));
  TestOwner held(way.settings(), hasty_options());
  must(held.open());
  way.hold(nats::TestForwarder::Held::kReplies);
  held.append("a");
  EXPECT_FALSE(held.log().flush());
  const auto next = owner(2);
  must(next->open());
  EXPECT_THAT(next->records(), ElementsAre("1 a"));
  held.append("b");
  way.hold(nats::TestForwarder::Held::kNothing);
  ASSERT_TRUE(becomes([&] { return held.log().is_fenced(); }));
  EXPECT_THAT(held.acknowledged(), testing::AnyOf(IsEmpty(), ElementsAre("a")));
  EXPECT_THAT(log_of(3), ElementsAre("1 a"));
}

TEST_F(SlotLogTest, WaitsWhenTheStreamIsFullAndGoesOnOnceOldRecordsAreRemoved) {
  SlotLog::Options small = options(1);
  small.max_bytes = 20'000;
  small.limits.waiting_bytes = 10'000;
  TestOwner full(shared_server().settings(), std::move(small));
  must(full.open());
  std::vector<std::string> expected;
  std::uint32_t seed = 1;
  const auto append = [&] {
    std::string noise(500, ' ');
    for (char& letter : noise) {
      seed = seed * 1664525U + 1013904223U;
      letter = static_cast<char>('A' + ((seed >> 24U) & 15U));
    }
    expected.push_back(noise);
    full.append(noise);
  };
  for (int i = 0; i < 1'000 && full.log().failing().empty(); ++i) {
    append();
    static_cast<void>(full.log().flush());
  }
  EXPECT_THAT(full.log().failing(), HasSubstr("maximum bytes exceeded"));
  for (int i = 0; i < 1'000 && !full.log().behind(); ++i) append();
  EXPECT_TRUE(full.log().behind());
  const std::size_t stored = full.acknowledged_count();
  EXPECT_LT(stored, expected.size());
  full.log().trim(Positions::everywhere(stored));
  ASSERT_TRUE(becomes([&] { return full.acknowledged_count() == expected.size(); }));
  EXPECT_EQ(full.acknowledged(), expected);
  EXPECT_THAT(full.log().failing(), IsEmpty());
  EXPECT_FALSE(full.log().behind());
}

TEST_F(SlotLogTest, RemovesNothingThatIsStillNeeded) {
  const auto first = owner(1);
  must(first->open());
  for (int i = 1; i <= 300; ++i) {
    first->append(std::to_string(i));
    ASSERT_TRUE(first->log().flush());
  }
  first->log().trim(Positions::everywhere(200));
  first->append("last");
  ASSERT_TRUE(first->log().flush());
  const std::vector<std::string> log = log_of(2);
  ASSERT_FALSE(log.empty());
  EXPECT_EQ(log.front(), "201 201");
  EXPECT_EQ(log.back(), "301 last");
  EXPECT_EQ(log.size(), 101U);
}

TEST_F(SlotLogTest, SaysWhatIsMissing) {
  const auto first = owner(1);
  must(first->open());
  for (const char* payload : {"a", "b", "c"}) {
    first->append(payload);
    ASSERT_TRUE(first->log().flush());
  }
  EXPECT_THAT(first->log().loss().gaps, IsEmpty());
  EXPECT_FALSE(first->log().loss().ends_early);
  first->log().trim(Positions::everywhere(2));
  first->close();
  SlotLog::Options later = options(2);
  later.known = 9;
  TestOwner second(shared_server().settings(), std::move(later));
  must(second.open());
  EXPECT_THAT(second.records(), ElementsAre("3 c"));
  EXPECT_THAT(second.log().loss().gaps, ElementsAre(RecordGap{1, 2}, RecordGap{4, 9}));
  EXPECT_EQ(second.log().loss().ends_early, 3U);
}

TEST_F(SlotLogTest, PassesOverWhatAnotherProgramPublishes) {
  const auto first = owner(1);
  must(first->open());
  first->append("a");
  ASSERT_TRUE(first->log().flush());
  const auto other = must(nats::Connection::open(shared_server().settings(), {}));
  must(other->publish(SlotLog::subject(slot_), "garbage"));
  must(other->flush(Millis(2'000)));
  first->append("b");
  EXPECT_FALSE(first->log().flush()) << "it cannot know who has appended";
  const auto second = owner(2);
  must(second->open());
  EXPECT_THAT(second->records(), ElementsAre("1 a"));
  EXPECT_EQ(second->log().loss().damaged_messages, 1U);
  second->append("b");
  EXPECT_TRUE(second->log().flush());
  EXPECT_THAT(log_of(3), ElementsAre("1 a", "2 b"));
}

TEST_F(SlotLogTest, RefusesALogOfALaterVersion) {
  {
    const auto first = owner(1);
    must(first->open());
  }
  std::string later = make_message({.kind = MessageKind::kFence, .revision = 1, .first = 1}, "");
  later[3] = kMessageVersion + 1;
  const auto other = must(nats::Connection::open(shared_server().settings(), {}));
  must(other->publish(SlotLog::subject(slot_), later));
  must(other->flush(Millis(2'000)));
  const Status opened = owner(2)->open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kMalformed);
}

TEST_F(SlotLogTest, RefusesAStreamThatForgetsMessages) {
  const auto other = must(nats::Connection::open(shared_server().settings(), {}));
  nats::JetStream jet_stream = must(nats::JetStream::open(*other, {}));
  must(jet_stream.ensure_stream({.name = SlotLog::stream_name(slot_),
                                 .subject = "elsewhere",
                                 .replicas = 1,
                                 .max_bytes = 1'000}));
  const Status opened = owner(1)->open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kConflict);
  EXPECT_THAT(opened.error().detail, HasSubstr("subjects is elsewhere, not gl.log."));
}

TEST_F(SlotLogTest, GivesUpAnOpeningWhenItIsToldTo) {
  nats::TestForwarder way(shared_server().port(0));
  std::stop_source stop;
  SlotLog::Options given = hasty_options();
  given.stop = stop.get_token();
  TestOwner late(way.settings(), std::move(given));
  way.hold(nats::TestForwarder::Held::kAll);
  std::jthread stops([&] { stop.request_stop(); });
  const Status opened = late.open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kIo);
}

class LostStore : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = missing_server(); !why.empty()) GTEST_SKIP() << why;
    servers_.emplace();
  }
  [[nodiscard]] std::unique_ptr<TestOwner> owner(std::uint64_t revision) const {
    return std::make_unique<TestOwner>(
        servers_->settings(),
        SlotLog::Options{.revision = revision,
                         .replicas = 1,
                         .max_bytes = kStream_bytes,
                         .limits = {.retry = Millis(20), .lost = Millis(300)}});
  }
  void lose() {
    servers_->kill(0);
    servers_->wipe(0);
    servers_->restart(0);
  }

  std::optional<nats::TestServers> servers_;
};

TEST_F(LostStore, IsFollowedByALogWhoseNumbersGoOn) {
  {
    const auto first = owner(1);
    must(first->open());
    for (const char* payload : {"a", "b", "c"}) first->append(payload);
    ASSERT_TRUE(first->log().flush());
  }
  lose();
  const auto second = owner(2);
  must(second->open(2));
  EXPECT_THAT(second->records(), IsEmpty());
  EXPECT_EQ(second->log().loss().ends_early, 0U);
  second->append("d");
  ASSERT_TRUE(second->log().flush());
  EXPECT_THAT(second->records(), ElementsAre("3 d"));
}

TEST_F(LostStore, EndsAnOpenLog) {
  const auto first = owner(1);
  must(first->open());
  first->append("a");
  ASSERT_TRUE(first->log().flush());
  lose();
  first->append("b");
  ASSERT_TRUE(becomes([&] { return first->log().is_fenced(); }));
  ASSERT_EQ(first->fenced().size(), 1U);
  EXPECT_EQ(first->fenced()[0].code, ErrorCode::kDamaged);
  EXPECT_THAT(first->acknowledged(), ElementsAre("a"));
}

TEST_F(LostStore, EndsALogInWhichNothingIsWritten) {
  const auto first = owner(1);
  must(first->open());
  first->append("a");
  ASSERT_TRUE(first->log().flush());
  servers_->kill(0);
  servers_->restart(0);
  ASSERT_TRUE(becomes([&] { return first->connection().health().reconnects == 1; }));
  first->append("b");
  ASSERT_TRUE(first->log().flush()) << "nothing was lost";
  lose();
  ASSERT_TRUE(becomes([&] { return first->log().is_fenced(); }));
  EXPECT_THAT(first->acknowledged(), ElementsAre("a", "b"));
}

}  // namespace
}  // namespace gridloom::journal
