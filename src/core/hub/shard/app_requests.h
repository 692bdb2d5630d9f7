// Requests of apps to the devices of one shard, over HTTP and MQTT: reads, which the twins answer,
// and sets, which go to the devices and are answered by their replies.
//
// A set is decided in this order: rights, form, the family's check, presence, room for one more,
// the disk. Its requester gets one answer: the refusal, the device's reply, or the one of its
// deadline; a reply leaves no earlier than everything that the set caused is durable: its record,
// what the device reported before it replied, and the outcome. The text of a set and of a
// reply is parsed once, and everything that follows uses the result: the message to the device and
// the audit share one text, which is written once.
//
// Belongs to a shard and is used on its loop only. Not here: presence, retained messages,
// subscriptions, reports.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/log_throttle.h"
#include "base/result.h"
#include "hub/clients/client.h"
#include "hub/clients/inbound.h"
#include "hub/delivery/durability_gate.h"
#include "hub/delivery/fanout.h"
#include "hub/faults/fault_overlay.h"
#include "hub/feed/traffic_feed.h"
#include "hub/platform/platform.h"
#include "hub/platform/requests.h"
#include "hub/platform/turn_writer.h"
#include "hub/shard/command_tracker.h"
#include "hub/shard/shard_changes.h"
#include "hub/shard/twin_table.h"
#include "registry/directory.h"
#include "wire/json.h"

namespace gridloom::hub {

class AppRequests {
 public:
  // The parts of the shard that requests use; they outlive this object.
  struct Parts {
    Platform& platform;
    TwinTable& twins;
    FaultOverlay& faults;
    TrafficFeed& traffic;
    ShardChanges& changes;
    TurnWriter& writer;
    DurabilityGate& gate;
    Fanout& fanout;
    std::function<void(Reply)> reply;  // answers a request over HTTP
  };
  explicit AppRequests(const Parts& parts);

  // The directory that rights are looked up in; comes before any request.
  void use(std::shared_ptr<const registry::Directory> directory);

  // Requests over HTTP. kNoPermission: the device is unknown, or the account has no rights to it.
  // Reads are answered at once, with a JSON object; they return its size in bytes, 0 for a refusal.
  std::size_t read_all(registry::AccountId account, const ReadAll& request, ReplyId reply);
  std::size_t read(registry::AccountId account, const Read& request, ReplyId reply);
  // Answers with the device's reply. Errors: also kBadParams, kOffline if it was not sent,
  // kNoAnswer if it was, and kIo while the journal cannot write.
  void set(registry::AccountId account, Set request, ReplyId reply);

  // Hands the call to the service of its name.
  void call(registry::AccountId account, Call call, ReplyId reply);

  // Requests over MQTT, published by an app that signed in as `who`; refusals are published too.
  // set() returns the number of the set's record, which the acknowledgement of the publication
  // waits for; 0: there is none.
  [[nodiscard]] std::uint64_t set(const Identity& who, RequestOrigin origin,
                                  const Inbound& inbound);
  void get(const Identity& who, const Inbound& inbound);

  // A set_reply that the device published. One that answers no pending set goes to all accounts
  // that may read the device.
  void on_reply(const registry::Device& device, const Inbound& inbound);

  // Answers the sets whose deadline has passed.
  void tick(TimePoint now);
  // Refuses the pending sets of accounts that may no longer set the device.
  void drop_forbidden(const registry::Device& device);
  // The serial number belongs to another device: the pending sets get no reply.
  void device_replaced(const std::string& sn);
  // Another node has the device from now on. Likewise.
  void device_left(const std::string& sn);
  [[nodiscard]] bool waits_for(std::string_view sn) const { return commands_.waits_for(sn); }

 private:
  struct DeviceReply {
    Message message;
    std::optional<std::string> code;  // as text; none: the reply has no code
  };

  [[nodiscard]] std::string name_of(registry::AccountId account) const;
  // Why the set cannot be sent to the device.
  [[nodiscard]] Status may_start(const registry::Device& device, const wire::JsonObject& message,
                                 registry::AccountId account);
  // Sends the set to the device, or answers the requester with a refusal. Returns the number of the
  // set's record; 0: there is none.
  std::uint64_t start_set(const registry::Device& device, wire::JsonObject message,
                          Command command);
  // Records the outcome, and answers the requester once it and all before it are durable.
  void finish(const std::string& sn, Command command, Result<DeviceReply> reply);
  void to_device(const registry::Device& device, const Message& like);
  // Sends the set to the device if it is still waited for.
  void send_durable(const std::string& sn, const std::string& id, const Message& like);
  void tell_outcome(const std::string& sn, const Command& command,
                    const Result<DeviceReply>& reply);
  void answer_requester(const std::string& sn, Command command, Result<DeviceReply> reply);
  void answer_http(const std::string& sn, const HttpRequester& requester,
                   Result<DeviceAnswer> answer);
  void refuse_mqtt(const MqttRequester& requester, const std::string& sn, Verb verb,
                   const Error& why);
  void record_outcome(const std::string& sn, const Command& command,
                      const Result<DeviceReply>& reply);
  void record_refused_set(const Command& command, const std::string& sn, const Error& why);

  Parts parts_;
  std::shared_ptr<const registry::Directory> directory_;
  CommandTracker commands_;
  LogThrottle refused_sets_{{.times = 10, .within = Millis(1000)}};  // in the audit
  std::int64_t next_id_ = 0;                                         // of messages of the platform
};

}  // namespace gridloom::hub
