// /healthz: whether what devices report is safe, and what of the log was found damaged.
#pragma once

#include "history/archive.h"
#include "http/api.h"

namespace gridloom::app {

// {"status":"ok"}; or "failing", with what fails and why under "log" or "store"; or "damaged", when
// nothing fails and `damageNotes` of what is lost or damaged are not accepted: `gridloom damage`
// shows them, as the texts are not for everybody. Damage makes nothing fail.
[[nodiscard]] http::Health health_of(const history::ArchiveHealth& archive);

}  // namespace gridloom::app
