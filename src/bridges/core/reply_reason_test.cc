#include "bridges/core/reply_reason.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace gridloom::bridges {
namespace {

std::string reason(unsigned status, std::string body = {}) {
  return reason_of({.status = status, .body = std::move(body)});
}

TEST(ReplyReason, HasTheServersWords) {
  EXPECT_EQ(reason(400, R"({"error":"partial write: dropped=1"})"),
            "HTTP 400: partial write: dropped=1");
  EXPECT_EQ(reason(401, R"({"code":"unauthorized","message":"no access"})"), "HTTP 401: no access");
  EXPECT_EQ(reason(502, "Bad\x1b Gateway\n"), "HTTP 502: Bad? Gateway");
  EXPECT_EQ(reason(503), "HTTP 503");
  EXPECT_LT(reason(500, std::string(10'000, 'x')).size(), 400U);
}

}  // namespace
}  // namespace gridloom::bridges
