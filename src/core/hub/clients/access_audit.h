// Audit entries for access: sign-ins of every way and their refusals, and what an account does with
// its own credentials: sessions ended, passwords set, the MQTT password read.
//
// Nobody waits for the disk, and nobody fills it. Accepted events: ten a minute of each user and
// client or kind, and 60 of each user. Refused ones, which strangers cause: ten an hour of each
// address group, and a thousand a day in all; once those are spent, one a minute. Refused ones that
// name an account that there is, its device or gateway have 20 an hour of the account in addition,
// which nothing else takes. The next entry says how many were left out. While the journal is
// behind, no entry is written. No count of entries left out is dropped, and the memory for the
// counts is bounded.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/string_map.h"
#include "journal/audit_kind.h"
#include "journal/journal.h"

namespace gridloom::hub {

struct AccessEvent {
  std::string_view what = journal::audit_kind("sign-in");
  std::string_view who{};  // an account's name, a serial number, gateway:<account name>; if
                           // refused, the name that was given; empty: unknown
  std::string_view through = "mqtt";
  std::string_view by{};       // "session 3", "token 7", "key AK"; empty: none
  std::string_view client{};   // MQTT's client id, HTTP's User-Agent
  std::string_view from{};     // the peer's address
  std::string_view refused{};  // why; empty: accepted
  std::int64_t session = 0;    // the number of the session that ended; 0: none
  std::string_view sn{};       // of the device that was switched; empty: none
  AccountId account{};         // if refused: whose credential was asked for; 0: nobody's
};

// A session, a token or a key, as `by` of an entry names it.
[[nodiscard]] std::string by_session(std::int64_t number);
[[nodiscard]] std::string by_token(std::int64_t number);
[[nodiscard]] std::string by_key(std::string_view access_key);

// Thread rule: any thread.
class AccessAudit {
 public:
  void record(journal::Journal& journal, TimePoint now, const AccessEvent& event);

  // Whether this is the first use of the credential, named by its hash, from the address within
  // kUseStep: a credential that is in use all the time has one entry a day.
  [[nodiscard]] bool is_first_use(std::string_view credential, std::string_view from,
                                  TimePoint now);

  static constexpr Millis kUseStep = std::chrono::hours(24);
  static constexpr std::uint64_t kRefusedAnHour = 10;              // of one address group
  static constexpr std::uint64_t kRefusedADay = 1000;              // in all
  static constexpr std::uint64_t kRefusedOfAccountAnHour = 20;     // besides
  static constexpr Millis kRefusedStep = std::chrono::minutes(1);  // once those are spent

 private:
  // Entries of one name within a span.
  struct Written {
    std::uint64_t written = 0;
    std::uint64_t left_out = 0;
  };
  static constexpr std::uint64_t kAcceptedAMinute = 10;
  static constexpr std::uint64_t kOfUserAMinute = 60;
  // A client, or a kind of event, is known by a hash: its name may be long. Two with one hash share
  // their entries.
  struct Client {
    std::size_t key = 0;
    Written total{};
  };
  struct User {
    Written total{};
    // There are at most kOfUserAMinute, because the first entry of each is written.
    std::vector<Client> clients{};
  };
  // Names that are counted separately; all others together count as one.
  static constexpr std::size_t kMaxNames = 8192;

  [[nodiscard]] std::optional<std::uint64_t> admit(TimePoint now, const AccessEvent& event);
  [[nodiscard]] std::optional<std::uint64_t> admit_refused(TimePoint now, const AccessEvent& event);
  // Begins a new minute in accepted_.
  void begin_minute();
  // Finds the count of a name, or the one of all other names if there are too many.
  template <typename Counted>
  [[nodiscard]] static Counted& count_of(StringMap<Counted>& names, std::string name,
                                         std::size_t most = kMaxNames);

  std::mutex mutex_;  // guards the members below
  TimePoint minute_{};
  StringMap<User> accepted_;  // of this minute, and earlier ones with entries left out
  TimePoint hour_{};
  StringMap<Written> refused_;  // of this hour, by address group, and by account
  TimePoint day_{};
  std::uint64_t refused_of_day_ = 0;
  TimePoint refused_last_{};
  std::uint64_t refused_left_out_ = 0;
  StringMap<TimePoint> uses_;  // by credential and address group
  // Entries left out because the journal was behind, and those of users who are no longer counted.
  std::atomic<std::uint64_t> left_out_{0};
};

}  // namespace gridloom::hub
