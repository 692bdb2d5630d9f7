// The part of the signed API that answers from history: quota/data, and everything under
// /api/v1/devices/{sn}/.
//
// Responses are produced on the archive's threads and are delivered on the loop of the request;
// nothing here blocks. A new query about a device is a row in the table of history_api.cc.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/loop.h"
#include "history/reader.h"
#include "history/series/series_request.h"
#include "http/envelope.h"
#include "http/message.h"
#include "hub/platform.h"
#include "time/time_zone.h"
#include "wire/json.h"

namespace gridloom::http {

// /api/v1/devices/{sn}/{what}
struct DevicePath {
  std::string_view sn;
  std::string_view what;
};
// Empty: the path does not have this form, or `what` is unknown. The views point into `path`.
[[nodiscard]] std::optional<DevicePath> device_path(std::string_view path);

class HistoryApi {
 public:
  struct Options {
    const hub::Platform* platform = nullptr;
    history::Reads reads{};  // Archive::read; empty: every query is answered with 503
    Loop* loop = nullptr;    // responses are delivered on it
    history::SeriesLimits series{};
  };
  explicit HistoryApi(Options options) : options_(std::move(options)) {}
  // All values that `what` may have in a DevicePath.
  [[nodiscard]] static std::vector<std::string_view> resources();

  // A request whose signature has been verified.
  struct Call {
    wire::JsonObject params;
    registry::AccountId account{};
    TraceId trace_id;
    std::stop_token gone{};  // stops when nobody waits for the response any more
    Callback<Response> done;
  };
  void quota_data(Call call) const;
  void device_resource(const DevicePath& path, Call call) const;

 private:
  friend std::optional<DevicePath> device_path(std::string_view path);
  struct Question {
    std::string_view what;
    void (HistoryApi::*verb)(const std::string& sn, Call call) const;
  };
  [[nodiscard]] static std::span<const Question> table();
  [[nodiscard]] static const Question* find(std::string_view what);

  void energy(const std::string& sn, Call call) const;
  void series(const std::string& sn, Call call) const;

  struct Readable {
    history::DeviceNumber number = 0;
    catalog::FamilyPtr family;
  };
  // kNoPermission: there is no such device, or the account may not read it.
  [[nodiscard]] Result<Readable> readable(registry::AccountId account, const std::string& sn) const;
  [[nodiscard]] time::Now now() const;
  // Works for one time slice. Empty: there is more to do.
  using Answer = std::move_only_function<std::optional<Response>(history::Reader&)>;
  void read(Call call, Answer answer) const;

  Options options_;
};

}  // namespace gridloom::http
