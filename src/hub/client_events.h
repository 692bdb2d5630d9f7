// When clients come and go, and what goes wrong for them: a counter and a line of the log for each.
//
// A client that does the same thing again and again does not fill the log with it: of each kind of
// event so many lines are written a second, and the next one says how many were left out. The
// counters have all.
// Any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/seldom.h"

namespace gridloom::hub {

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
  // An MQTT reason's name, an answer's code or a word: what the counter is split by.
  std::string_view reason;
  // As the client calls itself: a user name or an access key. Empty: not known.
  std::string_view user{};
  std::string_view client_id{};
  std::string_view peer{};  // its address
  std::string_view detail{};
};
[[nodiscard]] std::string_view name_of(ClientEvent::Kind kind);

class ClientEvents {
 public:
  static constexpr std::uint64_t kLinesASecond = 20;  // of each kind
  // Each kind has so many; further ones are counted as "other".
  static constexpr std::size_t kMostReasons = 64;

  void tell(const ClientEvent& event, TimePoint now);

  struct Count {
    ClientEvent::Kind kind{};
    std::string reason;
    std::uint64_t count = 0;
  };
  // By kind, then by reason.
  [[nodiscard]] std::vector<Count> counts() const;

 private:
  static constexpr std::size_t kKinds = 8;
  struct OfKind {
    std::map<std::string, std::uint64_t, std::less<>> counts;
    Seldom lines{{.times = kLinesASecond, .within = Millis(1000)}};
  };

  mutable std::mutex mutex_;
  std::array<OfKind, kKinds> kinds_;
};

}  // namespace gridloom::hub
