// Sign-ins as entries of the audit: who came, from where, and why somebody was not let in.
//
// Nobody waits for the disk here. Who guesses passwords fills no disk with it: of refused sign-ins
// ten a second are written down, and how many were left out stands in the next entry. While the
// journal is behind none is.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

#include "base/clock.h"
#include "base/seldom.h"
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
  Seldom refusals_{{.times = 10, .within = Millis(1000)}};
  std::atomic<std::uint64_t> left_out_{0};  // for the journal's sake
};

}  // namespace gridloom::hub
