// A door's links to the owners of slots, and which connection is relayed over which of them.
//
// An endpoint is the other end of a link, by its name. When its link closes, all its connections
// end: what was on its way is lost.
//
// Thread rule: any thread. Links live on one loop, each connection on a loop of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/loop.h"
#include "hubs/link_channel.h"
#include "hubs/node_link.h"
#include "node/relay_messages.h"

namespace gridloom::node {

class RelayLinks : public std::enable_shared_from_this<RelayLinks> {
 public:
  // A connection that is relayed; called on its loop.
  class Relayed {
   public:
    explicit Relayed(Loop& loop) : loop_(loop) {}
    Relayed(const Relayed&) = delete;
    Relayed& operator=(const Relayed&) = delete;
    virtual ~Relayed() = default;
    [[nodiscard]] Loop& loop() const { return loop_; }  // any thread
    virtual void take(const RelayMessage& message) = 0;
    // The link takes more again (Way::takes_more).
    virtual void go_on() = 0;
    // The link has closed, or the door ends the connection.
    virtual void end() = 0;

   private:
    Loop& loop_;
  };
  struct Options {
    hub::Peers& peers;  // outlives the links
    Loop& loop;
    const Clock& clock;
    std::uint64_t run = 0;  // NodeLink
    hub::NodeLink::Limits link{};
  };
  // The way of one connection. Used on the connection's loop; close() ends it.
  class Way {
   public:
    [[nodiscard]] ConnectionNumber number() const { return number_; }
    void send(const RelayMessage& message) const;
    // False: more waits for the owner than should; `self`, the connection, is resumed later.
    [[nodiscard]] bool takes_more(const std::weak_ptr<Relayed>& self) const;
    // The connection is not known any more; nothing else is called then.
    void close() const;

   private:
    friend class RelayLinks;
    std::shared_ptr<RelayLinks> links_;
    std::string endpoint_;
    std::shared_ptr<hub::LinkChannel> channel_;
    std::uint64_t session_ = 0;
    ConnectionNumber number_ = 0;
  };

  explicit RelayLinks(const Options& options) : options_(options) {}
  RelayLinks(const RelayLinks&) = delete;
  RelayLinks& operator=(const RelayLinks&) = delete;

  // Opens the connection at the endpoint. Nothing: there is no open link to it.
  [[nodiscard]] std::optional<Way> open(const std::string& endpoint,
                                        const std::weak_ptr<Relayed>& connection, RelayOpen open);
  void end_all(const std::string& endpoint);
  void tick();
  [[nodiscard]] std::size_t connections() const;  // that are relayed

  // --- see hub::Peers::Handler
  void received(const std::string& from, std::string bytes);
  void node_is_there(const std::string& endpoint);
  void node_is_away(const std::string& endpoint);

 private:
  // Messages for connections of one loop, which wait for a task of that.
  struct Arrivals {
    struct Arrival {
      std::weak_ptr<Relayed> connection;
      std::string message;
    };
    void take_all();  // on the loop

    std::mutex mutex;
    std::vector<Arrival> all;  // guarded by the mutex
  };
  struct Endpoint {
    std::string name;
    std::shared_ptr<hub::LinkChannel> channel;
    std::uint64_t session = 0;  // 0: not open
    std::unordered_map<ConnectionNumber, std::weak_ptr<Relayed>> connections{};
    std::vector<std::weak_ptr<Relayed>> blocked{};  // to be resumed
  };
  [[nodiscard]] std::shared_ptr<hub::LinkChannel> channel_of(const std::string& endpoint) const;
  [[nodiscard]] std::shared_ptr<hub::LinkChannel> make_channel(Endpoint& endpoint);
  void take(Endpoint& endpoint, std::string_view bytes);
  void arrived(const std::shared_ptr<Relayed>& connection, std::string_view bytes);
  void closed(Endpoint& endpoint);
  void eased(Endpoint& endpoint);
  void block(const std::string& endpoint, const std::weak_ptr<Relayed>& connection);
  void forget(const std::string& endpoint, ConnectionNumber number);

  const Options options_;
  std::map<Loop*, std::shared_ptr<Arrivals>> arrivals_;         // used on the links' loop
  mutable std::mutex mutex_;                                    // guards the members below
  std::map<std::string, std::unique_ptr<Endpoint>> endpoints_;  // which stay
  ConnectionNumber last_number_ = 0;
};

}  // namespace gridloom::node
