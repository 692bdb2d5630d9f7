// The part of the signed API that answers from history: quota/data, and what is under
// /api/v1/devices/{sn}/.
//
// Answers are made on the archive's threads and come back to the loop that asked; nothing here
// waits. A new question about a device is a row in the table of history_api.cc.
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
#include "history/archive.h"
#include "history/series_request.h"
#include "http/message.h"
#include "hub/platform.h"
#include "wire/json.h"

namespace gridloom::http {

// /api/v1/devices/{sn}/{what}
struct DevicePath {
  std::string_view sn;
  std::string_view what;
};
// None: it is not of this form, or nobody answers to `what`. Views lead into `path`.
[[nodiscard]] std::optional<DevicePath> device_path(std::string_view path);

class HistoryApi {
 public:
  struct Options {
    const hub::Platform* platform = nullptr;
    history::Reads reads{};  // Archive::read; empty: every question is answered with 503
    Loop* loop = nullptr;    // answers come on it
    history::SeriesLimits series{};
  };
  explicit HistoryApi(Options options) : options_(std::move(options)) {}
  // All that stands for `what` in a DevicePath.
  [[nodiscard]] static std::vector<std::string_view> questions();

  // A request whose signature is good.
  struct Call {
    wire::JsonObject params;
    registry::AccountId account{};
    std::string trace_id;
    std::stop_token gone{};  // nobody waits for the answer any more
    Done<Response> done;
  };
  void quota_data(Call call) const;
  void of_device(const DevicePath& path, Call call) const;

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
  // kNoPermission: there is none, or the account may not read it.
  [[nodiscard]] Result<Readable> readable(registry::AccountId account, const std::string& sn) const;
  // Works for a slice. None: there is more to do.
  using Answer = std::move_only_function<std::optional<Response>(history::Reader&)>;
  void read(Call call, Answer answer) const;

  Options options_;
};

}  // namespace gridloom::http
