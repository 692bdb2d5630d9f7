#include "hubs/kept_publications.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace gridloom::hub {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr Partition kOne{1};
constexpr Partition kTwo{2};

KeptPublication kept(ClientNumber client, std::uint16_t packet_id, std::string sn) {
  return {.client = nullptr,
          .number = client,
          .inbound = {.sn = std::move(sn),
                      .message = nullptr,
                      .options = {.token = {.packet_id = packet_id, .qos = Qos::kAtLeastOnce}}}};
}

std::vector<std::string> names(const std::vector<KeptPublication>& all) {
  std::vector<std::string> names;
  names.reserve(all.size());
  for (const KeptPublication& each : all) names.push_back(each.inbound.sn);
  return names;
}

TEST(KeptPublications, AreTakenByTheirClientAndPacketId) {
  KeptPublications all;
  all.add(kOne, kept(1, 7, "a"));
  all.add(kOne, kept(2, 7, "b"));
  EXPECT_FALSE(all.take(1, 8));
  EXPECT_EQ(all.take(2, 7)->inbound.sn, "b");
  EXPECT_FALSE(all.take(2, 7));
  EXPECT_EQ(all.size(), 1U);
}

TEST(KeptPublications, OfOnePacketIdTheOldestIsTakenFirst) {
  KeptPublications all;
  all.add(kTwo, kept(1, 7, "first"));
  all.add(kOne, kept(1, 7, "again"));
  EXPECT_EQ(all.take(1, 7)->inbound.sn, "first");
  EXPECT_EQ(all.take(1, 7)->inbound.sn, "again");
}

TEST(KeptPublications, APartitionIsTakenInItsOrder) {
  KeptPublications all;
  all.add(kOne, kept(1, 1, "a"));
  all.add(kTwo, kept(1, 2, "other"));
  all.add(kOne, kept(2, 1, "b"));
  all.add(kOne, kept(1, 1, "c"));
  EXPECT_TRUE(all.take(2, 1));
  EXPECT_THAT(names(all.take_all(kOne)), ElementsAre("a", "c"));
  EXPECT_THAT(names(all.take_all(kOne)), IsEmpty());
  EXPECT_FALSE(all.take(1, 1));
  EXPECT_EQ(all.take(1, 2)->inbound.sn, "other");
  EXPECT_EQ(all.size(), 0U);
}

}  // namespace
}  // namespace gridloom::hub
