// The reports of an account's devices over MQTT, as they come. A server sends them to whoever
// signs in with the account's certificate (ApiClient::certification()), the vendor's cloud
// included. One connection, clean at its start; no message is kept. One thread.
#pragma once

#include <memory>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "client/api_client.h"

namespace gridloom::client {

class ReportListener {
 public:
  // Connects, signs in and subscribes to the reports of the device; `sn` empty: to all messages of
  // the account, which a strict server refuses. `options` name the certificates and the patience.
  // kIo: the server cannot be reached; kUnknownKey, kNoPermission: it refuses.
  [[nodiscard]] static Result<ReportListener> open(const MqttAccess& access,
                                                   const ApiOptions& options, std::string_view sn);
  ReportListener(ReportListener&&) noexcept;
  ReportListener& operator=(ReportListener&&) noexcept;
  ReportListener(const ReportListener&) = delete;
  ReportListener& operator=(const ReportListener&) = delete;
  ~ReportListener();

  // Waits for a message, for `patience` at most; whether one has come since the last call. kIo: the
  // connection is over.
  [[nodiscard]] Result<bool> wait(Millis patience);

 private:
  struct Impl;
  explicit ReportListener(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace gridloom::client
