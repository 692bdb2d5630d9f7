// A shard decides what messages and requests do to the devices of its partitions
// (base/partition.h), and is the only writer of their twins. It decides about publications,
// presence, retained messages and revoked rights; AppRequests decides about reads and sets. The
// parts keep the state: TwinTable, RetainedStore, Router, Fanout, TurnWriter, DurabilityGate,
// FaultOverlay, TrafficFeed and ShardChanges.
//
// A shard belongs to one loop and is called only there; Hub posts. It has no sockets, threads or
// timers: time comes in by tick(), messages leave through Client.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "hub/app_requests.h"
#include "hub/client.h"
#include "hub/durability_gate.h"
#include "hub/fanout.h"
#include "hub/fault_overlay.h"
#include "hub/inbound.h"
#include "hub/platform.h"
#include "hub/requests.h"
#include "hub/retained_store.h"
#include "hub/router.h"
#include "hub/shard_changes.h"
#include "hub/traffic_feed.h"
#include "hub/turn_writer.h"
#include "hub/twin_table.h"
#include "twin/twin.h"

namespace gridloom::hub {

// A device's reports within this time are of one moment.
inline constexpr Millis kMoment{500};

// The cost of a message in addition to its payload, in bytes of credit.
inline constexpr std::size_t kMessageBytes = 256;
// The credit that publications take until their shard has processed them.
[[nodiscard]] std::size_t credit_of(const std::vector<Inbound>& publications);

class Shard {
 public:
  // Posts a task to this shard, from any thread.
  using Post = std::function<void(std::move_only_function<void(Shard&)>)>;
  // `loop` is the loop that calls the shard. `mine` tells whether a serial number is of its
  // partitions. `reply` is called with the answers to requests.
  Shard(Platform& platform, const Loop& loop, std::function<bool(std::string_view)> mine, Post post,
        std::function<void(Reply)> reply);
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  // Does what the request asks for, or begins to: true if there is more of it to do, which is what
  // the next call with the same request and `done` is for. `done` is 0 at first.
  [[nodiscard]] bool execute(Request& request, std::size_t& done);
  // See Hub::takes_report() and Hub::report().
  [[nodiscard]] bool takes_report(const Client& client) const;
  void report(const ClientPtr& client, std::string_view payload, const PublishOptions& options);
  void restore_retained(const RetainedChange& retained);
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
  void remove_tap(const TrafficTap& tap) { traffic_.remove(tap); }

  // The clients' loops have more to deliver than they should: the hub does no further work of the
  // inbox.
  [[nodiscard]] bool is_ahead_of_loops() const { return router_.is_ahead_of_loops(); }
  // The effort spent so far, in the units of Inbox.
  [[nodiscard]] std::int64_t effort() const { return effort_ + router_.deliveries(); }

  void tick(TimePoint now);  // times out sets, drops what the registry revoked
  // Appends this turn's records to the journal, and posts deliveries and acknowledgements to the
  // clients' loops, and changes to those of their readers.
  void flush();
  [[nodiscard]] bool has_output() const {
    return !router_.empty() || !writer_.empty() || !traffic_.empty() || !changes_.empty();
  }

 private:
  // The answer to a publication, and the record that it waits for; 0: none.
  struct Answer {
    Ack ack;
    std::uint64_t record = 0;
  };

  // Requests (shard_requests.cc).
  void execute(registry::AccountId account, ReplyId reply, Request::Action& action);
  [[nodiscard]] bool publish(const Publish& request, std::size_t& done);
  void subscribe(const Subscribe& request);
  void unsubscribe(const Unsubscribe& request);
  // Until its session ends, a client whose credentials end is kicked.
  void connect(const ClientPtr& client);
  // The client's connection ended: devices without another connection are offline. The client's
  // subscriptions stay.
  void disconnect(const Client& client);
  // True: the client has more subscriptions than are removed at once.
  [[nodiscard]] bool end_session(const Client& client);
  void rebind(const Rebind& request);
  void hand_on(const HandOn& request);

  // Adds the effort of a call with `bytes` bytes; its deliveries are counted as they are made.
  void count_effort(std::size_t bytes);
  void report_refusal(const ClientPtr& client, ClientEvent::Kind kind, std::string_view reason,
                      std::string_view why);
  // The directory of all parts from now on.
  void use(const std::shared_ptr<const registry::Directory>& directory);

  // Publications (shard.cc). Returns the credit of `bytes`: the client may publish again once the
  // journal keeps up.
  void consume_credit(const ClientPtr& client, std::size_t bytes);
  void publish(const ClientPtr& client, const Inbound& inbound);
  // `take` does what a publication does, unless it is a repetition.
  template <typename Take>
  void answer(const ClientPtr& client, const PublishOptions& options, std::size_t bytes, Take take);
  void acknowledge(const ClientPtr& client, const Ack& ack);
  void take(const ClientPtr& client, const Inbound& inbound, Answer& answer);
  void take_report(const ClientPtr& client, const InboundReport& report, Answer& answer);
  void publish_by_account(const ClientPtr& client, const Inbound& inbound, Answer& answer);
  void publish_by_device(const ClientPtr& client, const Inbound& inbound, Answer& answer);
  // Whether the client may publish for the device; if not, `answer` says so.
  [[nodiscard]] static bool speaks_for(const registry::Directory& directory, const Identity& who,
                                       const registry::Device* device, Answer& answer);
  void on_report(const ClientPtr& client, const InboundReport& report, DeviceState& state,
                 Answer& answer);
  void on_status(const ClientPtr& client, const Inbound& inbound, DeviceState& state);
  [[nodiscard]] bool retain(const Inbound& inbound, const RetainedStore::Publisher& by,
                            Answer& answer);

  // Presence and retained messages (shard_presence.cc).
  void use_transport(const Client& client, const std::string& sn, DeviceState& state);
  void left(const Client& client, const std::string& sn);
  void set_online(const std::string& sn, bool online);
  void show_hidden_presence(const registry::Device& device);
  void send_retained(const ClientPtr& client, const Subscription& subscription);
  void send_retained_of(const ClientPtr& client, const Subscription& subscription,
                        const std::string& sn);
  void kick_by_chance(TimePoint now);
  void drop_what_ended();
  void drop_devices();

  Platform& platform_;
  const Loop& loop_;
  std::function<bool(std::string_view)> mine_;
  Post post_;
  std::function<void(Reply)> reply_;
  std::shared_ptr<const registry::Directory> directory_;              // as of the last change
  std::unordered_map<const Client*, std::weak_ptr<Client>> clients_;  // see enter()
  TurnWriter writer_;
  Router router_;
  DurabilityGate gate_;
  RetainedStore retained_;
  FaultOverlay faults_;
  TrafficFeed traffic_;
  ShardChanges changes_;
  TwinTable twins_;
  Fanout fanout_;
  AppRequests requests_;
  twin::ReportReader reader_;
  std::vector<twin::AcceptedValue> taken_;  // buffer: the values of a report
  std::int64_t effort_ = 0;
  bool rights_changed_ = false;
  TimePoint texts_dropped_at_{};  // TwinTable::drop_unused_texts()
};

}  // namespace gridloom::hub
