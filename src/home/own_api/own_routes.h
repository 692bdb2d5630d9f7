// The routes that Gridloom answers over HTTP beside the vendor's interface: /api/v1 and the live
// stream, their descriptions /openapi.json and /asyncapi.json, and the dashboard's page.
#pragma once

#include <cstddef>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/gate/gate.h"
#include "api/message/compression.h"
#include "api/routes.h"
#include "own_api/own_requests.h"
#include "own_api/services/services.h"

namespace gridloom::api {

class OwnRoutes final : public Routes {
 public:
  // All of it outlives the object. The loop is the one of its requests.
  OwnRoutes(const Services& services, Gate& gate, Loop& loop)
      : services_(services),
        gate_(gate),
        compression_(&loop),
        requests_(services, gate, compression_, loop) {}

  // Likewise Api::endpoints().
  [[nodiscard]] static std::vector<std::string> endpoints();

  [[nodiscard]] bool answers(const http::Request& request) const override;
  void handle(const http::Request& request, ReplayCheck replay_check,
              Callback<http::Response> done) override;
  [[nodiscard]] std::optional<std::size_t> body_limit(const http::Request& head) const override;
  // In the form of this interface for its paths.
  [[nodiscard]] std::optional<http::Response> refusal(const http::BadRequest& bad) const override;
  [[nodiscard]] std::optional<http::Upgrade> find_upgrade(std::string_view path) const override;
  [[nodiscard]] std::expected<std::shared_ptr<net::Protocol>, http::Response> open(
      const http::Request& request, net::ConnectionContext context) override;

 private:
  [[nodiscard]] http::Response describe(const http::Request& request);

  const Services& services_;
  Gate& gate_;
  Compression compression_;
  OwnRequests requests_;
};

}  // namespace gridloom::api
