// The work of this node, as an owner, for one other node, as a door: it stands for the door's
// clients (RemoteClient), has its shards do what the door asks, and tells the door's readers what
// changes.
//
// A client's session that the door does not end ends with the link, unless the door keeps it: then
// it continues here without a connection, until a later link says what became of it, and its
// messages wait in Transit. Used on the channel's loop.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/partition.h"
#include "hub/feed/change_feed.h"
#include "hub/platform/platform.h"
#include "hub/platform/requests.h"
#include "hub/shard_set.h"
#include "hubs/link_channel.h"
#include "hubs/node_messages.h"
#include "hubs/remote_client.h"
#include "hubs/transit.h"

namespace gridloom::hub {

class NodeOwner {
 public:
  // All outlive this object. `offered`: the door has a stream for the partition. `owns`: whether
  // the partition is this node's with this revision.
  struct Parts {
    std::string name;  // of the node
    Platform& platform;
    ShardSet& shards;
    std::shared_ptr<NodeChannel> channel;
    std::function<void(Partition partition, std::uint64_t revision)> offered;
    std::function<bool(Partition partition, std::uint64_t revision)> owns;
  };
  explicit NodeOwner(Parts parts);

  // Before the loop runs.
  void restore(StoredTransit stored);

  void opened(std::uint64_t session);
  void closed();

  void take(const ClientMet& met);
  void take(const ClientState& state);
  void take(const StreamBegins& begins);
  void take(const RemoteRequest& asked);
  void take(const ChangesWanted& wanted);
  void take(const DoorIntroduced& introduced);
  void take(const DeliveriesTaken& taken);
  // Call a few times a second.
  void tick() { transit_->tick(); }

  [[nodiscard]] std::size_t clients() const { return clients_.size(); }

 private:
  class Reader;
  struct Known {
    RemoteClientPtr client;
    bool has_session = false;  // else it is known only to pass on what it has
    std::int64_t session = 0;  // that the door keeps, by its number there
    std::map<std::string, Subscription> subscriptions{};  // by filter; of a session that is kept
    std::set<std::string> stale{};  // filters that the door has not sent again
  };
  struct Reading {
    std::shared_ptr<Reader> reader;
    ChangeSubscription subscription;
    std::set<std::string> devices;  // that it names
  };
  void tell(const NodeMessage& message) const;
  void answer(std::uint64_t number, Result<DeviceAnswer> answer) const;
  // Answers once `count` replies have come.
  [[nodiscard]] ReplyId reply_after(std::size_t count, std::uint64_t number) const;
  [[nodiscard]] RemoteClientPtr client_of(ClientNumber number) const;
  void begin_sessions(const Request& request);
  [[nodiscard]] Known& known_of(const ClientPtr& client);
  void note_subscriptions(const Request& request);
  void to_all_here(const Request& request);
  void end_here(const ClientPtr& client);
  [[nodiscard]] std::shared_ptr<const RemoteClient::NodeSession> node_session(
      std::uint64_t session) const;
  void end_transit(const ClientPtr& client, std::int64_t session);
  void publish(Publish& publish, registry::AccountId account);
  void hand_on(const RemoteRequest& asked, HandOn& request, registry::AccountId account);
  void read_twins(const RemoteRequest& asked, const ReadTwins& request,
                  registry::AccountId account);
  void to_one(const RemoteRequest& asked, Request request);
  void to_all(const RemoteRequest& asked, const Request& request);

  Parts parts_;
  const std::shared_ptr<Transit> transit_;
  std::shared_ptr<const RemoteClient::NodeSession> door_;  // null: the link is closed
  struct Stream {
    std::uint64_t number = 0;
    std::uint64_t revision = 0;
    bool is_taken = false;
  };
  std::unordered_map<ClientNumber, Known> clients_;
  std::map<std::int64_t, Known> away_;  // by session, until the door says what became of it
  std::array<Stream, kPartitions> streams_{};
  std::map<ChangeInterest, Reading> readings_;  // without serial numbers
};

}  // namespace gridloom::hub
