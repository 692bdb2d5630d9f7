// The vendor's signed interface, /iot-open/sign: which routes there are, and their answers. The
// caller is known before (api/gate/signatures.h). Everything here runs on the loop of the request
// and does not block.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/history/history_reads.h"
#include "api/message/answer_form.h"
#include "api/message/device_rows.h"
#include "base/loop.h"
#include "http/message.h"
#include "hub/hub.h"
#include "registry/directory.h"
#include "wire/json.h"

namespace gridloom::api {

// The MQTT broker address that /certification reports to apps.
struct BrokerAddress {
  std::string public_host;  // empty: the host that the request was sent to
  std::uint16_t port = 0;
  bool secure = true;
};

class VendorApi {
 public:
  struct Options {
    hub::Hub* hub = nullptr;
    Loop* loop = nullptr;    // answers are delivered on it
    history::Reads reads{};  // of HistoryReads
    BrokerAddress mqtt{};
  };
  explicit VendorApi(Options options);

  // A request of an account that is known.
  struct Call {
    const http::Request& request;  // until the handler returns
    wire::JsonObject params;
    registry::AccountId account{};
    AnswerForm form;
    Callback<http::Response> done;
  };
  using Handler = void (VendorApi::*)(Call call) const;

  struct Route {
    std::string_view path;
    std::string_view methods;  // for 405's Allow
    Handler get = nullptr;
    Handler post = nullptr;
    Handler put = nullptr;

    // Null: the route has no such method. HEAD is answered as GET.
    [[nodiscard]] Handler handler_of(http::Method method) const;
  };
  [[nodiscard]] static std::span<const Route> routes();
  // Null: there is nothing at the path.
  [[nodiscard]] static const Route* find(std::string_view path);

  void handle(Handler handler, Call call) const { (this->*handler)(std::move(call)); }

 private:
  void list(Call call) const;
  void certification(Call call) const;
  void quota(Call call) const;
  void set_quota(Call call) const;
  void quota_all(Call call) const;
  void quota_data(Call call) const;
  void main_sn(Call call) const;

  [[nodiscard]] std::vector<DeviceRow> listed(const registry::Directory& directory,
                                              registry::AccountId account) const;
  // Moves what the response needs out of the call.
  [[nodiscard]] hub::ReplyTo<hub::DeviceAnswer> reply_to_of(Call& call) const;

  Options options_;
  const HistoryReads history_;
  std::unique_ptr<DeviceRows> device_rows_;  // of device/list
};

}  // namespace gridloom::api
