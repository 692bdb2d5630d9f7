// The hub's requests to shards, as values. Shard::execute() does what a request says; on the way to
// another place a request is bytes (hubs/request_bytes.h), and so is its reply.
//
// A request names its device by the serial number, by which the hub knows the shard, and its client
// by the client itself, which is a number in the bytes.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/partition.h"
#include "base/result.h"
#include "base/shared_text.h"
#include "hub/clients/client.h"
#include "hub/clients/inbound.h"
#include "hub/clients/subscription_table.h"
#include "hub/feed/twin_snapshot.h"
#include "registry/directory.h"
#include "wire/json.h"

namespace gridloom::hub {

// Names a request that is answered; kNoReply: nobody waits for an answer.
enum class ReplyId : std::uint64_t {};
inline constexpr ReplyId kNoReply{};

struct DeviceAnswer {
  SharedText text{};                       // as the request's comment says
  std::optional<TimePoint> last_report{};  // by the devices' clock; only ReadAll has it
  std::vector<TwinSnapshot> twins{};       // only ReadTwins has them
};
struct Reply {
  ReplyId to{};
  Result<DeviceAnswer> answer;
};

// The audit says by what and from where a set was asked for.
struct RequestOrigin {
  std::string by{};    // "session 3", "token 7", "key AK", "client ID"; empty: not known
  std::string from{};  // the peer's address
  // The id that the account has given to the set (home/set_tracker.h); empty: none. A set with an
  // id leaves for the device once the log has it, so that whoever reads the log knows what may have
  // been sent.
  std::string command{};
  std::string digest{};  // of the message, as the account sent it
};

// --- to the shard of a device

// All values, as the text of a JSON object.
struct ReadAll {
  enum class Of : std::uint8_t {
    kQuotaAll,  // those that the vendor's quota/all has
    kReported,
  };
  std::string sn;
  Of values = Of::kQuotaAll;
};
// The values of some quotas, as the text of a JSON object.
struct Read {
  std::string sn;
  std::vector<std::string> quotas;
};
// The device's reply, as JSON text.
struct Set {
  std::string sn;
  wire::JsonObject message;
  RequestOrigin origin{};
};
// Asks for the device's SavedTwin::text of now; empty: the device has not reported.
struct SaveTwin {
  std::string sn;
};
// The twins of devices of one shard, for this process: no rights are checked. Left out are devices
// of which the hub knows nothing since it started.
struct ReadTwins {
  std::vector<std::string> sns;
};
// For a part of the server that has the partition (hub/calls.h), in its own words. The
// answer is a text.
struct Call {
  Partition partition{};
  std::string service;
  std::string text;
};
// Publications of a client for devices of one shard, in order. No answer: what the client asked to
// be acknowledged is acknowledged to the client.
struct Publish {
  ClientPtr client;
  std::vector<Inbound> publications;
};
// To all shards, unless the filter names a device; each answers when the client has it.
struct Subscribe {
  ClientPtr client;
  Subscription subscription;
};
// To all shards, each of which answers when the client does not have it any more.
struct Unsubscribe {
  ClientPtr client;
  std::string filter;
};

// --- the life of a client

// To the shard of the client's name. No answer.
struct Connect {
  ClientPtr client;
};
// To all shards that have devices which the client carries. No answer.
struct Disconnect {
  ClientPtr client;
};
// To all shards. No answer.
struct EndSession {
  ClientPtr client;
};
// To all shards, each of which answers when `fresh` has the subscriptions of `old`, and all that
// was delivered to `old` is on its way.
struct Rebind {
  ClientPtr old;
  ClientPtr fresh;
};
// To the shards of the messages, each of which answers when that is in the journal's queue. See
// Hub::hand_on().
struct HandOn {
  ClientPtr from;
  std::int64_t stored_number = 0;
  std::vector<Delivery> deliveries;
};

struct Request {
  using Action = std::variant<ReadAll, Read, Set, SaveTwin, Publish, Subscribe, Unsubscribe,
                              Connect, Disconnect, EndSession, Rebind, HandOn, ReadTwins, Call>;
  // In whose turn it is done; 0: at once, before all that accounts ask for.
  registry::AccountId account{};
  ReplyId reply = kNoReply;
  Action action;
};

// Functions through which requests and replies pass on their way to and from the shards. A test has
// them encoded and decoded there; empty: nothing.
struct RequestPath {
  std::function<Request(Request)> request{};
  std::function<Reply(Reply)> reply{};
};

}  // namespace gridloom::hub
