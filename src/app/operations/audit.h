// The audit: who did what. Written through the log, read from the archive, never changed.
// docs/user/audit.md shows the entries.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/operations/operation.h"
#include "base/clock.h"
#include "base/result.h"
#include "history/archive.h"
#include "history/reader.h"
#include "journal/audit_kind.h"
#include "wire/json.h"

namespace gridloom::operations {

struct AuditFilter {
  std::int64_t since_ms = std::numeric_limits<std::int64_t>::min();
  std::int64_t until_ms = std::numeric_limits<std::int64_t>::max();
  std::vector<std::string> what{};  // any of these; empty: every kind
  std::string who{};                // empty: every user
  std::string sn{};                 // empty: every device
  std::string by{};                 // "token 7", "session 3"; empty: whatever it was done by
  std::string from{};               // an address; empty: from anywhere
  std::size_t limit = 100;          // keep only the newest entries
  static constexpr std::size_t kMaxEntries = 100'000;
  static constexpr std::size_t kMaxBytes = std::size_t{48} * 1024 * 1024;  // all entries together
  // `what` of an entry whose row is damaged. Such entries pass every filter but the time range, and
  // are shown with the time of the following entry, their number and the stored bytes.
  static constexpr std::string_view kDamaged = journal::audit_kind("damaged");
};

// The operation "audit". Its parameters are a filter: {"since": ms, "until": ms, "what": ["set"],
// "who": "", "sn": "", "by": "", "address": "", "limit": 100}; each may be missing.
[[nodiscard]] std::span<const Operation> audit_operations();

// kBadParams: a kind is unknown.
[[nodiscard]] Result<AuditFilter> audit_filter(const Arguments& arguments);
[[nodiscard]] bool is_wanted(const AuditFilter& filter, const wire::Json& entry);

// The time of an entry, unix ms; 0: it has none.
[[nodiscard]] std::int64_t at_of(const wire::Json& entry);

// The newest entries that pass the filter, in chronological order, of all archives that `reads`
// reach. kBadParams: the entries are larger than `most_bytes`.
[[nodiscard]] Result<wire::JsonArray> read_audit(const std::vector<history::Reads>& reads,
                                                 const AuditFilter& filter,
                                                 std::size_t most_bytes = AuditFilter::kMaxBytes);
// Those of one archive.
[[nodiscard]] Result<wire::JsonArray> read_audit(history::Archive& archive,
                                                 const AuditFilter& filter,
                                                 std::size_t most_bytes = AuditFilter::kMaxBytes);

// Appends an audit entry; adds the current time if the entry has none. Returns once the entry is on
// disk; kIo: the disk refused the entry.
[[nodiscard]] Status append_audit(history::Archive& archive, const Clock& clock,
                                  wire::JsonObject entry);

}  // namespace gridloom::operations
