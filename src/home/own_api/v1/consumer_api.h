// The routes for programs that read a home under their own names: evcc (own_api/v1/evcc_api.h) and
// Prometheus (own_api/v1/home_metrics_api.h). They are in the table of own_api/v1/own_api.h, which
// has checked the token's scope. One per loop.
#pragma once

#include <string>
#include <utility>

#include "api/message/answer_form.h"
#include "base/account_id.h"
#include "http/message.h"
#include "hub/platform/requests.h"
#include "own_api/v1/evcc_api.h"
#include "own_api/v1/home_metrics_api.h"
#include "wire/json.h"

namespace gridloom::api {

class ConsumerApi {
 public:
  ConsumerApi(const Services& services, Loop& loop)
      : evcc_(services, loop), metrics_(services, loop) {}

  struct Call {
    AccountId account{};
    wire::JsonObject params{};  // of the query
    wire::JsonObject body{};
    std::string accept{};         // the header
    hub::RequestOrigin origin{};  // of a change
    AnswerForm form;
    Callback<http::Response> done;
  };
  void evcc(Call call) const {
    evcc_.get({.account = call.account, .form = call.form, .done = std::move(call.done)});
  }
  void battery_mode(Call call) const {
    evcc_.set_mode({.account = call.account, .form = call.form, .done = std::move(call.done)},
                   call.body, std::move(call.origin));
  }
  void metrics(Call call) const {
    metrics_.get({.account = call.account,
                  .params = std::move(call.params),
                  .accept = std::move(call.accept),
                  .form = call.form,
                  .done = std::move(call.done)});
  }

 private:
  EvccApi evcc_;
  HomeMetricsApi metrics_;
};

}  // namespace gridloom::api
