// /healthz: whether what devices report is safe, and what of the log was found damaged.
#pragma once

#include <memory>
#include <span>

#include "base/clock.h"
#include "history/archive.h"
#include "http/api.h"
#include "net/io_loop.h"

namespace gridloom::app {

// {"status":"ok"}; or "failing", with what fails and why under "log", "store" or "loops" (one of
// the server's threads is held up; `held_up` is how long the slowest has been); or "damaged", when
// nothing fails and `damageNotes` of what is lost or damaged are not accepted: `gridloom damage`
// shows them, as the texts are not for everybody. Damage makes nothing fail.
[[nodiscard]] http::Health health_of(const history::ArchiveHealth& archive, Millis held_up);
[[nodiscard]] inline http::Health health_of(const history::ArchiveHealth& archive,
                                            std::span<const std::unique_ptr<net::IoLoop>> loops) {
  return health_of(archive, net::held_up(loops));
}

}  // namespace gridloom::app
