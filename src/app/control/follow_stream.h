// The operation "device.follow" of a running server: says which devices reported something or came
// and went, as it happens, to the client that requested it, for as long as that client reads. What
// they reported is the client's to ask for: so a client that is slow loses nothing, and the server
// keeps no more for it than the serial numbers.
#pragma once

#include <stop_token>
#include <string_view>

#include "app/control/admin.h"
#include "base/result.h"
#include "hub/hub.h"
#include "wire/json.h"

namespace gridloom::app {

inline constexpr std::string_view kFollowOp = "device.follow";

// Answers {sns: [...]}, or {} for all devices, with {"sns": [...]}. kNotFound: a named device does
// not exist; kConflict: no server runs.
[[nodiscard]] Result<wire::Json> begin_following(const AdminContext& context,
                                                 const wire::JsonObject& request);

// Sends `first`, and then a line {"sns": [...]} whenever some of these devices have news, until the
// peer closes the socket or `stop` is requested.
void stream_news(hub::Hub& hub, const wire::Json& begun, std::string_view first, int socket,
                 const std::stop_token& stop);

}  // namespace gridloom::app
