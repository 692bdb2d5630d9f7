// GET /api/v1/evcc (own_api/home/evcc_json.h) and POST /api/v1/evcc/batterymode. The routes are in
// the table of own_api/v1/own_api.h, which has checked the token's scope. One per loop.
#pragma once

#include <optional>

#include "api/message/answer_form.h"
#include "base/account_id.h"
#include "base/loop.h"
#include "base/result.h"
#include "home/battery_modes.h"
#include "home/energy_counters.h"
#include "home/home_feed.h"
#include "http/message.h"
#include "hub/platform/requests.h"
#include "wire/json.h"

#include "own_api/services/services.h"

namespace gridloom::api {

class EvccApi {
 public:
  EvccApi(const Services& services, Loop& loop) : services_(services), loop_(loop) {}

  struct Call {
    AccountId account{};
    AnswerForm form;
    Callback<http::Response> done;
  };
  void get(Call call) const;
  void set_mode(Call call, const wire::JsonObject& body, hub::RequestOrigin origin) const;

 private:
  void with_modes(Call call, const home::HomeFeed::Home& home) const;
  void with_totals(Call call, const home::HomeFeed::Home& home,
                   std::optional<home::BatteryModes::Leases> modes) const;

  const Services& services_;
  Loop& loop_;  // answers are delivered on it
};

}  // namespace gridloom::api
