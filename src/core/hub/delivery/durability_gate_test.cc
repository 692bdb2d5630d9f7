#include "hub/delivery/durability_gate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/home.h"

namespace gridloom::hub {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class SlowJournal final : public journal::Journal {
 public:
  [[nodiscard]] bool behind() const override { return is_behind; }
  [[nodiscard]] std::string failing() const override { return {}; }
  bool is_behind = false;

 private:
  std::uint64_t append_record(journal::RecordKind, std::string, Task, std::size_t) override {
    return 0;
  }
};

class DurabilityGateTest : public testing::Test {
 protected:
  DurabilityGateTest() { home.platform.journal = &journal; }
  ~DurabilityGateTest() override { home.platform.journal = nullptr; }

  FakePtr client(std::string id) {
    return std::make_shared<FakeClient>(home.client_loop, Identity{}, std::move(id));
  }
  static std::vector<ClientDeliveries> one(FakePtr to, std::string topic) {
    std::vector<ClientDeliveries> all;
    all.push_back({.client = std::move(to), .deliveries = {}});
    auto message =
        std::make_shared<wire::mqtt::Message>(wire::mqtt::Message{.topic = std::move(topic)});
    all.front().deliveries.push_back({.message = std::move(message), .subscription_ids = {}});
    return all;
  }
  static Ack ack(std::uint16_t packet_id) { return {.token = {.packet_id = packet_id}}; }
  Task answer(std::string what) {
    return [this, what = std::move(what)] { left.push_back(what); };
  }

  TestHome home{1};
  SlowJournal journal;
  Lines left;  // in their order
  DurabilityGate gate{home.platform, [this](const ClientPtr& to, const Ack& ack) {
                        left.push_back(fmt::format("{} {}", to->client_id(), ack.token.packet_id));
                      }};
};

TEST_F(DurabilityGateTest, AnAcknowledgementWithoutARecordLeavesAtOnce) {
  gate.acknowledge(client("a"), ack(1), 0);
  gate.when_durable(0, answer("set"));
  EXPECT_THAT(left, ElementsAre("a 1", "set"));
}

TEST_F(DurabilityGateTest, NothingLeavesBeforeItsRecordIsDurable) {
  gate.when_durable(2, answer("set of 2"));
  gate.acknowledge(client("a"), ack(1), 1);
  gate.acknowledge(client("b"), ack(7), 3);
  gate.when_durable(3, answer("set of 3"));
  EXPECT_THAT(left, IsEmpty());
  EXPECT_EQ(gate.held().acks, 2U);
  EXPECT_EQ(gate.held().answers, 2U);
  gate.durable(2);
  EXPECT_THAT(left, ElementsAre("a 1", "set of 2"));
  gate.durable(3);
  EXPECT_THAT(left, ElementsAre("a 1", "set of 2", "b 7", "set of 3"));
  EXPECT_EQ(gate.held().acks + gate.held().answers, 0U);
}

TEST_F(DurabilityGateTest, AcknowledgementsNeverOvertakeEachOther) {
  gate.acknowledge(client("a"), ack(1), 3);
  gate.acknowledge(client("a"), ack(2), 1);
  gate.durable(2);
  EXPECT_THAT(left, IsEmpty());
  gate.durable(3);
  EXPECT_THAT(left, ElementsAre("a 1", "a 2"));
}

TEST_F(DurabilityGateTest, ASuccessorGetsTheAcknowledgementsOfItsPredecessor) {
  const FakePtr old = client("old");
  gate.acknowledge(old, ack(1), 1);
  gate.acknowledge(client("other"), ack(2), 1);
  gate.rebind(*old, client("new"));
  gate.durable(1);
  EXPECT_THAT(left, ElementsAre("new 1", "other 2"));
}

TEST_F(DurabilityGateTest, DeliveriesLeaveInTheOrderOfTheirRecords) {
  const FakePtr to = client("a");
  gate.deliver(one(to, "first"), 0);
  home.settle();
  EXPECT_THAT(to->take(), ElementsAre("q0 first "));
  gate.deliver(one(to, "of 1"), 1);
  gate.deliver(one(to, "of 3"), 3);
  home.settle();
  EXPECT_THAT(to->take(), IsEmpty());
  EXPECT_EQ(gate.held().deliveries, 2U);
  gate.durable(2);
  home.settle();
  EXPECT_THAT(to->take(), ElementsAre("q0 of 1 "));
  gate.durable(3);
  home.settle();
  EXPECT_THAT(to->take(), ElementsAre("q0 of 3 "));
  EXPECT_EQ(gate.held().deliveries, 0U);
}

TEST_F(DurabilityGateTest, ASuccessorGetsTheDeliveriesOfItsPredecessor) {
  const FakePtr old = client("old");
  const FakePtr fresh = client("new");
  gate.deliver(one(old, "kept"), 1);
  gate.rebind(*old, fresh);
  gate.durable(1);
  home.settle();
  EXPECT_THAT(old->take(), IsEmpty());
  EXPECT_THAT(fresh->take(), ElementsAre("q0 kept "));
}

TEST_F(DurabilityGateTest, CreditWaitsWhileTheJournalIsBehind) {
  constexpr std::size_t kBytes = std::size_t{64} * 1024;
  const FakePtr publisher = client("a");
  publisher->charge_credit(kBytes);
  journal.is_behind = true;
  gate.consume_credit(publisher, kBytes);
  home.settle();
  EXPECT_TRUE(publisher->is_throttled());
  EXPECT_EQ(gate.held().credits, 1U);
  gate.durable(1);
  EXPECT_TRUE(publisher->is_throttled());
  journal.is_behind = false;
  gate.durable(2);
  home.settle();
  EXPECT_FALSE(publisher->is_throttled());
  EXPECT_EQ(publisher->told_to_go_on, 1);
  EXPECT_EQ(gate.held().credits, 0U);
}

}  // namespace
}  // namespace gridloom::hub
