// The operation "history": the answer to a request for series, produced chunk by chunk while it is
// taken. Memory does not grow with the answer: the next chunk is produced once the last one is
// taken, and between two chunks nothing of the archive is held.
#pragma once

#include <cstddef>
#include <functional>
#include <string_view>

#include "app/operations/context.h"
#include "base/result.h"
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

}  // namespace gridloom::app
