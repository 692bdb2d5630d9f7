// The messages of a session while no connection has them: the session is parked, or waits for the
// state of the older session that it takes over. Counts what was dropped over all connections.
//
// Thread rule: the session's loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "hub/clients/client.h"
#include "hub/hub.h"
#include "mqtt/account_shares.h"
#include "mqtt/session_publications.h"
#include "mqtt/session_subscriptions.h"
#include "mqtt/stored_session.h"
#include "wire/mqtt/session.h"

namespace gridloom::mqtt {

class SessionQueue {
 public:
  // Keeps the account's budgets as long as it lives.
  explicit SessionQueue(AccountBudgetsPtr budgets);

  [[nodiscard]] const AccountBudgets& budgets() const { return *budgets_; }

  // While the session waits for a takeover: nothing may overtake what the older session has.
  void hold(std::vector<hub::Delivery> deliveries, std::vector<hub::Ack> acks);
  // The takeover: continues with the messages of the older session. Held messages stay held.
  void continue_from(SessionQueue older);
  // The wait is over: queues what was held. Messages of QoS 0 are for a connection only.
  enum class QosZero : std::uint8_t { kDropped, kQueued };
  void queue_held(QosZero qos_zero);

  // While the session is parked: queues the deliveries of QoS 1 and 2.
  void add(const std::vector<hub::Delivery>& deliveries, const std::vector<hub::Ack>& acks);
  // Before any other call: the queue as it was stored. Says by `subscriptions` which shared one
  // each message came through.
  void restore(StoredSession& stored, const wire::mqtt::MqttLimits& limits,
               const SessionSubscriptions& subscriptions);

  // For a connection, which has the messages from then on, until it ends.
  [[nodiscard]] wire::mqtt::SessionState take();
  void put(wire::mqtt::SessionState state);

  // The delivery steps since the last call.
  [[nodiscard]] TakenSteps take_steps();
  // Drops the messages that the client may not receive any more.
  void keep_permitted(const hub::Hub& hub, const hub::Identity& who);
  // The session ends: returns the messages that other members of its groups get, and drops
  // everything else.
  [[nodiscard]] std::vector<hub::Delivery> end();

  // Adds what was dropped since the last call to the hub's counters. `so_far` is the count of the
  // outbox that has the messages.
  void count_dropped(const hub::Client& session, const wire::mqtt::Dropped& so_far, hub::Hub& hub);
  // The same, with the count of this queue.
  void count_dropped(const hub::Client& session, hub::Hub& hub) {
    count_dropped(session, kept_.outbox.dropped(), hub);
  }

 private:
  void push(const hub::Delivery& delivery);

  AccountBudgetsPtr budgets_;
  wire::mqtt::SessionState kept_;
  std::vector<hub::Delivery> held_;
  std::vector<hub::Ack> held_acks_;
  wire::mqtt::Dropped counted_;
};

}  // namespace gridloom::mqtt
