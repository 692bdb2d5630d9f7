// Records the last known revision of a data folder's registry in a separate file:
// DATA/registry.seen.
//
// Reason: a registry that lost its last changes looks intact. A damaged write-ahead log ends
// silently at its first damaged frame, and an old copy that was restored is valid as well. The
// number of commits, kept in a separate file, shows the loss.
// The file serves only this check: if it is missing or damaged, nothing is known. It is not synced,
// so after a loss of power it may be older than the registry, never newer.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "base/result.h"

namespace gridloom::registry {

struct Revision {
  std::string registry;     // the registry's id, 32 hex digits
  std::int64_t number = 0;  // number of commits
  friend bool operator==(const Revision&, const Revision&) = default;
};

// nullopt if the file does not exist or is damaged.
[[nodiscard]] std::optional<Revision> last_seen(const std::filesystem::path& data_folder);
// kIo: the file is there, and the disk does not give it; it must not be replaced.
[[nodiscard]] Status check_seen_readable(const std::filesystem::path& data_folder);
// If the file cannot be written, it is removed.
void remember(const std::filesystem::path& data_folder, const Revision& revision);
// Describes the setback in words; empty if `now` equals `seen` or is newer.
[[nodiscard]] std::string setback_between(const Revision& seen, const Revision& now);

}  // namespace gridloom::registry
