#include "app/control/audit.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <memory>
#include <string_view>
#include <utility>

#include "base/redacted.h"

namespace gridloom::app {
namespace {

using wire::Json;
using wire::JsonArray;
using wire::JsonObject;

constexpr Millis kPatience{8000};  // shorter than the client's timeout
// While the disk fails already: the log tries again each second.
constexpr Millis kPatienceWhileFailing{1500};
// Clocks are set back now and then; entries are in the order in which they were appended.
constexpr std::int64_t kMaxSetBack_ms = std::int64_t{24} * 3600 * 1000;

bool is_in_time(const AuditFilter& filter, const Json& entry) {
  const std::int64_t at = at_of(entry);
  return at >= filter.since_ms && at < filter.until_ms;
}

// The replacement for an entry whose row is damaged. Its own time cannot be trusted, so it gets the
// time of the entry that followed.
Json damaged_entry(const history::AuditRow& row, std::int64_t newer_ms) {
  std::string left;
  for (const char c : row.entry) left += c >= ' ' && c <= '~' ? c : '?';
  return JsonObject{{"at", newer_ms},
                    {"what", AuditFilter::kDamaged},
                    {"sequence", row.sequence},
                    {"stored", std::move(left)}};
}

}  // namespace

std::int64_t at_of(const Json& entry) { return wire::whole_in(entry, "at").value_or(0); }

Result<AuditFilter> audit_filter(const JsonObject& request) {
  AuditFilter filter;
  const auto bad = [](std::string_view key) {
    return fail(ErrorCode::kBadParams, fmt::format("{} is not what it should be", key));
  };
  for (const auto& [key, number] :
       {std::pair{"since", &filter.since_ms}, std::pair{"until", &filter.until_ms}}) {
    const Json* value = request.if_contains(key);
    if (value == nullptr) continue;
    if (!wire::is_whole(*value)) return bad(key);
    *number = wire::whole(*value);
  }
  for (const auto& [key, text] :
       {std::pair{"who", &filter.who}, std::pair{"sn", &filter.sn}, std::pair{"by", &filter.by},
        std::pair{"address", &filter.from}}) {
    const Json* value = request.if_contains(key);
    if (value == nullptr) continue;
    if (!value->is_string()) return bad(key);
    *text = value->get_string();
  }
  if (const Json* value = request.if_contains("limit")) {
    constexpr auto kMax = static_cast<std::int64_t>(AuditFilter::kMaxEntries);
    if (!wire::is_whole(*value) || wire::whole(*value) < 1 || wire::whole(*value) > kMax) {
      return fail(ErrorCode::kBadParams,
                  fmt::format("limit must be a whole number from 1 to {}", kMax));
    }
    filter.limit = static_cast<std::size_t>(wire::whole(*value));
  }
  if (const Json* value = request.if_contains("what")) {
    if (!value->is_array()) return bad("what");
    for (const Json& each : value->get_array()) {
      if (!each.is_string()) return bad("what");
      if (!journal::is_audit_kind(each.get_string())) {
        return fail(ErrorCode::kBadParams,
                    fmt::format("--what: \"{}\" is no kind of entry; there are {}",
                                redacted_extract(each.get_string()),
                                fmt::join(journal::kAuditKinds, ", ")));
      }
      filter.what.emplace_back(each.get_string());
    }
  }
  return filter;
}

bool is_wanted(const AuditFilter& filter, const Json& entry) {
  if (!is_in_time(filter, entry)) return false;
  if (!filter.who.empty() && wire::text_in(entry, "who") != filter.who) return false;
  if (!filter.sn.empty() && wire::text_in(entry, "sn") != filter.sn) return false;
  if (!filter.by.empty() && wire::text_in(entry, "by") != filter.by) return false;
  if (!filter.from.empty() && wire::text_in(entry, "from") != filter.from) return false;
  return filter.what.empty() ||
         std::ranges::find(filter.what, wire::text_in(entry, "what")) != filter.what.end();
}

Result<JsonArray> read_audit(history::Archive& archive, const AuditFilter& filter,
                             std::size_t most_bytes) {
  std::promise<Result<JsonArray>> promise;
  std::future<Result<JsonArray>> answer = promise.get_future();
  const bool asked = archive.read([&](history::Reader& reader) {
    JsonArray found;
    std::size_t bytes = 0;
    std::int64_t newer_ms = unix_ms(SystemClock().now());
    const Status read = reader.each_audit([&](const history::AuditRow& row) {
      const auto parsed = wire::parse_json(row.entry, {.bytes = row.entry.size(), .keys = 100'000});
      const bool damaged = row.damaged || !parsed;
      const Json entry = damaged ? damaged_entry(row, newer_ms) : *parsed;
      newer_ms = at_of(entry);
      // The account of a damaged entry is unknown, and may be the one that was asked for.
      if (damaged ? is_in_time(filter, entry) : is_wanted(filter, entry)) {
        found.push_back(entry);
        bytes += row.entry.size();
      }
      return found.size() < filter.limit && bytes <= most_bytes &&
             (filter.since_ms < 0 || at_of(entry) >= filter.since_ms - kMaxSetBack_ms);
    });
    std::ranges::reverse(found);
    if (!read) return promise.set_value(std::unexpected(read.error()));
    if (bytes <= most_bytes) return promise.set_value(std::move(found));
    promise.set_value(fail(
        ErrorCode::kBadParams,
        fmt::format("these entries are more than {} bytes, of which the newest {} were read; ask "
                    "for fewer with --last, --from, --to, --what, --who or --device",
                    most_bytes, found.size())));
  });
  if (!asked) return fail(ErrorCode::kIo, "too many other requests read history; try again later");
  return answer.get();
}

Status append_audit(history::Archive& archive, const Clock& clock, JsonObject entry) {
  if (!entry.contains("at")) entry["at"] = unix_ms(clock.now());
  const auto safe = std::make_shared<std::promise<void>>();
  std::future<void> done = safe->get_future();
  archive.append(journal::RecordKind::kAudit, wire::to_text(entry), [safe] { safe->set_value(); });
  const Millis patience = archive.failing().empty() ? kPatience : kPatienceWhileFailing;
  if (done.wait_for(patience) == std::future_status::ready) return {};
  const std::string why = archive.failing();
  return fail(ErrorCode::kIo, why.empty() ? "the disk does not answer in time" : why);
}

}  // namespace gridloom::app
