// Audit entries for sign-ins: who signed in, from where, and why a sign-in was refused.
//
// No sign-in waits for the disk. Entries are limited, so that guessing passwords or signing in
// repeatedly does not fill the disk: ten a second for refused sign-ins; for accepted ones, ten a
// minute of each user and client id, and 60 of each user. The next entry says how many were left
// out. While the journal is behind, no entry is written.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/log_throttle.h"
#include "base/string_map.h"
#include "history/log/journal.h"

namespace gridloom::hub {

struct SignIn {
  std::string_view who;  // an account's name, a serial number, gateway:<account name>; if
                         // refused, the name that was given
  std::string_view client_id;
  std::string_view from;       // the peer's address
  std::string_view refused{};  // why; empty: accepted
};

// Thread rule: any thread.
class SignIns {
 public:
  void record(history::Journal& journal, TimePoint now, const SignIn& attempt);

 private:
  // Accepted sign-ins of one user, or of one of its client ids, within a minute.
  struct Accepted {
    std::uint64_t written = 0;
    std::uint64_t left_out = 0;
  };
  static constexpr std::uint64_t kAcceptedAMinute = 10;
  static constexpr std::uint64_t kOfUserAMinute = 60;
  // Names that are counted separately in one minute; all others together count as one.
  static constexpr std::size_t kMaxNames = 8192;

  [[nodiscard]] std::optional<std::uint64_t> admit(TimePoint now, const SignIn& attempt);
  Accepted& accepted(std::string name);

  LogThrottle refusals_{{.times = 10, .within = Millis(1000)}};
  std::mutex mutex_;  // guards the members below
  TimePoint minute_{};
  StringMap<Accepted> accepted_;  // of this minute, and earlier ones with entries left out
  std::atomic<std::uint64_t> left_out_{0};  // because the journal was behind
};

}  // namespace gridloom::hub
