// A message that a client published, on its way to the shard of its device.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "hub/clients/session_changes.h"
#include "hub/clients/topic_rights.h"
#include "wire/mqtt/session.h"

namespace gridloom::hub {

using wire::mqtt::Message;
using wire::mqtt::Qos;

// How a message was published.
struct PublishOptions {
  Qos qos = Qos::kAtMostOnce;
  bool retain = false;
  bool resent = false;  // DUP: may have been sent before
  // For QoS 1 and 2, where the client has a stream (hub/clients/session_changes.h).
  struct Identity {
    std::int64_t stream = 0;  // 0: none
    Receipt receipt{};
    std::uint32_t settled = 0;
    bool repeated = false;  // already processed: only the acknowledgement is left
    // The stream began before this connection: a publication with DUP that is not `repeated` was
    // not accepted from this client before.
    bool is_complete = false;
  };
  Identity identity{};
  wire::mqtt::AckToken token{};
};

// A report as views, while its shard processes it.
struct InboundReport {
  std::string_view sn;
  std::string_view payload;
  const PublishOptions& options;
};

// Its topic is already parsed as one of the platform's.
struct Inbound {
  std::string sn;
  Verb verb{};
  wire::mqtt::MessagePtr message;
  PublishOptions options;
};

}  // namespace gridloom::hub
