// Reconciles the registry and the history at start, as they are separate files that may disagree.
//
// Only the history of devices that were removed on purpose is purged. A device number that is
// merely unknown suggests that the registry is not the right one; its history is kept and reported.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "history/archive.h"
#include "registry/registry.h"

namespace gridloom::server {

// Call before the archive starts and before a device is added: device numbers that occur in the
// history are never given to a new device.
[[nodiscard]] Status reconcile(registry::Registry& registry, history::Archive& archive,
                               const Clock& clock);

// Notes as damage that the registry is not the newest one, if it is so.
void note_setback(const registry::Registry& registry, history::Archive& archive,
                  const Clock& clock);

// Formats numbers for people, as "2 to 4, 7"; of a long list, only the first ranges.
[[nodiscard]] std::string ranges_text(const std::vector<std::int64_t>& ascending);

}  // namespace gridloom::server
