#include "app/operations/audit.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <deque>
#include <future>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "app/operations/context.h"
#include "base/printable.h"
#include "history/history_queries.h"
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

namespace {

// The entries that are wanted of each archive, the newest first.
class AuditReading {
 public:
  AuditReading(const AuditFilter& filter, std::size_t most_bytes)
      : filter_(&filter), most_bytes_(most_bytes) {}

  // One query, which may reach several archives.
  class Pass {
   public:
    explicit Pass(AuditReading& reading) : reading_(&reading) {}
    // Reads one archive. True: it was the last one.
    Result<bool> work(history::Reader& reader) {
      history::Route* const route = reader.route();
      if (route != nullptr) {
        const auto is_here = route->reach_archive(read_);
        if (!is_here || !*is_here) return is_here;
      }
      GL_TRY(reading_->read_one(reader, reading_->read_.emplace_back()));
      ++read_;
      return route == nullptr || read_ == route->archives();
    }

   private:
    AuditReading* reading_;
    std::size_t read_ = 0;  // archives
  };
  [[nodiscard]] Pass begin() { return Pass(*this); }

  // The newest of all archives, the oldest first. kBadParams: they are too large.
  [[nodiscard]] Result<JsonArray> merged() {
    JsonArray newest;
    std::size_t bytes = 0;
    while (newest.size() < filter_->limit && bytes <= most_bytes_) {
      std::deque<Found>* next = nullptr;
      for (std::deque<Found>& archive : read_) {
        if (archive.empty()) continue;
        if (next == nullptr || at_of(archive.front().entry) > at_of(next->front().entry)) {
          next = &archive;
        }
      }
      if (next == nullptr) break;
      bytes += next->front().bytes;
      newest.push_back(std::move(next->front().entry));
      next->pop_front();
    }
    std::ranges::reverse(newest);
    if (bytes <= most_bytes_) return newest;
    return fail(ErrorCode::kBadParams,
                fmt::format("these entries are more than {} bytes, of which the newest {} were "
                            "read; ask for fewer with --last, --from, --to, --what, --who or "
                            "--device",
                            most_bytes_, newest.size()));
  }

 private:
  struct Found {
    Json entry;
    std::size_t bytes = 0;  // as it is stored
  };

  Status read_one(history::Reader& reader, std::deque<Found>& found) const {
    std::size_t bytes = 0;
    std::int64_t newer_ms = unix_ms(SystemClock().now());
    return reader.each_audit([&](const history::AuditRow& row) {
      const auto parsed = wire::parse_json(row.entry, {.bytes = row.entry.size(), .keys = 100'000});
      const bool damaged = row.damaged || !parsed;
      const Json entry = damaged ? damaged_entry(row, newer_ms) : *parsed;
      newer_ms = at_of(entry);
      // The account of a damaged entry is unknown, and may be the one that was asked for.
      if (damaged ? is_in_time(*filter_, entry) : is_wanted(*filter_, entry)) {
        found.push_back({.entry = entry, .bytes = row.entry.size()});
        bytes += row.entry.size();
      }
      return found.size() < filter_->limit && bytes <= most_bytes_ &&
             (filter_->since_ms < 0 || at_of(entry) >= filter_->since_ms - kMaxSetBack_ms);
    });
  }

  const AuditFilter* filter_;
  std::size_t most_bytes_;
  std::vector<std::deque<Found>> read_;  // by archive
};

}  // namespace

Result<JsonArray> read_audit(const std::vector<history::Reads>& reads, const AuditFilter& filter,
                             std::size_t most_bytes) {
  AuditReading reading(filter, most_bytes);
  for (const history::Reads& each : reads) {
    const Status read = history::run_query(
        each, history::kNoAccount, [archives = reading.begin()](history::Reader& reader) mutable {
          return archives.work(reader);
        });
    if (!read && read.error().code == ErrorCode::kConflict) {
      return fail(ErrorCode::kIo, "too many other requests read history; try again later");
    }
    if (!read) return std::unexpected(read.error());
  }
  return reading.merged();
}

Result<JsonArray> read_audit(history::Archive& archive, const AuditFilter& filter,
                             std::size_t most_bytes) {
  return read_audit(std::vector{history::admin_reads(archive)}, filter, most_bytes);
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
  GL_TRY(const auto wanted, audit_filter(arguments));
  GL_TRY(auto entries, read_audit(context.audit_reads(), wanted));
  return Json(std::move(entries));
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

constexpr std::array kAuditOperations = {
    Operation{.name = "audit",
              .text = "Shows the audit log: who changed what, and when",
              .parameters = kParameters,
              .audit = kChangesNothing,
              .function = list_audit},
};
static_assert(are_complete(kAuditOperations));

}  // namespace

std::span<const Operation> audit_operations() { return kAuditOperations; }

}  // namespace gridloom::operations
