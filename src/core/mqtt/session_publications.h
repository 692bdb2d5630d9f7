// The QoS 1 and 2 publications that a session's client sends: their identities, which show
// repetitions, and the log's record of them. They belong to the client's stream (ClientStream),
// which outlives the session.
//
// Thread rule: the session's loop; clear() from any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "hub/clients/client.h"
#include "hub/clients/session_changes.h"
#include "hub/hub.h"
#include "hub/platform/platform.h"
#include "mqtt/client_stream.h"
#include "mqtt/server_context.h"
#include "wire/mqtt/outbox.h"
#include "wire/mqtt/session.h"

namespace gridloom::mqtt {

// Writes changes of sessions into the log (hub/clients/session_changes.h).
//
// Thread rule: any function from any thread.
void record(const hub::Hub& hub, const hub::SessionChange& change);
// `done`, if it is not empty, is called on the session's loop, if the session lives that long, once
// the log has the changes.
void record(const hub::Hub& hub, std::string changes, std::weak_ptr<hub::Client> session,
            std::function<void()> done);

// The delivery steps that were taken from an outbox.
struct TakenSteps {
  std::vector<wire::mqtt::Outbox::DeliveryStep> steps{};
  std::uint64_t taken = 0;  // Outbox::steps_taken() with them
};
// Delivery steps of a session as changes.
struct StepChanges {
  std::string bytes;
  // The log must have some of the steps before the client gets more.
  bool is_awaited = false;
};
// `session` is its number in the log.
[[nodiscard]] StepChanges changes_of(std::int64_t session,
                                     const std::vector<wire::mqtt::Outbox::DeliveryStep>& steps);

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
