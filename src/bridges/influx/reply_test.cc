#include "bridges/influx/reply.h"

#include <gtest/gtest.h>

#include <string>

namespace gridloom::bridges {
namespace {

client::HttpReply reply(unsigned status, std::string body = {}) {
  return {.status = status, .body = std::move(body)};
}

TEST(WriteReply, SaysWhetherToSendAgain) {
  struct Case {
    unsigned status;
    WriteResult result;
  };
  for (const Case& each : {Case{204, WriteResult::kTaken}, Case{200, WriteResult::kTaken},
                           Case{400, WriteResult::kRefused}, Case{422, WriteResult::kRefused},
                           Case{413, WriteResult::kTooLarge}, Case{401, WriteResult::kLater},
                           Case{404, WriteResult::kLater}, Case{429, WriteResult::kLater},
                           Case{503, WriteResult::kLater}, Case{302, WriteResult::kLater}}) {
    EXPECT_EQ(result_of(reply(each.status)), each.result) << each.status;
  }
}

TEST(WriteReply, HasTheServersWords) {
  EXPECT_EQ(reason_of(reply(400, R"({"error":"partial write: dropped=1"})")),
            "HTTP 400: partial write: dropped=1");
  EXPECT_EQ(reason_of(reply(401, R"({"code":"unauthorized","message":"no access"})")),
            "HTTP 401: no access");
  EXPECT_EQ(reason_of(reply(502, "Bad\x1b Gateway\n")), "HTTP 502: Bad? Gateway");
  EXPECT_EQ(reason_of(reply(503)), "HTTP 503");
  EXPECT_LT(reason_of(reply(500, std::string(10'000, 'x'))).size(), 400U);
}

TEST(WriteReply, APartialWriteSaysHowManyLinesAreLost) {
  EXPECT_EQ(lost_lines(reply(400, R"({"error":"partial write: x dropped=3"})"), 10), 3U);
  EXPECT_EQ(lost_lines(reply(400, R"({"error":"partial write: x dropped=30"})"), 10), 10U);
  EXPECT_EQ(lost_lines(reply(400, R"({"error":"partial write: x dropped="})"), 10), 10U);
  EXPECT_EQ(lost_lines(reply(400, R"({"error":"unable to parse"})"), 10), 10U);
}

}  // namespace
}  // namespace gridloom::bridges
