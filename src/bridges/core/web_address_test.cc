#include "bridges/core/web_address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string_view>

#include "testing/must.h"

namespace gridloom::bridges {
namespace {

using testing::HasSubstr;

TEST(WebAddress, IsAServerAndATarget) {
  struct Case {
    std::string_view text;
    std::string_view server;
    std::string_view target;
  };
  for (const Case& each :
       {Case{"http://db:8086", "http://db:8086", "/"}, Case{"https://db/", "https://db", "/"},
        Case{"http://127.0.0.1:80/a/b?c=d", "http://127.0.0.1:80", "/a/b?c=d"},
        Case{"https://db?c=d", "https://db", "/?c=d"}}) {
    const WebAddress address = must(parse_web_address("url", each.text));
    EXPECT_EQ(address.server, each.server);
    EXPECT_EQ(address.target, each.target);
  }
}

TEST(WebAddress, OneThatCannotBeAskedIsRefused) {
  for (const std::string_view text :
       {"db:8086", "ftp://db", "http://", "http:///path", "http://u:p@db", "http://db/#part",
        "http://db:99999", "http://db/a b", "http://db/a\nb", "http://d b/"}) {
    const auto address = parse_web_address("url", text);
    ASSERT_FALSE(address) << text;
    EXPECT_EQ(address.error().code, ErrorCode::kBadParams);
    EXPECT_THAT(address.error().detail, HasSubstr("url is \""));
  }
}

}  // namespace
}  // namespace gridloom::bridges
