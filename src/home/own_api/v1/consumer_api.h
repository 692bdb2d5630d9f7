// The routes for programs that read a home under their own names: evcc and Prometheus. They are in
// the table of own_api/v1/own_api.h, which has checked the token's scope. One per loop.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "api/message/answer_form.h"
#include "base/ids.h"
#include "base/loop.h"
#include "base/result.h"
#include "home/battery_modes.h"
#include "home/energy_counters.h"
#include "home/home_feed.h"
#include "http/message.h"
#include "hub/hub.h"
#include "hub/platform/requests.h"
#include "own_api/services/services.h"
#include "wire/json.h"

namespace gridloom::api {

class ConsumerApi {
 public:
  ConsumerApi(const Services& services, Loop& loop);
  ConsumerApi(const ConsumerApi&) = delete;
  ConsumerApi& operator=(const ConsumerApi&) = delete;
  ~ConsumerApi();

  struct Call {
    AccountId account{};
    wire::JsonObject params{};  // of the query
    wire::JsonObject body{};
    std::string accept{};         // the header
    hub::RequestOrigin origin{};  // of a change
    AnswerForm form;
    Callback<http::Response> done;
  };
  // GET /api/v1/evcc (own_api/home/home_json.h) and POST /api/v1/evcc/batterymode.
  void evcc(Call call) const;
  void battery_mode(Call call) const;
  // GET /metrics/home: the devices of an account as metrics (own_api/home/home_metrics.h), of the
  // `fields` and `devices` of the query.
  void metrics(Call call) const;

 private:
  void with_modes(Call call, const home::HomeFeed::Home& home) const;
  void with_totals(Call call, const home::HomeFeed::Home& home,
                   std::optional<home::BatteryModes::Leases> modes) const;

  struct Names;  // of metrics, by family
  struct Work;   // on metrics
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
