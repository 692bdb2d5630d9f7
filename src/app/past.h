// The time that a virtual home has behind it when its data folder is new: its devices live it in
// virtual time, as fast as they can, before the server takes requests. So plots, energies and
// batteries are those of a home that was lived in. User documentation: docs/user/time.md.
//
// DIR/past.json says that it is not complete: a server that ended meanwhile continues at its next
// start.
#pragma once

#include <filesystem>
#include <optional>

#include "app/options.h"
#include "base/clock.h"
#include "base/result.h"
#include "time/time_zone.h"

namespace gridloom::app {

struct Past {
  TimePoint from;
  TimePoint to;
  bool is_begun = false;  // by a server that ended before its end
};

// `to`: when the devices' time begins. Nothing: it is not wanted, or the data folder has history
// already. kBadParams: --past has an invalid value, or other options contradict it.
[[nodiscard]] Result<std::optional<Past>> past_of(const ServeOptions& options, TimePoint to);

// Durable on return: the data folder has a part of the past at most, until end_past().
[[nodiscard]] Status begin_past(const std::filesystem::path& data, const Past& past);
[[nodiscard]] Status end_past(const std::filesystem::path& data);

}  // namespace gridloom::app
