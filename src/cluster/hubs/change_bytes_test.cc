#include "hubs/change_bytes.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>

#include "testing/must.h"

namespace gridloom::hub {
namespace {

// Every member is set.
ChangeBatch batch() {
  constexpr TimePoint kAt{Millis(1'750'000'000'123)};
  ChangeBatch batch;
  batch.covered = {{.partition = Partition{3}, .after = 1, .through = 500},
                   {.partition = Partition{63}, .after = 0, .through = 1}};
  batch.devices = {
      {.sn = "R331ZEB4ZEAL0528",
       .number = 500,
       .last_report = kAt,
       .values = {{.slot = 2, .name = "", .text = "41", .at = kAt, .number = 499},
                  {.slot = 900, .name = "pd.brandNew", .text = R"("x")", .at = kAt, .number = 500}},
       .faults = {{.slot = 5,
                   .field = "bms.err",
                   .text = "3",
                   .is_active = true,
                   .at = kAt,
                   .number = 498}},
       .has_all_faults = true,
       .presence = {{.account = registry::AccountId{4}, .online = true, .at = kAt, .number = 497}},
       .sets = {{.kind = SetOutcome::Kind::kUnanswered,
                 .id = "17",
                 .account = registry::AccountId{5},
                 .why = "no answer",
                 .at = kAt,
                 .number = 496}},
       .membership = Membership::kRemoved},
      {.sn = "HJ31ZDH2ZF690025"}};
  return batch;
}

TEST(ChangeBytes, ABatchKeepsAllThatItIs) {
  const ChangeBatch sent = batch();
  const ChangeBatch read = must(change_batch_in(bytes_of(sent)));
  EXPECT_EQ(bytes_of(read), bytes_of(sent));
  ASSERT_EQ(read.covered.size(), 2U);
  EXPECT_EQ(read.covered[0].through, 500U);
  ASSERT_EQ(read.devices.size(), 2U);
  const DeviceChanges& device = read.devices[0];
  EXPECT_EQ(device.sn, sent.devices[0].sn);
  EXPECT_EQ(device.number, 500U);
  EXPECT_EQ(device.last_report, sent.devices[0].last_report);
  EXPECT_EQ(device.values.at(1).name, "pd.brandNew");
  EXPECT_EQ(device.values.at(1).text, R"("x")");
  EXPECT_EQ(device.values.at(1).at, sent.devices[0].values[1].at);
  EXPECT_EQ(device.faults.at(0).field, "bms.err");
  EXPECT_TRUE(device.faults.at(0).is_active);
  EXPECT_TRUE(device.has_all_faults);
  EXPECT_EQ(device.presence.at(0).account, registry::AccountId{4});
  EXPECT_TRUE(device.presence.at(0).online);
  EXPECT_EQ(device.sets.at(0).kind, SetOutcome::Kind::kUnanswered);
  EXPECT_EQ(device.sets.at(0).why, "no answer");
  EXPECT_EQ(device.membership, Membership::kRemoved);
  EXPECT_EQ(read.devices[1].last_report, std::nullopt);
  EXPECT_FALSE(read.is_lost);
  EXPECT_TRUE(must(change_batch_in(bytes_of(ChangeBatch{.is_lost = true}))).is_lost);
}

TEST(ChangeBytes, WhatIsCutTooLongOrOfAnotherVersionIsRefused) {
  const std::string bytes = bytes_of(batch());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(change_batch_in(bytes.substr(0, size)));
  }
  EXPECT_FALSE(change_batch_in(bytes + '\0'));
  std::string other = bytes;
  other.front() = 2;
  EXPECT_FALSE(change_batch_in(other));
}

}  // namespace
}  // namespace gridloom::hub
