// What is answered from history: quota/data of the signed API, and energies, series and events of
// Gridloom's own (api/v1/own_api.h).
//
// Responses are produced on the archive's threads and are delivered on the loop of the request;
// nothing here blocks.
#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "api/message/answer_form.h"
#include "base/loop.h"
#include "history/reader.h"
#include "history/series/series_request.h"
#include "home/history_device.h"
#include "http/message.h"
#include "hub/hub.h"
#include "hub/platform/platform.h"
#include "time/time_zone.h"
#include "wire/json.h"

namespace gridloom::api {

class HistoryApi {
 public:
  struct Options {
    const hub::Platform* platform = nullptr;
    hub::Hub* hub = nullptr;  // null: the fields that devices have now are not known
    history::Reads reads{};   // Archive::read; empty: every query is answered with 503
    Loop* loop = nullptr;     // responses are delivered on it
    history::SeriesLimits series{};
  };
  explicit HistoryApi(Options options) : options_(std::move(options)) {}

  // A request of an account that is known.
  struct Call {
    wire::JsonObject params;
    registry::AccountId account{};
    AnswerForm form;
    std::stop_token gone{};  // stops when nobody waits for the response any more
    Callback<http::Response> done;
  };
  void quota_data(Call call) const;
  void energy(const std::string& sn, Call call) const;
  // All devices that the account may read are one home.
  void home_energy(Call call) const;
  void home_series(Call call) const;
  void series(const std::string& sn, Call call) const;
  // Answers for one device; `sn` empty: for all that the account may read.
  void events(const std::string& sn, Call call) const;

 private:
  struct Readable {
    DeviceNumber number = 0;
    catalog::FamilyPtr family;
  };
  // kNoPermission: there is no such device, or the account may not read it.
  [[nodiscard]] Result<Readable> readable(registry::AccountId account, const std::string& sn) const;
  // All that the account may read.
  [[nodiscard]] std::vector<home::HistoryDevice> readable_devices(
      registry::AccountId account) const;
  // Calls `with` with the devices and their roles in the home, at once or later.
  using WithRoles = std::move_only_function<void(std::vector<home::HistoryDevice>, Call)>;
  void with_roles(std::vector<home::HistoryDevice> devices, Call call, WithRoles with) const;
  struct Series {
    std::string sn;
    Readable device;
    history::SeriesRequest request;
    Call call;
  };
  void answer_series(Series series) const;
  [[nodiscard]] time::Now now() const;
  // Works for one time slice. Empty: there is more to do.
  using Answer = std::move_only_function<std::optional<http::Response>(history::Reader&)>;
  void read(Call call, Answer answer) const;

  Options options_;
};

}  // namespace gridloom::api
