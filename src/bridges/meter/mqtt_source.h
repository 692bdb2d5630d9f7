// A power that a broker publishes. Thread rule: the bridges' loop.
#pragma once

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "bridges/core/health.h"
#include "bridges/meter/power_source.h"
#include "client/mqtt_link.h"

namespace gridloom::bridges::meter {

class MqttSource final : public PowerSource, private client::MqttLink::Listener {
 public:
  MqttSource(const SourceSpec& spec, const SourceParts& parts);
  MqttSource(const MqttSource&) = delete;
  MqttSource& operator=(const MqttSource&) = delete;
  ~MqttSource() override;

  [[nodiscard]] Result<double> power_w() const override;
  void tick() override;

 private:
  using Steady = std::chrono::steady_clock;

  void on_online() override { why_ = why_silent(); }
  void on_offline(const Error& why) override;
  // A retained message may be of any age, so it says nothing about now.
  void on_message(std::string_view topic, std::string_view payload, bool retained) override;
  void on_acknowledged(std::chrono::nanoseconds /*took*/) override {}
  // Why the power is not known while the broker is there.
  [[nodiscard]] std::string why_silent() const;

  std::string topic_;
  std::string path_;
  Millis max_age_;
  Health& health_;
  std::array<char, 16'384> buffer_{};
  std::shared_ptr<client::MqttLink> link_;  // null: the broker's TLS cannot be used
  std::string why_;                         // the power is not known
  std::optional<double> last_w_;
  Steady::time_point at_{};
};

}  // namespace gridloom::bridges::meter
