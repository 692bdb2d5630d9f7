// The answer of /healthz: whether reported data are stored safely, and whether the log is damaged.
#pragma once

#include <memory>
#include <span>

#include "api/api.h"
#include "base/clock.h"
#include "history/archive.h"
#include "net/io_loop.h"

namespace gridloom::server {

// {"status":"ok"}; or "failing", with the reasons under "log", "store" or "loops" (one of the
// server's threads is held up; `longest_stall` is the delay of the slowest thread so far); or
// "damaged", when nothing fails but `damageNotes` losses or damages are not accepted yet. The texts
// are shown only by `gridloom damage`, because they are not for everybody. Damage alone never makes
// the status "failing".
[[nodiscard]] api::Health health_of(const history::ArchiveHealth& archive, Millis longest_stall);
[[nodiscard]] inline api::Health health_of(const history::ArchiveHealth& archive,
                                           std::span<const std::unique_ptr<net::IoLoop>> loops) {
  return health_of(archive, net::longest_stall(loops));
}

}  // namespace gridloom::server
