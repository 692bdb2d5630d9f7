// Every limit of the platform by its name: one table, by which the command line, the configuration
// file, `gridloom limits` and docs/user/limits.md know them. The numbers stay with the rooms that
// keep to them; here is only who they are.
#pragma once

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
  net::ListenerLimits doors{};                                  // of each of the four listeners
  std::size_t strangers_bytes = std::size_t{64} * 1024 * 1024;  // of all of them
  http::SessionLimits http{};
  wire::SigningLimits signing{};
  std::size_t requests_per_second = 0;  // of one access key; 0: any number
  wire::mqtt::Limits mqtt{};
  mqtt::TableLimits sessions{};
  hub::Config hub{};
  history::ArchiveLimits history{};
  history::SeriesLimits series{};
  std::size_t failures_per_minute = 120;  // of one address; 0: any number
  wire::ReplayLimits guard{.window = std::chrono::minutes(15)};
  wire::ReplayLimits replays{};       // with --strict
  std::size_t client_ids_a_day = 10;  // with --strict
};

// Where a limit's number is.
using LimitField = std::variant<std::size_t*, std::uint32_t*, std::uint16_t*, Millis*>;

struct Limit {
  std::string_view name;  // "http.body-bytes"; what the number counts is its last word
  std::string_view unit;
  std::int64_t least = 0;
  std::int64_t most = 0;
  std::string_view meaning;
  LimitField (*field)(Limits& limits);
};
[[nodiscard]] std::span<const Limit> all_limits();
[[nodiscard]] std::int64_t value_of(const Limit& limit, Limits& limits);

// "NAME=VALUE" each. kBadParams: no such name, no number, or not one that is allowed.
[[nodiscard]] Result<Limits> limits_from(const std::vector<std::string>& settings);

// All limits with the values that they have, for a terminal, or the page of the user's guide.
[[nodiscard]] std::string limits_text(Limits limits);
[[nodiscard]] std::string limits_page();

}  // namespace gridloom::app
