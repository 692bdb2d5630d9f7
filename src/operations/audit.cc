#include "operations/audit.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <future>
#include <memory>
#include <string_view>
#include <utility>

#include "base/redacted.h"
#include "operations/context.h"
#include "parameters/arguments.h"

namespace gridloom::operations {
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

Result<AuditFilter> audit_filter(const Arguments& arguments) {
  AuditFilter filter{.what = arguments.texts("what"),
                     .who = arguments.text("who"),
                     .sn = arguments.text("sn"),
                     .by = arguments.text("by"),
                     .from = arguments.text("address")};
  filter.since_ms = arguments.integer("since").value_or(filter.since_ms);
  filter.until_ms = arguments.integer("until").value_or(filter.until_ms);
  if (const auto limit = arguments.integer("limit")) {
    filter.limit = static_cast<std::size_t>(*limit);
  }
  for (const std::string& kind : filter.what) {
    if (journal::is_audit_kind(kind)) continue;
    return fail(ErrorCode::kBadParams,
                fmt::format("--what: \"{}\" is no kind of entry; there are {}",
                            redacted_extract(kind), fmt::join(journal::kAuditKinds, ", ")));
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

namespace {

Result<Json> list_audit(const Context& context, const Arguments& arguments) {
  const auto wanted = audit_filter(arguments);
  if (!wanted) return std::unexpected(wanted.error());
  auto entries = read_audit(context.archive, *wanted);
  if (!entries) return std::unexpected(entries.error());
  return Json(std::move(*entries));
}

constexpr std::array kParameters = {
    Parameter{.name = "since",
              .text = "Start of the span",
              .type = Type::kTime,
              .least = -kMostInteger,
              .most = kMostInteger},
    Parameter{.name = "until",
              .text = "End of the span, exclusive",
              .type = Type::kTime,
              .least = -kMostInteger,
              .most = kMostInteger},
    Parameter{.name = "what",
              .text = "Only entries of this kind: set, set_reply, sign-in, device.add ...; several "
                      "with commas",
              .type = Type::kTexts,
              .most_items = 64},
    Parameter{.name = "who",
              .text = "Only entries caused by this account, serial number, gateway:NAME, admin or "
                      "admin:NAME"},
    Parameter{.name = "sn", .text = "Only entries about this device", .type = Type::kSerialNumber},
    Parameter{.name = "by",
              .text = "Only entries caused by this credential: \"token 7\", \"session 3\", "
                      "\"key KEY\""},
    Parameter{.name = "address", .text = "Only entries caused from this network address"},
    Parameter{.name = "limit",
              .text = "Largest number of entries; the newest are shown",
              .type = Type::kInteger,
              .least = 1,
              .most = AuditFilter::kMaxEntries},
};

constexpr std::array kOperations = {
    Operation{.name = "audit",
              .text = "Shows the audit log: who changed what, and when",
              .parameters = kParameters,
              .audit = kChangesNothing,
              .function = list_audit},
};
static_assert(are_complete(kOperations));

}  // namespace

std::span<const Operation> audit_operations() { return kOperations; }

}  // namespace gridloom::operations
