// The exit codes of the process.
#pragma once

#include "base/result.h"

namespace gridloom::app {

inline constexpr int kFailed = 1;
inline constexpr int kWrongUsage = 2;
inline constexpr int kStartAgain = 75;  // sysexits' EX_TEMPFAIL: who supervises starts it again

// kWrongUsage for what the user has to write differently, otherwise kFailed.
[[nodiscard]] constexpr int exit_code_of(ErrorCode code) {
  return code == ErrorCode::kBadParams ? kWrongUsage : kFailed;
}

}  // namespace gridloom::app
