// The hub finds the shard that holds a device's twin. The MQTT and HTTP servers call it from their
// own loops; it posts to the shard, and results are posted to the loop of the caller.
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
#include "base/partition.h"
#include "base/result.h"
#include "hub/client.h"
#include "hub/inbox.h"
#include "hub/pending_replies.h"
#include "hub/platform.h"
#include "hub/reply_to.h"
#include "hub/requests.h"
#include "hub/shard.h"

namespace gridloom::hub {

class Hub {
 public:
  // One shard per loop. The loops outlive the hub; none of their tasks runs after they stop.
  Hub(Platform& platform, const std::vector<Loop*>& loops, RequestPath path = {});
  ~Hub();
  Hub(const Hub&) = delete;
  Hub& operator=(const Hub&) = delete;

  // Presence as the account sees it: connected, unless an injected fault hides the device.
  [[nodiscard]] bool online(registry::AccountId account, std::string_view sn) const;

  // The identity of a user name and password. kUnknownKey: no such name, or another password. The
  // user name is an account's certificate account, a device's serial number, or "gateway:<account
  // name>".
  [[nodiscard]] Result<Identity> sign_in(std::string_view user, const Secret& password) const;

  // The identity of a user name, as if it had signed in now: for sessions that outlived the server.
  [[nodiscard]] std::optional<Identity> identity_of(std::string_view user) const;

  // Whether the credential that `who` signed in with is still valid (hub/credentials.h).
  [[nodiscard]] bool still_valid(const Identity& who) const;

  // Whether `who` may sign in under this client id. kNoPermission: the account used too many ids
  // today.
  [[nodiscard]] Status admit(const Identity& who, std::string_view client_id);

  // Appends changes of sessions (hub/session_changes.h) to the journal; `durable`, which may be
  // empty, is called as Journal::append() says, or at once where there is no journal.
  void record_changes(std::string changes, Task durable) const;

  // The user name that a client gave, for the log and the audit: one that nobody has may be a
  // secret in the wrong place.
  [[nodiscard]] std::string shown_user(std::string_view user) const;
  // Records the event in the audit. With `who`, the entry has an account's own name instead of its
  // certificate account.
  void record_access(const Identity& who, AccessEvent event);
  void record_access(registry::AccountId who, AccessEvent event);
  void record_access(const AccessEvent& event);
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
  // subscribe() above in two steps, for a caller that has to write the grant to the log in between.
  [[nodiscard]] FilterScope grant(const Client& client, std::string_view filter) const;
  void subscribe(const ClientPtr& client, const Subscription& subscription,
                 const FilterScope& granted);
  void unsubscribe(const ClientPtr& client, const std::string& filter);

  // The publications from one read of a connection, grouped by shard, so that a busy connection
  // posts once per shard. Lives on the connection's loop.
  class Batch {
   public:
    explicit Batch(Hub& hub) : hub_(hub), by_shard_(hub.shards_.size()) {}
    // False: `client` may not publish to the topic; the caller answers with the reason.
    [[nodiscard]] bool add(const ClientPtr& client, const wire::mqtt::MessagePtr& message,
                           const PublishOptions& options);
    void post(const ClientPtr& client);

   private:
    Hub& hub_;
    std::vector<std::vector<Inbound>> by_shard_;
  };

  // The loop of the device's shard. A connection on it reports without a task (report() below).
  [[nodiscard]] Loop& loop_of(std::string_view sn) const;
  // Whether report() may be called now: `client` is a device on the loop of its shard, requests
  // have no path to it, and neither the client's nor its account's earlier work waits. On the
  // client's loop.
  [[nodiscard]] bool takes_report(const Client& client) const;
  // The device published `payload` on its own quota topic; not retained, without properties. Only
  // while takes_report(), on the client's loop; the acknowledgement may come during the call.
  void report(const ClientPtr& client, std::string_view payload, const PublishOptions& options);

  // The values of a device as the text of a JSON object, and when it last reported.
  void read_all(registry::AccountId account, std::string sn, ReplyTo<DeviceAnswer> reply_to);
  void read(registry::AccountId account, std::string sn, std::vector<std::string> quotas,
            ReplyTo<DeviceAnswer> reply_to);
  void set(registry::AccountId account, std::string sn, wire::JsonObject message,
           ReplyTo<DeviceAnswer> reply_to, RequestOrigin origin = {});

  // The twins of these devices as they are now, in any order, read in turns of the account; rights
  // are not checked. Left out are devices of which the hub knows nothing since it started.
  void read_twins(registry::AccountId account, const std::vector<std::string>& sns,
                  ReplyTo<std::vector<TwinSnapshot>> reply_to);

  // Restores a message that was retained when the server stopped; call before anything else. False:
  // its publisher no longer exists or may no longer read the device (hub/credentials.h).
  [[nodiscard]] bool restore_retained(const RetainedChange& retained);

  // `taken` is called on each shard's thread with its twins that changed since the last call.
  void save_twins(std::function<void(std::vector<SavedTwin>)> taken);
  // What SavedTwin::text is for the device now; empty: the device has not reported.
  void save_twin(std::string sn, ReplyTo<DeviceAnswer> reply_to);
  // Restores a saved twin; call before anything else.
  void restore_twin(SavedTwin saved);

  // Counts messages that one client's session dropped since the last call.
  void count_dropped(const wire::mqtt::Dropped& dropped);

  // Advances the shards' time; call a few times a second.
  void tick();
  // The rules for injected platform faults changed.
  void injected_faults_changed();
  // Reports the traffic of the filter's devices to `filter.tap` from now on, until remove_tap().
  void add_tap(const TapFilter& filter);
  // `done` is called, on any thread, once the tap has received everything.
  void remove_tap(const std::shared_ptr<TrafficTap>& tap, Task done);
  // The registry changed: shards read the rights again, and close sessions whose credentials ended.
  void registry_changed();

  [[nodiscard]] const Platform& platform() const { return platform_; }
  [[nodiscard]] ChangeFeed& changes() { return platform_.changes; }

 private:
  struct ShardSlot {
    std::unique_ptr<Shard> shard;
    Loop* loop = nullptr;
    // Used on the loop only.
    Inbox inbox{};
    bool works = false;    // a task for the inbox is posted
    bool flushes = false;  // a task that flushes is posted

    void take(Request request);
    void work_later();
    void flush_later();
  };
  [[nodiscard]] std::optional<double> injected(PlatformFault fault, const Identity& who) const;
  // Sends the request to a shard, behind what its account asked for before.
  void send(std::size_t index, Request request);
  void send_to_all(registry::AccountId account, const Request::Action& action,
                   ReplyId reply = kNoReply);
  // Runs a task of this process on a shard, which does not go through the inbox.
  template <typename Act>
  void on_shard(std::size_t index, Act act);
  void on_all(const std::function<void(Shard&)>& task);

  Platform& platform_;
  PartitionMap places_;  // which shard has each partition
  RequestPath path_;
  PendingReplies replies_;
  std::vector<ShardSlot> shards_;
};

}  // namespace gridloom::hub
