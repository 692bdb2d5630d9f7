// The relay's end beside the server of one slot: connections of clients that are connected to doors
// (node/relay_door.h) are served here by the server's protocol, as if each had a socket here.
//
// All connections are on the server's loop, and take turns: one piece of work each. A connection
// whose door is away, or whose link closes, is lost. Memory is bounded by the credits of both ways,
// and by what the protocol keeps.
//
// Thread rule: any thread, except for stop(), drop(), connections() and the destructor, which are
// for the loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/loop.h"
#include "hubs/node_link.h"
#include "net/protocol.h"

namespace gridloom::node {

class RelayOwner final : public hub::Peers::Handler {
 public:
  struct Options {
    hub::Peers& peers;      // of this slot; outlives the loop's tasks
    Loop& loop;             // of the slot's server
    const Clock& clock;     // a steady one
    std::uint64_t run = 0;  // NodeLink
    hub::NodeLink::Limits link{};
    net::MakeProtocol protocol;
    std::size_t connections = 20'000;  // of all doors; others are refused
  };
  explicit RelayOwner(Options options);
  // Drops what is still there.
  ~RelayOwner() override;

  // Call a few times a second.
  void tick();
  // All clients are notified that the server stops; what is left for them is still sent. No
  // connection is taken any more. It is done when connections() is 0, or when the caller has waited
  // enough.
  void stop();
  // All connections end at once, and their doors learn nothing but that. None is taken any more.
  void drop();
  [[nodiscard]] std::size_t connections() const;

  void received(const std::string& from, std::string bytes) override;
  void node_is_there(const std::string& node) override;
  void node_is_away(const std::string& node) override;

 private:
  class Impl;
  const std::shared_ptr<Impl> impl_;
};

}  // namespace gridloom::node
