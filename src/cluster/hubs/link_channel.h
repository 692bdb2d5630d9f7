// A NodeLink on its loop: any thread sends messages over it, and those of one turn leave together.
// Each opening of the link is a session with a number; what was meant for an earlier session is
// left out.
//
// Thread rule: send() and is_congested() from any thread, all else on loop().
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/loop.h"
#include "hubs/node_link.h"
#include "hubs/node_messages.h"

namespace gridloom::hub {

class LinkChannel : public std::enable_shared_from_this<LinkChannel> {
 public:
  // Called on loop().
  struct Events {
    std::function<void(std::uint64_t session)> opened;
    std::function<void()> closed;
    // A whole message; valid during the call.
    std::function<void(std::string_view message)> received;
    std::function<bool(const std::string& frame)> send;  // as Peers::send()
    // No longer congested, after is_congested() has said so to anybody. May be empty.
    std::function<void()> eased{};
  };
  struct Options {
    Loop& loop;
    const Clock& clock;
    std::uint64_t run = 0;  // NodeLink
    NodeLink::Limits limits{};
    std::size_t congested_bytes = std::size_t{16} * 1024 * 1024;
  };
  LinkChannel(const Options& options, Events events);
  LinkChannel(const LinkChannel&) = delete;
  LinkChannel& operator=(const LinkChannel&) = delete;

  [[nodiscard]] Loop& loop() const { return options_.loop; }
  // A message in one part or two.
  void send(std::uint64_t session, std::string_view head, std::string_view rest = {});
  // More waits for the other node than it should: what can wait or be left out is to do so.
  [[nodiscard]] bool is_congested() const;

  void node_is_there() { link_.node_is_there(options_.clock.now()); }
  void node_is_away() { link_.node_is_away(); }
  void receive(std::string_view frame);
  // Call a few times a second.
  void tick();

 private:
  void opened();
  void closed();
  void flush();
  void count_waiting();

  const Options options_;
  Events events_;
  NodeLink link_;
  std::atomic<std::size_t> waiting_bytes_{0};
  mutable std::atomic<bool> said_congested_{false};
  std::mutex mutex_;           // guards the members below
  std::uint64_t session_ = 0;  // that is open; 0: none
  std::uint64_t last_session_ = 0;
  std::string pending_;          // messages of the session, as NodeLink::append() puts them
  std::size_t usual_bytes_ = 0;  // of messages that left together
  bool flushes_ = false;         // a task that flushes is posted
};

// The messages about shards and clients (hubs/node_messages.h) over the link to another node.
//
// Thread rule: LinkChannel's.
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
