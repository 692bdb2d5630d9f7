// Decides who a device's messages are for: the accounts that may read the device, as far as no
// injected fault holds a message back, or the device itself. The Router finds their subscriptions;
// traffic taps get what apps get.
//
// Belongs to a shard and is used on its loop only. Not here: whether the sender may send.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/loop.h"
#include "hub/clients/client.h"
#include "hub/clients/subscription_table.h"
#include "hub/clients/topic_rights.h"
#include "hub/delivery/report_route.h"
#include "hub/faults/fault_overlay.h"
#include "hub/feed/traffic_feed.h"
#include "hub/platform/platform.h"
#include "hub/platform/turn_writer.h"
#include "registry/directory.h"

namespace gridloom::hub {

// Finds the subscribers of a message on one shard, and collects what each client gets until the end
// of the turn: one task a loop then hands it over.
//
// A message that goes to a session which outlives its connection is recorded by the TurnWriter, so
// that it is as durable as its cause. Belongs to a shard and is used on its loop only. Not here:
// rights.
//
// A message on its way to subscribers.
struct OutgoingMessage {
  const wire::mqtt::Message& like;  // everything but the topic
  wire::mqtt::Qos qos = wire::mqtt::Qos::kAtMostOnce;
  bool retain = false;           // as published
  const Client* from = nullptr;  // the publisher; null: the platform
};

class Router {
 public:
  // `caught_up` is called, on any thread, when is_ahead_of_loops() has become false.
  Router(Platform& platform, TurnWriter& writer, std::function<void()> caught_up);
  Router(const Router&) = delete;
  Router& operator=(const Router&) = delete;

  [[nodiscard]] SubscriptionTable& subscriptions() { return subscriptions_; }

  // Each sends a copy of the message under the receiver's topic to the subscribers there: an
  // account's apps, a device's own connections, or the gateways of the account with this name.
  void to_apps(std::string_view certificate_account, const std::string& sn, Verb verb,
               const OutgoingMessage& message);
  void to_device(const std::string& sn, Verb verb, const OutgoingMessage& message);
  void to_gateways(std::string_view account, const std::string& sn, Verb verb,
                   const OutgoingMessage& message);
  // The subscribers of `topic` in one scope (SubscriptionTable::find); empty: there are none.
  [[nodiscard]] std::optional<ReportTarget> target(std::string_view scope, std::string topic);
  // Sends the report to the subscribers of a target that is still valid.
  void send(const ReportTarget& target, OutgoingReport& report);
  // Sends a message to one subscriber, if its filter matches the topic and the message has not
  // expired: as retained.
  void offer(const ClientPtr& client, const Subscription& subscription, const std::string& topic,
             const wire::mqtt::Message& message, wire::mqtt::Qos qos);
  // Sends what `from` got as a member of groups, and did not take, to other members of them.
  // `stored_number`: number of the ended session in the log, 0: none; there the deliveries are
  // done.
  void hand_on(const Client& from, std::int64_t stored_number,
               const std::vector<Delivery>& deliveries);
  void acknowledge(const ClientPtr& client, const Ack& ack);

  [[nodiscard]] bool empty() const { return batches_.empty(); }
  // Takes out what the clients get only once the log has it, as another process may have to
  // continue with it: messages with a number for sessions that another node keeps, and of a log
  // that is shared all with a number.
  [[nodiscard]] std::vector<ClientDeliveries> take_durable();
  // Posts what was collected to the clients' loops.
  void flush();

  // Limit for deliveries that were posted and not processed yet by the clients' loops.
  static constexpr std::size_t kMaxUndelivered = 4096;
  [[nodiscard]] bool is_ahead_of_loops() const { return undelivered_->load() >= kMaxUndelivered; }
  // Deliveries since the beginning.
  [[nodiscard]] std::int64_t deliveries() const { return deliveries_; }

 private:
  struct ClientBatch {
    ClientPtr client;
    std::vector<Delivery> deliveries;
    std::vector<Ack> acks;
    std::uint64_t route = 0;   // the last route() that reached it by a non-shared subscription,
    std::size_t delivery = 0;  // and the index of that delivery
  };
  void route(const SubscriptionTable::Scope& scope, const std::string& topic,
             const OutgoingMessage& message);
  struct Publication {
    wire::mqtt::Qos qos{};
    bool retain = false;
    const Client* from = nullptr;
  };
  // `make` makes the message, once, if a subscriber gets it.
  template <typename Make>
  void forward(const SubscriptionTable::Match& match, const Publication& publication, Make make);
  ClientBatch& batch_for(const ClientPtr& client);
  void deliver(const ClientPtr& client, Delivery delivery);
  // Records the delivery if its session is kept. `packet` is encoded by the first call that needs
  // it, and shared by all deliveries of one message.
  void keep(const Client& client, Delivery& delivery, std::string& packet);

  Platform& platform_;
  TurnWriter& writer_;
  std::function<void()> caught_up_;
  SubscriptionTable subscriptions_;
  std::vector<ClientBatch> batches_;
  std::unordered_map<const Client*, std::size_t> batch_index_;
  std::uint64_t routes_ = 0;  // calls of route()
  std::int64_t deliveries_ = 0;
  std::shared_ptr<std::atomic<std::size_t>> undelivered_ =
      std::make_shared<std::atomic<std::size_t>>(0);
  std::string gateway_;  // buffer: name of the scope to find
};

class Fanout {
 public:
  Fanout(Router& router, const FaultOverlay& faults, TrafficFeed& traffic)
      : router_(router), faults_(faults), traffic_(traffic) {}

  // The directory that owners and shares are looked up in; comes before any message.
  void use(std::shared_ptr<const registry::Directory> directory);

  // The owner's apps, and those of all accounts that the device is shared with.
  void to_accounts(const registry::Device& device, Verb verb, const OutgoingMessage& message);
  // The device's own connections, and its owner's gateways.
  void to_device(const registry::Device& device, Verb verb, const OutgoingMessage& message);

  // The same for the device's reports, whose route is kept with the device: `kept` is null, or what
  // an earlier call put there. The result is valid until subscriptions or the directory change.
  [[nodiscard]] const ReportRoute& route_of(const registry::Device& device,
                                            std::unique_ptr<ReportRoute>& kept);
  void to_accounts(const registry::Device& device, const ReportRoute& route,
                   OutgoingReport& report);
  void to_device(const ReportRoute& route, OutgoingReport& report);

  // One account's apps: an answer of the platform, as opposed to a forwarded message.
  void answer_app(const std::string& certificate_account, const std::string& sn, Verb verb,
                  const OutgoingMessage& message);

 private:
  Router& router_;
  const FaultOverlay& faults_;
  TrafficFeed& traffic_;
  std::shared_ptr<const registry::Directory> directory_;
  std::uint64_t directories_ = 0;  // calls of use()
};

}  // namespace gridloom::hub
