// Decides who a device's messages are for: the accounts that may read the device, as far as no
// injected fault holds a message back, or the device itself. The Router finds their subscriptions;
// traffic taps get what apps get.
//
// Belongs to a shard and is used on its loop only. Not here: whether the sender may send.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "hub/clients/topic_rights.h"
#include "hub/delivery/router.h"
#include "hub/faults/fault_overlay.h"
#include "hub/feed/traffic_feed.h"
#include "registry/directory.h"

namespace gridloom::hub {

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
