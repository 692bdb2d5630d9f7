// What a Connection has inside. Only for files of this room: no other room sees libnats.
#pragma once

#include <nats/nats.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "nats/connection.h"
#include "nats/handles.h"
#include "nats/pending_requests.h"

namespace gridloom::nats {

struct Connection::State {
  // What the library's threads tell. They may still tell it when the connection is gone.
  struct Events {
    explicit Events(const Clock& with) : clock(&with) { health.since = clock->now(); }

    void connected(natsConnection* from);
    void disconnected(natsConnection* from);
    void closed(natsConnection* from);
    void dropped();

    const Clock* clock;
    PendingRequests requests;
    std::mutex mutex;
    Health health;
    bool is_closing = false;
  };

  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State();

  std::shared_ptr<Events> events;
  void* closure = nullptr;  // that leads to the events
  ConnectionHandle connection;
  std::string inbox;  // the prefix of subjects for replies
  std::unique_ptr<Subscription> replies;
};

}  // namespace gridloom::nats
