// The messages about shards and clients (hubs/node_messages.h) over the link to another node.
//
// Thread rule: LinkChannel's.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/loop.h"
#include "hubs/link_channel.h"
#include "hubs/node_messages.h"

namespace gridloom::hub {

class NodeChannel {
 public:
  // Called on loop().
  struct Events {
    std::function<void(std::uint64_t session)> opened;
    std::function<void()> closed;
    std::function<void(NodeMessage)> received;
    std::function<bool(const std::string& frame)> send;  // as Peers::send()
  };
  using Options = LinkChannel::Options;
  NodeChannel(const Options& options, Events events);
  NodeChannel(const NodeChannel&) = delete;
  NodeChannel& operator=(const NodeChannel&) = delete;

  [[nodiscard]] Loop& loop() const { return link_->loop(); }
  void send(std::uint64_t session, const NodeMessage& message) {
    link_->send(session, bytes_of(message));
  }
  [[nodiscard]] bool is_congested() const { return link_->is_congested(); }

  void node_is_there() { link_->node_is_there(); }
  void node_is_away() { link_->node_is_away(); }
  void receive(std::string_view frame) { link_->receive(frame); }
  void tick() { link_->tick(); }

 private:
  const std::shared_ptr<LinkChannel> link_;
};

}  // namespace gridloom::hub
