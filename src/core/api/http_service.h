// The service of the HTTP sessions of one loop and one kind of listener: an Api, and MQTT inside
// WebSockets. Here the protocol learns this room's paths and headers.
#pragma once

#include <cstddef>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "api/api.h"
#include "api/gate/signatures.h"
#include "http/service.h"
#include "hub/hub.h"
#include "net/protocol.h"

namespace gridloom::api {

class HttpService final : public http::Service {
 public:
  // The options' pointers have to outlive the service.
  struct Options {
    Api* api = nullptr;
    hub::Hub* hub = nullptr;   // is notified of refusals
    net::MakeProtocol mqtt{};  // the protocol inside a WebSocket at /mqtt; empty: there is none
    ReplayCheck replay_check = ReplayCheck::kOff;
  };
  explicit HttpService(Options options) : options_(std::move(options)) {}

  [[nodiscard]] std::span<const http::WantedHeader> headers() const override;
  [[nodiscard]] std::size_t headers_for(std::string_view path) const override;
  [[nodiscard]] std::size_t body_limit(const http::Request& head) const override;
  void handle(http::Request& request, Callback<http::Response> done) override;
  [[nodiscard]] std::optional<http::Upgrade> find_upgrade(std::string_view path) const override;
  [[nodiscard]] std::expected<std::shared_ptr<net::Protocol>, http::Response> open(
      const http::Request& request, net::ConnectionContext context) override;
  [[nodiscard]] http::Response refusal(const http::BadRequest& bad) const override;
  // The access key.
  [[nodiscard]] std::string_view user_of(const http::Request& request) const override;
  void on_refused(const http::Refused& refused) override;

 private:
  Options options_;
};

}  // namespace gridloom::api
