// How often the vendor's cloud is asked. No published client of the same interface asks less often
// for the same thing than this one does while reports come. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/chance.h"
#include "base/clock.h"
#include "base/result.h"

namespace gridloom::bridges::mirror {

using Moment = std::chrono::steady_clock::time_point;

// Whether `pause` has passed since `at`; nothing: it never happened.
[[nodiscard]] inline bool is_over(const std::optional<Moment>& at, Millis pause, Moment now) {
  return !at || now - *at >= pause;
}

enum class Ask : std::uint8_t { kDevices, kCertificate, kQuotas };
// "device/list", "certification", "quota/all"
[[nodiscard]] std::string_view name_of(Ask ask);

// All pauses are shortest ones.
struct Rhythm {
  Millis between_requests{1'000};
  Millis between_quotas{10'000};  // two devices
  Millis quotas{60'000};          // the same device
  Millis quotas_most{600'000};    // a silent device whose answers bring nothing new
  Millis refresh{900'000};        // a device that reports
  Millis devices{300'000};
  Millis devices_in_doubt{60'000};  // while it is not known which devices are online
  Millis certificate{60'000};
  Millis silence{60'000};    // a device that has reported more often is silent
  Millis list_lag{120'000};  // the device list may be this late
  Millis wake{300'000};      // sessions begun anew because reports are silent
  Millis wake_most{3'600'000};
  Millis refused{15'000};  // after a refusal; doubles each time
  Millis refused_most{900'000};
  Millis unreachable{5'000};
  Millis unreachable_most{300'000};
  Millis device_refused{3'600'000};  // a device that may not be asked for
  Millis device_refused_most{86'400'000};
};
// The same in proportion, with this pause between the quotas of two devices: for a server of one's
// own.
[[nodiscard]] Rhythm rhythm_of(Millis between_quotas);

// The consequence of a refused request for the next ones.
enum class Refusal : std::uint8_t {
  kDevice,      // this device may not be asked for, or not now
  kAccount,     // too many requests, a busy server, a signature that the server would not take
  kUnreachable  // no answer
};
[[nodiscard]] Refusal refusal_of(ErrorCode code);

// Growing pauses after failures, random in part.
class Backoff {
 public:
  struct Limits {
    Millis first{};
    Millis most{};
  };
  Backoff(Limits limits, Chance chance) : limits_(limits), chance_(chance) {}
  void failed(Moment now);
  void succeeded() { failures_ = 0, until_ = {}; }
  [[nodiscard]] bool holds(Moment now) const { return failures_ != 0 && now < until_; }
  [[nodiscard]] unsigned failures() const { return failures_; }

 private:
  Limits limits_;
  Chance chance_;
  unsigned failures_ = 0;
  Moment until_{};
};

}  // namespace gridloom::bridges::mirror
