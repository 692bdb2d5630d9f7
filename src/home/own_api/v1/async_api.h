// The description of the live stream as AsyncAPI 3.0, made of its messages (own_api/bodies/live.h).
#pragma once

#include "base/shared_text.h"

namespace gridloom::api {

// JSON text, made once.
[[nodiscard]] const SharedText& async_api();

}  // namespace gridloom::api
