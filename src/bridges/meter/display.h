// Readings of a meter, and the one that it shows at this moment.
#pragma once

#include <array>
#include <chrono>
#include <mutex>
#include <optional>

namespace gridloom::bridges::meter {

struct Reading {
  double power_w = 0;    // + import
  double average_w = 0;  // over about a minute
  double in_wh = 0;      // imported and exported since the meter was made; they never fall
  double out_wh = 0;
  std::optional<std::array<double, 3>> phases_w{};  // nothing: only their sum is known
};

// The reading that is shown at this moment, handed from the bridges' loop to the meter's own. A
// reading that is not shown again within kHolds is gone. Thread rule: any thread.
class Display {
 public:
  static constexpr std::chrono::seconds kHolds{3};

  void show(const std::optional<Reading>& reading) {
    const std::lock_guard lock(mutex_);
    reading_ = reading;
    shown_ = std::chrono::steady_clock::now();
  }
  [[nodiscard]] std::optional<Reading> reading() const {
    const std::lock_guard lock(mutex_);
    return std::chrono::steady_clock::now() - shown_ <= kHolds ? reading_ : std::nullopt;
  }

 private:
  mutable std::mutex mutex_;
  std::optional<Reading> reading_;
  std::chrono::steady_clock::time_point shown_{};
};

}  // namespace gridloom::bridges::meter
