// Connects, disconnects and refusals of clients: each event increments a counter and writes a log
// line.
//
// A client that repeats an event does not fill the log: the lines of each kind are limited per
// second, and the next line says how many were left out. The counters count every event.
// Any thread.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/log_throttle.h"
#include "base/string_map.h"

namespace gridloom::hub {

// Limits the different client ids that an account signs in with in a day: the vendor's cloud allows
// ten and then refuses the certificate, so strict mode does too. A day is a UTC day; the counts are
// in memory only.
//
// Thread rule: any thread.
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

struct ClientEvent {
  enum class Kind : std::uint8_t {
    kConnected,
    kDisconnected,
    kTakenOver,
    kSignInRefused,
    kSubscriptionRefused,
    kPublicationRefused,
    kReportRefused,  // as a whole, or some of its quotas
    kRequestRefused
  };
  Kind kind = Kind::kConnected;
  // The name of an MQTT reason, the code of an answer, or a word: the counter's label.
  std::string_view reason;
  // The user name or access key that the client gave. Empty: not known.
  std::string_view user{};
  std::string_view client_id{};
  std::string_view peer{};  // the client's address
  std::string_view detail{};
};
[[nodiscard]] std::string_view name_of(ClientEvent::Kind kind);

class ClientEvents {
 public:
  static constexpr std::uint64_t kLinesASecond = 20;  // of each kind
  // Reasons counted separately, of each kind; further ones are counted as "other".
  static constexpr std::size_t kMaxReasons = 64;

  // Users of the server's own process, the virtual devices of a demo home: that they come and go is
  // counted, and logged at level debug alone.
  void set_own(std::vector<std::string> users);

  void record(const ClientEvent& event, TimePoint now);

  struct Count {
    ClientEvent::Kind kind{};
    std::string reason;
    std::uint64_t count = 0;
  };
  // Sorted by kind, then by reason.
  [[nodiscard]] std::vector<Count> counts() const;

 private:
  static constexpr std::size_t kKinds = 8;
  struct OfKind {
    std::map<std::string, std::uint64_t, std::less<>> counts;
    LogThrottle lines{{.times = kLinesASecond, .within = Millis(1000)}};
  };

  mutable std::mutex mutex_;
  std::vector<std::string> own_;  // sorted
  std::array<OfKind, kKinds> kinds_;
};

}  // namespace gridloom::hub
