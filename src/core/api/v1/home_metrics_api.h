// GET /metrics/home: the devices of an account as metrics (api/home/home_metrics.h). The route is
// in the table of api/v1/own_api.h, which has checked the token's scope. One per loop.
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

namespace gridloom::api {

// Series of fields in one answer; further devices are left out.
inline constexpr std::size_t kHomeMetricsFields = 20'000;

class HomeMetricsApi {
 public:
  // What the options point to outlives the object.
  struct Options {
    hub::Hub* hub = nullptr;
    Loop* loop = nullptr;                      // answers are delivered on it
    home::HomeFeed* homes = nullptr;           // shared by all loops, as the next one
    home::EnergyCounters* counters = nullptr;  // null: there are no energies
    std::size_t max_fields = kHomeMetricsFields;
  };
  explicit HomeMetricsApi(const Options& options);
  HomeMetricsApi(HomeMetricsApi&&) = default;
  HomeMetricsApi& operator=(HomeMetricsApi&&) = default;
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

  Options options_;
  std::unique_ptr<Names> names_;
};

}  // namespace gridloom::api
