// Reports the events of one connection: to the log and the counters (hub::ClientEvent), and its
// sign-ins to the audit.
//
// Thread rule: the connection's loop.
#pragma once

#include <string>
#include <string_view>

#include "hub/hub.h"
#include "mqtt/server_context.h"
#include "wire/mqtt/session.h"

namespace gridloom::mqtt {

class ConnectionEvents {
 public:
  // Both outlive this object. `peer` is the connection's address.
  ConnectionEvents(const ServerContext& server, const std::string& peer)
      : server_(server), peer_(peer) {}

  // An event of the signed-in client; null: the client has not signed in.
  void add(hub::ClientEvent::Kind kind, wire::mqtt::Reason reason, std::string_view why,
           const hub::Client* client) const;
  // A CONNECT was refused, and its client never signed in.
  void refused(const wire::mqtt::ConnectRequest& request, wire::mqtt::Reason reason,
               std::string_view why) const;
  // Records in the audit that `who` signed in; or that it was refused, and why.
  void record_sign_in(const hub::Identity& who, std::string_view client_id,
                      std::string_view refused) const;
  // The same for a CONNECT whose credentials are wrong.
  void record_wrong_credentials(const wire::mqtt::ConnectRequest& request,
                                std::string_view refused) const;

 private:
  const ServerContext& server_;
  const std::string& peer_;
};

}  // namespace gridloom::mqtt
