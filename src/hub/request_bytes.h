// Requests and replies (hub/requests.h) as bytes, for a shard in another place. Both begin with the
// version of the format; a node refuses versions that it does not know. Pure but for the clients'
// numbers.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "hub/client_book.h"
#include "hub/requests.h"

namespace gridloom::hub {

[[nodiscard]] std::string bytes_of(const Request& request, ClientBook& clients);
// kMalformed: these are not the bytes of a request. kNotFound: its client is gone.
[[nodiscard]] Result<Request> request_in(std::string_view bytes, const ClientBook& clients);

[[nodiscard]] std::string bytes_of(const Reply& reply);
// kMalformed: these are not the bytes of a reply.
[[nodiscard]] Result<Reply> reply_in(std::string_view bytes);

}  // namespace gridloom::hub
