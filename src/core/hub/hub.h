// The hub is what MQTT and HTTP servers, and the server around them, ask of devices and clients.
// They call it from their own loops; it sends requests to the shards (ShardSet), and results are
// posted to the loop of the caller.
//
// Thread rules: any function from any thread, unless its comment says otherwise.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/loop.h"
#include "base/result.h"
#include "hub/calls.h"
#include "hub/client_access.h"
#include "hub/clients/client.h"
#include "hub/clients/inbound.h"
#include "hub/platform/pending_replies.h"
#include "hub/platform/platform.h"
#include "hub/platform/requests.h"
#include "hub/saved_state.h"
#include "hub/shard/shard.h"
#include "hub/shard_set.h"

namespace gridloom::hub {

class Hub {
 public:
  // One shard per loop. The loops outlive the hub; none of their tasks runs after they stop.
  Hub(Platform& platform, const std::vector<Loop*>& loops, RequestPath path = {});
  Hub(const Hub&) = delete;
  Hub& operator=(const Hub&) = delete;

  // Decides about connections and subscriptions.
  [[nodiscard]] ClientAccess& access() { return access_; }
  // The way to ask parts of other servers. Valid as long as the hub, as the next one.
  [[nodiscard]] Calls calls() { return {platform_, shards_}; }
  // The state that outlives the server.
  [[nodiscard]] SavedState saved_state() { return {platform_, shards_}; }

  // Presence as the account sees it: connected, unless an injected fault hides the device.
  [[nodiscard]] bool online(registry::AccountId account, std::string_view sn) const;

  // Appends changes of sessions (hub/clients/session_changes.h) to the journal; `durable`, which
  // may be empty, is called as Journal::append() says, or at once where there is no journal.
  void record_changes(std::string changes, Task durable) const;

  // Records the event in the audit. With `who`, the entry has an account's own name instead of its
  // certificate account.
  void record_access(const Identity& who, AccessEvent event);
  void record_access(registry::AccountId who, AccessEvent event);
  // If refused, the account whose user, device or gateway `who` is has a share of the entries.
  void record_access(AccessEvent event);
  // Whether a use of the credential, named by its hash, is to be recorded: the first one of a day
  // from an address is.
  [[nodiscard]] bool is_first_use(std::string_view credential, std::string_view from);

  // Writes the event to the log and the counters.
  void record_event(const ClientEvent& event) const;

  // The client has a connection; a device comes online by it.
  void connected(const ClientPtr& client);
  // The client's connection ended; its subscriptions stay.
  void disconnected(const ClientPtr& client);
  // The client's session ended.
  void ended(const ClientPtr& client);
  // Redelivers what `from` got by shared subscriptions and did not take before its session ended:
  // another member of the group gets it, if there is one. Other deliveries are left out. Call after
  // ended(). `stored_number` is the number of the ended session in the log, 0: none. A delivery
  // that has a number is marked as done in the same record that adds it to another session. `done`
  // is called when all of that is in the log's queue, on any thread.
  void hand_on(const ClientPtr& from, std::int64_t stored_number, std::vector<Delivery> deliveries,
               Task done);
  // `fresh` takes over the subscriptions of `old`. `done` is called on old's loop when everything
  // that was delivered to `old` has arrived there.
  void rebind(const ClientPtr& old, const ClientPtr& fresh, Task done);

  // False: not granted (a topic of another account or device, or outside the platform's topics).
  [[nodiscard]] bool subscribe(const ClientPtr& client, const Subscription& subscription);
  // The second step of the above, for a caller that has to write the grant (ClientAccess::grant)
  // to the log in between. On the client's loop; `done` is called there when all that is published
  // from now on is for the client, wherever the devices are: within the call if that is this
  // process, and at the latest when an owner has not answered in time.
  void subscribe(const ClientPtr& client, const Subscription& subscription,
                 const FilterScope& granted, Task done = {});
  // Likewise: nothing that is published after `done` is for the client.
  void unsubscribe(const ClientPtr& client, const std::string& filter, Task done = {});

  // The publications from one read of a connection, grouped by shard, so that a busy connection
  // posts once per shard. Lives on the connection's loop.
  class Batch {
   public:
    explicit Batch(Hub& hub) : hub_(hub), by_shard_(hub.shards_.places()) {}
    // False: `client` may not publish to the topic; the caller answers with the reason.
    [[nodiscard]] bool add(const ClientPtr& client, const wire::mqtt::MessagePtr& message,
                           const PublishOptions& options);
    void post(const ClientPtr& client);

   private:
    Hub& hub_;
    std::vector<std::vector<Inbound>> by_shard_;
  };

  // The loop of the device's shard. A connection on it reports without a task, to shards().
  [[nodiscard]] Loop& loop_of(std::string_view sn) const { return shards_.loop_of(sn); }
  [[nodiscard]] ShardSet& shards() { return shards_; }

  // The values of a device as the text of a JSON object, and when it last reported.
  void read_all(registry::AccountId account, ReadAll request, ReplyTo<DeviceAnswer> reply_to);
  void read(registry::AccountId account, std::string sn, std::vector<std::string> quotas,
            ReplyTo<DeviceAnswer> reply_to);
  void set(registry::AccountId account, std::string sn, wire::JsonObject message,
           ReplyTo<DeviceAnswer> reply_to, RequestOrigin origin = {});

  // The twins of these devices as they are now, in any order, read in turns of the account; rights
  // are not checked. Left out are devices of which the hub knows nothing since it started.
  void read_twins(registry::AccountId account, const std::vector<std::string>& sns,
                  ReplyTo<std::vector<TwinSnapshot>> reply_to);

  // Counts messages that one client's session dropped since the last call.
  void count_dropped(const wire::mqtt::Dropped& dropped);

  // Advances the shards' time; call a few times a second.
  void tick();
  // Replaces the rules for injected platform faults of the command line; or, with an owner, those
  // that this bridge has added beside them (FaultInjector::lay).
  void lay_faults(const std::string& owner, const std::vector<FaultRule>& rules);
  // Reports the traffic of the filter's devices to `filter.tap` from now on, until remove_tap().
  void add_tap(const TapFilter& filter);
  // `done` is called, on any thread, once the tap has received everything.
  void remove_tap(const std::shared_ptr<TrafficTap>& tap, Task done);
  // The registry changed: shards read the rights again, and close sessions whose credentials ended.
  void registry_changed();

  [[nodiscard]] const Platform& platform() const { return platform_; }
  [[nodiscard]] ChangeFeed& changes() { return platform_.changes; }

 private:
  friend class Cluster;  // joins: see Cluster::join()
  Platform& platform_;
  ShardSet shards_;
  ClientAccess access_;
};

}  // namespace gridloom::hub
