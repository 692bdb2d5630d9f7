// Registry and history are files of their own: what a start makes of it when they do not agree.
//
// History is purged of devices that somebody removed, and of no others: a device that is merely
// unknown is a sign that the registry is not the right one. It stays, and is told of.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "history/archive.h"
#include "registry/registry.h"

namespace gridloom::app {

// Before the archive starts, and before a device is added: numbers that history knows are never
// given to a new device.
[[nodiscard]] Status reconcile(registry::Registry& registry, history::Archive& archive,
                               const Clock& clock);

// "2 to 4, 7": for people, the first ones of many.
[[nodiscard]] std::string ranges_text(const std::vector<std::int64_t>& ascending);

}  // namespace gridloom::app
