// The operation "device.follow" of a running server: says which devices reported something or came
// and went, as it happens, to the client that requested it, for as long as that client reads. The
// client asks for the reported values itself: so a client that is slow misses nothing, and the
// server keeps no more for it than the serial numbers.
#pragma once

#include <stop_token>
#include <string_view>

#include "hub/hub.h"
#include "wire/json.h"

namespace gridloom::app {

// `begun`: the answer of the operation (app/operations/streams.h). Sends `first`, and then a line
// {"sns": [...]} whenever some of these devices have news, until the peer closes the socket or
// `stop` is requested.
void stream_news(hub::Hub& hub, const wire::Json& begun, std::string_view first, int socket,
                 const std::stop_token& stop);

}  // namespace gridloom::app
