// The audit: who did what. Written through the log, read from the archive, never changed.
// docs/user/audit.md shows the entries.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "history/archive.h"
#include "wire/json.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the library's name
class App;
}

namespace gridloom::app {

struct AuditFilter {
  std::int64_t since_ms = std::numeric_limits<std::int64_t>::min();
  std::int64_t until_ms = std::numeric_limits<std::int64_t>::max();
  std::vector<std::string> what{};  // any of them; none: everything
  std::string who{};                // empty: anybody
  std::string sn{};                 // likewise
  std::size_t limit = 100;          // the newest
  static constexpr std::size_t kMostEntries = 100'000;
  static constexpr std::size_t kMostBytes = std::size_t{48} * 1024 * 1024;  // of all of them
  // `what` of an entry whose row is damaged, which is shown whatever else was asked for: at the
  // time of the entry after it, with its number and what is stored of it.
  static constexpr std::string_view kDamaged = "damaged";
};

// As a request of the admin socket has it: {"since": ms, "until": ms, "what": ["set"], "who": "",
// "sn": "", "limit": 100}, each may be missing. kBadParams.
[[nodiscard]] Result<AuditFilter> audit_filter(const wire::JsonObject& request);
[[nodiscard]] bool is_wanted(const AuditFilter& filter, const wire::Json& entry);

// The newest entries that the filter lets through, the oldest of them first. kBadParams: they are
// more than `most_bytes`.
[[nodiscard]] Result<wire::JsonArray> read_audit(history::Archive& archive,
                                                 const AuditFilter& filter,
                                                 std::size_t most_bytes = AuditFilter::kMostBytes);

// Adds the time, if it has none, and returns when the entry is safe; kIo: the disk does not take
// it.
[[nodiscard]] Status write_down(history::Archive& archive, const Clock& clock,
                                wire::JsonObject entry);

// "2026-11-20 14:05:30 set who=anna sn=R331 ...".
[[nodiscard]] std::string line_of(const wire::Json& entry);

// Adds `gridloom audit` to the command line; parsing it puts what is to run into `chosen`. The
// returned object holds what was parsed and has to live as long.
[[nodiscard]] std::shared_ptr<void> add_audit(CLI::App& app, std::function<int()>& chosen);

}  // namespace gridloom::app
