// Sends a new subscriber of one shard what is retained for it: the messages that devices and apps
// had retained, and, for an app, the presence of its devices.
//
// A message is sent only if the subscriber may read its device now, by the rule for live messages.
// Belongs to a shard and is used on its loop only. RetainedStore keeps the messages.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "hub/clients/client.h"
#include "hub/clients/subscription_table.h"
#include "hub/delivery/fanout.h"
#include "hub/delivery/retained_store.h"
#include "hub/faults/fault_overlay.h"
#include "registry/directory.h"

namespace gridloom::hub {

class RetainedSender {
 public:
  // The parts of the shard that are used; they outlive this object.
  struct Parts {
    const Clock& clock;
    const RetainedStore& retained;
    const FaultOverlay& faults;
    Router& router;
    // Whether a serial number is of the shard's partitions.
    std::function<bool(std::string_view)> mine;
  };
  explicit RetainedSender(Parts parts) : parts_(std::move(parts)) {}

  // The directory that rights are looked up in; comes before anything else.
  void use(std::shared_ptr<const registry::Directory> directory);

  void send(const ClientPtr& client, const Subscription& subscription);

 private:
  void send_of(const ClientPtr& client, const Subscription& subscription, const std::string& sn);

  Parts parts_;
  std::shared_ptr<const registry::Directory> directory_;
};

}  // namespace gridloom::hub
