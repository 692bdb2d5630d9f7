// The messages between nodes about shards and clients, as values and as bytes. A node is a *door*
// to the clients that are connected to it, and an *owner* of partitions (base/partition.h); each
// pair of nodes speaks both ways over one NodeLink.
//
// A client has a number at its door. Bytes begin with the version of the format; a node refuses
// versions that it does not know. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/partition.h"
#include "base/result.h"
#include "hub/clients/client.h"
#include "hub/feed/change_feed.h"

namespace gridloom::hub {

using ClientNumber = std::uint64_t;

// --- from a door to an owner

// The client is named by its number from now on.
struct ClientMet {
  ClientNumber client = 0;
  Identity identity{};
  std::string client_id{};
  std::string peer{};
};
// The state of a client that may change; comes before the requests that it matters to.
struct ClientState {
  ClientNumber client = 0;
  bool present = true;
  std::int64_t stored_number = 0;

  friend bool operator==(const ClientState&, const ClientState&) = default;
};
// Publications for the partition follow, in order and without a gap; the owner before has left it
// (PartitionLeft), or is away. Unless the node owns the partition with this revision, it answers
// PartitionMoved and takes none of them. Streams are numbered by the door.
struct StreamBegins {
  Partition partition{};
  std::uint64_t revision = 0;
  std::uint64_t stream = 0;
};
struct RemoteRequest {
  std::uint64_t number = 0;              // named by the reply; 0: nobody waits for one
  std::optional<Partition> partition{};  // nothing: for the whole node
  std::string bytes{};                   // hubs/request_bytes.h
};
// All clients and subscriptions that concern the node have been sent; the door's log has, or will
// have, the node's messages for sessions that are kept up to this number (hubs/transit.h).
struct DoorIntroduced {
  std::int64_t through = 0;
};
// The door's log has the messages up to this number that came for sessions that are kept.
struct DeliveriesTaken {
  std::int64_t through = 0;
};
// The door has readers of these changes (hub/feed/change_feed.h), or has none of them any more.
struct ChangesWanted {
  ChangeInterest interest{};
  bool wanted = false;
};

// --- from an owner to a door

struct RemoteReply {
  std::uint64_t number = 0;
  std::string bytes{};
};
struct ClientDelivered {
  ClientNumber client = 0;
  std::string bytes{};  // Delivered, hubs/request_bytes.h
};
struct ClientKicked {
  ClientNumber client = 0;
  KickReason reason{};
};
struct ClientRightsChanged {
  ClientNumber client = 0;
};
// Shards have processed publications and subscriptions that took this credit.
struct CreditReturned {
  ClientNumber client = 0;
  std::size_t bytes = 0;
};
// Nothing more comes for the client: the owner does not know the number any more.
struct ClientGone {
  ClientNumber client = 0;
};
// The node does not own the partition, or not with the revision that the door knows: it takes
// nothing of this stream any more.
struct PartitionMoved {
  Partition partition{};
  std::uint64_t stream = 0;
};
// The node owns the partition no more, and has acknowledged all publications that it took.
struct PartitionLeft {
  Partition partition{};
  std::uint64_t revision = 0;  // that it had
};
// Devices of partitions that the node owns came online, or went offline.
struct PresenceChanged {
  std::string sn{};
  bool online = false;
};
// All devices of the partition that are online, and that the node is ready to own it.
struct PresenceOfPartition {
  Partition partition{};
  std::vector<std::string> online{};
};
struct ChangesTold {
  ChangeInterest interest{};
  std::string bytes{};  // hubs/change_bytes.h
};

using NodeMessage =
    std::variant<ClientMet, ClientState, StreamBegins, RemoteRequest, ChangesWanted, RemoteReply,
                 ClientDelivered, ClientKicked, ClientRightsChanged, CreditReturned, ClientGone,
                 PartitionMoved, PartitionLeft, PresenceChanged, PresenceOfPartition, ChangesTold,
                 DoorIntroduced, DeliveriesTaken>;

[[nodiscard]] std::string bytes_of(const NodeMessage& message);
// kMalformed: these are not the bytes of a message, or of another version.
[[nodiscard]] Result<NodeMessage> node_message_in(std::string_view bytes);

}  // namespace gridloom::hub
