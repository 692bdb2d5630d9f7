// The relay's end at the node that MQTT clients are connected to: a connection's protocol reads the
// client's CONNECT, finds the slot of its user name, and relays all bytes to the owner of that slot
// (node/relay_owner.h), in this process or at another node.
//
// A client whose slot nobody serves, or whose owner cannot be reached, gets "server
// unavailable". First bytes that are no CONNECT are answered as by a server that has the slot
// itself. When a slot moves, its connections end, and clients connect again.
//
// Memory is bounded: of one connection, kInputCredit_bytes and one read of the socket wait for the
// owner, and kOutputCredit_bytes for the client.
//
// Thread rule: any thread, except that each protocol is used on the loop of its connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/loop.h"
#include "hub/clients/client_events.h"
#include "hubs/node_link.h"
#include "net/protocol.h"
#include "node/relay_links.h"
#include "wire/mqtt/session.h"

namespace gridloom::node {

class RelayDoor final : public hub::Peers::Handler {
 public:
  struct Options {
    hub::Peers& peers;      // of this door; outlives it and its protocols
    Loop& loop;             // of the links
    const Clock& clock;     // a steady one
    std::uint64_t run = 0;  // NodeLink
    hub::NodeLink::Limits link{};
    // The endpoint that serves the user's slot now. Nothing: nobody does. From any thread.
    std::function<std::optional<std::string>(std::string_view user)> relay_of;
    wire::mqtt::MqttLimits mqtt{};
    // Takes what became of clients that the door itself has refused or closed, as
    // Hub::record_event() does. May be empty. From any thread.
    std::function<void(const hub::ClientEvent& event)> record{};
  };
  explicit RelayDoor(Options options);
  ~RelayDoor() override;

  // The protocol of an MQTT connection here. Protocols may outlive the door.
  [[nodiscard]] net::MakeProtocol make() const;
  // Ends all connections that are relayed to the endpoint.
  void end_all(std::string_view endpoint) { links_->end_all(std::string(endpoint)); }
  // Call a few times a second.
  void tick() { links_->tick(); }
  [[nodiscard]] std::size_t connections() const { return links_->connections(); }  // relayed

  void received(const std::string& from, std::string bytes) override;
  void node_is_there(const std::string& node) override;
  void node_is_away(const std::string& node) override;

 private:
  const std::shared_ptr<const Options> options_;
  const std::shared_ptr<RelayLinks> links_;
};

}  // namespace gridloom::node
