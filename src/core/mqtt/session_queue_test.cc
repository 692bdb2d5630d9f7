#include "mqtt/session_queue.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "testing/home.h"

namespace gridloom::mqtt {
namespace {

using QosZero = SessionQueue::QosZero;
using wire::mqtt::Outbox;
using wire::mqtt::Qos;
using Payloads = std::vector<std::string>;

hub::Delivery delivery(std::string_view payload, Qos qos = Qos::kAtLeastOnce) {
  return {.message = std::make_shared<const wire::mqtt::Message>(
              wire::mqtt::Message{.topic = "t", .payload = payload}),
          .qos = qos,
          .subscription_ids = {}};
}

class SessionQueueTest : public testing::Test {
 protected:
  // Takes the queue's messages of QoS 1 and 2.
  static Payloads payloads(SessionQueue& queue) {
    Payloads found;
    for (const Outbox::Kept& kept : queue.take().outbox.kept()) {
      found.emplace_back(kept.entry.message->payload);
    }
    return found;
  }
  static std::size_t waiting(SessionQueue& queue) { return queue.take().outbox.waiting(); }

  AccountBudgetTable table_;
  AccountBudgetsPtr budgets_ = table_.of(AccountId{1});
};

TEST_F(SessionQueueTest, AParkedSessionQueuesMessagesThatAreAcknowledged) {
  SessionQueue queue(budgets_);
  queue.add({delivery("0", Qos::kAtMostOnce), delivery("1"), delivery("2", Qos::kExactlyOnce)}, {});
  queue.add({delivery("3")}, {});
  EXPECT_EQ(payloads(queue), (Payloads{"1", "2", "3"}));
}

TEST_F(SessionQueueTest, WhatIsHeldComesAfterWhatTheOlderSessionHas) {
  SessionQueue older(budgets_);
  older.add({delivery("1"), delivery("2")}, {});
  SessionQueue queue(budgets_);
  queue.hold({delivery("3")}, {});
  queue.hold({delivery("4")}, {});
  queue.continue_from(std::move(older));
  queue.queue_held(QosZero::kQueued);
  EXPECT_EQ(payloads(queue), (Payloads{"1", "2", "3", "4"}));
  queue.queue_held(QosZero::kQueued);
  EXPECT_EQ(payloads(queue), Payloads{}) << "once";
}

TEST_F(SessionQueueTest, HeldMessagesOfQosZeroAreForAConnection) {
  for (const auto& [qos_zero, wanted] :
       {std::pair(QosZero::kQueued, 2U), std::pair(QosZero::kDropped, 1U)}) {
    SessionQueue queue(budgets_);
    queue.hold({delivery("0", Qos::kAtMostOnce), delivery("1")}, {});
    queue.queue_held(qos_zero);
    EXPECT_EQ(waiting(queue), wanted);
  }
}

TEST_F(SessionQueueTest, AnAcknowledgementThatComesLateIsTheNextConnections) {
  SessionQueue queue(budgets_);
  queue.put({.outbox = Outbox(budgets_->queued), .received = {3, 4, 5}, .unanswered = {3, 4, 5}});
  queue.add({}, {{.token = {.packet_id = 4, .qos = Qos::kExactlyOnce}}});
  queue.hold({}, {{.token = {.packet_id = 5, .qos = Qos::kExactlyOnce}}});
  queue.queue_held(QosZero::kDropped);
  EXPECT_EQ(queue.take().unanswered, std::vector<std::uint16_t>{3});
}

TEST_F(SessionQueueTest, AnEndingSessionLeavesWhatOthersOfItsGroupMayGet) {
  SessionQueue queue(budgets_);
  const auto group = std::make_shared<const std::string>("$share/g/t");
  std::vector<hub::Delivery> deliveries = {delivery("own"), delivery("shared"),
                                           delivery("shared 2", Qos::kExactlyOnce)};
  deliveries[1].share = group;
  deliveries[1].number = 7;
  deliveries[2].share = group;
  queue.add(deliveries, {});
  queue.hold({delivery("held")}, {});
  const std::vector<hub::Delivery> left = queue.end();
  ASSERT_EQ(left.size(), 2U);
  EXPECT_EQ(left[0].message->payload, "shared");
  EXPECT_EQ(left[0].number, 7);
  EXPECT_EQ(*left[0].share, "$share/g/t");
  EXPECT_EQ(left[1].message->payload, "shared 2");
  queue.queue_held(QosZero::kQueued);
  EXPECT_EQ(payloads(queue), Payloads{});
  EXPECT_EQ(budgets_->queued->taken(), 0U);
}

TEST_F(SessionQueueTest, AStoredQueueComesBackInOrderWithItsShares) {
  SessionSubscriptions subscriptions;
  subscriptions.add({.filter = "$share/g/t"});
  StoredSession stored;
  stored.received = {9};
  for (const std::int64_t number : {11, 12}) {
    Outbox::Kept kept;
    kept.entry.message = delivery(fmt::format("{}", number)).message;
    kept.entry.qos = Qos::kAtLeastOnce;
    kept.entry.number = number;
    stored.messages.push_back(std::move(kept));
  }
  SessionQueue queue(budgets_);
  queue.restore(stored, {}, subscriptions);
  const wire::mqtt::SessionState state = queue.take();
  EXPECT_EQ(state.received, std::vector<std::uint16_t>{9});
  const auto kept = state.outbox.kept();
  ASSERT_EQ(kept.size(), 2U);
  EXPECT_EQ(kept[0].entry.number, 11);
  EXPECT_EQ(kept[1].entry.number, 12);
  EXPECT_EQ(*kept[0].entry.share, "$share/g/t");
}

TEST_F(SessionQueueTest, DroppedMessagesAreCountedOnceOverAllConnections) {
  TestHome home;
  FakeClient client(home.client_loop, hub::Identity{.name = "anna"}, "c");
  const auto dropped = [&home] { return home.platform.counters.dropped_queue_full.load(); };
  SessionQueue queue(budgets_);
  queue.count_dropped(client, {.queue_full = 3}, *home.hub);
  queue.count_dropped(client, {.queue_full = 3}, *home.hub);
  queue.count_dropped(client, {.queue_full = 5, .expired = 1}, *home.hub);
  EXPECT_EQ(dropped(), 5U);
  EXPECT_EQ(home.platform.counters.dropped_expired.load(), 1U);
  SessionQueue successor(budgets_);
  successor.continue_from(std::move(queue));
  successor.count_dropped(client, {.queue_full = 6, .expired = 1}, *home.hub);
  EXPECT_EQ(dropped(), 6U);
}

TEST_F(SessionQueueTest, DropsWhatItsClientMayNotReceive) {
  TestHome home;
  home.add_account("anna");
  home.add_device("R331ZEB4ZEAL0528", "anna");
  const auto client = home.connect_device("R331ZEB4ZEAL0528");
  std::vector<hub::Delivery> deliveries = {delivery("own"), delivery("other")};
  deliveries[0].message = std::make_shared<const wire::mqtt::Message>(
      wire::mqtt::Message{.topic = "/device/R331ZEB4ZEAL0528/set", .payload = "own"});
  deliveries[1].message = std::make_shared<const wire::mqtt::Message>(
      wire::mqtt::Message{.topic = "/device/R331TEST0000001/set", .payload = "other"});
  deliveries[0].number = 1;
  deliveries[1].number = 2;
  SessionQueue queue(budgets_);
  queue.add(deliveries, {});
  queue.keep_permitted(*home.hub, client->identity());
  const TakenSteps steps = queue.take_steps();
  ASSERT_EQ(steps.steps.size(), 1U);
  EXPECT_EQ(steps.steps[0].number, 2) << "the log is told that it is not queued any more";
  EXPECT_EQ(steps.taken, 1U);
  EXPECT_EQ(payloads(queue), Payloads{"own"});
}

}  // namespace
}  // namespace gridloom::mqtt
