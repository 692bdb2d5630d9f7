// Limits the different client ids that an account signs in with in a day: the vendor's cloud allows
// ten and then refuses the certificate, so strict mode does too. A day is a UTC day; the counts are
// in memory only.
//
// Thread rule: any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/string_map.h"

namespace gridloom::hub {

class ClientIdBudget {
 public:
  // Whether the account has already used the id today, or may use one more, which is then counted.
  // Holds at most `ids_a_day` ids of each account.
  [[nodiscard]] bool admit(std::string_view account, std::string_view client_id,
                           std::size_t ids_a_day, TimePoint now);

 private:
  std::mutex mutex_;
  std::chrono::sys_days today_{};
  StringMap<StringSet> used_;  // client ids by account
};

}  // namespace gridloom::hub
