#include "api/message/answer_form.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <utility>

#include "api/message/envelope.h"
#include "base/clock.h"
#include "base/log_throttle.h"
#include "base/printable.h"

namespace gridloom::api {
namespace {

constexpr std::string_view kReadAgain_s =
    "5";  // what was away, a database or a node, is back within seconds

unsigned status_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kBadParams:
    case ErrorCode::kInvalidValue:
    case ErrorCode::kMalformed:
    case ErrorCode::kModelNotAllowed:
    case ErrorCode::kUnknownIndexCode:
      return 400;
    case ErrorCode::kWrongSignature:
    case ErrorCode::kUnknownKey:
      return 401;
    case ErrorCode::kNoPermission:
      return 403;
    case ErrorCode::kNotFound:
      return 404;
    case ErrorCode::kConflict:
      return 409;
    case ErrorCode::kOffline:
    case ErrorCode::kNoAnswer:
      return 504;
    case ErrorCode::kIo:
      return 503;
    case ErrorCode::kInternal:
    case ErrorCode::kDamaged:
      break;
  }
  return 500;
}

http::Response plain_error(unsigned status, std::string_view code, std::string message) {
  http::Response response;
  response.status = status;
  response.code = code;
  response.body = schema::to_text(body::Error{.code = code, .message = message});
  response.why = std::move(message);
  return response;
}

// The code of a refusal that no Error stands for.
std::string_view code_of_status(unsigned status) {
  switch (status) {
    case 400:
      return "malformed";
    case 404:
      return "not_found";
    case 405:
      return "wrong_method";
    case 408:
      return "too_slow";
    case 413:
      return "body_too_large";
    case 415:
      return "wrong_encoding";
    case 417:
      return "wrong_expectation";
    case 421:
      return "wrong_host";
    case 426:
      return "upgrade_required";
    case 429:
      return "too_many_requests";
    case 431:
      return "header_too_large";
    default:
      return "unavailable";
  }
}

}  // namespace

std::string detail_for_client(const Error& error) {
  return status_of(error.code) == 500 ? "the server failed; its log has the reason"
                                      : redacted(error.detail);
}

http::Response AnswerForm::success(std::string_view data) const {
  if (style_ == Style::kEnvelope) return api::success(data, trace_id_);
  http::Response response;
  response.body = data;
  return response;
}

http::Response AnswerForm::success_shared(SharedText data) const {
  if (style_ == Style::kEnvelope) return api::success_shared(std::move(data), trace_id_);
  http::Response response;
  response.data = std::move(data);
  return response;
}

SplitEnvelope AnswerForm::around() const {
  return style_ == Style::kEnvelope ? success_envelope(trace_id_) : SplitEnvelope{};
}

http::Response AnswerForm::failure(const Error& fault) const {
  if (style_ == Style::kEnvelope) return api::failure(fault, trace_id_);
  const unsigned status = status_of(fault.code);
  if (status == 500) {
    spdlog::error("request with trace id {} failed: {}", std::string_view(trace_id_), fault.detail);
    return plain_error(status, name_of(fault.code),
                       fmt::format("the server failed; its log has the reason under {}",
                                   std::string_view(trace_id_)));
  }
  http::Response response = plain_error(status, name_of(fault.code), detail_for_client(fault));
  if (fault.code == ErrorCode::kNoAnswer)
    response.headers.emplace_back("Retry-After", kReadAgain_s);
  return response;
}

http::Response AnswerForm::read_failure(const Error& fault) const {
  if (fault.code != ErrorCode::kIo) return failure(fault);
  static LogThrottle throttle({.times = 1, .within = Millis(60'000)});
  static const SteadyClock clock;
  if (throttle.admit(clock.now())) {
    spdlog::error("history cannot be read: {}", fault.detail);
  }
  http::Response response =
      refusal(503, fault.detail.contains('/') ? "history cannot be read now" : fault.detail);
  response.headers.emplace_back("Retry-After", kReadAgain_s);
  return response;
}

http::Response AnswerForm::refusal(unsigned status, std::string_view why) const {
  if (style_ == Style::kEnvelope) return transport_error(status, why);
  return plain_error(status, code_of_status(status), redacted(why));
}

http::Response AnswerForm::too_many(Millis wait, std::string_view why) const {
  http::Response response = refusal(429, why);
  // Rounded up to whole seconds: a client that waits this long is never early.
  response.headers.emplace_back("Retry-After", std::to_string((wait.count() + 999) / 1000));
  return response;
}

}  // namespace gridloom::api
