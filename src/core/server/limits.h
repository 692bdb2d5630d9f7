// All limits of a server. The default values are those of the rooms that enforce the limits.
#pragma once

#include <chrono>
#include <cstddef>

#include "history/archive.h"
#include "history/series/series_request.h"
#include "http/session.h"
#include "hub/platform/platform.h"
#include "mqtt/session_table.h"
#include "net/limits.h"
#include "sign_in/sign_in.h"
#include "wire/mqtt/session.h"
#include "wire/replay_guard.h"
#include "wire/signing.h"

namespace gridloom::server {

struct ServerLimits {
  net::ListenerLimits listeners{};                                    // for each listener
  std::size_t unauthenticated_bytes = std::size_t{64} * 1024 * 1024;  // all connections together
  http::SessionLimits http{};
  sign_in::SignInLimits sign_in{};
  wire::SigningLimits signing{};
  std::size_t requests_per_second = 0;  // for one access key; 0: unlimited
  wire::mqtt::MqttLimits mqtt{};
  mqtt::TableLimits sessions{};
  hub::Config hub{};
  history::ArchiveLimits history{};
  history::SeriesLimits series{};
  std::size_t failures_per_minute = 120;  // for one address; 0: unlimited
  wire::ReplayLimits guard{.window = std::chrono::minutes(15)};
  wire::ReplayLimits replays{};       // of a strict server
  std::size_t client_ids_a_day = 10;  // of a strict server
  net::PeerLimits peers{};            // of the other ends of bridges
};

}  // namespace gridloom::server
