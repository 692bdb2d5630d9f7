// The QoS 1 and 2 publications that a session's client sends: their identities, which show
// repetitions, and the log's record of them. They belong to the client's stream (ClientStream),
// which outlives the session.
//
// Thread rule: the session's loop; clear() from any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "hub/clients/client.h"
#include "hub/platform/platform.h"
#include "mqtt/client_stream.h"
#include "mqtt/server_context.h"
#include "wire/mqtt/session.h"

namespace gridloom::mqtt {

class SessionPublications {
 public:
  // Both outlive this object.
  SessionPublications(const ServerContext& server, const hub::Client& session)
      : server_(server), session_(session) {}

  // Before any other function, and before another thread knows the session; null: publications have
  // no identity.
  void use(ClientStreamPtr stream);
  // The session starts clean.
  void clear() const;

  // The identity of a QoS 1 or 2 publication, to detect repetitions.
  [[nodiscard]] hub::PublishOptions::Identity identify(
      const wire::mqtt::PlainPublication& publication);
  void answered(const hub::Ack& ack) const;
  void answered(const std::vector<hub::Ack>& acks) const;
  // The client may not publish this: it may be sent again.
  void refused(const wire::mqtt::AckToken& token) const;
  // PUBREL arrived: `done` is called on the session's loop, if the session lives that long, once
  // the release is as durable as the message.
  void release(std::uint16_t packet_id, std::weak_ptr<hub::Client> session,
               std::function<void()> done) const;

 private:
  const ServerContext& server_;
  const hub::Client& session_;
  ClientStreamPtr stream_;
  bool is_complete_ = false;  // the stream began before this session's connection
};

}  // namespace gridloom::mqtt
