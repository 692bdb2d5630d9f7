// The inside of a Connection. Only for files of this room: no other room sees libnats.
#pragma once

#include <nats/nats.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "nats/connection.h"
#include "nats/handles.h"
#include "nats/jet_stream.h"
#include "nats/pending_requests.h"

namespace gridloom::nats {

// The inside of a JetStream. Only for files of this room: no other room sees libnats.
struct JetStream::State {
  [[nodiscard]] jsOptions options() const;

  natsConnection* connection = nullptr;
  ContextHandle context;
  std::int64_t wait_ms = 0;
};

struct ReconnectListener::Listeners {
  std::mutex mutex;  // held while they are called
  std::map<std::uint64_t, std::function<void()>> all;
  std::uint64_t next = 0;
};

struct Connection::State {
  // The news that the library's threads bring. They may bring some when the connection is gone.
  struct Events {
    explicit Events(const Clock& with) : clock(&with) { health.since = clock->now(); }

    void connected(natsConnection* from);
    void disconnected(natsConnection* from);
    void closed(natsConnection* from);
    void dropped();

    const Clock* clock;
    PendingRequests requests;
    const std::shared_ptr<ReconnectListener::Listeners> listeners =
        std::make_shared<ReconnectListener::Listeners>();
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
