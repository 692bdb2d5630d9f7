// Which state of the registry a data folder has seen last, in a file of its own:
// DATA/registry.seen.
//
// Why so: a registry that lost its last changes looks like any other. SQLite ends its write-ahead
// log silently at the first frame that is damaged, and a copy that somebody put back is as good as
// new. The number of commits, kept beside, tells.
// The file is a witness and nothing else: where it is missing or damaged nothing is known. It is
// not synced, so after a loss of power it may be older than the registry, never newer.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace gridloom::registry {

struct Revision {
  std::string registry;     // the registry's own id, 32 hex digits
  std::int64_t number = 0;  // commits
  friend bool operator==(const Revision&, const Revision&) = default;
};

// Nothing: there is no such file, or it is damaged.
[[nodiscard]] std::optional<Revision> last_seen(const std::filesystem::path& data_folder);
// If it cannot be written there is none.
void remember(const std::filesystem::path& data_folder, const Revision& revision);
// In words; empty: `now` is what was seen, or newer.
[[nodiscard]] std::string setback_between(const Revision& seen, const Revision& now);

}  // namespace gridloom::registry
