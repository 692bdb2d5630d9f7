// Answers of the admin socket that are streams (operations::stream_operations()).
//
// The operation "history": the answer to a request for series, produced chunk by chunk while it is
// taken. Memory does not grow with the answer: the next chunk is produced once the last one is
// taken, and between two chunks nothing of the archive is held.
#pragma once

#include <cstddef>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "app/operations/context.h"
#include "base/clock.h"
#include "base/result.h"
#include "hub/hub.h"
#include "wire/json.h"

namespace gridloom::app {

inline constexpr std::size_t kHistoryChunkBytes = std::size_t{64} * 1024;  // at most

// Takes the next chunk of a text. An empty one says that none is ready yet: it comes a few times a
// second while the archive is searched, so that a taker that is gone can end the operation. An
// error ends it, and is returned by it.
using OnChunk = std::function<Status(std::string_view chunk)>;

// Answers {"op":"history","sn":..,"fields":..,"from":..,..} with a text in the requested format;
// `on_chunk` is called on the calling thread, which waits for the archive. kBadParams, kNotFound:
// the detail says what is wrong, and no chunk was taken.
[[nodiscard]] Status stream_history(const operations::Context& context,
                                    const wire::JsonObject& request, const OnChunk& on_chunk);

// Sends the answer to a client of the admin socket, in the form of docs/internals/formats.md. Ends
// early when the client is gone.
void send_history(const operations::Context& context, const wire::JsonObject& request, int socket);

// The operation "record" of a running server: streams the messages to and from some devices, line
// by line, to the client that requested them, for as long as that client reads. `gridloom
// record` turns the stream into a file.

// Sends `first` and then the traffic events of these devices, until the peer closes the socket or
// `stop` is requested. A reader that is too slow misses events, and is sent the number of lost
// ones.
void stream_recording(hub::Hub& hub, const wire::Json& begun, std::string_view first, int socket,
                      const std::stop_token& stop);

// The operation "device.follow" of a running server: says which devices reported something or came
// and went, as it happens, to the client that requested it, for as long as that client reads. The
// client asks for the reported values itself: so a client that is slow misses nothing, and the
// server keeps no more for it than the serial numbers.

// `begun`: the answer of the operation. Sends `first`, and then a line
// {"sns": [...]} whenever some of these devices have news, until the peer closes the socket or
// `stop` is requested.
void stream_news(hub::Hub& hub, const wire::Json& begun, std::string_view first, int socket,
                 const std::stop_token& stop);

}  // namespace gridloom::app
