// A status of libnats as an Error with words. Only for files of this room: no other room sees
// libnats.
#pragma once

#include <nats/nats.h>

#include <string_view>

#include "base/result.h"

namespace gridloom::nats {

// `doing`: what failed, as in "a request at gl.x". The code of JetStream is 0 for other calls. To
// be called at once, on the thread of the call: the library keeps its last words there.
[[nodiscard]] Error error_of(std::string_view doing, natsStatus status, int jet_stream_code = 0);

}  // namespace gridloom::nats
