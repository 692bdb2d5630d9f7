// The platform's response envelope: every response, including a transport error, is
// {"code","message","data"?,"eagleEyeTraceId","tid"} (quirks 9, 10).
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "http/message.h"

namespace gridloom::http {

// 32 hex digits, new each time; the log identifies failed requests by it. Any thread.
[[nodiscard]] std::string make_trace_id();

// `data` is JSON text; empty: the response has no data.
[[nodiscard]] Response success(std::string_view data, std::string_view trace_id);

// The text before and after the data of success(), for data that are streamed.
struct SplitEnvelope {
  std::string before;
  std::string after;
};
[[nodiscard]] SplitEnvelope success_envelope(std::string_view trace_id);

// HTTP status 200 with the error's code. The detail is sent to the client, except for errors of the
// server itself: those details go to the log only.
[[nodiscard]] Response failure(const Error& fault, std::string_view trace_id);

// Response to an error before the API is reached: 400, 404, 405, 408, 413, 431, 503.
[[nodiscard]] Response transport_error(unsigned status, std::string_view why);

}  // namespace gridloom::http
