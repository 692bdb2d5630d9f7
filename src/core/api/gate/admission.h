// Whether a request may be answered now: limits by its address and by the credential that it is
// signed or authorized with, checked before any work is spent on it.
#pragma once

#include <optional>
#include <string_view>

#include "api/message/answer_form.h"
#include "base/clock.h"
#include "base/failure_budget.h"
#include "base/request_rate.h"
#include "http/message.h"
#include "registry/directory.h"

namespace gridloom::api {

class Admission {
 public:
  // The options' pointers have to outlive the object.
  struct Options {
    RequestRate* rate = nullptr;        // null: any rate
    FailureBudget* failures = nullptr;  // null: no limit of failures
  };
  explicit Admission(const Options& options) : options_(options) {}

  // 429 if the address of the request or its credential, a key or a token, has no credit. Takes
  // nothing.
  [[nodiscard]] std::optional<http::Response> check_credit(const http::Request& request,
                                                           std::string_view credential,
                                                           const AnswerForm& form,
                                                           TimePoint now) const;
  // Tells the connection whose request it is, and takes a token from the rate of its credential;
  // 429 if there is none.
  [[nodiscard]] std::optional<http::Response> check_rate(const http::Request& request,
                                                         std::string_view credential,
                                                         registry::AccountId account,
                                                         const AnswerForm& form,
                                                         TimePoint now) const;

 private:
  [[nodiscard]] http::Response too_many_requests(Millis wait, const AnswerForm& form) const;

  Options options_;
};

}  // namespace gridloom::api
