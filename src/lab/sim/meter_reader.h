// Reads a meter in the local network each second over HTTP, as real batteries read an EcoTracker.
// Nothing blocks: a meter that is not there, slow or wrong is one that does not answer.
//
// Thread rule: the loop. Owned by a shared_ptr; close() before it is let go of.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "catalog/home.h"
#include "client/http_client.h"
#include "net/io_loop.h"

namespace gridloom::sim {

class MeterReader final : public net::IoLoop::Watched,
                          public std::enable_shared_from_this<MeterReader> {
 public:
  using Steady = std::chrono::steady_clock;
  static constexpr std::chrono::milliseconds kRhythm{1000};
  static constexpr std::chrono::milliseconds kPatience{3000};

  struct Options {
    catalog::MeterPlace meter{};
    net::IoLoop* loop = nullptr;
    std::span<char> buffer{};  // for reading; shared by the loop's connections
    // Nothing: the meter did not answer, or did not know.
    std::function<void(std::optional<double> power_w)> on_reading{};
  };
  explicit MeterReader(Options options) : options_(std::move(options)) {}

  // Call it a few times a second: asks when it is time to.
  void tick(Steady::time_point now);
  void close();

  // The power in a meter's answer. Pure.
  [[nodiscard]] static std::optional<double> power_in(std::string_view body);

 private:
  void on_ready(std::uint32_t events) override;
  void on_turn_end() override {}
  void ask();
  void fail();

  Options options_;
  std::optional<client::HttpConnection> connection_;
  bool is_asked_ = false;
  Steady::time_point asked_{};
};

}  // namespace gridloom::sim
