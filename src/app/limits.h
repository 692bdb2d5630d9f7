// The table of all configurable limits by name, used by the command line, the configuration file,
// `gridloom limits` and docs/user/limits.md. The default values are defined in the folders that
// enforce the limits; this table only names them.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "server/limits.h"

namespace gridloom::app {

// Those of Gridloom's own interface (with_home/home_service.cc).
struct HomeLimits;
// Null in a build without the wing.
[[nodiscard]] std::shared_ptr<HomeLimits> default_limits_of_home();

struct Limits {
  server::ServerLimits server{};
  std::shared_ptr<HomeLimits> home = default_limits_of_home();  // copies share it
};

// Pointer to the variable that holds a limit.
using LimitField = std::variant<std::size_t*, std::uint32_t*, std::uint16_t*, Millis*>;

struct Limit {
  std::string_view name;  // "http.body-bytes"; the last word says what is counted
  std::string_view unit;
  std::int64_t least = 0;
  std::int64_t most = 0;
  std::string_view description;
  LimitField (*field)(Limits& limits);
};
[[nodiscard]] std::span<const Limit> all_limits();
// Those among them that the wing of homes has; none in a build without it.
[[nodiscard]] std::span<const Limit> limits_of_home();
[[nodiscard]] std::int64_t value_of(const Limit& limit, Limits& limits);

// Parses a list of "NAME=VALUE"; NAME may be a former name (docs/user/limits.md). kBadParams:
// unknown name, not a number, or a value out of range.
[[nodiscard]] Result<Limits> limits_from(const std::vector<std::string>& settings);

// All limits with their values: as text for a terminal, and as the page of the user's guide.
[[nodiscard]] std::string limits_text(Limits limits);
[[nodiscard]] std::string limits_page();

}  // namespace gridloom::app
