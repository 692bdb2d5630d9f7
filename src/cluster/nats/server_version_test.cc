#include "nats/server_version.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "nats/test_server.h"
#include "testing/must.h"

namespace gridloom::nats {
namespace {

TEST(NatsServerVersion, IsReadFromTheServer) {
  if (TestServers::program().empty()) GTEST_SKIP() << TestServers::kMissing;
  TestServers servers;
  EXPECT_THAT(must(server_version(servers.url(0), Millis(2'000))),
              testing::MatchesRegex("2[.][0-9]+[.][0-9]+"));
  servers.kill(0);
  EXPECT_EQ(server_version(servers.url(0), Millis(2'000)).error().code, ErrorCode::kIo);
}

TEST(NatsServerVersion, IsNotReadFromSomethingElse) {
  if (TestServers::program().empty()) GTEST_SKIP() << TestServers::kMissing;
  TestServers servers;
  servers.pause(0);
  EXPECT_EQ(server_version(servers.url(0), Millis(50)).error().code, ErrorCode::kIo);
  EXPECT_EQ(server_version("nats://", Millis(50)).error().code, ErrorCode::kIo);
  EXPECT_EQ(server_version("nats://no.such.host.invalid:1", Millis(50)).error().code,
            ErrorCode::kIo);
}

TEST(NatsServerVersion, IsCompared) {
  EXPECT_EQ(parse_version("2.9.10"), (Version{.major = 2, .minor = 9}));
  EXPECT_LT(parse_version("2.9.10"), parse_version("2.12"));
  EXPECT_LT(parse_version("2.12.1-beta"), parse_version("3.0.0"));
  for (const char* text : {"", "2", "2.", "x.9", ".9", "2.y"}) {
    EXPECT_EQ(parse_version(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace gridloom::nats
