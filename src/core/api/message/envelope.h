// The platform's response envelope: every response, including a transport error, is
// {"code","message","data"?,"eagleEyeTraceId","tid"} (quirks 9, 10).
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "api/schema/body.h"
#include "base/result.h"
#include "base/shared_text.h"
#include "http/message.h"

namespace gridloom::api::body {

// The body of each answer that is an error.
struct Error {
  std::string_view code;
  std::string_view message;
};
const schema::Body& describe(schema::Of<Error> /*of*/);

}  // namespace gridloom::api::body

namespace gridloom::api {

// 32 hex digits, by which the log identifies failed requests.
class TraceId {
 public:
  // A new one each time. Any thread.
  [[nodiscard]] static TraceId make();
  // NOLINTNEXTLINE(google-explicit-constructor): a text without a terminating zero
  operator std::string_view() const { return {digits_.data(), digits_.size()}; }

 private:
  TraceId() = default;
  std::array<char, 32> digits_{};
};

// `data` is JSON text; empty: the response has no data.
[[nodiscard]] http::Response success(std::string_view data, std::string_view trace_id);
// The same without a copy of the data.
[[nodiscard]] http::Response success_shared(SharedText data, std::string_view trace_id);

// The text before and after the data of success(), for data that are streamed.
struct SplitEnvelope {
  std::string before;
  std::string after;
};
[[nodiscard]] SplitEnvelope success_envelope(std::string_view trace_id);

// HTTP status 200 with the error's code. The detail is sent to the client, except for errors of the
// server itself: those details go to the log only.
[[nodiscard]] http::Response failure(const Error& fault, std::string_view trace_id);

// Response to an error before the API is reached: 400, 404, 405, 408, 413, 431, 503.
[[nodiscard]] http::Response transport_error(unsigned status, std::string_view why);

}  // namespace gridloom::api
