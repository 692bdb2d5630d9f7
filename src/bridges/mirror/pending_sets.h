// Sets on their way to the vendor's cloud: each gets an id of the mirror's own, because other
// clients of the vendor's account use ids as well, and its reply gets the local id again. Pure. One
// thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "bridges/mirror/rhythm.h"
#include "wire/json.h"

namespace gridloom::bridges::mirror {

class PendingSets {
 public:
  static constexpr std::size_t kMost = 1024;  // the oldest is given up
  // Longer than the hub waits for a reply.
  static constexpr Millis kPatience{30'000};

  // The first id is behind `last_id`.
  explicit PendingSets(std::int64_t last_id) : last_id_(last_id) {}

  // The set as the vendor gets it. Nothing: `payload` is no JSON object.
  [[nodiscard]] std::optional<std::string> send(std::string_view sn, std::string_view payload,
                                                Moment now);
  // The reply as the local requester gets it. Nothing: it is the answer to no set of ours, or the
  // requester does not wait any more.
  [[nodiscard]] std::optional<std::string> take_reply(std::string_view sn, std::string_view payload,
                                                      Moment now);
  [[nodiscard]] std::size_t size() const { return sets_.size(); }

 private:
  struct Set {
    std::string sn;
    std::int64_t id = 0;
    wire::Json local_id{};
    Moment at{};
  };
  std::deque<Set> sets_;
  std::int64_t last_id_;
};

// The reply to a local set that the mirror does not pass on.
[[nodiscard]] std::string refusal_of_set(std::string_view payload, std::string_view why);

}  // namespace gridloom::bridges::mirror
