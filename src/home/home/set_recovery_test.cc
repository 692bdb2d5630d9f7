// Sets with an id, as the audit has them.
#include "home/set_recovery.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "home/remote_sets.h"
#include "testing/must.h"

namespace gridloom::home {
namespace {

using testing::SizeIs;

std::string set_at(std::int64_t at_ms, std::string_view id, std::string_view message = "{}") {
  return fmt::format(R"({{"what":"set","accountId":1,"sn":"S","by":"token 7","command":"{}",)"
                     R"("digest":"d","message":{},"at":{}}})",
                     id, message, at_ms);
}
std::string end_at(std::int64_t at_ms, std::string_view id, std::string_view rest) {
  return fmt::format(R"({{"what":"set_reply","accountId":1,"sn":"S","command":"{}",{},"at":{}}})",
                     id, rest, at_ms);
}

TEST(SetRecovery, FindsSetsAndTheirEnds) {
  SetRecovery recovery(1000, 10);
  EXPECT_TRUE(recovery.take(end_at(1005, "one", R"("outcome":"answered","reply":"{}")")));
  EXPECT_TRUE(recovery.take(set_at(1004, "three")));
  EXPECT_TRUE(recovery.take(
      end_at(1003, "two", R"("outcome":"refused","error":"bad_params","why":"params.a is 2")")));
  EXPECT_TRUE(recovery.take(R"({"what":"set","sn":"S","message":{},"at":1003})"));
  EXPECT_TRUE(recovery.take("not JSON"));
  EXPECT_TRUE(recovery.take(set_at(1002, "two", R"("{\"a\"")")));
  EXPECT_TRUE(recovery.take(set_at(1001, "one", R"({"a":1})")));
  const auto sets = recovery.take_sets();
  ASSERT_THAT(sets, SizeIs(3));
  EXPECT_EQ(sets[0].record.id, (SetId{.account = AccountId{1}, .sn = "S", .id = "one"}));
  EXPECT_EQ(sets[0].record.by, "token 7");
  EXPECT_EQ(sets[0].record.digest, "d");
  EXPECT_EQ(sets[0].record.sent_ms, 1001);
  EXPECT_EQ(wire::to_text(sets[0].message), R"({"a":1})");
  EXPECT_EQ(std::string(must(sets[0].outcome)), "{}");
  EXPECT_EQ(sets[0].ended_ms, 1005);
  EXPECT_TRUE(sets[1].message.empty()) << "its beginning is no message";
  EXPECT_EQ(sets[1].outcome.error().code, ErrorCode::kBadParams);
  EXPECT_EQ(sets[1].outcome.error().detail, "params.a is 2");
  EXPECT_EQ(sets[2].outcome.error().code, ErrorCode::kNoAnswer);
}

TEST(SetRecovery, EndsBehindManyOlderEntriesAndAtItsLimit) {
  SetRecovery recovery(1000, 2);
  std::size_t taken = 0;
  while (recovery.take(set_at(5, "old"))) ++taken;
  EXPECT_EQ(taken, SetRecovery::kOlderInARow - 1);
  EXPECT_TRUE(recovery.take(set_at(1001, "one"))) << "a clock was behind";
  EXPECT_TRUE(recovery.take(set_at(1000, "two")));
  EXPECT_FALSE(recovery.take(set_at(1000, "three")));
  EXPECT_THAT(recovery.take_sets(), SizeIs(2));
}

TEST(SetText, CallsAndSetsAreReadAsTheyWereWritten) {
  const SetCall call{.kind = SetCall::Kind::kSend,
                     .id = {.account = AccountId{3}, .sn = "S", .id = "one"},
                     .message = {{"a", 1.5}},
                     .origin = {.by = "token 7", .from = "::1"},
                     .wait = Millis(5)};
  const auto read = must(set_call_in(AccountId{3}, text_of(call)));
  EXPECT_EQ(read.id, call.id);
  EXPECT_EQ(text_of(read), text_of(call));
  SetRecord record{.id = call.id,
                   .by = "token 7",
                   .digest = "d",
                   .sent_ms = 1,
                   .answered_ms = 2,
                   .decided_ms = 3,
                   .state = SetState::kOffline,
                   .error = Error{.code = ErrorCode::kOffline, .detail = "away"},
                   .refusal = "why",
                   .reply = "{}"};
  record.fields = {{.name = "f", .asked = 1, .is = "2", .was_other = false, .within = 0.5},
                   {.name = "g", .path = "[1].sta", .before = 2}};
  const std::string text = text_of(std::span(&record, 1));
  const auto records = must(set_records_in(AccountId{3}, text));
  ASSERT_THAT(records, SizeIs(1));
  EXPECT_EQ(records[0].id, record.id);
  EXPECT_EQ(records[0].error->detail, "away");
  EXPECT_EQ(records[0].fields[1].is, std::nullopt);
  EXPECT_EQ(records[0].fields[1].asked, std::nullopt);
  EXPECT_EQ(text_of(records), text);
}

TEST(SetText, OtherTextsAreRefused) {
  for (const std::string_view text :
       {"", "{}", "[{}]", "[[]]", R"({"call":4,"wait":0,"message":{}})",
        R"({"call":1,"wait":0,"message":[]})", R"([{"sent":1,"state":7,"fields":[]}])",
        R"([{"sent":1,"state":1,"fields":[{}]}])"}) {
    EXPECT_FALSE(set_call_in(AccountId{1}, text)) << text;
    EXPECT_FALSE(set_records_in(AccountId{1}, text)) << text;
  }
}

}  // namespace
}  // namespace gridloom::home
