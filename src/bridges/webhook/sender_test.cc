#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bridges/webhook/sender.h"
#include "testing/must.h"

namespace gridloom::bridges::webhook {
namespace {

using client::HttpHeader;
using testing::ElementsAre;

TEST(WebhookSignature, IsTheHmacOfTheTimestampAndTheBody) {
  Signer signer = must(Signer::make(Secret("open sesame")));
  // printf '1700000000000.{"id":"1"}' | openssl dgst -sha256 -hmac 'open sesame'
  for (int attempt = 0; attempt < 2; ++attempt) {
    EXPECT_THAT(
        must(signer.headers("1", 1'700'000'000'000, R"({"id":"1"})")),
        ElementsAre(
            HttpHeader("X-Gridloom-Id", "1"), HttpHeader("X-Gridloom-Timestamp", "1700000000000"),
            HttpHeader("X-Gridloom-Signature",
                       "sha256="
                       "fe5c87673125ed37d7df7e67453f0f9bb74fb688b2427bd21d0f82e8e6eb0fa4")));
  }
}

TEST(WebhookSignature, IsMissingWithoutASecret) {
  Signer signer = must(Signer::make(Secret()));
  EXPECT_THAT(
      must(signer.headers("1", 5, "{}")),
      ElementsAre(HttpHeader("X-Gridloom-Id", "1"), HttpHeader("X-Gridloom-Timestamp", "5")));
}

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
