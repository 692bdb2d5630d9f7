// The table of all configurable limits by name, used by the command line, the configuration file,
// `gridloom limits` and docs/user/limits.md. The default values are defined in the folders that
// enforce the limits; this table only names them.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "history/archive.h"
#include "history/series_request.h"
#include "http/session.h"
#include "hub/platform.h"
#include "mqtt/session_table.h"
#include "net/listener.h"
#include "wire/mqtt/session.h"
#include "wire/replay_guard.h"
#include "wire/signing.h"

namespace gridloom::app {

struct Limits {
  net::ListenerLimits listeners{};  // for each of the four listeners
  std::size_t unauthenticated_bytes = std::size_t{64} * 1024 * 1024;  // all connections together
  http::SessionLimits http{};
  wire::SigningLimits signing{};
  std::size_t requests_per_second = 0;  // for one access key; 0: unlimited
  wire::mqtt::Limits mqtt{};
  mqtt::TableLimits sessions{};
  hub::Config hub{};
  history::ArchiveLimits history{};
  history::SeriesLimits series{};
  std::size_t failures_per_minute = 120;  // for one address; 0: unlimited
  wire::ReplayLimits guard{.window = std::chrono::minutes(15)};
  wire::ReplayLimits replays{};       // with --strict
  std::size_t client_ids_a_day = 10;  // with --strict
};

// Pointer to the variable that holds a limit.
using LimitField = std::variant<std::size_t*, std::uint32_t*, std::uint16_t*, Millis*>;

struct Limit {
  std::string_view name;  // "http.body-bytes"; the last word says what is counted
  std::string_view unit;
  std::int64_t least = 0;
  std::int64_t most = 0;
  std::string_view meaning;
  LimitField (*field)(Limits& limits);
};
[[nodiscard]] std::span<const Limit> all_limits();
[[nodiscard]] std::int64_t value_of(const Limit& limit, Limits& limits);

// Parses a list of "NAME=VALUE"; NAME may be a former name (docs/user/limits.md). kBadParams:
// unknown name, not a number, or a value out of range.
[[nodiscard]] Result<Limits> limits_from(const std::vector<std::string>& settings);

// All limits with their values: as text for a terminal, and as the page of the user's guide.
[[nodiscard]] std::string limits_text(Limits limits);
[[nodiscard]] std::string limits_page();

}  // namespace gridloom::app
