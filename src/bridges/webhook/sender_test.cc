#include "bridges/webhook/sender.h"

#include <gtest/gtest.h>

namespace gridloom::bridges::webhook {
namespace {

TEST(WebhookVerdict, SaysWhetherToSendAgain) {
  struct Case {
    unsigned status;
    Verdict verdict;
  };
  for (const Case& each :
       {Case{200, Verdict::kTaken}, Case{204, Verdict::kTaken}, Case{302, Verdict::kRefused},
        Case{400, Verdict::kRefused}, Case{401, Verdict::kRefused}, Case{404, Verdict::kRefused},
        Case{410, Verdict::kRefused}, Case{408, Verdict::kLater}, Case{425, Verdict::kLater},
        Case{429, Verdict::kLater}, Case{500, Verdict::kLater}, Case{503, Verdict::kLater}}) {
    EXPECT_EQ(verdict_of(each.status), each.verdict) << each.status;
  }
}

}  // namespace
}  // namespace gridloom::bridges::webhook
