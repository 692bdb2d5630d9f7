// The platform's answer envelope: every answer, also a failure of the transport, is
// {"code","message","data"?,"eagleEyeTraceId","tid"} (quirks 9, 10).
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "http/message.h"

namespace gridloom::http {

// 32 hex digits, new each time; the log names failed requests by it. Any thread.
[[nodiscard]] std::string make_trace_id();

// `data` is JSON text; empty: the answer has none.
[[nodiscard]] Response success(std::string_view data, std::string_view trace_id);

// What stands before and behind the data of success(), for data that is sent in pieces.
struct Around {
  std::string before;
  std::string behind;
};
[[nodiscard]] Around success_around(std::string_view trace_id);

// HTTP status 200 with the fault's code. The detail goes along for the developer, except where the
// fault is ours: then it goes to the log only.
[[nodiscard]] Response failure(const Fault& fault, std::string_view trace_id);

// For what is wrong before the API: 400, 404, 405, 408, 413, 431, 503.
[[nodiscard]] Response transport_error(unsigned status, std::string_view why);

}  // namespace gridloom::http
