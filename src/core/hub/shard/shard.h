// A shard is the devices of its partitions (base/partition.h), with all that happens to them; it is
// the only writer of their twins. It is made of parts, each with one job, and says in which order
// they learn of the registry, of fault rules and of the time:
//   RequestExecutor  executes requests: subscriptions, sessions, and those that others do
//   Publications     decides what messages do, reports above all
//   AppRequests      reads and sets
//   DevicePresence   who is online, and who is notified
//   RetainedSender   what new subscribers are sent
//   ShardClients     connections that end with their rights
//   ShardTurn        records, changes, traffic and deliveries until the end of the turn
// The state is kept by TwinTable, RetainedStore and FaultOverlay.
//
// A shard belongs to one loop and is called only there; Hub posts. It has no sockets, threads or
// timers: time comes in by tick(), messages leave through Client.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/loop.h"
#include "base/partition.h"
#include "hub/clients/client.h"
#include "hub/clients/inbound.h"
#include "hub/delivery/fanout.h"
#include "hub/delivery/retained_store.h"
#include "hub/faults/fault_overlay.h"
#include "hub/feed/traffic_tap.h"
#include "hub/platform/platform.h"
#include "hub/platform/requests.h"
#include "hub/shard/app_requests.h"
#include "hub/shard/device_presence.h"
#include "hub/shard/publications.h"
#include "hub/shard/request_executor.h"
#include "hub/shard/retained_sender.h"
#include "hub/shard/shard_turn.h"
#include "hub/shard/twin_table.h"
#include "registry/directory.h"

namespace gridloom::hub {

class Shard {
 public:
  // Posts a task to this shard, from any thread.
  using Post = std::function<void(std::move_only_function<void(Shard&)>)>;
  // `loop` is the loop that calls the shard. `mine` tells whether a serial number is of its
  // partitions. `reply` is called with the answers to requests.
  Shard(Platform& platform, const Loop& loop, std::function<bool(std::string_view)> mine,
        const Post& post, std::function<void(Reply)> reply);
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  // See RequestExecutor::execute().
  [[nodiscard]] bool execute(Request& request, std::size_t& done) {
    if (const auto* connect = std::get_if<Connect>(&request.action)) catch_up_with(*connect);
    return executor_.execute(request, done);
  }
  [[nodiscard]] const Publications& publications() const { return publications_; }
  [[nodiscard]] Publications& publications() { return publications_; }
  void restore_retained(const RetainedChange& retained);
  // The partition is this shard's from now on, for the `revision`-th time that it has an owner.
  void enter(Partition partition, std::uint64_t revision) {
    turn_.changes().begin_run(partition, revision);
  }
  // The partition is another node's from now on: drops its devices without telling anybody that
  // they are offline, and ends their pending sets. `left` is called once everything before is
  // durable and acknowledged.
  void leave(Partition partition, Task left);

  // The twins that changed since the last call.
  [[nodiscard]] std::vector<SavedTwin> save_twins() { return twins_.save(); }
  // Does nothing if the serial number belongs to another device by now.
  void restore_twin(const SavedTwin& saved);
  // Reads the rights again and ends what they no longer allow.
  void registry_changed();
  // The rules for injected platform faults changed.
  void injected_faults_changed();
  // The tap first receives the known state of its devices that belong to this shard.
  void add_tap(const TapFilter& filter);
  void remove_tap(const TrafficTap& tap) { turn_.traffic().remove(tap); }

  // The clients' loops have more to deliver than they should: the hub does no further work of the
  // inbox.
  [[nodiscard]] bool is_ahead_of_loops() const { return turn_.router().is_ahead_of_loops(); }
  // The effort spent so far, in the units of Inbox.
  [[nodiscard]] std::int64_t effort() const { return turn_.effort(); }

  void tick(TimePoint now);  // times out sets, drops what the registry revoked
  // Appends this turn's records to the journal, and posts deliveries and acknowledgements to the
  // clients' loops, and changes to those of their readers.
  void flush() { turn_.flush(); }
  [[nodiscard]] bool has_output() const { return turn_.has_output(); }

 private:
  // The directory of all parts from now on.
  void use(const std::shared_ptr<const registry::Directory>& directory);
  void catch_up_with(const Connect& connect);
  // Drops the devices and the pending sets that rights no longer allow.
  void drop_devices();

  Platform& platform_;
  std::function<bool(std::string_view)> mine_;
  std::shared_ptr<const registry::Directory> directory_;  // as of the last change
  FaultOverlay faults_;
  ShardTurn turn_;
  RetainedStore retained_;
  TwinTable twins_;
  Fanout fanout_;
  AppRequests requests_;
  ShardClients clients_;
  DevicePresence presence_;
  RetainedSender retained_sender_;
  Publications publications_;
  RequestExecutor executor_;
  bool rights_changed_ = false;
  TimePoint texts_dropped_at_{};  // TwinTable::drop_unused_texts()
};

}  // namespace gridloom::hub
