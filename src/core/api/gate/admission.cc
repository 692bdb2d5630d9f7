#include "api/gate/admission.h"

#include <fmt/format.h>

#include <cstdint>

namespace gridloom::api {

std::optional<http::Response> Admission::check_credit(const http::Request& request,
                                                      std::string_view credential,
                                                      const AnswerForm& form, TimePoint now) const {
  if (options_.failures != nullptr) {
    if (const auto wait = options_.failures->wait(request.peer, credential, now)) {
      return form.too_many(*wait,
                           "too many requests from this address had a wrong key or signature");
    }
  }
  if (options_.rate != nullptr) {
    if (const auto wait = options_.rate->would_wait(credential, now)) {
      return too_many_requests(*wait, form);
    }
  }
  return std::nullopt;
}

std::optional<http::Response> Admission::check_rate(const http::Request& request,
                                                    std::string_view credential,
                                                    registry::AccountId account,
                                                    const AnswerForm& form, TimePoint now) const {
  if (const auto waiting = request.waiting.lock()) {
    waiting->signed_by(static_cast<std::int64_t>(account));
  }
  if (options_.rate == nullptr) return std::nullopt;
  const auto wait = options_.rate->wait(credential, now);
  return wait ? std::optional(too_many_requests(*wait, form)) : std::nullopt;
}

http::Response Admission::too_many_requests(Millis wait, const AnswerForm& form) const {
  return form.too_many(
      wait, fmt::format("this access key may ask {} times a second", options_.rate->per_second()));
}

}  // namespace gridloom::api
