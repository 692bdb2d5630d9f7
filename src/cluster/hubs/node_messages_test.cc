#include "hubs/node_messages.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <variant>
#include <vector>

#include "testing/must.h"

namespace gridloom::hub {
namespace {

ChangeInterest interest() {
  return {.scope = ChangeReaderOptions::Scope::kAccount,
          .detail = ChangeReaderOptions::Detail::kEvents,
          .account = registry::AccountId{9},
          .reader = 4,
          .sn = "SN"};
}

// A message of each kind, with every member set.
std::vector<NodeMessage> each() {
  constexpr Partition kLast{63};
  return {ClientMet{.client = 1'000'000,
                    .identity = {.role = Role::kGateway,
                                 .account = registry::AccountId{7},
                                 .name = "gateway:anna",
                                 .device = 12,
                                 .generation = 3},
                    .client_id = "id",
                    .peer = "192.0.2.1"},
          ClientState{.client = 2, .present = false, .stored_number = -1},
          StreamBegins{.partition = kLast, .revision = 5, .stream = 8},
          RemoteRequest{.number = 6, .partition = kLast, .bytes = std::string("\0a", 2)},
          ChangesWanted{.interest = interest(), .wanted = true},
          RemoteReply{.number = 7, .bytes = "b"},
          ClientDelivered{.client = 8, .bytes = "c"},
          ClientKicked{.client = 9, .reason = KickReason::kDropped},
          ClientRightsChanged{10},
          CreditReturned{.client = 11, .bytes = 70'000},
          ClientGone{12},
          PartitionMoved{.partition = kLast, .stream = 9},
          PartitionLeft{.partition = kLast, .revision = 13},
          PresenceChanged{.sn = "SN", .online = true},
          PresenceOfPartition{.partition = kLast, .online = {"SN", ""}},
          ChangesTold{.interest = interest(), .bytes = "d"},
          DoorIntroduced{.through = 1'000'000'000'000},
          DeliveriesTaken{.through = 7}};
}

TEST(NodeMessages, EachKindHasARow) {
  EXPECT_EQ(each().size(), std::variant_size_v<NodeMessage>);
  for (std::size_t i = 0; i < each().size(); ++i) EXPECT_EQ(each()[i].index(), i);
}

TEST(NodeMessages, KeepAllThatTheyAre) {
  for (const NodeMessage& message : each()) {
    const NodeMessage read = must(node_message_in(bytes_of(message)));
    EXPECT_EQ(read.index(), message.index());
    EXPECT_EQ(bytes_of(read), bytes_of(message)) << message.index();
  }
  const auto met = std::get<ClientMet>(must(node_message_in(bytes_of(each()[0]))));
  EXPECT_EQ(met.client, 1'000'000U);
  EXPECT_EQ(met.identity.role, Role::kGateway);
  EXPECT_EQ(met.identity.account, registry::AccountId{7});
  EXPECT_EQ(met.identity.name, "gateway:anna");
  EXPECT_EQ(met.identity.device, 12);
  EXPECT_EQ(met.identity.generation, 3);
  EXPECT_EQ(met.client_id, "id");
  EXPECT_EQ(met.peer, "192.0.2.1");
  const auto wanted = std::get<ChangesWanted>(must(node_message_in(bytes_of(each()[4]))));
  EXPECT_EQ(wanted.interest, interest());
  EXPECT_TRUE(wanted.wanted);
  const auto presence = std::get<PresenceOfPartition>(must(node_message_in(bytes_of(each()[14]))));
  EXPECT_EQ(presence.online, (std::vector<std::string>{"SN", ""}));
  const auto all = std::get<RemoteRequest>(must(node_message_in(bytes_of(RemoteRequest{}))));
  EXPECT_EQ(all.partition, std::nullopt);
}

TEST(NodeMessages, WhatIsCutTooLongOrOfAnotherVersionIsRefused) {
  for (const NodeMessage& message : each()) {
    const std::string bytes = bytes_of(message);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_FALSE(node_message_in(bytes.substr(0, size))) << message.index();
    }
    EXPECT_FALSE(node_message_in(bytes + '\0'));
    std::string other = bytes;
    other.front() = 2;
    EXPECT_FALSE(node_message_in(other));
  }
  EXPECT_FALSE(node_message_in("\x01\x10"));  // no kind has this number
}

TEST(NodeMessages, MembersThatAreOutOfRangeAreRefused) {
  std::string moved = bytes_of(PartitionMoved{.partition = Partition{63}});
  moved.at(moved.size() - 2) = 64;
  EXPECT_FALSE(node_message_in(moved));
  std::string kicked = bytes_of(ClientKicked{.client = 1, .reason = KickReason::kDropped});
  kicked.back() = 4;
  EXPECT_FALSE(node_message_in(kicked));
}

}  // namespace
}  // namespace gridloom::hub
