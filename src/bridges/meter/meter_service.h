// The emulated meter over HTTP. A reading that is not known is 503 with Retry-After, never 0.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "bridges/core/health.h"
#include "bridges/meter/display.h"
#include "bridges/meter/documents.h"
#include "http/service.h"

namespace gridloom::bridges::meter {

enum class Model : std::uint8_t { kEcoTracker, kShellyPro3Em };

class MeterService final : public http::Service {
 public:
  // `display` and `health` outlive it.
  MeterService(Model model, std::string_view serial, const Display& display, Health& health)
      : model_(model), shelly_(serial), display_(display), health_(health) {}

  [[nodiscard]] const Shelly& shelly() const { return shelly_; }

  [[nodiscard]] std::span<const http::WantedHeader> headers() const override { return {}; }
  [[nodiscard]] std::size_t headers_for(std::string_view /*path*/) const override { return 0; }
  [[nodiscard]] std::size_t body_limit(const http::Request& /*head*/) const override {
    return kMaxFrame;
  }
  void handle(http::Request& request, Callback<http::Response> done) override;
  [[nodiscard]] std::optional<http::Upgrade> find_upgrade(
      std::string_view /*path*/) const override {
    return std::nullopt;
  }
  [[nodiscard]] std::expected<std::shared_ptr<net::Protocol>, http::Response> open(
      const http::Request& request, net::ConnectionContext context) override;
  [[nodiscard]] http::Response refusal(const http::BadRequest& bad) const override;
  [[nodiscard]] std::string_view user_of(const http::Request& /*request*/) const override {
    return {};
  }
  void on_refused(const http::Refused& /*refused*/) override {}

 private:
  [[nodiscard]] http::Response answer(const http::Request& request) const;
  [[nodiscard]] http::Response eco_tracker(const http::Request& request) const;
  [[nodiscard]] http::Response shelly_pro(const http::Request& request) const;
  [[nodiscard]] http::Response call(std::string_view method, const http::Request& request) const;

  Model model_;
  Shelly shelly_;
  const Display& display_;
  Health& health_;
};

}  // namespace gridloom::bridges::meter
