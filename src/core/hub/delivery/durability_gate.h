// Holds back what one shard may give out only when the journal has caught up: acknowledgements,
// answers and some deliveries (Router::take_durable) until their record is durable, and publishers'
// credit while the journal is behind or their account has written its daily allowance.
//
// Belongs to a shard and is used on its loop only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/loop.h"
#include "hub/clients/client.h"
#include "hub/clients/session_changes.h"
#include "hub/platform/platform.h"

namespace gridloom::hub {

// A delivery to a session that is kept is in the log, under a number of its own.
// Gives the delivery a number, and returns the change that says that it waits for the session.
// Nothing: it is not kept, because it is of QoS 0 or too large for the format. `packet` is encoded
// by the first call that needs it, and shared by all deliveries of one message whose changes follow
// each other in the log; the change's views point into it.
[[nodiscard]] std::optional<MessageKept> keep_delivery(const SessionKeeper& keeper,
                                                       std::int64_t session, Delivery& delivery,
                                                       std::string& packet);

class DurabilityGate {
 public:
  using Acknowledge = std::function<void(const ClientPtr& client, const Ack& ack)>;
  // `acknowledge` hands an acknowledgement on to its client.
  DurabilityGate(const Platform& platform, Acknowledge acknowledge);

  // `record` is a number of TurnWriter; 0 is always durable.
  [[nodiscard]] bool is_durable(std::uint64_t record) const { return record <= durable_; }
  // Acknowledgements leave in the order of these calls, as soon as their record is durable.
  void acknowledge(const ClientPtr& client, const Ack& ack, std::uint64_t record);
  // These go to their clients as soon as the record is durable, a task for each loop, behind those
  // of earlier records.
  void deliver(std::vector<ClientDeliveries> deliveries, std::uint64_t record);
  // Runs `answer` as soon as the record is durable, behind the acknowledgements that may leave.
  void when_durable(std::uint64_t record, Task answer);
  // The record and all before it are durable.
  void durable(std::uint64_t record);

  // Passes everything that is held for `old` to `fresh`.
  void rebind(const Client& old, const ClientPtr& fresh);

  // Returns credit for `bytes` to the client, when it may have it.
  void consume_credit(const ClientPtr& client, std::size_t bytes);
  // Returns the credit that waits and need not any more; call at each tick.
  void release_credit();

  // The numbers of items that wait now.
  struct Held {
    std::size_t acks = 0;
    std::size_t deliveries = 0;  // of a client and record each
    std::size_t answers = 0;
    std::size_t credits = 0;
  };
  [[nodiscard]] Held held() const;

 private:
  struct HeldAck {
    std::uint64_t record = 0;
    ClientPtr client;
    Ack ack;
  };
  struct HeldDeliveries {
    std::uint64_t record = 0;
    ClientDeliveries of_client;
  };
  struct HeldAnswer {
    std::uint64_t record = 0;
    Task answer;
  };
  struct HeldCredit {
    ClientPtr client;
    std::size_t bytes = 0;
  };
  void release_deliveries();
  void release_credit_of_journal();

  const Platform& platform_;
  Acknowledge acknowledge_;
  std::uint64_t durable_ = 0;
  std::deque<HeldAck> acks_;
  std::deque<HeldDeliveries> deliveries_;
  std::vector<HeldAnswer> answers_;
  std::vector<HeldCredit> behind_;          // until the journal is no longer behind
  std::vector<HeldCredit> over_allowance_;  // of accounts over their daily allowance
};

}  // namespace gridloom::hub
