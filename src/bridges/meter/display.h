// The reading that a meter shows at this moment, passed from the bridges' loop to the meter's own.
// A reading that is not shown again within kHolds is gone. Thread rule: any thread.
#pragma once

#include <chrono>
#include <mutex>
#include <optional>

#include "bridges/meter/reading.h"

namespace gridloom::bridges::meter {

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
