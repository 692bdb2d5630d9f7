#include "hub/platform/pending_replies.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <deque>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/loop.h"
#include "testing/loop.h"

namespace gridloom::hub {
namespace {

using testing::ElementsAre;

class PendingRepliesTest : public testing::Test {
 protected:
  ReplyId ask() {
    return replies.add({.loop = &loop, .done = [this](const Result<DeviceAnswer>& answer) {
                          got.emplace_back(answer ? std::string(answer->text)
                                                  : answer.error().detail);
                        }});
  }
  void answer(ReplyId to, std::string text) {
    replies.take({.to = to, .answer = DeviceAnswer{.text = std::move(text)}});
  }

  ManualLoop loop;
  PendingReplies replies;
  std::vector<std::string> got;
};

TEST_F(PendingRepliesTest, AnAnswerGoesToItsLoopOnce) {
  const ReplyId first = ask();
  const ReplyId second = ask();
  EXPECT_NE(first, kNoReply);
  EXPECT_EQ(replies.size(), 2U);
  answer(second, "2");
  answer(first, "1");
  answer(first, "again");
  EXPECT_THAT(got, ElementsAre()) << "not before the loop runs";
  loop.run();
  EXPECT_THAT(got, ElementsAre("2", "1"));
  EXPECT_EQ(replies.size(), 0U);
}

TEST_F(PendingRepliesTest, AnErrorIsAnAnswer) {
  replies.take({.to = ask(), .answer = fail(ErrorCode::kOffline, "away")});
  loop.run();
  EXPECT_THAT(got, ElementsAre("away"));
}

TEST_F(PendingRepliesTest, AReplyThatIsLateDoesNotAnswerALaterRequest) {
  const ReplyId early = ask();
  answer(early, "1");
  const ReplyId later = ask();
  EXPECT_NE(later, early);
  answer(early, "late");
  answer(ReplyId{1'000'000}, "unknown");
  answer(kNoReply, "nobody");
  answer(later, "2");
  loop.run();
  EXPECT_THAT(got, ElementsAre("1", "2"));
}

TEST_F(PendingRepliesTest, ManyRepliesMayMakeOneAnswer) {
  int done = 0;
  const ReplyId all = replies.add(3, &loop, [&] { ++done; });
  for (int k = 0; k < 2; ++k) answer(all, "");
  loop.run();
  EXPECT_EQ(done, 0);
  replies.take({.to = all, .answer = fail(ErrorCode::kIo, "whatever it is")});
  EXPECT_EQ(done, 0);
  loop.run();
  EXPECT_EQ(done, 1);
  const ReplyId at_once = replies.add(1, nullptr, [&] { ++done; });
  answer(at_once, "");
  EXPECT_EQ(done, 2);
}

TEST_F(PendingRepliesTest, ThreadsAskAndAnswerAtOnce) {
  constexpr int kRounds = 2000;
  std::array<ImmediateLoop, 4> loops;
  std::atomic<int> answered = 0;
  std::vector<std::jthread> threads;
  for (ImmediateLoop& each : loops) {
    threads.emplace_back([&] {
      std::deque<ReplyId> waiting;
      for (int k = 0; k < kRounds; ++k) {
        waiting.push_back(
            replies.add({.loop = &each, .done = [&](const Result<DeviceAnswer>&) { ++answered; }}));
        if (waiting.size() < 8) continue;
        answer(waiting.front(), "");
        waiting.pop_front();
      }
      for (const ReplyId id : waiting) answer(id, "");
    });
  }
  threads.clear();
  EXPECT_EQ(answered, 4 * kRounds);
  EXPECT_EQ(replies.size(), 0U);
}

}  // namespace
}  // namespace gridloom::hub
