// How the answers to one request look: in the platform's envelope (api/message/envelope.h), as
// every signed request is answered, or plain, as a request with a token is: data without an
// envelope, and errors by HTTP status with {"code","message"}.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "api/message/envelope.h"
#include "base/clock.h"
#include "base/result.h"
#include "base/shared_text.h"
#include "http/message.h"

namespace gridloom::api {

// The detail of an error as a client may read it: without keys. For an error of the server itself
// it names only the place of the reason.
[[nodiscard]] std::string detail_for_client(const Error& error);

class AnswerForm {
 public:
  enum class Style : std::uint8_t { kEnvelope, kPlain };
  explicit AnswerForm(Style style) : style_(style) {}

  // `data` is JSON text.
  [[nodiscard]] http::Response success(std::string_view data) const;
  // The same without a copy of the data.
  [[nodiscard]] http::Response success_shared(SharedText data) const;
  // The text before and after data that are streamed.
  [[nodiscard]] SplitEnvelope around() const;
  // The detail is sent to the client, except for errors of the server itself: those go to the log.
  [[nodiscard]] http::Response failure(const Error& fault) const;
  // failure() of what reads the store: while that cannot be read, 503 with Retry-After, and a
  // detail that names no files.
  [[nodiscard]] http::Response read_failure(const Error& fault) const;
  // A refusal by HTTP status in either style: 400, 404, 405, 408, 413, 415, 417, 421, 426, 429,
  // 431, 503.
  [[nodiscard]] http::Response refusal(unsigned status, std::string_view why) const;

  // 429 with Retry-After.
  [[nodiscard]] http::Response too_many(Millis wait, std::string_view why) const;

  [[nodiscard]] bool is_plain() const { return style_ == Style::kPlain; }
  [[nodiscard]] const TraceId& trace_id() const { return trace_id_; }

 private:
  Style style_;
  TraceId trace_id_ = TraceId::make();
};

}  // namespace gridloom::api
