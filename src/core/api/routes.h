// Paths of the HTTP interface that a wing answers, beside those of the vendor's documents:
// Gridloom's own API, the live stream, the page. An Api asks its routes in the order in which they
// were added.
//
// Belongs to a loop, as the Api does; nothing here blocks.
#pragma once

#include <cstddef>
#include <expected>
#include <memory>
#include <optional>
#include <string_view>

#include "api/gate/signatures.h"
#include "base/loop.h"
#include "http/message.h"
#include "http/service.h"
#include "net/protocol.h"

namespace gridloom::api {

class Routes {
 public:
  Routes() = default;
  Routes(const Routes&) = delete;
  Routes& operator=(const Routes&) = delete;
  virtual ~Routes() = default;

  // Whether handle() answers the request, be it with a refusal.
  [[nodiscard]] virtual bool answers(const http::Request& request) const = 0;
  // The request is not used after the return, `done` may be.
  virtual void handle(const http::Request& request, ReplayCheck replay_check,
                      Callback<http::Response> done) = 0;
  // As Api::body_limit(); nothing: as the Api decides, by the credential of the request.
  [[nodiscard]] virtual std::optional<std::size_t> body_limit(const http::Request& head) const = 0;
  // The response to a request that the protocol refuses; nothing: it is not of these paths.
  [[nodiscard]] virtual std::optional<http::Response> refusal(
      const http::BadRequest& bad) const = 0;

  // Nothing: no connection becomes a WebSocket at the path.
  [[nodiscard]] virtual std::optional<http::Upgrade> find_upgrade(std::string_view path) const = 0;
  // The protocol inside the WebSocket at a path of find_upgrade(), or the refusal.
  [[nodiscard]] virtual std::expected<std::shared_ptr<net::Protocol>, http::Response> open(
      const http::Request& request, net::ConnectionContext context) = 0;
};

}  // namespace gridloom::api
