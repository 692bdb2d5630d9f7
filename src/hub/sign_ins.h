// Sign-ins as entries of the audit: who came, from where, and why somebody was not let in.
//
// Nobody waits for the disk here. Who guesses passwords, or signs in again and again, fills no disk
// with it: of refused sign-ins ten a second are written down, of accepted ones ten a minute of each
// user and client id and 60 of each user, and how many were left out stands in the next entry.
// While the journal is behind none is.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/seldom.h"
#include "base/string_map.h"
#include "history/journal.h"

namespace gridloom::hub {

struct SignIn {
  std::string_view who;  // an account's name, a serial number, gateway:<account name>; of a
                         // refused one what it called itself
  std::string_view client_id;
  std::string_view from;       // the peer's address
  std::string_view refused{};  // why; empty: it was not
};

// Thread rule: any thread.
class SignIns {
 public:
  void record(history::Journal& journal, TimePoint now, const SignIn& attempt);

 private:
  // What one user, or one of its client ids, did within a minute.
  struct Accepted {
    std::uint64_t written = 0;
    std::uint64_t left_out = 0;
  };
  static constexpr std::uint64_t kAcceptedAMinute = 10;
  static constexpr std::uint64_t kOfUserAMinute = 60;
  // Names that are told apart in one minute; all others together count as one.
  static constexpr std::size_t kMostNames = 8192;

  [[nodiscard]] std::optional<std::uint64_t> admit(TimePoint now, const SignIn& attempt);
  Accepted& accepted(std::string name);

  Seldom refusals_{{.times = 10, .within = Millis(1000)}};
  std::mutex mutex_;  // of what follows
  TimePoint minute_{};
  StringMap<Accepted> accepted_;  // of the minute, and of those of which some were left out
  std::atomic<std::uint64_t> left_out_{0};  // for the journal's sake
};

}  // namespace gridloom::hub
