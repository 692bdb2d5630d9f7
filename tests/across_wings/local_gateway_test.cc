#include "bridges/core/local_gateway.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "hubs/test_cluster.h"
#include "testing/home.h"

namespace gridloom::bridges {
namespace {

using testing::ElementsAre;

constexpr std::string_view kSn = "R331ZEB4ZEAL0528";

// A cluster's door keeps what an owner has not acknowledged, and sends it to the next one.
TEST(LocalGatewayOfACluster, WhatAnOwnerThatIsAwayDidNotTakeIsForTheNextOneAlthoughAnotherGoesOn) {
  hub::TestCluster cluster(3);
  hub::TestCluster::Member& door = cluster[0];
  const std::string away(kSn);
  const std::string other = "R331ZEB4ZEAL0529";
  const registry::AccountId anna = cluster.home.add_account("anna");
  for (const std::string& sn : {away, other}) cluster.home.add_device(sn, "anna");
  cluster.settle();
  ASSERT_NE(partition_of(away), partition_of(other));
  cluster.place(partition_of(away), "b");
  cluster.place(partition_of(other), "c");
  cluster.settle();
  LocalGateway gateway({.hub = *door.hub,
                        .loop = door.client_loop,
                        .account = anna,
                        .client_id = "bridge-cloud",
                        .on_set = [](std::string_view, std::string_view) {},
                        .on_dropped = [](std::size_t) { ADD_FAILURE(); }});
  for (const std::string& sn : {away, other}) gateway.serve(sn);
  cluster.settle();
  cluster.kill(cluster[1]);
  for (int soc = 1; soc <= 3; ++soc) {
    for (const std::string& sn : {away, other}) {
      gateway.report(sn, fmt::format(R"({{"params":{{"pd.soc":{}}}}})", soc));
    }
    cluster.settle();
  }
  EXPECT_THAT(cluster[2].log.values_of("pd.soc"), ElementsAre("1", "2", "3"));
  cluster.place(partition_of(away), "c");
  cluster.settle();
  EXPECT_THAT(cluster[2].log.values_of("pd.soc"), ElementsAre("1", "2", "3", "1", "2", "3"));
}

}  // namespace
}  // namespace gridloom::bridges
