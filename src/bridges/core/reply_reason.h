// Why a server did not take what a bridge sent, in the server's own words. Pure.
#pragma once

#include <string>

#include "client/http_client.h"

namespace gridloom::bridges {

// "HTTP 400: partial write: field type conflict": the member "error" or "message" of a JSON answer,
// or else the whole text.
[[nodiscard]] std::string reason_of(const client::HttpReply& reply);

}  // namespace gridloom::bridges
