// GET /metrics/home: the devices of an account as metrics (own_api/home/home_metrics.h). The route
// is in the table of own_api/v1/own_api.h, which has checked the token's scope. One per loop.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "api/message/answer_form.h"
#include "base/account_id.h"
#include "base/loop.h"
#include "base/result.h"
#include "home/energy_counters.h"
#include "home/home_feed.h"
#include "http/message.h"
#include "hub/hub.h"
#include "wire/json.h"

#include "own_api/services/services.h"

namespace gridloom::api {

class HomeMetricsApi {
 public:
  HomeMetricsApi(const Services& services, Loop& loop);
  HomeMetricsApi(const HomeMetricsApi&) = delete;
  HomeMetricsApi& operator=(const HomeMetricsApi&) = delete;
  ~HomeMetricsApi();

  struct Call {
    AccountId account{};
    wire::JsonObject params{};  // of the query: fields, devices
    std::string accept{};       // the header
    AnswerForm form;
    Callback<http::Response> done;
  };
  void get(Call call) const;

 private:
  struct Names;  // of metrics, by family
  struct Work;
  using WorkPtr = std::shared_ptr<Work>;
  [[nodiscard]] Status choose(Work& work) const;
  [[nodiscard]] Status check_fields(const Work& work) const;
  void add_counters(const WorkPtr& work) const;
  void read_fields(const WorkPtr& work) const;
  void finish(const WorkPtr& work) const;

  const Services& services_;
  Loop& loop_;  // answers are delivered on it
  std::unique_ptr<Names> names_;
};

}  // namespace gridloom::api
