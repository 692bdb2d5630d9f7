#include "hubs/door_clients.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "testing/home.h"

namespace gridloom::hub {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class DoorClientsTest : public testing::Test {
 protected:
  FakePtr client(std::string name) {
    return std::make_shared<FakeClient>(loop, Identity{.name = std::move(name)}, "c");
  }
  void note(Request::Action action, std::optional<Partition> partition = std::nullopt) {
    clients.note({.action = std::move(action)}, partition);
  }
  void subscribe(const FakePtr& client, std::string filter, std::optional<Partition> partition) {
    note(Subscribe{.client = client,
                   .subscription = {.filter = std::move(filter), .send_retained = true}},
         partition);
  }
  static std::string line_of(const Request& request) {
    if (const auto* connect = std::get_if<Connect>(&request.action)) {
      return "connect " + connect->client->identity().name;
    }
    const auto& subscribe = std::get<Subscribe>(request.action);
    return fmt::format("subscribe {} {}{}", subscribe.client->identity().name,
                       subscribe.subscription.filter,
                       subscribe.subscription.send_retained ? " with retained" : "");
  }
  Lines of(Partition partition) {
    Lines lines;
    clients.for_partition(partition,
                          [&](const Request& request) { lines.push_back(line_of(request)); });
    return lines;
  }
  Lines of_node() {
    Lines lines;
    clients.for_node([&](const Request& request) { lines.push_back(line_of(request)); });
    return lines;
  }

  ManualLoop loop;
  ClientBook book;
  DoorClients clients{book};
  FakePtr anna = client("anna");
  Partition of_anna = partition_of("anna");
  Partition other{static_cast<std::uint8_t>((number_of(of_anna) + 1) % kPartitions)};
};

TEST_F(DoorClientsTest, APartitionLearnsWhoIsConnectedAndItsSubscriptions) {
  note(Connect{anna}, of_anna);
  subscribe(anna, "all", std::nullopt);
  subscribe(anna, "one", other);
  EXPECT_THAT(of(of_anna), ElementsAre("connect anna"));
  EXPECT_THAT(of(other), ElementsAre("subscribe anna one"));
  EXPECT_THAT(of_node(), ElementsAre("subscribe anna all"));
}

TEST_F(DoorClientsTest, OneThatDisconnectedKeepsItsSubscriptions) {
  note(Connect{anna}, of_anna);
  subscribe(anna, "all", std::nullopt);
  subscribe(anna, "gone", std::nullopt);
  note(Unsubscribe{.client = anna, .filter = "gone"});
  note(Disconnect{anna}, of_anna);
  EXPECT_THAT(of(of_anna), IsEmpty());
  EXPECT_THAT(of_node(), ElementsAre("subscribe anna all"));
  note(EndSession{anna});
  EXPECT_THAT(of_node(), IsEmpty());
  EXPECT_THAT(clients.all(), IsEmpty());
}

TEST_F(DoorClientsTest, ASessionGoesOnWithTheSubscriptionsOfBefore) {
  const FakePtr fresh = client("anna");
  subscribe(anna, "both", std::nullopt);
  subscribe(anna, "old", std::nullopt);
  note(Connect{fresh}, of_anna);
  subscribe(fresh, "both", std::nullopt);
  note(Rebind{.old = anna, .fresh = fresh});
  EXPECT_THAT(of_node(), UnorderedElementsAre("subscribe anna both", "subscribe anna old"));
  EXPECT_THAT(of(of_anna), ElementsAre("connect anna"));
  EXPECT_EQ(clients.other_of(book.number_of(fresh)), book.number_of(anna));
  EXPECT_EQ(clients.other_of(book.number_of(anna)), book.number_of(fresh));
  note(EndSession{fresh});
  EXPECT_EQ(clients.other_of(book.number_of(anna)), 0U);
}

}  // namespace
}  // namespace gridloom::hub
