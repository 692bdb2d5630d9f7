// The inside of a JetStream. Only for files of this room: no other room sees libnats.
#pragma once

#include <nats/nats.h>

#include <cstdint>

#include "nats/handles.h"
#include "nats/jet_stream.h"

namespace gridloom::nats {

struct JetStream::State {
  [[nodiscard]] jsOptions options() const;

  natsConnection* connection = nullptr;
  ContextHandle context;
  std::int64_t wait_ms = 0;
};

}  // namespace gridloom::nats
