#include "app/past.h"

#include <fmt/format.h>

#include <chrono>
#include <cstddef>
#include <string_view>
#include <system_error>

#include "base/read_file.h"
#include "storage/files.h"
#include "time/grammar.h"
#include "wire/json.h"

namespace gridloom::app {
namespace {

namespace fs = std::filesystem;
using wire::JsonObject;

constexpr std::string_view kFrom = "from";
constexpr std::size_t kMostBytes = 4096;
constexpr Millis kLongest = std::chrono::days(3660);

fs::path file_in(const fs::path& data) { return data / "past.json"; }

bool has_history(const fs::path& data) {
  std::error_code ignored;
  const fs::path log = data / "log";
  return fs::exists(data / "history.db", ignored) ||
         (fs::exists(log, ignored) && !fs::is_empty(log, ignored));
}

// The begin of a past that is not complete. Nothing: there is none.
std::optional<TimePoint> begun_in(const fs::path& data) {
  const auto bytes = read_file(file_in(data), kMostBytes);
  if (!bytes) return std::nullopt;
  const auto begun = wire::parse_json(*bytes);
  const auto from_ms = begun ? wire::whole_in(*begun, kFrom) : std::nullopt;
  if (!from_ms) return std::nullopt;
  return TimePoint(Millis(*from_ms));
}

Status check(const ServeOptions& options) {
  if (!options.has_demo()) {
    return fail(ErrorCode::kBadParams,
                "--past: there are no virtual devices to live it; add --demo or --home");
  }
  if (options.no_history) {
    return fail(ErrorCode::kBadParams, "--past: --no-history would store nothing of it");
  }
  return {};
}

}  // namespace

Result<std::optional<Past>> past_of(const ServeOptions& options, TimePoint to) {
  if (options.past.empty()) return std::nullopt;
  GL_TRY(check(options));
  GL_TRY(const auto length, time::parse_span(options.past, {.name = "--past", .most = kLongest}));
  Past past{.from = to - length, .to = to};
  if (const auto begun = begun_in(options.data)) {
    past.from = *begun;
    past.is_begun = true;
  } else if (has_history(options.data)) {
    return std::nullopt;
  }
  if (past.from >= to) return std::nullopt;
  return past;
}

Status begin_past(const fs::path& data, const Past& past) {
  if (past.is_begun) return {};
  return storage::write_private_file(file_in(data),
                                     wire::to_text(JsonObject{{kFrom, unix_ms(past.from)}}) + '\n');
}

Status end_past(const fs::path& data) {
  std::error_code error;
  fs::remove(file_in(data), error);
  if (!error) return {};
  return fail(ErrorCode::kIo,
              fmt::format("{} cannot be removed: {}", file_in(data).string(), error.message()));
}

}  // namespace gridloom::app
