// GET /api/v1/evcc (api/home/evcc_json.h) and POST /api/v1/evcc/batterymode. The routes are in the
// table of api/v1/own_api.h, which has checked the token's scope. One per loop.
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

namespace gridloom::api {

class EvccApi {
 public:
  // What the options point to outlives the object.
  struct Options {
    Loop* loop = nullptr;                      // answers are delivered on it
    home::HomeFeed* homes = nullptr;           // shared by all loops, as the next one
    home::EnergyCounters* counters = nullptr;  // null: energies are not known
    home::BatteryModes* modes = nullptr;       // null: no mode is taken
  };
  explicit EvccApi(const Options& options) : options_(options) {}

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

  Options options_;
};

}  // namespace gridloom::api
