// The answer of /healthz: whether reported data are stored safely, and whether the log is damaged.
#pragma once

#include "api/api.h"
#include "base/clock.h"
#include "history/archive.h"
#include "mqtt/session_store.h"

namespace gridloom::server {

// {"status":"ok"}; or "failing", with the reasons under "log", "store", "sessions" or "loops" (one
// of the server's threads is held up; `longest_stall` is the delay of the slowest thread so far);
// or "damaged", when nothing fails but `damageNotes` losses or damages are not accepted yet. The
// texts are shown only by `gridloom damage`, because they are not for everybody. Damage alone never
// makes the status "failing".
[[nodiscard]] api::Health health_of(const history::ArchiveHealth& archive,
                                    const mqtt::SessionStore::Health& sessions,
                                    Millis longest_stall);

}  // namespace gridloom::server
