// The sets of one shard that wait for their device's reply: who asked, under which id, and until
// when.
//
// Belongs to a shard and is used on its loop only. Not here: rights, messages, the audit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/string_map.h"
#include "hub/platform/requests.h"
#include "registry/directory.h"
#include "wire/json.h"
#include "wire/mqtt/session.h"

namespace gridloom::hub {

struct HttpRequester {
  ReplyId reply = kNoReply;
  std::uint64_t request = 0;  // TrafficEvent::request
};
struct MqttRequester {
  std::string account;             // certificate account
  wire::JsonObject common_fields;  // the members of the request that its reply repeats
  wire::mqtt::MessagePtr message;  // as received
};

struct Command {
  std::string id{};       // as sent to the device, as text
  wire::Json asked_id{};  // as received
  std::variant<HttpRequester, MqttRequester> requester;
  registry::AccountId account{};
  std::string who{};  // the account's name
  RequestOrigin origin{};
  std::uint64_t record = 0;    // TurnWriter's number of the set; 0: none, it was not sent
  bool reply_dropped = false;  // by an injected fault: it waits for its deadline
};

class CommandTracker {
 public:
  // `most` commands of one device may wait.
  explicit CommandTracker(std::size_t most) : most_(most) {}

  // Why no further command of `account` may wait; empty: one may. Accounts that the device is
  // shared with have half of its places. `device` is null if the registry does not know it.
  [[nodiscard]] std::string refusal(const std::string& sn, const registry::Device* device,
                                    registry::AccountId account) const;
  // Ids are unique among the commands of a device that wait.
  [[nodiscard]] bool contains(std::string_view sn, std::string_view id) const;
  // Deadlines must not decrease from call to call.
  void add(const std::string& sn, Command command, TimePoint deadline);

  // Null: no command with this id waits. Valid until the next change.
  [[nodiscard]] Command* find(std::string_view sn, std::string_view id);
  // The functions below return commands that wait no longer.
  [[nodiscard]] std::optional<Command> take(std::string_view sn, std::string_view id);
  [[nodiscard]] std::vector<Command> take_all(std::string_view sn);
  [[nodiscard]] std::vector<Command> take_if(std::string_view sn,
                                             const std::function<bool(const Command&)>& which);
  struct Expired {
    std::string sn;
    Command command;
  };
  // The next command whose deadline has passed.
  [[nodiscard]] std::optional<Expired> take_expired(TimePoint now);

  [[nodiscard]] bool waits_for(std::string_view sn) const { return commands_.contains(sn); }
  [[nodiscard]] std::size_t count(std::string_view sn) const;

 private:
  struct Waiting {
    std::uint64_t serial = 0;
    Command command;
  };
  struct Deadline {
    TimePoint at;
    std::string sn;
    std::uint64_t serial = 0;
  };
  template <typename Which>
  std::optional<Command> take_one(std::string_view sn, Which which);

  std::size_t most_;
  StringMap<std::vector<Waiting>> commands_;  // by serial number; none is empty
  std::deque<Deadline> deadlines_;
  std::uint64_t last_serial_ = 0;
};

}  // namespace gridloom::hub
