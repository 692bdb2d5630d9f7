// Carries frames between the endpoints of a cluster, over the bus. An endpoint is a door or a
// slot's server in one of its two parts: its hub (hubs/cluster.h), or the end of its relay
// (node/relay_owner.h). Frames between endpoints of one process do not leave it.
//
// An endpoint has a place: the node where it is, and its run, which grows with each start of it.
// Frames of another run than the one that is known are left out: a node that was paused and wakes
// up does not speak for a slot that has another owner.
//
// A message of the bus costs each server and client on its way more than its bytes do. So what an
// endpoint sends to one node in a turn of its loop is one message, whomever there it is for.
//
// Thread rule: any function from any thread. Handlers are called on threads of the bus and of
// those who send, and must only post.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <utility>

#include "base/loop.h"
#include "base/result.h"
#include "hubs/node_link.h"
#include "ownership/bus.h"
#include "ownership/node_id.h"

namespace gridloom::node {

// Its numbers stand in frames.
enum class EndpointPart : std::uint8_t { kHub = 0, kRelay = 1 };

// "door-pi", "slot-3": as the endpoints of both parts are called.
[[nodiscard]] std::string door_name(std::string_view node);
[[nodiscard]] std::string slot_name(cluster::Slot slot);

class Carrier {
 public:
  struct Place {
    cluster::NodeId node{};
    std::uint64_t run = 0;

    bool operator==(const Place&) const = default;
  };
  using Places = std::map<std::string, Place>;

  // `prefix` begins the subjects. The bus outlives the carrier. Fails as Bus::subscribe().
  [[nodiscard]] static Result<std::unique_ptr<Carrier>> start(cluster::Bus& bus,
                                                              cluster::NodeId self,
                                                              std::string_view prefix = "gl");
  ~Carrier();  // its endpoints are gone before
  Carrier(const Carrier&) = delete;
  Carrier& operator=(const Carrier&) = delete;

  // An endpoint of this node, until it is destroyed. One at a time has the part and the name. Its
  // messages leave with a task of `loop`, where they are sent, or when the endpoint is destroyed;
  // null: it sends on several loops, and each frame leaves at once.
  [[nodiscard]] std::unique_ptr<hub::Peers> add(EndpointPart part, const std::string& name,
                                                std::uint64_t run, Loop* loop);

  // All endpoints that can be reached, those of this node too. Handlers are called with what has
  // changed.
  void place(Places places);

  struct Counts {
    std::uint64_t frames = 0;    // to other nodes
    std::uint64_t messages = 0;  // of the bus, that have them
    std::uint64_t bytes = 0;
    std::uint64_t stale = 0;  // frames that were left out
  };
  [[nodiscard]] Counts counts() const;

 private:
  class Endpoint;
  using Key = std::pair<EndpointPart, std::string>;
  struct Frame {
    EndpointPart part{};
    std::uint64_t run = 0;
    std::string_view to;
    std::string_view from;
    std::string_view bytes;
  };

  Carrier(cluster::Bus& bus, cluster::NodeId self, std::string_view prefix);
  [[nodiscard]] std::string subject_of(const cluster::NodeId& node) const;
  [[nodiscard]] bool send(Endpoint& from, const std::string& to, const std::string& bytes);
  [[nodiscard]] bool publish(const cluster::NodeId& node, std::string_view message,
                             std::uint64_t frames);
  void receive(std::string_view message);
  void deliver(const Frame& frame);
  void remove(const Endpoint& endpoint);

  cluster::Bus& bus_;
  const cluster::NodeId self_;
  const std::string prefix_;
  mutable std::shared_mutex mutex_;  // guards the next two members
  std::map<Key, std::shared_ptr<Endpoint>> endpoints_;
  Places places_;
  std::mutex placing_;  // one place() at a time, so that news come in order
  std::atomic<std::uint64_t> frames_{0};
  std::atomic<std::uint64_t> messages_{0};
  std::atomic<std::uint64_t> bytes_{0};
  std::atomic<std::uint64_t> stale_{0};
  std::unique_ptr<cluster::Bus::Subscription> subscription_;
};

}  // namespace gridloom::node
