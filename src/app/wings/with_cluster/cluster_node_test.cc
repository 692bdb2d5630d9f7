#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "app/cluster_node.h"
#include "testing/temporary_folder.h"

namespace gridloom::app {
namespace {

using testing::HasSubstr;

TEST(ClusterNode, NatsBeyondThisMachineNeedsTlsAndAUser) {
  const TemporaryFolder folder;
  const std::filesystem::path password = folder.path() / "password";
  std::ofstream(password) << "choose-another\n";
  std::filesystem::permissions(password, std::filesystem::perms(0600));
  struct Row {
    std::string_view urls;
    std::string_view user;
    std::string_view refused;  // empty: it is taken
  };
  for (const Row& row :
       {Row{"nats://127.0.0.1:4222,nats://localhost:4222,nats://[::1]:4222", "", ""},
        Row{"nats://nats-1:4222", "", "unencrypted"},
        Row{"nats://nats-1:4222", "gridloom", "unencrypted"},
        Row{"nats://127.0.0.1:4222,nats://192.0.2.1:4222", "", "unencrypted"},
        Row{"nats://127.0.0.1.example.org", "", "unencrypted"},
        Row{"tls://nats-1:4222", "", "anybody"}, Row{"tls://nats-1:4222", "gridloom", ""}}) {
    const bool has_user = !row.user.empty();
    ServeOptions options;
    options.database = "postgres://127.0.0.1/gridloom";
    options.cluster.node = "a";
    options.cluster.urls = row.urls;
    options.cluster.user = row.user;
    if (has_user) options.cluster.password_file = password;
    const Status good = check_cluster(options);
    EXPECT_EQ(good.has_value(), row.refused.empty()) << row.urls;
    if (!good) {
      EXPECT_THAT(good.error().detail, AllOf(HasSubstr(row.refused), HasSubstr("insecure-plain")));
    }
    options.insecure_plain = true;
    EXPECT_TRUE(check_cluster(options)) << row.urls;
  }
}

}  // namespace
}  // namespace gridloom::app
