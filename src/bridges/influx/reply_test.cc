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

TEST(WriteReply, APartialWriteSaysHowManyLinesAreLost) {
  EXPECT_EQ(lost_lines(reply(400, R"({"error":"partial write: x dropped=3"})"), 10), 3U);
  EXPECT_EQ(lost_lines(reply(400, R"({"error":"partial write: x dropped=30"})"), 10), 10U);
  EXPECT_EQ(lost_lines(reply(400, R"({"error":"partial write: x dropped="})"), 10), 10U);
  EXPECT_EQ(lost_lines(reply(400, R"({"error":"unable to parse"})"), 10), 10U);
}

}  // namespace
}  // namespace gridloom::bridges
