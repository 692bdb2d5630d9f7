#include "nats/server_version.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

}  // namespace
}  // namespace gridloom::nats
